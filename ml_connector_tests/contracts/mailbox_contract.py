"""The mailbox contract: what flows rely on of every network (`flows.core.ports.Mailbox`): list, fetch, dispose, put,
find.

A test class that inherits `MailboxContract` and has a fixture `harness` runs it.
"""

from collections.abc import Iterator

import pytest

from ml_connector.errors import ConfigError, ConnectorError, NeedsCorrection, OutcomeUnknown, Reason, TryAgain
from ml_connector.flows.core.ports import Mailbox, RemoteFile, Written
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.contracts.mailbox_harness import MailboxHarness

DATA = bytes(range(256)) * 700
HOSTILE = [
    "../../etc/passwd",
    "..",
    "nul\x00.x12",
    "line\r\nbreak.x12",
    "bidi \u202e21x.exe",
    "“quoted” & <b>.x12",
    "a" * 240 + ".x12",
    "%2e%2e%2f",
    "blank at the end ",
    "'; drop table file; --",
]


def listed(network: Mailbox, channel: str, *, start: int = 0, limit: int = 1000) -> list[RemoteFile]:
    return list(network.list_files(channel, start=start, limit=limit).files)


def fetched(network: Mailbox, channel: str, file: RemoteFile) -> bytes:
    return b"".join(network.fetch(channel, file))


def put(network: Mailbox, channel: str, name: str, data: bytes) -> Written:
    """As `flows.outbound.sending` puts a file."""
    if not network.stages:
        return network.upload(channel, name, data)
    staged = network.stage(channel, name, data)
    assert staged is not None
    return network.publish(channel, staged, name)


