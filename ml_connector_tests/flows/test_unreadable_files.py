"""Files that a network lists and does not give stop nobody: others go before them, a person is told of them by name and
reason, and what becomes readable is read. The same for read files that it does not give up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.errors import Reason, RefusedBySystem
from ml_connector.flows import monitoring
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.flows.inbound import receiving
from ml_connector.flows.inbound.unreadable_files import LOOKS, LOOKS_AT_TROUBLE
from ml_connector.flows.names.changed_settings import take_up_changes
from ml_connector.ledger.exchange import remote_listing
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import INBOX, an_invoice, deliver, in_folder
from ml_connector_tests.hostile.interchanges import Envelope, Invoice

AN_HOUR = 3700


def refuse(stage: Scene, status: int, *, spared: Any) -> None:
    """The server gives no file of the folder but one."""
    stage.sandbox.faults.add(
        Fault(
            FaultKind.STATUS,
            system="cleo",
            method="GET",
            path="*/content",
            status=status,
            count=None,
            exclude=f"*/{spared.id}/content",
        )
    )


def another(stage: Scene, number: str) -> bytes:
    """An invoice of the same kind that is no repeat of the first."""
    (order,) = stage.orders(1)
    return Invoice(number, order, envelope=Envelope(control=f"{int(number):09d}")).bytes()


def test_a_call_limit_is_no_fault_of_a_file(stage: Scene) -> None:
    """429 is the connection's: no file is put off for minutes by it, or held."""
    deliver(stage, an_invoice(stage), "first.edi")
    deliver(stage, another(stage, "2"), "second.edi")
    stage.sandbox.faults.add(
        Fault(FaultKind.STATUS, system="cleo", method="GET", path="*/content", status=429, count=None)
    )
    for _ in range(LOOKS + 1):
        counts = stage.inbound()["receive"].counts
        assert counts["put_off"] > 0
        assert counts["not_fetched"] == 0
        stage.sandbox.clock.move(120)
    with stage.integration.ledger.read() as tx:
        assert remote_listing.unreadable(tx, stage.integration.network.connection, [INBOX]) == []
    stage.sandbox.faults.clear()
    assert stage.inbound()["receive"].counts["fetched"] == 2


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_good_file_behind_a_refused_one_is_read_and_the_refused_one_held(stage: Scene, status: int) -> None:
    deliver(stage, an_invoice(stage), "locked.edi")
    good = deliver(stage, another(stage, "2"), "good.edi")
    refuse(stage, status, spared=good)
    reports = stage.inbound()
    counts = reports["receive"].counts
    assert (counts["fetched"], counts["not_fetched"]) == (1, 1)
    assert len(stage.posted()) == 1
    for _ in range(LOOKS_AT_TROUBLE):
        assert stage.inbound()["receive"].counts["fetched"] == 0
        stage.sandbox.clock.move(AN_HOUR)
    (held,) = stage.documents(states=(S.QUARANTINED,))
    assert (held.reason, held.number) == (Reason.FILE_UNREADABLE, "locked.edi")
    told = held.reason_detail or {}
    assert INBOX in told["message"]
    assert "read by itself" in told["mend"]
    (cause,) = [one for one in monitoring.standing_causes(stage.integration) if one.cause.endswith("unreadable_files")]
    assert f"{INBOX} locked.edi" in cause.lines[0]
    stage.sandbox.faults.clear()
    stage.sandbox.clock.move(AN_HOUR)
    stage.inbound()
    assert len(stage.posted()) == 2, "it became readable"
    assert stage.documents(states=(S.QUARANTINED,)) == []
    assert not [one for one in monitoring.standing_causes(stage.integration) if "unreadable" in one.cause]


