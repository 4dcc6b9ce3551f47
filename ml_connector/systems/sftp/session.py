"""One SFTP session: the few calls that are needed, every one bounded in time and in size.

Nothing of a server's answer is believed: listings end after so many entries, names are bytes until they were read,
and every file ends after so many bytes. paramiko itself bounds a packet to 16 MB.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ml_connector.proof import prove
from ml_connector.systems.sftp.session_errors import (
    Entry,
    SessionLostError,
    StatusError,
    TooLongError,
    TurnedAwayError,
)

if TYPE_CHECKING:
    import paramiko

#: What every server takes and gives in one request.
CHUNK = 32_768
#: Files of more bytes are read with several requests on their way, never more than a window.
WINDOW = 1_048_576
#: The slowest that a transfer may be before it counts as hanging: a server that sends a byte now and then holds nobody.
SLOWEST_BYTES_PER_SECOND = 4_096

#: What is read of a server's parting words, and how long is waited for them.
LAST_WORDS = 2_000
LAST_WORDS_SECONDS = 2.0

NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, NO_CONNECTION, CONNECTION_LOST, UNSUPPORTED = range(2, 9)


class SftpSession:
    """Calls over one channel. Not to be shared between threads at one time.

    Every call raises StatusError, or SessionLostError; after the latter the session is of no more use.
    """

    def __init__(self, transport: "paramiko.Transport", timeout: float) -> None:
        self._timeout = timeout
        with _lost():
            channel = transport.open_session(timeout=timeout)
            channel.settimeout(timeout)
            channel.invoke_subsystem("sftp")
        try:
            with _lost():
                self._client = _client_class()(channel)
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
        with _lost():
            for count, (name, attributes) in enumerate(self._client.listing(path), start=1):
                if count > limit or time.monotonic() > until:
                    raise TooLongError(min(count, limit))
                if name not in {".", ".."}:
                    yield _entry(name, attributes)

    def entry(self, path: str) -> Entry | None:
        """What stands at a path, links not followed; None: nothing."""
        try:
            with _lost():
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
        with _lost():
            handle = self._client.opened(path, for_writing=False)
        try:
            for chunk in self._chunks(handle, offset, size):
                offset += len(chunk)
                if offset > limit:
                    raise TooLongError(limit)
                _in_time(until)
                yield chunk
        finally:
            with _quiet():
                self._client.closed(handle)

    def _chunks(self, handle: bytes, position: int, size: int) -> Iterator[bytes]:
        """The file's bytes up to where the server says that it ends, whatever its size was said to be.

        As many requests are on their way as the size promises, never more than a window, and one at its end.
        """
        while True:
            end = max(position, min(size, position + WINDOW))
            wanted = [(start, min(CHUNK, end - start)) for start in range(position, end, CHUNK)]
            wanted.append((end, CHUNK))
            with _lost():
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
        with _lost():
            handle = self._client.opened(path, for_writing=True)
        try:
            for start in range(0, len(data), step):
                prove()
                with _lost():
                    self._client.written(handle, start, data[start : start + step])
                _in_time(until)
        except BaseException:
            # Whatever it was, an interrupt too: the server has only so many handles. Raised on.
            with _quiet():
                self._client.closed(handle)
            raise
        with _lost():
            self._client.closed(handle)

    def rename(self, old: str, new: str) -> None:
        """Rename without replacing what stands under the new name, as far as the server keeps to the protocol."""
        prove()
        with _lost():
            self._client.rename(old, new)

    def remove(self, path: str) -> None:
        prove()
        with _lost():
            self._client.remove(path)

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
    with suppress(*_broken()):
        channel = transport.open_session(timeout=LAST_WORDS_SECONDS)
        try:
            channel.settimeout(LAST_WORDS_SECONDS)
            channel.exec_command("exit")
            said = channel.recv_stderr(LAST_WORDS)
        finally:
            channel.close()
    text = said.decode("utf-8", "replace")
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())[:300]


def _in_time(until: float) -> None:
    if time.monotonic() > until:
        raise SessionLostError("the transfer is too slow")


def _entry(name: str, attributes: "paramiko.SFTPAttributes") -> Entry:
    return Entry(
        name=name,
        size=max(attributes.st_size or 0, 0),
        modified=attributes.st_mtime or 0,
        mode=attributes.st_mode or 0,
    )


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


@cache
def _client_class() -> Any:
    """Paramiko's client, with statuses that keep their code and names that may be any bytes."""
    import paramiko
    from paramiko.sftp import (
        CMD_CLOSE,
        CMD_DATA,
        CMD_HANDLE,
        CMD_NAME,
        CMD_OPEN,
        CMD_OPENDIR,
        CMD_READ,
        CMD_READDIR,
        CMD_STATUS,
        CMD_WRITE,
        SFTP_EOF,
        SFTP_FLAG_CREATE,
        SFTP_FLAG_READ,
        SFTP_FLAG_TRUNC,
        SFTP_FLAG_WRITE,
        SFTP_OK,
        SFTPError,
        int64,
    )

    class Answers:
        """Collects the answers to requests that are on their way together, in whatever order they come."""

        def __init__(self, client: "Client") -> None:
            self._client = client
            self.parts: dict[int, bytes | StatusError] = {}

        def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
            try:
                if kind == CMD_STATUS:
                    self._client._convert_status(message)
                elif kind != CMD_DATA:
                    raise SFTPError("an answer of another kind")
            except EOFError:
                self.parts[number] = b""
            except StatusError as error:
                self.parts[number] = error
            else:
                self.parts[number] = message.get_string() if kind == CMD_DATA else b""

        def _check_exception(self) -> None:
            return

    class Client(paramiko.SFTPClient):
        def _convert_status(self, message: paramiko.Message) -> None:
            code = message.get_int()
            if code == SFTP_OK:
                return
            if code == SFTP_EOF:
                raise EOFError
            raise StatusError(code, message.get_string()[:200].decode("utf-8", "replace"))

        def opened(self, path: str, *, for_writing: bool) -> bytes:
            flags = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC if for_writing else SFTP_FLAG_READ
            attributes = paramiko.SFTPAttributes()
            kind, message = self._request(CMD_OPEN, path, flags, attributes)  # type: ignore[attr-defined]
            if kind != CMD_HANDLE:
                raise SFTPError("no handle was given")
            return bytes(message.get_string())

        def closed(self, handle: bytes) -> None:
            self._request(CMD_CLOSE, handle)  # type: ignore[attr-defined]

        def parts(self, handle: bytes, wanted: list[tuple[int, int]]) -> list[bytes]:
            """Parts of a file by offset and length; empty after its end."""
            return self._together([(CMD_READ, handle, int64(start), length) for start, length in wanted])

        def written(self, handle: bytes, offset: int, data: bytes) -> None:
            """Write a stretch, all of its requests on their way together."""
            starts = range(0, len(data), CHUNK)
            self._together([(CMD_WRITE, handle, int64(offset + at), data[at : at + CHUNK]) for at in starts])

        def _together(self, requests: list[tuple[Any, ...]]) -> list[bytes]:
            answers = Answers(self)
            numbers = [self._async_request(answers, *one) for one in requests]  # type: ignore[attr-defined]
            while len(answers.parts) < len(numbers):
                self._read_response()  # type: ignore[attr-defined]
            found = [answers.parts[number] for number in numbers]
            for one in found:
                if isinstance(one, StatusError):
                    raise one
            return [one for one in found if isinstance(one, bytes)]

        def listing(self, path: str) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
            kind, message = self._request(CMD_OPENDIR, path)  # type: ignore[attr-defined]
            if kind != CMD_HANDLE:
                raise SFTPError("no handle was given")
            handle = bytes(message.get_string())
            while (message := self._next(handle)) is not None:
                yield from self._names(message)
            self.closed(handle)

        def _next(self, handle: bytes) -> paramiko.Message | None:
            """The next packet of names; None at the end of the folder."""
            try:
                kind, message = self._request(CMD_READDIR, handle)  # type: ignore[attr-defined]
            except EOFError:
                return None
            if kind != CMD_NAME:
                raise SFTPError("no names were given")
            return cast("paramiko.Message", message)

        def _names(self, message: paramiko.Message) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
            size = len(message.asbytes())
            count = message.get_int()
            if count == 0:
                raise SFTPError("an answer without names")
            for _ in range(count):
                # Where a packet ends before its time, paramiko would go on with zeros for ever.
                if message.packet.tell() >= size:
                    raise SFTPError("a listing that is cut")
                name = message.get_string().decode("utf-8", "surrogateescape")
                message.get_string()  # the long form, meant for people
                yield name, paramiko.SFTPAttributes._from_msg(message)  # type: ignore[attr-defined]

    return Client
