"""One scene for many hostile inputs: the sandbox, a deployment over it, and a layer that answers what tests say."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import ConnectorError
from ml_connector.flows.core.integration import StepReport
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.tables.documents import budget, document, event, file, remote_file
from ml_connector.sandbox.cleo.files import Content
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.hostile.leaks import Eavesdropper, LogKeeper, columns, files_of, keys_of, leaks, told

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

INBOX = "/NORTHWIND/inbox"
JSON = "application/json; charset=utf-8"


@dataclass
class Reply:
    """A canned answer, to every call whose method and path match (shell patterns), so many times.

    change: makes the body of the sandbox's own answer instead. echo: the body from what the request held: its token and
    its own body. effect: whether the sandbox handles the call too.
    """

    body: bytes | str | Any = b""
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "*"
    path: str = "*"
    count: int | None = None
    change: Callable[[Any], Any] | None = None
    echo: Callable[[str, str], Any] | None = None
    effect: bool = False
    played: int = 0

    def matches(self, method: str, path: str) -> bool:
        return self.count != 0 and self.method in {"*", method} and fnmatchcase(path, self.path)

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class Attacker:
    """Around one system's app: plays the ordered replies, and hears what crosses the wire."""

    def __init__(self, app: App, eavesdropper: Eavesdropper) -> None:
        self._app = app
        self._eavesdropper = eavesdropper
        self.replies: list[Reply] = []
        self.calls: list[tuple[str, str]] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        body = await _read(receive)
        self._eavesdropper.heard_request(path, scope["headers"], body)
        self.calls.append((method, path))
        reply = next((one for one in self.replies if one.matches(method, path)), None)
        if reply is None and not path.endswith(("/token", "/authentication")):
            await self._app(scope, _again(body, receive), send)
            return
        start, content = await (self._played(reply, scope, body) if reply else self._real(scope, body))
        self._eavesdropper.heard_answer(path, content)
        await send(start)
        await send({"type": "http.response.body", "body": content})

    async def _played(self, reply: Reply, scope: MutableMapping[str, Any], body: bytes) -> tuple[Message, bytes]:
        reply.played += 1
        if reply.count is not None:
            reply.count -= 1
        start: Message = {"type": "http.response.start", "status": reply.status, "headers": []}
        content = reply.content()
        if reply.echo is not None:
            sent = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").partition(" ")[2]
            content = json.dumps(reply.echo(sent, body.decode("latin-1"))).encode()
        if reply.effect or reply.change is not None:
            real, answered = await self._real(scope, body)
            if reply.change is not None:
                start["status"] = real["status"]
                content = json.dumps(reply.change(json.loads(answered))).encode()
        start["headers"] = [
            (b"content-type", reply.content_type.encode()),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
        ]
        return start, content

    async def _real(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[Message, bytes]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, _again(body, _never), keep)
        return messages[0], b"".join(m.get("body", b"") for m in messages[1:])


