"""The layer around every system's app: plays ordered faults, adds answer time, writes the journal."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import ClientDisconnect

from ml_connector.clock import FileClock
from ml_connector.sandbox.clock import wait
from ml_connector.sandbox.faults import Fault, FaultKind, FaultPlan
from ml_connector.sandbox.journal import Journal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MAINTENANCE = b"<html><head><title>Maintenance</title></head><body>We are working on it.</body></html>"


class Latency:
    """Seconds that every business call takes longer, settable while running."""

    def __init__(self) -> None:
        self.seconds = 0.0


class FaultMiddleware:
    """Wraps one system's app. `late` holds the tasks of late commits, so that a test can wait for them.

    canned: headers and body of an ordered status, as the system has them. signs_in: which paths answer time spares.
    held: told of a call that is handled only later; its scope then says `sandbox.late`.
    """

    def __init__(
        self,
        app: App,
        *,
        system: str,
        faults: FaultPlan,
        journal: Journal,
        clock: FileClock,
        latency: Latency,
        canned: Callable[[int], tuple[Headers, bytes]],
        signs_in: Callable[[str], bool],
        held: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._app = app
        self._canned_answer = canned
        self._signs_in = signs_in
        self._held = held
        self._system = system
        self._faults = faults
        self._journal = journal
        self._clock = clock
        self._latency = latency
        self.late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        # When the call arrived: a late commit is judged by the token it came with.
        scope["sandbox.accepted_at"] = self._clock.now()
        method, path = scope["method"], scope["path"]
        if self._latency.seconds and not self._signs_in(path):
            await asyncio.sleep(self._latency.seconds)
        fault = self._faults.pick(self._system, method, path)
        recorder = _Recorder(send)
        if fault is None:
            # Who has gone while it asked (a worker that was killed) needs no answer.
            with contextlib.suppress(ClientDisconnect):
                await self._app(scope, receive, recorder)
        else:
            await self._play(fault, scope, receive, recorder)
        self._journal.request(
            system=self._system,
            method=method,
            path=path,
            status=recorder.status,
            fault=fault.kind.value if fault else None,
            seconds=time.monotonic() - started,
        )

    async def _play(self, fault: Fault, scope: MutableMapping[str, Any], receive: Receive, send: "_Recorder") -> None:
        match fault.kind:
            case FaultKind.STATUS | FaultKind.HTML | FaultKind.EXPIRED_TOKEN:
                await _read_all(receive)
                await _answer(send, *self._canned(fault))
            case FaultKind.CUT:
                await reset(receive)
            case FaultKind.RESET_BEFORE:
                await _read_all(receive)
                await reset(receive)
            case FaultKind.RESET_AFTER:
                await self._app(scope, receive, _Sink())
                await reset(receive)
            case FaultKind.ERROR_AFTER:
                await self._app(scope, receive, _Sink())
                await _answer(send, *self._canned(fault))
            case FaultKind.LATE_COMMIT:
                body = await _read_all(receive)
                self._held(body)
                scope["sandbox.late"] = True
                task = asyncio.create_task(self._commit_late(fault, dict(scope), body))
                self.late.add(task)
                task.add_done_callback(self.late.discard)
                await reset(receive)
            case FaultKind.SLOW:
                kept = _Sink()
                await self._app(scope, receive, kept)
                await asyncio.sleep(fault.seconds)
                for message in kept.messages:
                    await send(message)
            case FaultKind.QUEUED:
                body = await _read_all(receive)
                self._held(body)
                scope["sandbox.late"] = True
                await self._pause(fault)
                await self._app(scope, _replay(body), send)
            case FaultKind.HALF_WRITTEN:
                kept = _Sink()
                await self._app(scope, receive, kept)
                await _send_half(kept, receive, send)

    async def _pause(self, fault: Fault) -> None:
        if fault.real_time:
            await asyncio.sleep(fault.seconds)
        else:
            await wait(self._clock, fault.seconds)

    async def _commit_late(self, fault: Fault, scope: dict[str, Any], body: bytes) -> None:
        await self._pause(fault)
        sink = _Sink()
        await self._app(scope, _replay(body), sink)
        self._journal.request(
            system=self._system,
            method=scope["method"],
            path=scope["path"],
            status=sink.status,
            fault="late_commit done",
            seconds=fault.seconds,
        )

    def _canned(self, fault: Fault) -> tuple[int, Headers, bytes]:
        """Status, headers and body of a fault that is an answer, in the system's own manner."""
        if fault.kind is FaultKind.HTML:
            return 200, [(b"content-type", b"text/html; charset=utf-8")], MAINTENANCE
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            return 401, [], b""
        headers: Headers = []
        if fault.retry_after is not None:
            headers.append((b"retry-after", fault.retry_after.encode("ascii")))
        if fault.body is not None:
            return fault.status, [*headers, (b"content-type", b"application/json")], fault.body.encode()
        own, body = self._canned_answer(fault.status)
        return fault.status, headers + own, body


class _Recorder:
    """Passes messages on and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class _Sink:
    """Keeps the messages of an answer."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @property
    def status(self) -> int | None:
        return self.messages[0]["status"] if self.messages else None

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages if m["type"] == "http.response.body")

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)


async def _read_all(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_half(kept: _Sink, receive: Receive, send: Send) -> None:
    start, body = kept.messages[0], kept.body
    headers = [pair for pair in start.get("headers", []) if pair[0].lower() != b"content-length"]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": start["status"], "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    transport = _transport(receive)
    if transport is not None:
        transport.close()
        await _until_gone(receive)


async def reset(receive: Receive) -> None:
    """Drop the connection with a TCP reset and return when it is gone."""
    transport = _transport(receive)
    if transport is None:
        raise RuntimeError("a reset needs the server's own transport")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(receive: Receive) -> Any:
    """The connection behind an ASGI receive: uvicorn's request cycle holds it; ASGI itself has no reset."""
    return getattr(getattr(receive, "__self__", None), "transport", None)