def test_five_hundred_and_ten_refused_files_stop_nobody(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are looked for at once, and all of them seen before the good one."""
    for number in range(510):
        deliver(stage, b"x", f"locked_{number:03d}.edi")
    receiving.look(stage.integration, receiving.channels_of(stage.integration)[0])
    network = stage.integration.network
    fetch = type(network).fetch

    def refused(self: Any, channel: str, file: RemoteFile) -> Iterator[bytes]:
        if file.name.startswith("locked"):
            raise RefusedBySystem(f"cleo_prod: {file.name} cannot be read (Permission denied).", remedy="Ask for it.")
        return fetch(self, channel, file)

    monkeypatch.setattr(type(network), "fetch", refused)
    for _ in range(3):
        receiving.receive(stage.integration, stage.work)  # the listing takes several looks
    deliver(stage, an_invoice(stage), "good.edi")
    for _ in range(3):
        stage.inbound()
    assert len(stage.posted()) == 1
    for _ in range(LOOKS):
        stage.sandbox.clock.move(AN_HOUR)
        stage.inbound()
    held = stage.documents(states=(S.QUARANTINED,))
    assert {row.reason for row in held} == {Reason.FILE_UNREADABLE}
    assert len(held) == 510
    stage.sandbox.clock.move(AN_HOUR)
    stage.inbound()
    assert len(stage.documents()) == len(held) + 2, "held once: and the invoice with its 997"


def test_one_that_cannot_be_read_keeps_nobody_from_waiting_for_a_newcomer(stage: Scene) -> None:
    """The run waits for a file that has not stood still for long enough yet."""
    deliver(stage, b"x", "locked.edi")
    good = deliver(stage, an_invoice(stage), "good.edi")
    refuse(stage, 403, spared=good)
    from dataclasses import replace

    integration = replace(stage.integration, folders=replace(stage.integration.folders, stable_seconds=2.0))
    report = receiving.receive(integration, stage.work)
    assert report.counts["fetched"] == 1


def test_one_that_goes_is_no_trouble_any_more(stage: Scene) -> None:
    locked = deliver(stage, b"x", "locked.edi")
    good = deliver(stage, an_invoice(stage), "good.edi")
    refuse(stage, 403, spared=good)
    for _ in range(LOOKS):
        stage.inbound()
        stage.sandbox.clock.move(AN_HOUR)
    assert len(stage.documents(states=(S.QUARANTINED,))) == 1
    stage.sandbox.faults.clear()
    stage.integration.network.dispose(INBOX, RemoteFile(locked.id, locked.name, 1), policy="delete")
    stage.sandbox.clock.move(AN_HOUR)
    stage.inbound()
    assert stage.documents(states=(S.QUARANTINED,)) == []


def test_a_larger_limit_lets_in_what_was_too_large(stage: Scene) -> None:
    from dataclasses import replace

    take_up_changes(stage.integration)
    deliver(stage, an_invoice(stage), "large.edi")
    network: Any = stage.integration.network
    settings = network._settings
    network._settings = settings.model_copy(update={"max_file_bytes": 10})
    stage.inbound()
    (held,) = stage.documents(states=(S.QUARANTINED,))
    assert held.reason == Reason.TOO_LARGE
    network._settings = settings
    changed = replace(stage.integration, folders=replace(stage.integration.folders, max_file_bytes=151_000_000))
    take_up_changes(changed)
    stage.inbound()
    assert len(stage.posted()) == 1
    assert stage.documents(states=(S.QUARANTINED,)) == []


@pytest.fixture
def removing(tmp_path: Path) -> Iterator[Scene]:
    changes = {"connections": {"cleo_prod": {"after_read": "delete"}}}
    with scene(tmp_path / "home", changes=changes) as made:
        yield made


def test_a_delete_that_is_refused_is_told_and_keeps_no_other_file(removing: Scene) -> None:
    for number in range(1, 61):
        deliver(removing, b"no X12 %d" % number, f"locked_{number:02d}.edi")
    removing.sandbox.faults.add(
        Fault(FaultKind.STATUS, system="cleo", method="DELETE", path="*", status=403, count=None)
    )
    removing.inbound()
    assert len(in_folder(removing)) == 60
    (cause,) = [one for one in monitoring.standing_causes(removing.integration) if "not_taken_away" in one.cause]
    assert cause.count == 60
    assert INBOX in cause.title
    assert "locked_" in cause.lines[0]
    assert "403" in cause.lines[0]
    removing.sandbox.faults.clear()
    good = an_invoice(removing)
    deliver(removing, good, "good.edi")
    report = removing.inbound()["receive"]
    assert "good.edi" not in in_folder(removing)
    assert report.counts["fetched"] == 1
    removing.inbound()
    assert in_folder(removing) == [], "what was refused is tried again by itself"
    assert not [one for one in monitoring.standing_causes(removing.integration) if "not_taken_away" in one.cause]
