"""A ledger with keys, and a token server that does exactly what a test tells it."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from cryptography.fernet import Fernet

from ml_connector.clock import FileClock
from ml_connector.credentials.tokens import StoredToken
from ml_connector.credentials.vault import Vault
from ml_connector.ledger.database.store import Ledger


@dataclass
class Room:
    """A ledger on disk with its movable clock and its keys."""

    ledger: Ledger
    clock: FileClock
    keys: list[bytes]
    folder: Path

    @property
    def vault(self) -> Vault:
        return Vault(self.ledger, lambda: self.keys)


@contextmanager
def room(folder: Path, url: str = "") -> Iterator[Room]:
    """url: an empty database; without it SQLite in the folder."""
    clock = FileClock(folder / "clock")
    ledger = Ledger.open(url or f"sqlite:///{folder / 'ledger.db'}", clock)
    try:
        yield Room(ledger, clock, [Fernet.generate_key()], folder)
    finally:
        ledger.close()


def pair_of(row: StoredToken) -> tuple[str, str]:
    """Access and refresh token of a row, in clear; empty where there is none."""
    return tuple("" if secret is None else secret.reveal() for secret in (row.access, row.refresh))  # type: ignore[return-value]


def everything_on_disk(folder: Path) -> bytes:
    """All bytes of the database files, also those not yet checkpointed."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("ledger.db*")))


@dataclass(frozen=True)
class Answer:
    """One scripted answer. end: `answer`, `reset` (after reading the request), `hang` (until the client gives up)."""

    body: Mapping[str, object] | bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    end: str = "answer"


def pair(access: str, refresh: str | None = None, **more: object) -> Answer:
    """A good token answer, with Exact's string `expires_in`."""
    body: dict[str, object] = {"access_token": access, "token_type": "bearer", "expires_in": "600", **more}
    if refresh is not None:
        body["refresh_token"] = refresh
    return Answer(body)


class TokenServer:
    """Listens on loopback; gives the scripted answers in order and keeps the forms it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.script = list(answers)
        self.forms: list[dict[str, str]] = []
        self.heads: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/token"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head, body = _read_request(connection)
            self.heads.append(head)
            self.forms.append(dict(parse_qsl(body)))
            answer = self.script.pop(0) if self.script else Answer({"error": "script is over"}, 418)
            if answer.end == "hang":
                self._done.wait(30)
            elif answer.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.sendall(_bytes_of(answer))


def _read_request(connection: socket.socket) -> tuple[str, str]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(lengths[0].partition(b":")[2])
    while len(body) < wanted:
        body += connection.recv(65_536)
    return head.decode(), body.decode()


def _bytes_of(answer: Answer) -> bytes:
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    kind = "text/html" if isinstance(answer.body, bytes) else "application/json"
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return f"http://127.0.0.1:{bound.getsockname()[1]}/token"
