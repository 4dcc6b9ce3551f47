"""The control port: what tests and the demo tell the sandbox, and what they ask of it. Loopback only."""

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ml_connector.clock import FileClock
from ml_connector.sandbox.faults import Fault, FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.middleware import Latency
from ml_connector.sandbox.system import SandboxSystem

Handler = Callable[[Request], Awaitable[Response]]


class Controlled(Protocol):
    """A sandbox, as its control port sees it."""

    clock: FileClock
    clock_file: Path
    journal: Journal
    faults: FaultPlan
    latency: Latency

    @property
    def systems(self) -> Mapping[str, SandboxSystem]: ...

    def addresses(self) -> Mapping[str, str]: ...

    def logins(self) -> Mapping[str, Mapping[str, str]]: ...

    def late_commits(self) -> int: ...


class Answer(JSONResponse):
    """JSON with exact decimals as strings."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, default=_plain, separators=(",", ":")).encode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def refusing(handler: Handler) -> Handler:
    """Turn wrong orders (ValueError, TypeError, KeyError) into 400 with the reason."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (ValueError, TypeError, KeyError) as error:
            return Answer({"error": f"{type(error).__name__}: {error}"}, status_code=400)

    return answer


def create_control_app(sandbox: Controlled) -> Starlette:
    """GET /addresses, /logins, /journal, /journal/counts, /faults; POST /faults, /clock, /limits, /latency, /reset;
    and the systems' own routes, as each tells: /exact, /cleo, /partner, /truecommerce, /state/...
    """

    async def addresses(_: Request) -> Response:
        return Answer(sandbox.addresses())

    async def logins(_: Request) -> Response:
        return Answer(sandbox.logins())

    async def journal(request: Request) -> Response:
        return Answer(sandbox.journal.as_rows(last=int(request.query_params.get("last", "1000"))))

    async def counts(_: Request) -> Response:
        return Answer({**sandbox.journal.as_counts(), "late_commits": sandbox.late_commits()})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            sandbox.faults.clear()
        elif request.method == "POST":
            body = await request.json()
            sandbox.faults.add(*[Fault.of(row) for row in (body if isinstance(body, list) else [body])])
        return Answer(sandbox.faults.as_rows())

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            sandbox.clock.move(float((await request.json())["move"]))
        return Answer({"now": sandbox.clock.now().isoformat(), "file": str(sandbox.clock_file)})

    async def latency(request: Request) -> Response:
        sandbox.latency.seconds = float((await request.json())["seconds"])
        return Answer({"seconds": sandbox.latency.seconds})

    async def limits(request: Request) -> Response:
        body = await request.json()
        for name, settings in body.items():
            sandbox.systems[name].limit(settings)
        return Answer({name: limits for name, system in sandbox.systems.items() if (limits := system.limits())})

    async def reset_journal(_: Request) -> Response:
        sandbox.journal.clear()
        sandbox.faults.clear()
        sandbox.latency.seconds = 0.0
        return Answer({})

    routes: list[BaseRoute] = [
        Route("/addresses", refusing(addresses)),
        Route("/logins", refusing(logins)),
        Route("/journal", refusing(journal)),
        Route("/journal/counts", refusing(counts)),
        Route("/faults", refusing(faults), methods=["GET", "POST", "DELETE"]),
        Route("/clock", refusing(clock), methods=["GET", "POST"]),
        Route("/latency", refusing(latency), methods=["POST"]),
        Route("/limits", refusing(limits), methods=["POST"]),
        Route("/reset", refusing(reset_journal), methods=["POST"]),
    ]
    for system in sandbox.systems.values():
        routes += system.routes()
    return Starlette(routes=routes)
