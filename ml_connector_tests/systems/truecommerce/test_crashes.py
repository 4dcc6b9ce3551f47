"""A process that dies at any step of an upload: the order arrives once, whole, and without a person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.errors import AuthorizationNeeded
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.outbound import sending
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.truecommerce.stage import Stage, open_stage


class KilledError(BaseException):
    """As if the process ended here."""


def die_before(call: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **named: Any) -> Any:
        raise KilledError

    return dying


def die_after(call: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **named: Any) -> Any:
        call(*args, **named)
        raise KilledError

    return dying


def send_and_die(stage: Stage, monkeypatch: pytest.MonkeyPatch, target: Any, name: str, way: Any) -> None:
    """A worker of its own sends, dies there, and its lease ends."""
    with monkeypatch.context() as patch:
        patch.setattr(target, name, way(getattr(target, name)))
        with worker(stage.deployment.ledger) as lease, pytest.raises(KilledError):
            pipeline.run(stage.integration, RunScope(holder=lease.name, actor="dying"), pipeline.OUTBOUND)


def read_twice(stage: Stage, work: RunScope) -> None:
    """The first run reads, the second one takes away what was read."""
    for _ in range(2):
        pipeline.run(stage.integration, work, pipeline.INBOUND)
        stage.sandbox.clock.move(3)


STEPS = [
    ("network", "stage", die_before),
    ("network", "stage", die_after),
    ("operations", "refill", die_before),
    ("network", "publish", die_before),
    ("network", "publish", die_after),
    ("operations", "finish", die_before),
]


@pytest.mark.parametrize("taken", [True, False], ids=["taken at once", "still there"])
@pytest.mark.parametrize(("where", "name", "way"), STEPS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_wherever_it_dies_the_order_arrives_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, name: str, way: Any, taken: bool
) -> None:
    with open_stage(tmp_path, options={"partner": False}) as stage:
        stage.orders(3)
        manager = stage.sandbox.truecommerce.manager
        target = stage.integration.network if where == "network" else sending.operations
        send_and_die(stage, monkeypatch, target, name, way)
        if taken:
            stage.sandbox.call(manager.take, everything=True)
        for _ in range(3):
            stage.sandbox.clock.move(600)
            stage.outbound()
        stage.sandbox.call(manager.take, everything=True)
        assert [len(set(manager.orders().values())), sum(manager.orders().values())] == [1, 3]
        assert manager.errors == []
        assert {row.state for row in stage.documents("orders_out")} == {S.SENT}
        left = stage.sandbox.call(manager.summary)
        assert left["import"] == 0


def arrive_at_last(stage: Stage) -> dict[str, int]:
    """What the partner has of each order, once everything goes again."""
    manager = stage.sandbox.truecommerce.manager
    for _ in range(6):
        stage.sandbox.clock.move(600)
        stage.outbound()
        stage.sandbox.call(manager.take, everything=True)
    assert manager.errors == []
    assert {row.state for row in stage.documents("orders_out")} == {S.SENT}
    return dict(manager.orders())


def test_a_rename_that_was_refused_before_a_crash_is_not_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused is written down after the answer: a process that dies between them leaves the file there."""
    with open_stage(tmp_path, options={"partner": False}) as stage:
        names = stage.orders(2)
        stage.sandbox.faults.add(Fault(FaultKind.STATUS, "truecommerce", "RENAME", status=3, count=2))
        send_and_die(stage, monkeypatch, sending.operations, "refuse", die_before)
        assert arrive_at_last(stage) == dict.fromkeys(names, 1)


def test_a_rename_that_is_refused_for_a_while_after_a_crash_is_not_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stage(tmp_path, options={"partner": False}) as stage:
        names = stage.orders(2)
        send_and_die(stage, monkeypatch, stage.integration.network, "publish", die_before)
        stage.sandbox.faults.add(Fault(FaultKind.STATUS, "truecommerce", "RENAME", status=4, count=3))
        stage.sandbox.clock.move(600)
        stage.outbound()
        assert arrive_at_last(stage) == dict.fromkeys(names, 1)


