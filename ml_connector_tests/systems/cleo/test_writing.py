"""What we write to Cleo's folders: uploads, their outcomes, and what becomes of read files."""

import pytest

from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    OutcomeUnknown,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.sandbox.cleo.files import Filler
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector_tests.credentials.sandboxes import Cleo
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.systems.cleo.folders import INBOX, OUTBOX, fault, one, stored


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"upload_mode": "raw"},
        {"upload_mode": "raw", "upload_name": "query", "upload_name_key": "fileName"},
        {"folder_addressing": "path"},
        {"upload_suffix": ".tmp"},
    ],
    ids=["multipart", "raw with header", "raw with query", "by path", "renamed"],
)
def test_a_file_is_uploaded_unchanged_in_every_mode(cleo: Cleo, settings: dict[str, str]) -> None:
    network = cleo.mailbox(**settings)
    data = bytes(range(256)) * 300
    written = network.upload(OUTBOX, "850 Ä-1.x12", data)
    assert stored(cleo) == [("850 Ä-1.x12", data)]
    found = network.find(OUTBOX, "850 Ä-1.x12", len(data))
    assert found is not None
    assert found.remote_id == written.outside_id


def test_an_empty_file_can_be_uploaded(cleo: Cleo, network: CleoMailbox) -> None:
    network.upload(OUTBOX, "empty", b"")
    assert stored(cleo) == [("empty", b"")]


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT, FaultKind.HTML, FaultKind.RESET_BEFORE])
def test_an_upload_without_an_answer_is_unknown_and_is_not_sent_again(
    cleo: Cleo, network: CleoMailbox, kind: FaultKind
) -> None:
    fault(cleo, kind, method="POST", seconds=0.1)
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")

    def posts() -> int:
        return sum(row.method == "POST" and row.path.endswith("/files") for row in cleo.sandbox.journal.requests)

    wait_until(lambda: posts() > 0, "the request is not in the journal")
    network.list_files(OUTBOX, start=0, limit=10)
    assert posts() == 1
    assert len(stored(cleo)) <= 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_an_upload_unknown(cleo: Cleo, network: CleoMailbox, status: int) -> None:
    fault(cleo, FaultKind.STATUS, method="POST", status=status)
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")
    assert network.find(OUTBOX, "a.x12", 4) is None


#: More than the sockets hold: an upload that breaks off has certainly not been handed over as a whole.
LARGE = b"x" * 50_000_000


@pytest.mark.parametrize("part", [b"", b"xxx"])
def test_an_upload_that_broke_off_is_certainly_not_there_and_leaves_no_part(
    cleo: Cleo, network: CleoMailbox, part: bytes
) -> None:
    if part:
        cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", part)
    fault(cleo, FaultKind.CUT, method="POST")
    with pytest.raises(TryAgain, match="broke off before all of it was sent"):
        network.upload(OUTBOX, "a.x12", LARGE)
    assert stored(cleo) == []


def test_a_file_that_is_whole_after_a_cut_has_arrived(cleo: Cleo, network: CleoMailbox) -> None:
    there = cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", Filler(len(LARGE)))
    fault(cleo, FaultKind.CUT, method="POST")
    assert network.upload(OUTBOX, "a.x12", LARGE).outside_id == there.id


def test_a_part_that_cannot_be_looked_for_is_told(cleo: Cleo, network: CleoMailbox) -> None:
    network.list_files(OUTBOX, start=0, limit=1)
    fault(cleo, FaultKind.CUT, method="POST")
    fault(cleo, FaultKind.STATUS, method="GET", status=403)
    with pytest.raises(TryAgain, match="Whether a part of it stands in /NORTHWIND/outbox is not known"):
        network.upload(OUTBOX, "a.x12", LARGE)


@pytest.mark.parametrize(("bytes_there", "arrived"), [(4, True), (5, False)])
def test_a_name_that_is_taken_by_the_same_file_means_that_it_arrived(
    cleo: Cleo, network: CleoMailbox, bytes_there: int, arrived: bool
) -> None:
    there = cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", b"x" * bytes_there)
    fault(cleo, FaultKind.STATUS, method="POST", status=409)
    if arrived:
        assert network.upload(OUTBOX, "a.x12", b"data").outside_id == there.id
        return
    with pytest.raises(RefusedBySystem):
        network.upload(OUTBOX, "a.x12", b"data")


