"""Where a secret could have leaked to, and whether one did.

`Eavesdropper` learns every secret that crosses the sandbox's wire; `leaks` looks for all of them in every place
that people, logs or backups see.
"""

import base64
import json
import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import sqlalchemy as sa

from ml_connector.credentials.keys import key_file
from ml_connector.errors import ConnectorError
from ml_connector.ledger.database.store import Ledger
from ml_connector.logs import JsonLines

#: A shorter text would be found by chance.
LEAST_LENGTH = 8
#: Columns that hold a secret, encrypted: (table, column).
ENCRYPTED = {("token", "access"), ("token", "refresh"), ("credential", "value")}


@dataclass
class Eavesdropper:
    """Every secret that was ever used in a scene: what it starts with, and what it hears on the wire."""

    secrets: set[str] = field(default_factory=set)

    def learn(self, *values: object) -> None:
        for value in map(str, filter(None, values)):
            # What is no text at all can stand nowhere.
            if len(value) >= LEAST_LENGTH and not any("\ud800" <= character <= "\udfff" for character in value):
                self.secrets.add(value)

    def heard_request(self, path: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Bearer tokens of every call; passwords, codes and tokens of a call to a token endpoint."""
        for name, value in headers:
            if name.lower() == b"authorization":
                self.learn(value.decode("latin-1").partition(" ")[2])
        if path.endswith(("/token", "/authentication")):
            form = parse_qs(body.decode("latin-1"))
            for name in ("password", "code", "refresh_token", "client_secret", "access_token"):
                self.learn(*form.get(name, []))

    def heard_answer(self, path: str, body: bytes) -> None:
        if not path.endswith(("/token", "/authentication")):
            return
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            self.learn(*(value.get(name) for name in ("access_token", "refresh_token")))


class LogKeeper(logging.Handler):
    """Keeps every record of every logger, with its traceback and, as a deployment writes them, its fields."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.listening = True
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self._as_written = JsonLines("test")

    def emit(self, record: logging.LogRecord) -> None:
        if self.listening:
            self.lines.append(f"{self.format(record)} {self._as_written.format(record)}")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the test itself acts as a browser: its own client's log is not ours."""
        self.listening = False
        try:
            yield
        finally:
            self.listening = True


def keys_of(home: Path) -> list[str]:
    """The Fernet keys of a deployment."""
    lines = key_file(home).read_text(encoding="ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def told(error: BaseException) -> str:
    """Everything that an exception shows: texts, facts, causes, and its traceback."""
    parts = traceback.format_exception(error)
    seen: BaseException | None = error
    while seen is not None:
        parts.append(repr(seen))
        if isinstance(seen, ConnectorError):
            parts.append(f"{seen} {seen.data!r}")
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


def columns(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Place and content of every column of every row of the ledger, but for those that hold ciphertext."""
    with ledger.read() as tx:
        for table in sa.inspect(tx).get_table_names():
            for row in tx.execute(sa.text(f'SELECT * FROM "{table}"')).mappings():
                for name, value in row.items():
                    if (table, name) not in ENCRYPTED:
                        yield f"ledger {table}.{name}", _text(value)


def _text(value: Any) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def files_of(home: Path, *, ledger: bool = True) -> Iterator[tuple[str, bytes]]:
    """Every file of a deployment's home folder, the database and its journal among them; not the key file.

    ledger: with the database, which keeps what was once written into it, and grows with every test.
    """
    for path in sorted(home.rglob("*")):
        if path.is_file() and path != key_file(home) and (ledger or not path.name.startswith("ledger.db")):
            yield f"file {path.name}", path.read_bytes()


def leaks(secrets: Iterable[str], texts: Iterable[tuple[str, str]], files: Iterable[tuple[str, bytes]]) -> list[str]:
    """The places where a secret stands: in clear, URL-encoded, or in base64. Never the secret itself."""
    wanted = {form for secret in secrets for form in _forms(secret)}
    raw = {form.encode() for form in wanted}
    texts = list(texts)
    together = "\n".join({text for _, text in texts})
    found = []
    if any(form in together for form in wanted):
        found = [place for place, text in texts if any(form in text for form in wanted)]
    found += [place for place, data in files if any(form in data for form in raw)]
    return sorted(set(found))


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), encoded[: len(encoded) - 2]}
