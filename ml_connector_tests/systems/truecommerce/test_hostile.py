"""Servers and partners that mean harm: a clear error each, bounded in time and memory, and nothing written outside."""

import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.errors import ConfigError, ConnectorError, NeedsCorrection, Reason, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.sandbox.cleo.files import Filler
from ml_connector.sandbox.sftp.tree import Link
from ml_connector.systems.sftp.session_errors import SessionLostError, StatusError, TooLongError
from ml_connector_tests.support.examples import some
from ml_connector_tests.systems.truecommerce.bench import NAME, Bench, fetched, listed, only
from ml_connector_tests.systems.truecommerce.raw_server import (
    ATTRS,
    HANDLE,
    NAMES,
    STATUS,
    listing,
    packet,
    raw_session,
    text,
)

BAD_NAMES = [
    "../../etc/cron.d/x",
    "..\\..\\windows\\x",
    "a/../../b",
    "/etc/passwd",
    "line\nbreak.edi",
    "bell\x07.edi",
    "nul\x00.edi",
    "right\u202eto left.edi",
    "esc\x1b[2Jape.edi",
    "latin-\udce9.edi",
    "x" * 401,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_name_is_held_with_a_reason_and_never_used(
    tc: Bench, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    tc.put(name, b"x")
    tc.put("good.edi", b"fine")
    network = tc.network()
    files = network.list_files("Export", start=0, limit=10).files
    bad = only(file for file in files if file.remote_id != "good.edi")
    bad.name.encode()
    assert bad.name.isprintable() or " " in bad.name
    opened = tc.calls("OPEN")
    with pytest.raises(NeedsCorrection, match=r"name .* cannot be a file's") as caught:
        fetched(network, bad)
    assert caught.value.reason is Reason.UNSUPPORTED_DOCUMENT
    with pytest.raises(NeedsCorrection):
        network.dispose("Export", bad, policy="delete")
    assert tc.calls("OPEN") == opened
    assert tc.calls("REMOVE") == 0
    assert fetched(network, only(file for file in files if file.remote_id == "good.edi")) == b"fine"
    assert sorted(tmp_path.rglob("*")) == before


def test_two_bad_names_keep_identities_of_their_own(tc: Bench) -> None:
    tc.put("a\n.edi", b"x")
    tc.put("a\r.edi", b"x")
    files = tc.network().list_files("Export", start=0, limit=10).files
    assert len({file.remote_id for file in files}) == 2


@pytest.mark.parametrize("target", ["/secret", "/0123456789", "/nowhere", "link"])
def test_a_symbolic_link_is_never_followed(tc: Bench, target: str) -> None:
    tc.tree.put("/secret", b"of somebody else")
    tc.tree.folder(tc.service.state.export_path).entries["link"] = Link(target, tc.clock.now())
    network = tc.network()
    with pytest.raises(NeedsCorrection, match="symbolic link"):
        fetched(network, listed(network)["link"])
    network.dispose("Export", listed(network)["link"], policy="delete")
    assert tc.calls("OPEN") == tc.calls("REMOVE") == 0


def test_a_file_that_became_a_link_after_the_listing_is_not_followed(tc: Bench) -> None:
    tc.tree.put("/secret", b"of somebody else")
    tc.put("a.edi", b"x")
    network = tc.network()
    file = listed(network)["a.edi"]
    tc.tree.folder(tc.service.state.export_path).entries["a.edi"] = Link("/secret", tc.clock.now())
    with pytest.raises(NeedsCorrection, match="symbolic link"):
        fetched(network, file)


def test_a_folder_of_the_tree_that_is_a_link_is_refused(tc: Bench) -> None:
    tc.tree.folder("/0123456789/IntegrationFTP/Export").entries["Linked"] = Link("/", tc.clock.now())
    with pytest.raises(ConfigError, match="symbolic link"):
        tc.network(company_folder="Linked").list_files("Export", start=0, limit=10)


def test_a_file_of_two_gigabytes_is_held_without_reading_it(tc: Bench) -> None:
    tc.put("huge.edi", Filler(2_000_000_000))
    network = tc.network()
    with pytest.raises(NeedsCorrection, match=r"2000000000 bytes.*max_file_bytes") as caught:
        fetched(network, listed(network)["huge.edi"])
    assert caught.value.reason is Reason.TOO_LARGE
    assert tc.calls("READ") == 0


def test_a_file_that_says_it_is_small_and_goes_on_is_stopped(tc: Bench) -> None:
    tc.put("liar.edi", Filler(2_000_000_000), listed_size=10)
    network = tc.network(max_file_bytes=1_000_000)
    file = listed(network)["liar.edi"]
    assert file.size == 10
    with pytest.raises(NeedsCorrection, match="goes on after its announced end"):
        fetched(network, file)
    assert tc.calls("READ") < 100


def test_a_file_that_is_longer_or_shorter_than_it_says_is_not_taken_for_whole(tc: Bench) -> None:
    tc.put("more.edi", b"x" * 500, listed_size=100)
    tc.put("less.edi", b"x" * 500, listed_size=100_000)
    network = tc.network()
    for name in ("more.edi", "less.edi"):
        with pytest.raises(RefusedBySystem, match="changed"):
            fetched(network, listed(network)[name])


def test_an_endless_listing_ends(tc: Bench) -> None:
    tc.tree.folder(tc.service.state.export_path).endless = True
    with pytest.raises(ConfigError, match=r"did not end after 3000 entries.*max_listing"):
        tc.network(max_listing=3000).list_files("Export", start=0, limit=10)
    assert tc.calls("LIST") == 1


def test_an_endless_folder_of_folders_ends(tc: Bench) -> None:
    tc.tree.folder("/0123456789/IntegrationFTP").endless = True
    with pytest.raises(ConfigError):
        tc.network(export_path_template="IntegrationFTP/exPort/{company}").list_files("Export", start=0, limit=1)


def test_a_listing_that_takes_for_ever_ends(tc: Bench) -> None:
    tc.tree.folder(tc.service.state.export_path).endless = True
    with pytest.raises(ConfigError, match="did not end"):
        tc.network(timeout_seconds=0.05, max_listing=1_000_000).list_files("Export", start=0, limit=10)


def test_an_identity_that_was_made_up_leads_nowhere(tc: Bench) -> None:
    tc.tree.put("/secret", b"x")
    network = tc.network()
    for remote_id in ("../../../../../secret", "/secret", "..", ""):
        with pytest.raises(NeedsCorrection):
            fetched(network, RemoteFile(remote_id, remote_id, 1))
    assert tc.calls("OPEN") == 0


# ---------------------------------------------------------------------- a server that speaks the protocol wrongly


ENTRY = text(b"a") + text(b"a") + struct.pack(">I", 0)


@pytest.mark.parametrize(
    "names",
    [
        struct.pack(">I", 0),  # no names, again and again
        struct.pack(">I", 4_000_000_000) + ENTRY,  # promises more than it holds
        struct.pack(">I", 2) + ENTRY,
        struct.pack(">I", 1) + struct.pack(">I", 4_000_000_000) + b"a",  # a name longer than the packet
        b"",
    ],
)
def test_a_listing_that_lies_about_its_length_ends(names: bytes) -> None:
    with raw_session(listing(names)) as session, pytest.raises((SessionLostError, TooLongError)):
        list(session.entries("/x", limit=1000, within=5))


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x01000000, 0x00FFFFFF])
def test_a_packet_without_end_is_not_waited_for(size: int) -> None:
    endless = struct.pack(">I", size) + b"x" * 100
    with raw_session(lambda kind, number: endless) as session, pytest.raises(SessionLostError):
        session.entry("/x")


