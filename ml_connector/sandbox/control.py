"""The control port: what tests and the demo tell the sandbox, and what they ask of it. Loopback only."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ml_connector.sandbox.cleo.control import routes as cleo_routes
from ml_connector.sandbox.exact.control import routes as exact_routes
from ml_connector.sandbox.faults import Fault
from ml_connector.sandbox.partner.control import routes as partner_routes
from ml_connector.sandbox.truecommerce.control import routes as truecommerce_routes

if TYPE_CHECKING:
    from ml_connector.sandbox.server import Sandbox

Handler = Callable[[Request], Awaitable[Response]]


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


def create_control_app(sandbox: "Sandbox") -> Starlette:
    """GET /addresses, /logins, /journal, /journal/counts, /faults; POST /faults, /clock, /limits, /latency, /reset;
    and the systems' own routes under /exact, /cleo, /truecommerce, /state/..., /partner, /truecommerce/partner."""

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
        if "exact" in body:
            sandbox.exact.limits.configure(**body["exact"])
        if "cleo" in body:
            sandbox.cleo.set_limits(**body["cleo"])
        return Answer({"exact": sandbox.exact.limits.settings()})

    async def reset_journal(_: Request) -> Response:
        sandbox.journal.clear()
        sandbox.faults.clear()
        sandbox.latency.seconds = 0.0
        return Answer({})

    routes = [
        Route("/addresses", refusing(addresses)),
        Route("/logins", refusing(logins)),
        Route("/journal", refusing(journal)),
        Route("/journal/counts", refusing(counts)),
        Route("/faults", refusing(faults), methods=["GET", "POST", "DELETE"]),
        Route("/clock", refusing(clock), methods=["GET", "POST"]),
        Route("/latency", refusing(latency), methods=["POST"]),
        Route("/limits", refusing(limits), methods=["POST"]),
        Route("/reset", refusing(reset_journal), methods=["POST"]),
        Mount("/truecommerce/partner", routes=list(partner_routes(sandbox.truecommerce.partners))),
        Mount(
            "/",
            routes=[
                *exact_routes(sandbox.exact),
                *cleo_routes(sandbox.cleo),
                *truecommerce_routes(sandbox.truecommerce),
            ],
        ),
    ]
    if sandbox.partner is not None:
        routes.insert(-1, Mount("/partner", routes=list(partner_routes(sandbox.partner))))
    return Starlette(routes=routes)
