"""A server on a real socket that answers each request by the next action of a script, and keeps the requests."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Action = Callable[[socket.socket], None]


@dataclass
class Seen:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


def answer(
    status: int = 200,
    body: bytes = b"",
    *,
    content_type: str = "application/json;charset=utf-8",
    headers: Iterable[tuple[str, str]] = (),
    announced: int | None = None,
) -> Action:
    """A whole answer; `announced` is a Content-Length that may lie, after which the connection is closed."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if announced is None else announced}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in headers]
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def act(connection: socket.socket) -> None:
        connection.sendall(raw)
        if announced is not None:
            connection.close()

    return act


def json_answer(value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Action:
    return answer(status, json.dumps(value).encode(), headers=headers)


def reset(connection: socket.socket) -> None:
    """Break the connection (RST) without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def close(connection: socket.socket) -> None:
    connection.close()


def endless(chunk: bytes, content_type: str = "application/json") -> Action:
    """A body that never ends."""

    def act(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 X\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n".encode())
        try:
            while True:
                connection.sendall(chunk)
        except OSError:
            connection.close()

    return act


def silent(seconds: threading.Event) -> Action:
    """No answer until the event is set."""

    def act(connection: socket.socket) -> None:
        seconds.wait(10)
        connection.close()

    return act


@dataclass
class LocalServer:
    """Plays `actions` in order, the last one for ever. Use as a context manager."""

    actions: list[Action]
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> "LocalServer":
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept
        self._socket.close()
        for connection in self._open:
            connection.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (request := _read(connection)) is not None:
                with self._lock:
                    self.seen.append(request)
                    action = self.actions.pop(0) if len(self.actions) > 1 else self.actions[0]
                action(connection)
                if connection.fileno() < 0:
                    return
        except OSError:
            return
        finally:
            connection.close()


def _read(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Seen(first, headers, body)