def test_what_was_renamed_before_a_crash_is_not_sent_again_after_a_refused_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stage(tmp_path, options={"partner": False}) as stage:
        names = stage.orders(2)
        send_and_die(stage, monkeypatch, stage.integration.network, "publish", die_after)
        stage.sandbox.call(stage.sandbox.truecommerce.manager.take, everything=True)
        stage.sandbox.clock.move(600)
        with monkeypatch.context() as patch:
            patch.setattr(stage.integration.network, "publish", refused_log_in)
            with pytest.raises(AuthorizationNeeded):
                stage.outbound()
        assert arrive_at_last(stage) == dict.fromkeys(names, 1)


def refused_log_in(*_: Any) -> Any:
    raise AuthorizationNeeded("The password is refused.")


def test_without_temporary_names_a_crash_leaves_an_unknown_outcome_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stage(tmp_path, options={"partner": False}, use_rename=False) as stage:
        stage.orders(1)
        send_and_die(stage, monkeypatch, stage.integration.network, "upload", die_after)
        stage.sandbox.call(stage.sandbox.truecommerce.manager.take, everything=True)
        stage.outbound()
        assert [row.state for row in stage.documents("orders_out")] == [S.UNKNOWN_OUTCOME]
        assert sum(stage.sandbox.truecommerce.manager.orders().values()) == 1


def test_partners_that_share_a_folder_cost_one_listing(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        stage.sandbox.call(stage.sandbox.truecommerce.fill, 300, "f_{n}.txt", b"x")
        before = stage.sandbox.journal.counts.copy()

        from ml_connector.flows.inbound import polling

        polling.look_at_all(stage.integration)
        counts = stage.sandbox.journal.counts - before
        assert sum(count for call, count in counts.items() if call.startswith("truecommerce LIST")) == 1
        assert not any(call.startswith(("truecommerce OPEN", "truecommerce READ")) for call in counts)


def test_a_file_that_came_under_the_name_of_a_read_one_is_read_too(tmp_path: Path) -> None:
    """Read, not yet deleted, written anew with the same length: the second one is never deleted unread."""
    with open_stage(tmp_path, options={"partner": False}) as stage:
        service = stage.sandbox.truecommerce
        real = stage.integration.network.dispose
        stage.sandbox.call(service.state.deliver, "same.txt", b"one")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stage.integration.network, "dispose", die_before(real))
            with worker(stage.deployment.ledger) as lease, pytest.raises(KilledError):
                read_twice(stage, RunScope(holder=lease.name, actor="dying"))
        stage.sandbox.clock.move(5)
        stage.sandbox.call(service.state.deliver, "same.txt", b"two")
        stage.inbound()
        stage.sandbox.clock.move(5)
        stage.inbound()
        stage.inbound()
        from ml_connector.ledger.tables.documents import file

        with stage.deployment.ledger.read() as tx:
            assert len(tx.execute(file.select()).all()) == 2
        assert dict(service.state.tree.files(service.state.export_path)) == {}


def test_files_that_nobody_reads_are_told_of_before_they_are_purged(tmp_path: Path) -> None:
    from ml_connector.flows import monitoring
    from ml_connector.flows.inbound import polling

    with open_stage(tmp_path, options={"partner": False}, stable_seconds=1_000_000) as stage:
        stage.sandbox.call(stage.sandbox.truecommerce.state.deliver, "old.edi", b"x")
        polling.look(stage.integration, polling.channels_of(stage.integration)[0])
        assert monitoring.standing_causes(stage.integration) == []
        stage.sandbox.clock.move(73 * 3600)
        polling.look(stage.integration, polling.channels_of(stage.integration)[0])
        (cause,) = monitoring.standing_causes(stage.integration)
        assert cause.title == "1 file(s) unread for more than 72 hours; they are deleted after 7 days"
        assert "old.edi" in cause.lines[0]
