"""The folder API as a network, against the stand-in over real sockets, with faults and hostile content."""

import pytest

from ml_connector.errors import (
    ConfigError,
    NeedsCorrection,
    Reason,
    TryAgain,
)
from ml_connector.flows.core.ports import Mailbox
from ml_connector.sandbox.cleo.files import Filler
from ml_connector.sandbox.cleo.state import MAILBOX_PASSWORD, MAILBOX_USER
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector_tests.credentials.sandboxes import Cleo
from ml_connector_tests.systems.cleo.folders import INBOX, OUTBOX, deliver, fault, one


def test_it_is_what_flows_need(network: CleoMailbox) -> None:
    made: Mailbox = network
    assert made.connection == "cleo"


@pytest.mark.parametrize("addressing", ["id", "path"])
def test_a_folder_is_listed_page_by_page_without_gaps(cleo: Cleo, addressing: str) -> None:
    network = cleo.mailbox(folder_addressing=addressing)
    for number in range(25):
        deliver(cleo, f"f{number}.x12", b"x" * number)
    names: list[str] = []
    start: int | None = 0
    while start is not None:
        page = network.list_files(INBOX, start=start, limit=10)
        names += [f"{file.name}:{file.size}" for file in page.files]
        start = page.next_start
    assert names == [f"f{number}.x12:{number}" for number in range(25)]


def test_pages_smaller_than_asked_for_leave_nothing_out(cleo: Cleo, network: CleoMailbox) -> None:
    cleo.state.options.max_page_size = 4
    for number in range(8):
        deliver(cleo, f"f{number}")
    first = network.list_files(INBOX, start=0, limit=100)
    second = network.list_files(INBOX, start=first.next_start or 0, limit=100)
    assert [file.name for file in (*first.files, *second.files)] == [f"f{number}" for number in range(8)]
    assert second.next_start is None


def test_a_file_comes_in_chunks_and_unchanged(cleo: Cleo, network: CleoMailbox) -> None:
    data = bytes(range(256)) * 2000
    chunks = list(network.fetch(INBOX, one(cleo, network, data=data)))
    assert b"".join(chunks) == data
    assert len(chunks) > 1


@pytest.mark.parametrize("listed", [None, 10])
def test_a_file_beyond_the_limit_is_not_read_whatever_its_listing_says(cleo: Cleo, listed: int | None) -> None:
    network = cleo.mailbox(max_file_bytes=1_000_000)
    more = {} if listed is None else {"listed_size": listed}
    deliver(cleo, "huge.x12", Filler(300_000_000), **more)
    (file,) = network.list_files(INBOX, start=0, limit=10).files
    got = 0
    with pytest.raises(NeedsCorrection) as caught:  # noqa: PT012 - the bytes before it are counted
        for chunk in network.fetch(INBOX, file):
            got += len(chunk)
    assert caught.value.reason is Reason.TOO_LARGE
    assert got <= 1_100_000


def test_a_file_that_has_gone_is_told_from_a_wrong_path(cleo: Cleo, network: CleoMailbox) -> None:
    file = one(cleo, network)
    wrong = cleo.mailbox(paths={"content": "/api/files/{file}/bytes", "delete": "/api/nothing/{file}"})
    with pytest.raises(TryAgain, match=r"paths\.content"):
        list(wrong.fetch(INBOX, file))
    with pytest.raises(TryAgain, match=r"paths\.delete"):
        wrong.dispose(INBOX, file, policy="delete")
    network.dispose(INBOX, file, policy="delete")
    with pytest.raises(FileNotFoundError):
        list(network.fetch(INBOX, file))


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.HALF_WRITTEN, FaultKind.STATUS])
def test_a_download_that_breaks_off_is_tried_again(cleo: Cleo, network: CleoMailbox, kind: FaultKind) -> None:
    file = one(cleo, network, data=b"x" * 200_000)
    fault(cleo, kind, path="*/content", status=503)
    with pytest.raises(TryAgain):
        list(network.fetch(INBOX, file))
    assert len(b"".join(network.fetch(INBOX, file))) == 200_000


def test_a_page_of_html_in_place_of_a_listing_changes_nothing(cleo: Cleo, network: CleoMailbox) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.HTML, count=2)
    with pytest.raises(TryAgain, match="HTML"):
        network.list_files(INBOX, start=0, limit=10)


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_look_that_got_no_answer_is_made_once_more(cleo: Cleo, network: CleoMailbox, kind: FaultKind) -> None:
    one(cleo, network)
    fault(cleo, kind)
    assert len(network.list_files(INBOX, start=0, limit=10).files) == 1


