"""Errands: one after another, bounded, and for real in a process of their own."""

import threading
from pathlib import Path

import pytest

from ml_connector.clock import SystemClock
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.web.frame.errands import WAITING, Errands, in_own_process
from ml_connector_tests.web.pages.office import open_office


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_replay_in_a_process_of_its_own_reads_the_erp_again_and_posts(tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        office.mend()
        work = {"kind": "replay", "ids": [office.held.id], "who": "person:anna", "why": "agreed", "reference": True}
        outcome = in_own_process(office.scene.bench.config)(work)
        assert outcome["messages"] == []
        assert outcome["ok"]
        assert office.now(office.held).state is S.POSTED
        assert [(one["was"], one["state"]) for one in outcome["documents"]] == [("quarantined", "posted")]


def test_what_ends_badly_is_told_and_the_next_goes_on() -> None:
    errands = Errands(lambda work: {"ok": 1 // int(work["by"]) == 1, "messages": []}, SystemClock())
    first = errands.begin("first", {"by": 0}, integration="a", who="anna")
    second = errands.begin("second", {"by": 1}, integration="a", who="anna")
    errands.settle()
    assert first is not None
    assert second is not None
    assert first.outcome == {"ok": False, "messages": ["It could not be done: ZeroDivisionError."]}
    assert second.outcome == {"ok": True, "messages": []}
    errands.close()


def test_too_many_at_once_are_refused() -> None:
    gate = threading.Event()
    errands = Errands(lambda _work: {"ok": gate.wait(60), "messages": []}, SystemClock())
    begun = [errands.begin(str(n), {}, integration="a", who="anna") for n in range(WAITING + 5)]
    assert [one is None for one in begun] == [False] * WAITING + [True] * 5
    gate.set()
    errands.close()
