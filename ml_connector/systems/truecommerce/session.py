"""One SFTP session: the few calls that are needed, every one bounded in time and in size.

Nothing of a server's answer is believed: listings end after so many entries, names are bytes until they were read,
and every file ends after so many bytes. paramiko itself bounds a packet to 16 MB.
"""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import paramiko

#: What every server takes and gives in one request.
CHUNK = 32_768
#: Files of more bytes are read with several requests on their way, never more than a window.
WINDOW = 1_048_576
#: The slowest that a transfer may be before it counts as hanging: a server that sends a byte now and then holds nobody.
SLOWEST_BYTES_PER_SECOND = 4_096

NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, NO_CONNECTION, CONNECTION_LOST, UNSUPPORTED = range(2, 9)


class StatusError(Exception):
    """The server answered with a status other than success. code: of the protocol, version 3."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"status {code}: {said}")
        self.code = code
        self.said = said


class SessionLostError(Exception):
    """The connection broke, or the server does not speak SFTP: what was under way may have happened or not."""


class TooLongError(Exception):
    """A listing or a file did not end within its bound. limit: the bound."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit}")
        self.limit = limit


@dataclass(frozen=True)
class Entry:
    """A name in a folder, with what the server tells of it. `name` is untrusted."""

    name: str
    size: int
    modified: int
    mode: int

    @property
    def is_file(self) -> bool:
        """Regular; a server that tells no type at all is taken at its word that it lists files."""
        kind = stat.S_IFMT(self.mode)
        return kind in {0, stat.S_IFREG}

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    def same_state(self, other: "Entry") -> bool:
        return (self.size, self.modified) == (other.size, other.modified)


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
            self._client = _client_class()(channel)

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
            file = self._client.open(path, "rb")
        position = offset
        try:
            for chunk in _chunks(file, offset, size):
                position += len(chunk)
                if position > limit:
                    raise TooLongError(limit)
                _in_time(until)
                yield chunk
        finally:
            with _quiet():
                file.close()

    def write(self, path: str, data: bytes) -> None:
        """Make a file of these bytes, in place of what stands there."""
        until = self._until(len(data))
        with _lost():
            file = self._client.open(path, "wb")
        try:
            with _lost():
                for start in range(0, len(data), CHUNK):
                    file.write(data[start : start + CHUNK])
                    _in_time(until)
        except BaseException:
            with _quiet():
                file.close()
            raise
        with _lost():
            file.close()

    def rename(self, old: str, new: str) -> None:
        """Rename without replacing what stands under the new name, as far as the server keeps to the protocol."""
        with _lost():
            self._client.rename(old, new)

    def remove(self, path: str) -> None:
        with _lost():
            self._client.remove(path)

    def _until(self, size: int) -> float:
        return time.monotonic() + self._timeout + size / SLOWEST_BYTES_PER_SECOND


def _in_time(until: float) -> None:
    if time.monotonic() > until:
        raise SessionLostError("the transfer is too slow")


def _chunks(file: "paramiko.SFTPFile", offset: int, size: int) -> Iterator[bytes]:
    """The file's bytes: windows of requests while the size promises them, then one request after the other."""
    position = offset
    with _lost():
        file.seek(position)
    while size - position > 2 * CHUNK:
        window = min(WINDOW, size - position)
        parts = [(position + at, min(CHUNK, window - at)) for at in range(0, window, CHUNK)]
        with _lost():
            chunk = b"".join(file.readv(parts))
        if chunk:
            yield chunk
        position += len(chunk)
        if len(chunk) < window:
            return
    with _lost():
        file.seek(position)
    while True:
        with _lost():
            chunk = file.read(CHUNK)
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return  # paramiko asks on until the end or the wanted number of bytes


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
    """paramiko's client, with statuses that keep their code and names that may be any bytes."""
    import paramiko
    from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR, SFTP_EOF, SFTP_OK, SFTPError

    class Client(paramiko.SFTPClient):
        def _convert_status(self, message: paramiko.Message) -> None:
            code = message.get_int()
            if code == SFTP_OK:
                return
            if code == SFTP_EOF:
                raise EOFError
            raise StatusError(code, message.get_string()[:200].decode("utf-8", "replace"))

        def listing(self, path: str) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
            kind, message = self._request(CMD_OPENDIR, path)  # type: ignore[attr-defined]
            if kind != CMD_HANDLE:
                raise SFTPError("no handle was given")
            handle = message.get_string()
            while (message := self._next(handle)) is not None:
                yield from self._names(message)
            self._request(CMD_CLOSE, handle)  # type: ignore[attr-defined]

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
