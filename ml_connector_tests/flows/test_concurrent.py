"""Steps side by side end where the same steps end one after another, and nothing that is handed over is missed."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.errors import TryAgain
from ml_connector.flows import pipeline
from ml_connector.flows.concurrent import Member, SideBySide
from ml_connector.flows.core.integration import RunScope, StepReport, StopSignal
from ml_connector.flows.inbound.parsing import parse
from ml_connector.flows.inbound.receiving import receive
from ml_connector.flows.posting import posting
from ml_connector.flows.shipments_in.goods_receipts import post_receipts
from ml_connector.flows.shipments_in.shipments import match as match_shipments
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_posting_twice_over import deliver
from ml_connector_tests.flows.test_posting_twice_over import shipped as shipped_notice
from ml_connector_tests.support.examples import some

pytestmark = pytest.mark.both_databases

WORK = RunScope(holder="test")


class Shelf:
    """What one step leaves for the next: a stand-in for the ledger."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[int] = []

    def put(self, item: int) -> None:
        with self._lock:
            self._items.append(item)

    def take(self) -> list[int]:
        with self._lock:
            taken, self._items = self._items, []
            return taken


def _maker(shelf: Shelf, items: list[int], pause: float = 0.0) -> Any:
    def step(_: Any, work: RunScope) -> StepReport:
        for item in items:
            shelf.put(item)
            work.hand_over()
            time.sleep(pause)
        return StepReport("maker")

    return step


def _mover(source: Shelf, target: Shelf) -> Any:
    def step(_: Any, work: RunScope) -> StepReport:
        report = StepReport("mover")
        while True:
            taken = source.take()
            for item in taken:
                target.put(item)
            report.counts["moved"] += len(taken)
            if taken:
                work.hand_over()
            elif not work.more_to_come():
                return report

    return step


@settings(max_examples=some(40), deadline=None)
@given(items=st.lists(st.integers(), max_size=60), stages=st.integers(1, 4))
def test_everything_that_is_handed_over_arrives(items: list[int], stages: int) -> None:
    shelves = [Shelf() for _ in range(stages + 1)]
    members = [Member("0", _maker(shelves[0], items))]
    members += [
        Member(str(n + 1), _mover(shelves[n], shelves[n + 1]), after=(str(n),), streams=True) for n in range(stages)
    ]
    with SideBySide(None, members, {member.name: WORK for member in members}) as running:  # type: ignore[arg-type]
        running.wait()
        assert running.result(str(stages)).counts["moved"] == len(items)
    assert Counter(shelves[-1].take()) == Counter(items)


def test_a_step_takes_what_comes_while_the_one_before_still_runs() -> None:
    """The second item is made only when the first has been taken: one after another they would wait for ever."""
    shelf, taken = Shelf(), threading.Event()

    def make(_: Any, work: RunScope) -> StepReport:
        shelf.put(1)
        work.hand_over()
        assert taken.wait(10)
        shelf.put(2)
        work.hand_over()
        return StepReport("make")

    def take(_: Any, work: RunScope) -> StepReport:
        report = StepReport("take")
        while True:
            report.counts["taken"] += len(shelf.take())
            taken.set()
            if not work.more_to_come():
                return report

    members = [Member("make", make), Member("take", take, after=("make",), streams=True)]
    with SideBySide(None, members, dict.fromkeys(("make", "take"), WORK)) as running:  # type: ignore[arg-type]
        assert running.result("take").counts["taken"] == 2


def test_a_step_that_does_not_stream_begins_when_its_feeders_have_ended() -> None:
    seen: list[str] = []

    def first(_: Any, work: RunScope) -> StepReport:
        work.hand_over()
        time.sleep(0.05)
        seen.append("first")
        return StepReport("first")

    def second(_: Any, work: RunScope) -> StepReport:
        seen.append("second")
        return StepReport("second")

    members = [Member("second", second, after=("first",)), Member("first", first)]
    with SideBySide(None, members, dict.fromkeys(("first", "second"), WORK)) as running:  # type: ignore[arg-type]
        running.wait()
    assert seen == ["first", "second"]


def test_a_step_that_fails_does_not_keep_the_others_from_ending() -> None:
    source, target = Shelf(), Shelf()

    def failing(_: Any, work: RunScope) -> StepReport:
        source.put(1)
        work.hand_over()
        raise TryAgain("the network is away")

    members = [Member("a", failing), Member("b", _mover(source, target), after=("a",), streams=True)]
    with SideBySide(None, members, dict.fromkeys(("a", "b"), WORK)) as running:  # type: ignore[arg-type]
        assert running.result("b").counts["moved"] == 1
        with pytest.raises(TryAgain, match="away"):
            running.result("a")


