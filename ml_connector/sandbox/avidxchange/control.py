"""Routes of the control port: /state/avidxchange, and acts of the people there."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.avidxchange.desk import Desk
from ml_connector.sandbox.avidxchange.files.exchange import Exchange
from ml_connector.sandbox.avidxchange.http.wire import answer
from ml_connector.sandbox.avidxchange.state import AvidState

ACTS = ("received", "code", "say", "approve", "close_batch", "reopen", "pay", "walk", "void", "reissue")


def routes(state: AvidState, exchange: Exchange) -> list[Route]:
    """The routes, over this state. exchange: the files, in mode `files`."""
    desk = Desk(state)

    async def show(_: Request) -> Response:
        tables = {name: list(rows.values()) for name, rows in state.tables.items()}
        return answer({**tables, "exports": state.exports, "logins": state.logins})

    async def act(request: Request) -> Response:
        name = request.path_params["act"]
        if name not in ACTS:
            return answer({"error": f"no act {name}; there are {', '.join(ACTS)}"}, 404)
        body: dict[str, Any] = await request.json()
        try:
            return answer(getattr(desk, name)(**body))
        except (KeyError, TypeError, ValueError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    async def work_files(_: Request) -> Response:
        taken = exchange.take()
        return answer({"taken": taken, "refused": exchange.refused, "given": exchange.give()})

    return [
        Route("/state/avidxchange", show),
        Route("/avidxchange/files", work_files, methods=["POST"]),
        Route("/avidxchange/{act}", act, methods=["POST"]),
    ]