@pytest.mark.parametrize("body", ['{"message":"ok"}', "null", "5", '{"resources":{}}'])
def test_json_that_is_no_listing_is_not_taken_for_an_empty_folder(cleo: Cleo, network: CleoMailbox, body: str) -> None:
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
def test_odd_entries_are_left_out_and_the_rest_is_read(cleo: Cleo, network: CleoMailbox, body: str) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.STATUS, status=200, body=body)
    page = network.list_files(INBOX, start=0, limit=10)
    assert [(file.remote_id, file.size) for file in page.files] == [("x", 7)]
    assert page.next_start is None


def test_json_nested_without_end_is_refused(cleo: Cleo, network: CleoMailbox) -> None:
    one(cleo, network)
    fault(cleo, FaultKind.STATUS, status=200, body='{"resources":' + "[" * 50_000 + "]" * 50_000 + "}", count=2)
    with pytest.raises(TryAgain, match="deep"):
        network.list_files(INBOX, start=0, limit=10)


def test_a_token_that_expires_in_between_is_replaced(cleo: Cleo, network: CleoMailbox) -> None:
    one(cleo, network)
    cleo.state.accounts.expire_tokens()
    assert len(network.list_files(INBOX, start=0, limit=10).files) == 1
    assert cleo.state.accounts.refreshes == 1


def test_the_limit_per_path_is_kept(cleo: Cleo) -> None:
    cleo.state.options.limits.per_second = 5.0
    network = cleo.mailbox(requests_per_second=5)
    for _ in range(8):
        network.list_files(INBOX, start=0, limit=10)
    assert cleo.state.limiter.refused == 0


def test_a_folder_that_is_not_there_names_what_is(network: CleoMailbox) -> None:
    with pytest.raises(ConfigError, match="Seen there: ACME, BRIGHTLINE, NORTHWIND"):
        network.list_files("/NORTHWINDS/inbox", start=0, limit=10)
    with pytest.raises(ConfigError, match="Seen there: inbox, outbox, processed"):
        network.list_files("/NORTHWIND/in", start=0, limit=10)


def test_a_folder_among_very_many_is_found(cleo: Cleo, network: CleoMailbox) -> None:
    for number in range(250):
        cleo.state.folders.create(f"/P{number:03}/inbox", download=True)
    assert network.list_files("/P249/inbox", start=0, limit=10).next_start is None


def test_a_folder_that_was_made_anew_is_found_again(cleo: Cleo, network: CleoMailbox) -> None:
    one(cleo, network)
    state = cleo.state.folders
    old = state.folder("/NORTHWIND/inbox")
    del state._folders[old.id], state._paths[old.path], state.folder("/NORTHWIND").children["inbox"]
    state.create("/NORTHWIND/inbox", download=True)
    assert list(network.list_files(INBOX, start=0, limit=10).files) == []


def test_check_maps_folders_by_permission_not_by_name(cleo: Cleo, network: CleoMailbox) -> None:
    """The trap of cleo 5: for a mailbox user `inbox` is for download and `outbox` for upload."""
    right = network.check(receive=[INBOX], send=[OUTBOX])
    assert [(found.usage, found.ok) for found in right] == [("download", True), ("upload", True)]
    swapped = network.check(receive=[OUTBOX], send=[INBOX, "/NOBODY/inbox"])
    assert [found.ok for found in swapped] == [False, False, False]
    assert "may not upload" in swapped[1].message
    assert "`inbox` is for download" in swapped[1].remedy
    assert "no folder" in swapped[2].message


def test_check_recommends_taking_read_files_away(cleo: Cleo, network: CleoMailbox) -> None:
    folder = cleo.state.inbox("NORTHWIND")
    cleo.sandbox.call(lambda: [cleo.state.deliver(folder, f"f{n}", b"x") for n in range(5001)])
    (found,) = network.check(receive=[INBOX], send=[])
    assert found.files == 5001
    assert "after_read" in found.remedy


def test_an_account_that_sees_less_gets_a_clear_answer(cleo: Cleo) -> None:
    from ml_connector_tests.credentials import sandboxes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandboxes, "SERVICE_PASSWORD", MAILBOX_PASSWORD)
        network = cleo.mailbox(username=MAILBOX_USER)
    assert list(network.list_files(INBOX, start=0, limit=10).files) == []
    with pytest.raises(ConfigError, match="does not see it"):
        network.list_files("/ACME/inbox", start=0, limit=10)