def test_too_many_calls_is_no_outcome_at_all(cleo: Cleo, network: CleoMailbox) -> None:
    fault(cleo, FaultKind.STATUS, method="POST", status=429, retry_after="7")
    with pytest.raises(TryAgain) as caught:
        network.upload(OUTBOX, "a.x12", b"data")
    assert caught.value.after_seconds == 7


def test_an_upload_where_it_is_not_allowed_is_refused_for_good(cleo: Cleo, network: CleoMailbox) -> None:
    with pytest.raises(RefusedBySystem, match="permission"):
        network.upload(INBOX, "a.x12", b"data")
    cleo.state.outbox("NORTHWIND").patterns = "*.edi"
    with pytest.raises(RefusedBySystem, match="does not accept files of that name"):
        network.upload(OUTBOX, "a.x12", b"data")


def test_finding_needs_name_and_size_and_manages_without_the_filter(cleo: Cleo, network: CleoMailbox) -> None:
    for size in (1, 2, 3):
        network.upload(OUTBOX, 'odd "name".x12'.replace('"', "'"), b"x" * size)
    assert network.find(OUTBOX, "odd 'name'.x12", 2) is not None
    assert network.find(OUTBOX, "odd 'name'.x12", 9) is None
    fault(cleo, FaultKind.STATUS, method="GET", path="*/files", status=400)
    assert network.find(OUTBOX, "odd 'name'.x12", 3) is not None


def test_renaming_refused_leaves_no_temporary_file(cleo: Cleo) -> None:
    network = cleo.mailbox(upload_suffix=".tmp")
    cleo.state.outbox("NORTHWIND").rename = False
    with pytest.raises((RefusedBySystem, AuthorizationNeeded)):
        network.upload(OUTBOX, "a.x12", b"data")
    assert stored(cleo) == []


def test_a_lost_answer_to_the_rename_is_unknown(cleo: Cleo) -> None:
    network = cleo.mailbox(upload_suffix=".tmp")
    fault(cleo, FaultKind.RESET_AFTER, method="PUT")
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")
    assert stored(cleo) == [("a.x12", b"data")]


def test_the_after_read_policies(cleo: Cleo, network: CleoMailbox) -> None:
    left, moved, deleted = (one(cleo, network, name) for name in ("left", "moved", "deleted"))
    network.dispose(INBOX, left, policy="leave")
    network.dispose(INBOX, moved, policy="move", move_to="/NORTHWIND/processed")
    network.dispose(INBOX, deleted, policy="delete")
    assert [name for name, _ in stored(cleo, INBOX)] == ["left"]
    assert [name for name, _ in stored(cleo, "/NORTHWIND/processed")] == ["moved"]
    with pytest.raises(ConfigError, match="move_to"):
        network.dispose(INBOX, left, policy="move")


def test_a_relative_target_is_below_the_channel(cleo: Cleo, network: CleoMailbox) -> None:
    cleo.state.folders.create("/NORTHWIND/inbox/done", download=True)
    network.dispose(INBOX, one(cleo, network, "a"), policy="move", move_to="done")
    assert [name for name, _ in stored(cleo, "/NORTHWIND/inbox/done")] == ["a"]


def test_a_name_that_is_taken_in_the_target_gets_a_mark_of_its_own(cleo: Cleo, network: CleoMailbox) -> None:
    for _ in range(2):
        network.dispose(INBOX, one(cleo, network, "same"), policy="move", move_to="/NORTHWIND/processed")
    first, second = [name for name, _ in stored(cleo, "/NORTHWIND/processed")]
    assert first == "same"
    assert second.startswith("same.")


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_a_file_that_is_gone_already_is_a_success(cleo: Cleo, network: CleoMailbox, policy: str) -> None:
    file = one(cleo, network)
    network.dispose(INBOX, file, policy="delete")
    network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_taking_away_after_a_lost_answer_is_harmless(cleo: Cleo, network: CleoMailbox, policy: str) -> None:
    file = one(cleo, network)
    fault(cleo, FaultKind.RESET_AFTER, method="PUT" if policy == "move" else "DELETE")
    with pytest.raises(TryAgain):
        network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")
    network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")
    assert stored(cleo, INBOX) == []
    assert len(stored(cleo, "/NORTHWIND/processed")) == (1 if policy == "move" else 0)
