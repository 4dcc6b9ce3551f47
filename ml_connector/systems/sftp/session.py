"""One SFTP session: the few calls that are needed, every one bounded in time and in size.

Nothing of a server's answer is believed: listings end after so many entries, names are bytes until they were read,
and every file ends after so many bytes. paramiko itself bounds a packet to 16 MB.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from ml_connector.proof import prove
from ml_connector.systems.sftp.client import CHUNK, client_class, in_time
from ml_connector.systems.sftp.session_errors import (
    Entry,
    SessionLostError,
    StatusError,
    TooLongError,
    TurnedAwayError,
)

if TYPE_CHECKING:
    import paramiko

#: Longer than any name that a file system knows: one that is longer is kept cut, under an identity of its own.
LONGEST_NAME = 1_024
#: Files of more bytes are read with several requests on their way, never more than a window.
WINDOW = 1_048_576
#: The slowest that a transfer may be before it counts as hanging: a server that sends a byte now and then holds nobody.
SLOWEST_BYTES_PER_SECOND = 4_096

#: What is read of a server's parting words, and how long is waited for them.
LAST_WORDS = 2_000
LAST_WORDS_SECONDS = 2.0

#: Of the codes of a status: what flows tell apart.
NO_SUCH_FILE, FAILURE, UNSUPPORTED = 2, 4, 8


class SftpSession:
    """Calls over one channel. Not to be shared between threads at one time.

    Every call raises StatusError, or SessionLostError; after the latter the session is of no more use.
    """

    def __init__(self, transport: "paramiko.Transport", timeout: float) -> None:
        self._timeout = timeout
        with _lost():
            channel = transport.open_session(timeout=timeout)
            channel.settimeout(timeout)
            with _ended_after(channel, timeout):
                channel.invoke_subsystem("sftp")
        try:
            with _lost():
                self._client = client_class()(channel, time.monotonic() + timeout)
        except SessionLostError as error:
            if _turned_away(transport, channel):
                raise TurnedAwayError(_last_words(transport)) from error
            raise

    def close(self) -> None:
        with _quiet():
            self._client.close()

    def usable(self) -> bool:
        channel = self._client.get_channel()
        return channel is not None and not channel.closed

    def entries(self, path: str, *, limit: int, within: float) -> Iterator[Entry]:
        """What a folder holds, without `.` and `..`.

        Raises:
            TooLongError: more than `limit` entries, or the listing lasted longer than `within` seconds.
        """
        until = time.monotonic() + within
        with self._answered(until + self._timeout):
            for count, (name, attributes) in enumerate(self._client.listing(path), start=1):
                if count > limit or time.monotonic() > until:
                    raise TooLongError(min(count, limit))
                if name not in {".", ".."}:
                    yield _entry(name, attributes)

    def entry(self, path: str) -> Entry | None:
        """What stands at a path, links not followed; None: nothing."""
        try:
            with self._answered():
                return _entry(path.rpartition("/")[2], self._client.lstat(path))
        except StatusError as error:
            if error.code == NO_SUCH_FILE:
                return None
            raise

    def read(self, path: str, *, size: int, offset: int = 0, limit: int) -> Iterator[bytes]:
        """A file's bytes from `offset` to its end. size: how many it is said to have.

        Raises:
            TooLongError: it has more than `limit` bytes.
        """
        until = self._until(max(size - offset, 0))
        with self._answered():
            handle = self._client.opened(path, for_writing=False)
        try:
            for chunk in self._chunks(handle, offset, size, until):
                offset += len(chunk)
                if offset > limit:
                    raise TooLongError(limit)
                in_time(until)
                yield chunk
        finally:
            self._closed(handle)

    def _chunks(self, handle: bytes, position: int, size: int, until: float) -> Iterator[bytes]:
        """The file's bytes up to where the server says that it ends, whatever its size was said to be.

        As many requests are on their way as the size promises, never more than a window, and one at its end.
        """
        while True:
            end = max(position, min(size, position + WINDOW))
            wanted = [(start, min(CHUNK, end - start)) for start in range(position, end, CHUNK)]
            wanted.append((end, CHUNK))
            with self._answered(until):
                parts = self._client.parts(handle, wanted)
            for (start, length), part in zip(wanted, parts, strict=True):
                if start != position:
                    break  # the part before it was short: asked for again from there
                if not part:
                    return
                position += len(part)
                yield part[:length]

    def write(self, path: str, data: bytes, *, one_by_one: bool = False) -> None:
        """Make a file of these bytes, in place of what stands there.

        one_by_one: each part is answered before the next one is sent, so that after a cut the file's size is that of
        its bytes, without holes.
        """
        until = self._until(len(data))
        step = CHUNK if one_by_one else WINDOW
        prove()
        with self._answered():
            handle = self._client.opened(path, for_writing=True)
        try:
            for start in range(0, len(data), step):
                prove()
                with self._answered(until):
                    self._client.written(handle, start, data[start : start + step])
                in_time(until)
        except BaseException:
            # Whatever it was, an interrupt too: the server has only so many handles. Raised on.
            self._closed(handle)
            raise
        with self._answered():
            self._client.closed(handle)

    def rename(self, old: str, new: str) -> None:
        """Rename without replacing what stands under the new name, as far as the server keeps to the protocol."""
        prove()
        with self._answered():
            self._client.rename(old, new)

    def remove(self, path: str) -> None:
        prove()
        with self._answered():
            self._client.remove(path)

    @contextmanager
    def _answered(self, until: float | None = None) -> Iterator[None]:
        """What is asked for in here is answered whole by then, without more in the time of one answer; else it is lost.

        A server that gives a byte now and then never lets the channel's own time pass.
        """
        self._client.until = time.monotonic() + self._timeout if until is None else until
        with _lost():
            yield

    def _closed(self, handle: bytes) -> None:
        with suppress(StatusError, SessionLostError), self._answered():
            self._client.closed(handle)

    def _until(self, size: int) -> float:
        return time.monotonic() + self._timeout + size / SLOWEST_BYTES_PER_SECOND


def _turned_away(transport: "paramiko.Transport", channel: "paramiko.Channel") -> bool:
    """Whether a session was ended in order over a connection that is well: the server does not want us.

    The end of its data comes first, its closing a moment later.
    """
    until = time.monotonic() + LAST_WORDS_SECONDS
    while channel.eof_received and not channel.closed and time.monotonic() < until:
        time.sleep(0.01)
    return channel.closed and transport.is_active()


def _last_words(transport: "paramiko.Transport") -> str:
    """Why a server gives no SFTP, in its own words, as one short line; empty where it says nothing.

    OpenSSH drops the second stream of a subsystem; a session of another kind has it, and is turned away likewise.
    """
    said = b""
    with suppress(SessionLostError, *_broken()):
        channel = transport.open_session(timeout=LAST_WORDS_SECONDS)
        try:
            channel.settimeout(LAST_WORDS_SECONDS)
            with _ended_after(channel, LAST_WORDS_SECONDS):
                channel.exec_command("exit")
            said = channel.recv_stderr(LAST_WORDS)
        finally:
            channel.close()
    text = said.decode("utf-8", "replace")
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())[:300]


@contextmanager
def _ended_after(channel: "paramiko.Channel", seconds: float) -> Iterator[None]:
    """For what paramiko waits for without an end: the channel is closed from here then, which ends it.

    Raises:
        SessionLostError: it was.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(*_broken()):  # it is gone already
            channel.close()

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    except _broken():
        if late.is_set():
            raise SessionLostError("the server lets us in, and does not begin the session in time") from None
        raise
    finally:
        watch.cancel()


def _entry(name: str, attributes: "paramiko.SFTPAttributes") -> Entry:
    return Entry(
        name=_kept(name),
        size=max(attributes.st_size or 0, 0),
        modified=attributes.st_mtime or 0,
        mode=attributes.st_mode or 0,
    )


def _kept(name: str) -> str:
    """A listing is held in memory; names are as long as a server likes."""
    if len(name) <= LONGEST_NAME:
        return name
    identity = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name[: LONGEST_NAME - len(identity)]}{identity}"


@contextmanager
def _lost() -> Iterator[None]:
    """Turns what paramiko and the socket raise into SessionLostError."""
    try:
        yield
    except _broken() as error:
        raise SessionLostError(f"{type(error).__name__}: {str(error)[:200]}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """For closing: a session that is gone needs none."""
    with suppress(StatusError, SessionLostError), _lost():
        yield


@cache
def _broken() -> tuple[type[Exception], ...]:
    """What a broken connection or an answer that is no SFTP raises, inside of paramiko too."""
    import struct

    from paramiko import SSHException
    from paramiko.sftp import SFTPError

    return (SSHException, SFTPError, EOFError, OSError, struct.error, UnicodeError, ValueError, IndexError)