def _again(body: bytes, later: Receive) -> Receive:
    """A request that was read, to be read again; what comes after it is told by `later`."""
    left = [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await later()

    return receive


async def _never() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


@dataclass
class Stage:
    """A scene under attack. shown: every text that a person could have seen, with its place."""

    scene: Scene
    eavesdropper: Eavesdropper
    log: LogKeeper
    exact: Attacker
    cleo: Attacker
    shown: list[tuple[str, str]] = field(default_factory=list)
    _seen: tuple[int, int] = (0, 0)

    # ------------------------------------------------------------------ doing

    def deliver(self, name: str, data: bytes | Content, **more: Any) -> str:
        """A file in Northwind's folder; its id at the network."""
        cleo = self.scene.sandbox.cleo
        made = self.scene.sandbox.call(cleo.deliver, cleo.folders.folder(INBOX), name, data, **more)
        return str(made.id)

    def inbound(self) -> dict[str, StepReport]:
        """Run the inbound steps; what their reports show is kept."""
        reports = self.scene.inbound()
        self.shown += [(f"report {name}", json.dumps(report.as_dict())) for name, report in reports.items()]
        return reports

    def ended(self, work: Callable[[], object]) -> ConnectorError | None:
        """Do something that may end in one of our errors, which is kept; any other exception passes."""
        try:
            work()
        except ConnectorError as error:
            self.shown.append(("exception", told(error)))
            return error
        return None

    def reset(self) -> None:
        """Take the attacks away; counted errors and files are forgotten."""
        self.exact.replies.clear()
        self.cleo.replies.clear()
        self.exact.calls.clear()
        self.cleo.calls.clear()
        self.scene.sandbox.faults.clear()

    def forget_limits(self) -> None:
        """Errors that were counted against the ten an hour are forgotten, here and at the ledger."""
        with self.scene.deployment.ledger.write() as tx:
            tx.execute(sa.delete(budget))

    # ------------------------------------------------------------------ looking

    def rows(self, table: sa.Table, **wanted: Any) -> list[sa.RowMapping]:
        query = sa.select(table)
        for name, value in wanted.items():
            query = query.where(table.c[name] == value)
        with self.scene.deployment.ledger.read() as tx:
            return list(tx.execute(query.order_by(*table.primary_key.columns)).mappings())

    def file(self, remote_id: str) -> sa.RowMapping | None:
        found = self.rows(file, remote_id=remote_id)
        return found[-1] if found else None

    def listed(self, remote_id: str) -> sa.RowMapping:
        (found,) = self.rows(remote_file, remote_id=remote_id)
        return found

    def documents(self, remote_id: str) -> list[sa.RowMapping]:
        """What was made of a file; answers to it are left out."""
        found = self.file(remote_id)
        if found is None:
            return []
        return [row for row in self.rows(document, file_id=found["id"]) if row["direction"] == "in"]

    def kept_bytes(self, remote_id: str) -> bytes | None:
        found = self.file(remote_id)
        if found is None:
            return None
        with self.scene.deployment.ledger.read() as tx:
            return blobs.read_blob(tx, found["sha256"])

    def at_network(self, remote_id: str) -> bool:
        return any(one.id == remote_id for one in self.scene.sandbox.cleo.folders.folder(INBOX).files)

    def events(self, document_id: int) -> list[sa.RowMapping]:
        return self.rows(event, document_id=document_id)

    def leaks(self, *, whole: bool = True) -> list[str]:
        """Places that hold a secret in clear; not `whole`: what was shown since the last look, and small files."""
        texts = self.shown if whole else self.shown[self._seen[0] :]
        lines = self.log.lines if whole else self.log.lines[self._seen[1] :]
        self._seen = (len(self.shown), len(self.log.lines))
        stored = columns(self.scene.deployment.ledger) if whole else ()
        places = [*texts, ("log", "\n".join(lines)), *stored]
        return leaks(self.eavesdropper.secrets, places, files_of(self.scene.bench.home, ledger=whole))


@contextmanager
def attacked(home: Path, **options: Any) -> Iterator[Stage]:
    """A fresh scene whose systems can be told to answer anything."""
    log = LogKeeper()
    root = logging.getLogger()
    before = root.level
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        with scene(home, **options) as made:
            yield _stage(made, log)
    finally:
        root.removeHandler(log)
        root.setLevel(before)


def _stage(made: Scene, log: LogKeeper) -> Stage:
    eavesdropper = Eavesdropper()
    exact = made.sandbox.options.exact
    eavesdropper.learn(exact.client_secret, exact.webhook_secret, *keys_of(made.bench.home))
    vault = made.deployment.vault
    for name in vault.names():
        held = vault.get(name)
        eavesdropper.learn(held.reveal() if held else None)
    attackers = {}
    for system, layer in made.sandbox.middlewares.items():
        attackers[system] = layer._app = Attacker(layer._app, eavesdropper)
    tokens = made.deployment.authorization("exact_nl")
    row = tokens.store.read() if tokens else None
    assert row is not None, "the scene is authorized"
    eavesdropper.learn(*(token.reveal() for token in (row.access, row.refresh) if token))
    return Stage(made, eavesdropper, log, attackers["exact"], attackers["cleo"])