class MailboxContract:
    """Every case begins with empty folders."""

    @pytest.fixture(autouse=True)
    def _nothing_lies_there(self, harness: MailboxHarness) -> Iterator[None]:
        harness.empty()
        yield
        harness.clear_faults()

    @pytest.fixture
    def network(self, harness: MailboxHarness) -> Mailbox:
        return harness.network()

    # ------------------------------------------------------------------ list

    def test_a_long_listing_shows_each_file_once_also_for_who_goes_on_in_another_process(
        self, harness: MailboxHarness, network: Mailbox
    ) -> None:
        wanted = {f"f{number:02}.x12": number for number in range(25)}
        for name, size in wanted.items():
            harness.put(name, b"x" * size)
        for others in (False, True):
            found: list[RemoteFile] = []
            start: int | None = 0
            while start is not None:
                here = harness.network() if others else network
                page = here.list_files(harness.inbox, start=start, limit=10)
                assert len(page.files) <= 10
                found += page.files
                start = page.next_start
            assert len(found) == len(wanted)
            assert {file.name: file.size for file in found} == wanted
            assert len({file.remote_id for file in found}) == len(wanted)

    def test_an_empty_folder_has_one_empty_page(self, harness: MailboxHarness, network: Mailbox) -> None:
        page = network.list_files(harness.inbox, start=0, limit=10)
        assert (list(page.files), page.next_start) == ([], None)
        assert network.list_files(harness.inbox, start=500, limit=10).next_start is None

    def test_a_folder_that_is_not_there_is_told_in_words(self, harness: MailboxHarness, network: Mailbox) -> None:
        with pytest.raises(ConfigError) as raised:
            network.list_files(harness.missing, start=0, limit=10)
        assert "there" in raised.value.message.lower()

    def test_a_listing_that_cannot_be_had_is_not_an_empty_folder(
        self, harness: MailboxHarness, network: Mailbox
    ) -> None:
        harness.put("a.x12", b"ISA*")
        harness.fault(FaultKind.RESET_BEFORE, doing="list", count=None)
        with pytest.raises(TryAgain):
            network.list_files(harness.inbox, start=0, limit=10)
        harness.clear_faults()
        assert [file.name for file in listed(network, harness.inbox)] == ["a.x12"]

    # ------------------------------------------------------------------ fetch

    @pytest.mark.parametrize("size", [0, 1, len(DATA)])
    def test_a_file_comes_byte_for_byte(self, harness: MailboxHarness, network: Mailbox, size: int) -> None:
        harness.put("a.x12", DATA[:size])
        (file,) = listed(network, harness.inbox)
        assert file.size == size
        assert fetched(network, harness.inbox, file) == DATA[:size]
        assert harness.lying() == {"a.x12": DATA[:size]}, "reading takes nothing away"

    def test_half_of_a_file_is_never_taken_for_all_of_it(self, harness: MailboxHarness, network: Mailbox) -> None:
        harness.put("a.x12", DATA)
        (file,) = listed(network, harness.inbox)
        harness.fault(FaultKind.HALF_WRITTEN, doing="fetch", count=None)
        with pytest.raises(TryAgain):
            fetched(network, harness.inbox, file)
        harness.clear_faults()
        assert fetched(network, harness.inbox, file) == DATA

    def test_a_file_beyond_the_limit_is_held_and_not_read(self, harness: MailboxHarness) -> None:
        harness.put("huge.x12", DATA)
        network = harness.network(max_file_bytes=1000)
        (file,) = listed(network, harness.inbox)
        with pytest.raises(NeedsCorrection) as caught:
            fetched(network, harness.inbox, file)
        assert caught.value.reason is Reason.TOO_LARGE

    def test_a_file_that_has_gone_is_told(self, harness: MailboxHarness, network: Mailbox) -> None:
        harness.put("a.x12", b"ISA*")
        (file,) = listed(network, harness.inbox)
        harness.empty()
        with pytest.raises(FileNotFoundError):
            fetched(network, harness.inbox, file)

    # ------------------------------------------------------------------ dispose

    def test_what_was_read_is_taken_away_and_nothing_else(self, harness: MailboxHarness, network: Mailbox) -> None:
        """Done again, or after somebody else has, it is a success."""
        for policy in harness.policies:
            harness.empty()
            harness.put("read.x12", b"1")
            harness.put("unread.x12", b"2")
            file = next(one for one in listed(network, harness.inbox) if one.name == "read.x12")
            for _ in range(2):
                network.dispose(harness.inbox, file, policy=policy, move_to=harness.move_to)
            assert [one.name for one in listed(network, harness.inbox)] == ["unread.x12"], policy

    def test_left_where_it_is_it_stays(self, harness: MailboxHarness, network: Mailbox) -> None:
        harness.put("a.x12", b"1")
        (file,) = listed(network, harness.inbox)
        network.dispose(harness.inbox, file, policy="leave")
        assert harness.lying() == {"a.x12": b"1"}

    # ------------------------------------------------------------------ put, find

    def test_a_file_is_put_whole_and_found_by_name_and_size(self, harness: MailboxHarness, network: Mailbox) -> None:
        written = put(network, harness.outbox, "850 Ä-1.x12", DATA)
        assert harness.sent() == {"850 Ä-1.x12": DATA}
        found = network.find(harness.outbox, "850 Ä-1.x12", len(DATA))
        assert found is not None
        assert found.remote_id == written.outside_id
        assert network.find(harness.outbox, "850 Ä-1.x12", len(DATA) + 1) is None
        assert network.find(harness.outbox, "850.x12", len(DATA)) is None
        for files in network.copies(harness.outbox, ["850 Ä-1.x12", "850.x12"]).values():
            assert len(files) <= 1

    def test_staged_is_not_sent(self, harness: MailboxHarness, network: Mailbox) -> None:
        if not network.stages:
            pytest.skip(f"{network.connection} does not stage")
        staged = network.stage(harness.outbox, "a.x12", DATA)
        assert staged is not None
        assert "a.x12" not in harness.sent()
        network.publish(harness.outbox, staged, "a.x12")
        assert harness.sent() == {"a.x12": DATA}
        network.publish(harness.outbox, staged, "a.x12")
        assert harness.sent() == {"a.x12": DATA}

    @pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
    def test_a_lost_answer_leaves_at_most_one_whole_file(
        self, harness: MailboxHarness, network: Mailbox, kind: FaultKind
    ) -> None:
        """Where it is not known whether it arrived, that is said; what lies there is whole."""
        harness.fault(kind, doing="put")
        try:
            put(network, harness.outbox, "a.x12", DATA)
            arrived = True
        except (OutcomeUnknown, TryAgain):
            arrived = False
        harness.clear_faults()
        assert harness.sent().get("a.x12") in ({DATA} if arrived else {None, DATA})

    # ------------------------------------------------------------------ names

    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_hostile_name_is_text_and_leads_nowhere(
        self, harness: MailboxHarness, network: Mailbox, name: str
    ) -> None:
        """A file whose name is none may be left out, or be held with a question; its neighbour never is."""
        harness.put("neighbour.x12", b"neighbour")
        try:
            harness.put(name, b"hostile")
        except (ValueError, KeyError):
            pytest.skip(f"{network.connection} cannot hold such a name")
        files = listed(network, harness.inbox)
        assert len({file.remote_id for file in files}) == len(files)
        left = {"neighbour.x12"}
        for file in files:
            assert file.name.isprintable()
            assert len(file.name) <= 400
            try:
                content = fetched(network, harness.inbox, file)
            except NeedsCorrection:
                left.add(file.name)
                continue
            assert content == (b"neighbour" if file.name == "neighbour.x12" else b"hostile")
            if content == b"hostile":
                network.dispose(harness.inbox, file, policy=harness.policies[0], move_to=harness.move_to)
        assert {file.name for file in listed(network, harness.inbox)} == left

    # ------------------------------------------------------------------ errors

    @pytest.mark.parametrize("doing", ["list", "fetch", "put"])
    def test_no_error_gives_away_a_secret(self, harness: MailboxHarness, network: Mailbox, doing: str) -> None:
        harness.put("a.x12", DATA)
        (file,) = listed(network, harness.inbox)
        harness.fault(FaultKind.RESET_BEFORE, doing=doing, count=None)
        with pytest.raises(ConnectorError) as raised:
            {
                "list": lambda: listed(network, harness.inbox),
                "fetch": lambda: fetched(network, harness.inbox, file),
                "put": lambda: put(network, harness.outbox, "b.x12", DATA),
            }[doing]()
        assert not [secret for secret in harness.secrets if secret in f"{raised.value} {raised.value.data}"]
