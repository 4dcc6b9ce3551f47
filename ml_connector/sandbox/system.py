"""What a stand-in is to the sandbox that serves it: one port, its control routes, its log-ins, what runs beside it."""

import json
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.routing import BaseRoute

from ml_connector.clock import FileClock
from ml_connector.errors import WeAreWrong
from ml_connector.sandbox.faults import FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.middleware import App, Headers

#: Runs a function in the sandbox's loop, between requests, from any thread.
Caller = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """What all stand-ins of one sandbox share."""

    clock: FileClock
    journal: Journal
    faults: FaultPlan
    seed: int


class SandboxSystem(Protocol):
    """One stand-in. `name` is that of its port, of its part of the journal and of its faults."""

    @property
    def name(self) -> str: ...

    def address(self, host: str, port: int) -> dict[str, str]:
        """Where it answers, and what else a client must know to reach it, by name."""
        ...

    def logins(self) -> dict[str, str]:
        """What other people's clients log in with. No secrets: they open nothing but this sandbox."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Its routes at the control port."""
        ...

    def limit(self, settings: dict[str, Any]) -> None:
        """Set its call limits. Raises TypeError or ValueError for settings it does not have."""
        ...

    def limits(self) -> dict[str, Any]:
        """Its call limits as they are."""
        ...

    def app(self) -> App | None:
        """What answers on its port; None: it does not speak HTTP and takes the socket by `serve`."""
        ...

    def serve(self, bound: socket.socket, call: Caller) -> None:
        """Answer on a socket by itself, in threads."""
        ...

    def canned(self, status: int) -> tuple[Headers, bytes]:
        """Headers and body of an ordered fault of that status, in the system's own manner."""
        ...

    def signs_in(self, path: str) -> bool:
        """Whether this call is a log-in, which ordered answer time spares."""
        ...

    def held(self, body: bytes) -> None:
        """A call has come in that is handled only later, its connection lost or its client kept waiting."""
        ...

    def background(self) -> list[Coroutine[Any, Any, None]]:
        """What runs in the sandbox's loop until it ends."""
        ...

    def close(self) -> None:
        """End its threads. Called outside the loop, while the loop still runs."""
        ...


class HttpSystem:
    """What most stand-ins have in common: no limits, no threads, nothing beside them, and HTTP unless they say else."""

    name: str

    def address(self, host: str, port: int) -> dict[str, str]:
        return {self.name: f"http://{host}:{port}"}

    def limit(self, settings: dict[str, Any]) -> None:
        if settings:
            raise TypeError(f"{self.name} has no limits to set: {', '.join(settings)}")

    def limits(self) -> dict[str, Any]:
        return {}

    def serve(self, bound: socket.socket, call: Caller) -> None:  # noqa: ARG002 - for those that do not speak HTTP
        raise WeAreWrong(
            f"Stand-in {self.name} has no `serve` of its own: its `app` must return what answers over HTTP, not None."
        )

    def canned(self, status: int) -> tuple[Headers, bytes]:
        body = json.dumps({"error": {"code": status, "message": f"fault {status}"}}).encode()
        return [(b"content-type", b"application/json")], body

    def signs_in(self, path: str) -> bool:  # noqa: ARG002 - a system that has log-ins tells them by their path
        return False

    def held(self, body: bytes) -> None:
        """Most do not tell a call that is under way from one that never came."""

    def background(self) -> list[Coroutine[Any, Any, None]]:
        return []

    def close(self) -> None:
        """Nothing to end."""
