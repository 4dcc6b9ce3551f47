"""Servers that take their time, or never come to an end: none is waited for longer than was agreed."""

import struct
import threading
import time

import paramiko
import pytest

from ml_connector.systems.sftp import session
from ml_connector.systems.sftp.paths import usable
from ml_connector.systems.sftp.session_errors import SessionLostError
from ml_connector_tests.systems.truecommerce.raw_server import (
    HANDLE,
    NAMES,
    OPEN,
    READDIR,
    STATUS,
    listing,
    packet,
    raw_session,
    text,
)


def dripping(channel: paramiko.Channel, data: bytes) -> None:
    """A byte now and then: more bytes than the session has patience for, and none of them late by itself."""
    for at in range(len(data)):
        channel.sendall(data[at : at + 1])
        time.sleep(0.05)


def status(number: int) -> bytes:
    return packet(STATUS, struct.pack(">II", number, 2) + text(b"n" * 150) + text(b""))


def test_an_answer_that_drips_is_not_waited_for() -> None:
    with raw_session(lambda _, number: status(number), dripping) as one, pytest.raises(SessionLostError):
        one.entry("/x")


def test_a_listing_that_drips_is_not_waited_for() -> None:
    names = struct.pack(">I", 1) + text(b"a" * 150) + text(b"") + struct.pack(">I", 0)

    def say(channel: paramiko.Channel, data: bytes) -> None:
        (dripping if data[4] == NAMES else paramiko.Channel.sendall)(channel, data)

    with raw_session(listing(names), say) as one, pytest.raises(SessionLostError):
        list(one.entries("/x", limit=1000, within=1))


def test_answers_to_what_nobody_asked_are_not_read_for_ever() -> None:
    def say(channel: paramiko.Channel, data: bytes) -> None:
        for _ in range(100):
            channel.sendall(status(4_000_000))
            time.sleep(0.05)
        channel.sendall(data)

    with raw_session(lambda _, number: status(number), say) as one, pytest.raises(SessionLostError):
        one.entry("/x")


def test_a_server_that_takes_a_byte_now_and_then_is_not_waited_for() -> None:
    """Its window opens by a byte each time; the channel's own time never passes."""

    def answer(kind: int, number: int) -> bytes:
        return packet(HANDLE, struct.pack(">I", number) + text(b"h")) if kind == OPEN else b""

    with raw_session(answer, sips=0.05) as one, pytest.raises(SessionLostError):
        one.write("/x", b"x" * 1_000_000)


def test_a_server_that_never_starts_sftp_is_not_waited_for() -> None:
    begins = pytest.raises(SessionLostError, match="does not begin the session in time")
    with begins, raw_session(lambda _, number: b"", starts=False):
        pass


def test_a_connection_that_breaks_while_it_is_ended_is_lost_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch of a session that does not begin works in a thread, where nobody would hear of an error."""
    ended, heard = threading.Event(), []
    monkeypatch.setattr(threading, "excepthook", heard.append)

    class Gone:
        def close(self) -> None:
            ended.set()
            raise EOFError

    def begin() -> None:
        assert ended.wait(60)
        raise EOFError

    with pytest.raises(SessionLostError), session._ended_after(Gone(), 0.01):  # type: ignore[arg-type]
        begin()
    for watch in threading.enumerate():
        if isinstance(watch, threading.Timer):
            watch.join(60)
    assert heard == []


def test_names_without_end_are_kept_cut_and_apart() -> None:
    """A hundred thousand of them are kept in memory."""
    long = b"n" * 200_000
    names = struct.pack(">I", 2) + b"".join(text(long + end) + text(b"") + struct.pack(">I", 0) for end in (b"1", b"2"))
    told = iter([names])

    def answer(kind: int, number: int) -> bytes:
        if kind == READDIR:
            if (one := next(told, None)) is None:
                return packet(STATUS, struct.pack(">II", number, 1) + text(b"") + text(b""))
            return packet(NAMES, struct.pack(">I", number) + one)
        return packet(HANDLE, struct.pack(">I", number) + text(b"h"))

    with raw_session(answer) as one:
        first, second = one.entries("/x", limit=10, within=5)
    assert max(len(first.name), len(second.name)) <= 1_024
    assert first.name != second.name
    assert not usable(first.name)