def test_an_answer_of_another_kind_is_a_lost_session() -> None:
    for kind in (0, HANDLE, NAMES, 103, 255):
        with raw_session(lambda _, number, kind=kind: packet(kind, struct.pack(">I", number))) as session:  # type: ignore[misc]
            with pytest.raises(SessionLostError):
                session.entry("/x")
            with pytest.raises(SessionLostError):
                list(session.entries("/x", limit=10, within=1))


@settings(max_examples=some(25), deadline=None)
@given(st.binary(max_size=60), st.sampled_from([HANDLE, NAMES, ATTRS, STATUS, 103]))
def test_any_bytes_at_all_end_in_an_error_or_an_answer(body: bytes, kind: int) -> None:
    def answer(_: int, number: int) -> bytes:
        return packet(kind, struct.pack(">I", number) + body)

    def attempt(call: Callable[[], Any]) -> None:
        with suppress(SessionLostError, StatusError, TooLongError):
            call()

    with raw_session(answer) as session:
        attempt(lambda: session.entry("/x"))
        attempt(lambda: list(session.entries("/x", limit=100, within=1)))
        attempt(lambda: session.remove("/x"))


def test_errors_repeat_no_more_of_a_server_than_one_short_line(tc: Bench) -> None:
    error = StatusError(4, "boo\n\x1b[31m" + "x" * 5000)
    raised: ConnectorError = tc.network()._refused(error, "something")
    assert raised.message.startswith(NAME)
    assert raised.message.isprintable()
    assert len(raised.message) < 200


def test_a_server_without_files_is_away(tc: Bench) -> None:
    with raw_session(lambda kind, number: b"") as session, pytest.raises(SessionLostError):
        session.entry("/x")
    with pytest.raises(TryAgain):
        raise tc.network().pool.lost(SessionLostError("gone"))