def test_leaving_stops_what_still_waits() -> None:
    began = threading.Event()
    outer = StopSignal()

    def endless(_: Any, work: RunScope) -> StepReport:
        began.set()
        while not work.stopped():
            time.sleep(0.01)
        return StepReport("endless")

    members = [Member("a", endless), Member("b", _mover(Shelf(), Shelf()), after=("a",), streams=True)]
    work = RunScope(holder="test", stop=outer)
    with SideBySide(None, members, dict.fromkeys(("a", "b"), work)) as running:  # type: ignore[arg-type]
        assert began.wait(10)
    assert running.result("b").counts["moved"] == 0
    assert not outer.is_set()


def test_a_member_without_work_does_not_run() -> None:
    members = [Member("a", _maker(Shelf(), [1])), Member("b", _maker(Shelf(), [1]), after=("a",))]
    with SideBySide(None, members, {"b": WORK}) as running:  # type: ignore[arg-type]
        running.wait()
        assert "a" not in running
        assert running.result("b").step == "maker"


def _together(stage: Scene) -> dict[str, StepReport]:
    reports = pipeline.run_together(stage.integration, stage.work, pipeline.INBOUND_TOGETHER)
    return {report.step: report for report in reports}


def _backlog(stage: Scene) -> None:
    """A day's mixture: invoices that fit, overcharged ones, notices with their invoices, unknown orders, repeats."""
    received = stage.orders(6, seed=1)
    stage.invoice(received[:4], per_file=2)
    stage.invoice(received[4:5], behaviour={"overcharge_percent": 20})
    stage.invoice(received[:1])
    shipped = stage.orders(3, received=False, seed=2)
    deliver(stage, shipped_notice("S-1", shipped))
    stage.invoice(shipped)
    stage.invoice(stage.orders(1, received=False, seed=3))


def _states(stage: Scene) -> Counter[tuple[str, str, str]]:
    return Counter((row.kind.value, str(row.state), str(row.reason or "")) for row in stage.documents())


def test_a_mixed_backlog_ends_as_it_does_one_step_after_another(stage: Scene, tmp_path: Path) -> None:
    """An invoice whose notice is in the same batch waits for its receipt, and what is held is held for the same."""
    _backlog(stage)
    reports = _together(stage)
    assert reports["match"].counts["matched"] == len(stage.posted())
    with scene(tmp_path / "other", ledger_url=f"sqlite:///{tmp_path / 'other.db'}") as alone:
        _backlog(alone)
        alone.inbound()
        assert _states(stage) == _states(alone)
        assert len(stage.posted()) == len(alone.posted())
        assert len(stage.posted()) >= 7
    assert ("invoice", "quarantined", "not_received") in _states(stage)


def test_what_is_posted_meanwhile_is_not_invoiced_twice(stage: Scene) -> None:
    """Two invoices of one order in files far apart: the second is held, whichever step is where."""
    orders = stage.orders(30, seed=5)
    stage.invoice(orders, per_file=1)
    stage.invoice(orders[:10], per_file=1)
    reports = _together(stage)
    assert len(stage.posted()) == 30
    assert reports["match"].counts["held"] == 10


def test_a_step_of_the_flow_that_fails_is_told_when_the_others_are_done(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.invoice(stage.orders(3))

    def broken(*_: Any) -> Any:
        raise TryAgain("Exact is away")

    monkeypatch.setattr(posting, "_finish_open", broken)
    with pytest.raises(TryAgain, match="Exact is away"):
        _together(stage)
    assert {row.state for row in stage.documents("invoices_in")} == {S.CODED}
    assert stage.documents("acknowledgments_out")[0].state is S.SENT
    monkeypatch.undo()
    _together(stage)
    assert len(stage.posted()) == 3


def test_an_invoice_that_came_first_is_due_as_soon_as_its_goods_are_booked(stage: Scene) -> None:
    """Nothing else has to happen, and no time has to pass, before the next run posts it."""
    shipped = stage.orders(2, received=False)
    stage.invoice(shipped[:1])
    stage.invoice(shipped[1:])
    stage.inbound()
    assert _states(stage)["invoice", "quarantined", "not_received"] == 2
    deliver(stage, shipped_notice("S-1", shipped[:1]))
    for step in (receive, parse, match_shipments, post_receipts):
        step(stage.integration, stage.work)
    due = [row.next_attempt_at for row in stage.documents("invoices_in")]
    now = stage.integration.clock.now()
    assert all(at is not None and at <= now for at in due), "both are looked at; one of them is held again"
    stage.inbound()
    assert _states(stage)["invoice", "posted", ""] == 1
