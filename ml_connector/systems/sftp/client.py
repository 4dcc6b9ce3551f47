"""paramiko's client of SFTP, with what a server may not be believed in: how long its answers are, and when they end."""

import time
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from ml_connector.systems.sftp.session_errors import SessionLostError, StatusError

#: What every server takes and gives in one request.
CHUNK = 32_768


def in_time(until: float) -> None:
    """Raises: SessionLostError when that moment of the monotonic clock has passed."""
    if time.monotonic() > until:
        raise SessionLostError("the transfer is too slow")


@cache
def client_class() -> Any:
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
        def __init__(self, channel: paramiko.Channel, until: float) -> None:
            self.until = until
            super().__init__(channel)

        def _read_all(self, size: int) -> bytes:
            read = bytearray()
            while len(read) < size:
                in_time(self.until)
                part = self.sock.recv(size - len(read))
                if not part:
                    raise EOFError
                read += part
            return bytes(read)

        def _write_all(self, data: bytes) -> None:
            while data:
                in_time(self.until)
                sent = self.sock.send(data)
                if sent <= 0:
                    raise EOFError
                data = data[sent:]

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
