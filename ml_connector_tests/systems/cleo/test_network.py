"""The folder API as a network, against the stand-in over real sockets, with faults and hostile content."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    NeedsMending,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.flows.core.ports import Network, RemoteFile
from ml_connector.sandbox.cleo.files import Filler
from ml_connector.sandbox.cleo.state import MAILBOX_PASSWORD, MAILBOX_USER
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.cleo.network import CleoNetwork
from ml_connector_tests.credentials.sandboxes import Cleo, cleo_sandbox
from ml_connector_tests.credentials.token_race import wait_for

INBOX, OUTBOX = "/NORTHWIND/inbox", "/NORTHWIND/outbox"


@pytest.fixture
def cleo(tmp_path: Path) -> Iterator[Cleo]:
    with cleo_sandbox(tmp_path) as made:
        yield made


@pytest.fixture
def network(cleo: Cleo) -> Iterator[CleoNetwork]:
    made = cleo.network()
    yield made
    made.close()


def deliver(cleo: Cleo, name: str, data: bytes | Filler = b"ISA*", **more: int) -> str:
    folder = cleo.state.inbox("NORTHWIND")
    return cleo.sandbox.call(cleo.state.deliver, folder, name, data, **more).id


def stored(cleo: Cleo, path: str = OUTBOX) -> list[tuple[str, bytes]]:
    folder = cleo.state.folders.folder(path)
    return [(file.name, b"".join(file.content.chunks(file.content.size))) for file in folder.files]


def one(cleo: Cleo, network: CleoNetwork, name: str = "a.x12", data: bytes = b"ISA*") -> RemoteFile:
    deliver(cleo, name, data)
    return network.list_files(INBOX, start=0, limit=100).files[-1]


def fault(cleo: Cleo, kind: FaultKind, **more: object) -> None:
    cleo.sandbox.faults.add(Fault(kind, **{"system": "cleo", "path": "/api/f*", **more}))  # type: ignore[arg-type]


def test_it_is_what_flows_need(network: CleoNetwork) -> None:
    made: Network = network
    assert made.connection == "cleo"


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("addressing", ["id", "path"])
def test_a_folder_is_listed_page_by_page_without_gaps(cleo: Cleo, addressing: str) -> None:
    network = cleo.network(folder_addressing=addressing)
    for number in range(25):
        deliver(cleo, f"f{number}.x12", b"x" * number)
    names: list[str] = []
    start: int | None = 0
    while start is not None:
        page = network.list_files(INBOX, start=start, limit=10)
        names += [f"{file.name}:{file.size}" for file in page.files]
        start = page.next_start
    assert names == [f"f{number}.x12:{number}" for number in range(25)]


def test_pages_smaller_than_asked_for_leave_nothing_out(cleo: Cleo, network: CleoNetwork) -> None:
    cleo.state.options.max_page_size = 4
    for number in range(8):
        deliver(cleo, f"f{number}")
    first = network.list_files(INBOX, start=0, limit=100)
    second = network.list_files(INBOX, start=first.next_start or 0, limit=100)
    assert [file.name for file in (*first.files, *second.files)] == [f"f{number}" for number in range(8)]
    assert second.next_start is None


def test_a_file_comes_in_chunks_and_unchanged(cleo: Cleo, network: CleoNetwork) -> None:
    data = bytes(range(256)) * 2000
    chunks = list(network.fetch(INBOX, one(cleo, network, data=data)))
    assert b"".join(chunks) == data
    assert len(chunks) > 1


@pytest.mark.parametrize("listed", [None, 10])
def test_a_file_beyond_the_limit_is_not_read_whatever_its_listing_says(cleo: Cleo, listed: int | None) -> None:
    network = cleo.network(max_file_bytes=1_000_000)
    more = {} if listed is None else {"listed_size": listed}
    deliver(cleo, "huge.x12", Filler(300_000_000), **more)
    (file,) = network.list_files(INBOX, start=0, limit=10).files
    got = 0
    with pytest.raises(NeedsMending) as caught:  # noqa: PT012 - the bytes before it are counted
        for chunk in network.fetch(INBOX, file):
            got += len(chunk)
    assert caught.value.reason is Reason.TOO_LARGE
    assert got <= 1_100_000


def test_a_file_that_has_gone_is_told_from_a_wrong_path(cleo: Cleo, network: CleoNetwork) -> None:
    file = one(cleo, network)
    wrong = cleo.network(paths={"content": "/api/files/{file}/bytes", "delete": "/api/nothing/{file}"})
    with pytest.raises(TryAgain, match=r"paths\.content"):
        list(wrong.fetch(INBOX, file))
    with pytest.raises(TryAgain, match=r"paths\.delete"):
        wrong.dispose(INBOX, file, policy="delete")
    network.dispose(INBOX, file, policy="delete")
    with pytest.raises(FileNotFoundError):
        list(network.fetch(INBOX, file))


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.HALF_WRITTEN, FaultKind.STATUS])
def test_a_download_that_breaks_off_is_tried_again(cleo: Cleo, network: CleoNetwork, kind: FaultKind) -> None:
    file = one(cleo, network, data=b"x" * 200_000)
    fault(cleo, kind, path="*/content", status=503)
    with pytest.raises(TryAgain):
        list(network.fetch(INBOX, file))
    assert len(b"".join(network.fetch(INBOX, file))) == 200_000


def test_a_page_of_html_in_place_of_a_listing_changes_nothing(cleo: Cleo, network: CleoNetwork) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.HTML, count=2)
    with pytest.raises(TryAgain, match="HTML"):
        network.list_files(INBOX, start=0, limit=10)


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_look_that_got_no_answer_is_made_once_more(cleo: Cleo, network: CleoNetwork, kind: FaultKind) -> None:
    one(cleo, network)
    fault(cleo, kind)
    assert len(network.list_files(INBOX, start=0, limit=10).files) == 1


@pytest.mark.parametrize("body", ['{"message":"ok"}', "null", "5", '{"resources":{}}'])
def test_json_that_is_no_listing_is_not_taken_for_an_empty_folder(cleo: Cleo, network: CleoNetwork, body: str) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.STATUS, status=200, body=body)
    with pytest.raises(TryAgain, match="not a collection"):
        network.list_files(INBOX, start=0, limit=10)


@pytest.mark.parametrize(
    "body",
    [
        '{"resources":[5,null,{"name":"no id"},{"id":".."},{"id":"x","name":"\\ud800","size":"7"}],"totalResults":"5"}',
        '[{"id":"x","size":7}]',
    ],
)
def test_odd_entries_are_left_out_and_the_rest_is_read(cleo: Cleo, network: CleoNetwork, body: str) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.STATUS, status=200, body=body)
    page = network.list_files(INBOX, start=0, limit=10)
    assert [(file.remote_id, file.size) for file in page.files] == [("x", 7)]
    assert page.next_start is None


def test_json_nested_without_end_is_refused(cleo: Cleo, network: CleoNetwork) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.STATUS, status=200, body='{"resources":' + "[" * 50_000 + "]" * 50_000 + "}", count=2)
    with pytest.raises(TryAgain, match="deep"):
        network.list_files(INBOX, start=0, limit=10)


def test_a_token_that_expires_in_between_is_replaced(cleo: Cleo, network: CleoNetwork) -> None:
    one(cleo, network)
    cleo.state.accounts.expire_tokens()
    assert len(network.list_files(INBOX, start=0, limit=10).files) == 1
    assert cleo.state.accounts.refreshes == 1


def test_the_limit_per_path_is_kept(cleo: Cleo) -> None:
    cleo.state.options.limits.per_second = 5.0
    network = cleo.network(requests_per_second=5)
    for _ in range(8):
        network.list_files(INBOX, start=0, limit=10)
    assert cleo.state.limiter.refused == 0


# ---------------------------------------------------------------- folders


def test_a_folder_that_is_not_there_names_what_is(network: CleoNetwork) -> None:
    with pytest.raises(ConfigError, match="Seen there: ACME, BRIGHTLINE, NORTHWIND"):
        network.list_files("/NORTHWINDS/inbox", start=0, limit=10)
    with pytest.raises(ConfigError, match="Seen there: inbox, outbox, processed"):
        network.list_files("/NORTHWIND/in", start=0, limit=10)


def test_a_folder_among_very_many_is_found(cleo: Cleo, network: CleoNetwork) -> None:
    for number in range(250):
        cleo.state.folders.create(f"/P{number:03}/inbox", download=True)
    assert network.list_files("/P249/inbox", start=0, limit=10).next_start is None


def test_a_folder_that_was_made_anew_is_found_again(cleo: Cleo, network: CleoNetwork) -> None:
    one(cleo, network)
    state = cleo.state.folders
    old = state.folder("/NORTHWIND/inbox")
    del state._folders[old.id], state._paths[old.path], state.folder("/NORTHWIND").children["inbox"]
    state.create("/NORTHWIND/inbox", download=True)
    assert list(network.list_files(INBOX, start=0, limit=10).files) == []


def test_check_maps_folders_by_permission_not_by_name(cleo: Cleo, network: CleoNetwork) -> None:
    """The trap of cleo 5: for a mailbox user `inbox` is for download and `outbox` for upload."""
    right = network.check(receive=[INBOX], send=[OUTBOX])
    assert [(found.usage, found.ok) for found in right] == [("download", True), ("upload", True)]
    swapped = network.check(receive=[OUTBOX], send=[INBOX, "/NOBODY/inbox"])
    assert [found.ok for found in swapped] == [False, False, False]
    assert "may not upload" in swapped[1].message
    assert "`inbox` is for download" in swapped[1].mend
    assert "no folder" in swapped[2].message


def test_check_recommends_taking_read_files_away(cleo: Cleo, network: CleoNetwork) -> None:
    folder = cleo.state.inbox("NORTHWIND")
    cleo.sandbox.call(lambda: [cleo.state.deliver(folder, f"f{n}", b"x") for n in range(5001)])
    (found,) = network.check(receive=[INBOX], send=[])
    assert found.files == 5001
    assert "after_read" in found.mend


def test_an_account_that_sees_less_gets_a_clear_answer(cleo: Cleo) -> None:
    from ml_connector_tests.credentials import sandboxes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandboxes, "SERVICE_PASSWORD", MAILBOX_PASSWORD)
        network = cleo.network(username=MAILBOX_USER)
    assert list(network.list_files(INBOX, start=0, limit=10).files) == []
    with pytest.raises(ConfigError, match="does not see it"):
        network.list_files("/ACME/inbox", start=0, limit=10)


# ---------------------------------------------------------------- writing


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
    network = cleo.network(**settings)
    data = bytes(range(256)) * 300
    written = network.upload(OUTBOX, "850 Ä-1.x12", data)
    assert stored(cleo) == [("850 Ä-1.x12", data)]
    found = network.find(OUTBOX, "850 Ä-1.x12", len(data))
    assert found is not None
    assert found.remote_id == written.outside_id


def test_an_empty_file_can_be_uploaded(cleo: Cleo, network: CleoNetwork) -> None:
    network.upload(OUTBOX, "empty", b"")
    assert stored(cleo) == [("empty", b"")]


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT, FaultKind.HTML, FaultKind.RESET_BEFORE])
def test_an_upload_without_an_answer_is_unknown_and_is_not_sent_again(
    cleo: Cleo, network: CleoNetwork, kind: FaultKind
) -> None:
    fault(cleo, kind, method="POST", seconds=0.1)
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")

    def posts() -> int:
        return sum(row.method == "POST" and row.path.endswith("/files") for row in cleo.sandbox.journal.requests)

    wait_for(lambda: posts() > 0, "the request is not in the journal")
    network.list_files(OUTBOX, start=0, limit=10)
    assert posts() == 1
    assert len(stored(cleo)) <= 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_an_upload_unknown(cleo: Cleo, network: CleoNetwork, status: int) -> None:
    fault(cleo, FaultKind.STATUS, method="POST", status=status)
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")
    assert network.find(OUTBOX, "a.x12", 4) is None


#: More than the sockets hold: an upload that breaks off has certainly not been handed over as a whole.
LARGE = b"x" * 50_000_000


@pytest.mark.parametrize("part", [b"", b"xxx"])
def test_an_upload_that_broke_off_is_certainly_not_there_and_leaves_no_part(
    cleo: Cleo, network: CleoNetwork, part: bytes
) -> None:
    if part:
        cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", part)
    fault(cleo, FaultKind.CUT, method="POST")
    with pytest.raises(TryAgain, match="broke off before all of it was sent"):
        network.upload(OUTBOX, "a.x12", LARGE)
    assert stored(cleo) == []


def test_a_file_that_is_whole_after_a_cut_has_arrived(cleo: Cleo, network: CleoNetwork) -> None:
    there = cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", Filler(len(LARGE)))
    fault(cleo, FaultKind.CUT, method="POST")
    assert network.upload(OUTBOX, "a.x12", LARGE).outside_id == there.id


def test_a_part_that_cannot_be_looked_for_is_told(cleo: Cleo, network: CleoNetwork) -> None:
    network.list_files(OUTBOX, start=0, limit=1)
    fault(cleo, FaultKind.CUT, method="POST")
    fault(cleo, FaultKind.STATUS, method="GET", status=403)
    with pytest.raises(TryAgain, match="Whether a part of it stands in /NORTHWIND/outbox is not known"):
        network.upload(OUTBOX, "a.x12", LARGE)


@pytest.mark.parametrize(("bytes_there", "arrived"), [(4, True), (5, False)])
def test_a_name_that_is_taken_by_the_same_file_means_that_it_arrived(
    cleo: Cleo, network: CleoNetwork, bytes_there: int, arrived: bool
) -> None:
    there = cleo.sandbox.call(cleo.state.deliver, cleo.state.outbox("NORTHWIND"), "a.x12", b"x" * bytes_there)
    fault(cleo, FaultKind.STATUS, method="POST", status=409)
    if arrived:
        assert network.upload(OUTBOX, "a.x12", b"data").outside_id == there.id
        return
    with pytest.raises(RefusedBySystem):
        network.upload(OUTBOX, "a.x12", b"data")


def test_too_many_calls_is_no_outcome_at_all(cleo: Cleo, network: CleoNetwork) -> None:
    fault(cleo, FaultKind.STATUS, method="POST", status=429, retry_after="7")
    with pytest.raises(TryAgain) as caught:
        network.upload(OUTBOX, "a.x12", b"data")
    assert caught.value.after_seconds == 7


def test_an_upload_where_it_is_not_allowed_is_refused_for_good(cleo: Cleo, network: CleoNetwork) -> None:
    with pytest.raises(RefusedBySystem, match="permission"):
        network.upload(INBOX, "a.x12", b"data")
    cleo.state.outbox("NORTHWIND").patterns = "*.edi"
    with pytest.raises(RefusedBySystem, match="does not accept files of that name"):
        network.upload(OUTBOX, "a.x12", b"data")


def test_finding_needs_name_and_size_and_manages_without_the_filter(cleo: Cleo, network: CleoNetwork) -> None:
    for size in (1, 2, 3):
        network.upload(OUTBOX, 'odd "name".x12'.replace('"', "'"), b"x" * size)
    assert network.find(OUTBOX, "odd 'name'.x12", 2) is not None
    assert network.find(OUTBOX, "odd 'name'.x12", 9) is None
    fault(cleo, FaultKind.STATUS, method="GET", path="*/files", status=400)
    assert network.find(OUTBOX, "odd 'name'.x12", 3) is not None


def test_renaming_refused_leaves_no_temporary_file(cleo: Cleo) -> None:
    network = cleo.network(upload_suffix=".tmp")
    cleo.state.outbox("NORTHWIND").rename = False
    with pytest.raises((RefusedBySystem, AuthorizationNeeded)):
        network.upload(OUTBOX, "a.x12", b"data")
    assert stored(cleo) == []


def test_a_lost_answer_to_the_rename_is_unknown(cleo: Cleo) -> None:
    network = cleo.network(upload_suffix=".tmp")
    fault(cleo, FaultKind.RESET_AFTER, method="PUT")
    with pytest.raises(OutcomeUnknown):
        network.upload(OUTBOX, "a.x12", b"data")
    assert stored(cleo) == [("a.x12", b"data")]


# ---------------------------------------------------------------- after reading


def test_the_after_read_policies(cleo: Cleo, network: CleoNetwork) -> None:
    left, moved, deleted = (one(cleo, network, name) for name in ("left", "moved", "deleted"))
    network.dispose(INBOX, left, policy="leave")
    network.dispose(INBOX, moved, policy="move", move_to="/NORTHWIND/processed")
    network.dispose(INBOX, deleted, policy="delete")
    assert [name for name, _ in stored(cleo, INBOX)] == ["left"]
    assert [name for name, _ in stored(cleo, "/NORTHWIND/processed")] == ["moved"]
    with pytest.raises(ConfigError, match="move_to"):
        network.dispose(INBOX, left, policy="move")


def test_a_relative_target_is_below_the_channel(cleo: Cleo, network: CleoNetwork) -> None:
    cleo.state.folders.create("/NORTHWIND/inbox/done", download=True)
    network.dispose(INBOX, one(cleo, network, "a"), policy="move", move_to="done")
    assert [name for name, _ in stored(cleo, "/NORTHWIND/inbox/done")] == ["a"]


def test_a_name_that_is_taken_in_the_target_gets_a_mark_of_its_own(cleo: Cleo, network: CleoNetwork) -> None:
    for _ in range(2):
        network.dispose(INBOX, one(cleo, network, "same"), policy="move", move_to="/NORTHWIND/processed")
    first, second = [name for name, _ in stored(cleo, "/NORTHWIND/processed")]
    assert first == "same"
    assert second.startswith("same.")


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_a_file_that_is_gone_already_is_a_success(cleo: Cleo, network: CleoNetwork, policy: str) -> None:
    file = one(cleo, network)
    network.dispose(INBOX, file, policy="delete")
    network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")


@pytest.mark.parametrize("policy", ["move", "delete"])
def test_taking_away_after_a_lost_answer_is_harmless(cleo: Cleo, network: CleoNetwork, policy: str) -> None:
    file = one(cleo, network)
    fault(cleo, FaultKind.RESET_AFTER, method="PUT" if policy == "move" else "DELETE")
    with pytest.raises(TryAgain):
        network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")
    network.dispose(INBOX, file, policy=policy, move_to="/NORTHWIND/processed")
    assert stored(cleo, INBOX) == []
    assert len(stored(cleo, "/NORTHWIND/processed")) == (1 if policy == "move" else 0)
