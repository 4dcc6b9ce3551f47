"""The Starlette app: routes, safe headers, a log without query strings."""

import logging
import time
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ml_connector.errors import ConnectorError
from ml_connector.logs import fields
from ml_connector.transport.response_body import clean
from ml_connector.web.connections import Bounds, caller_key, client_of
from ml_connector.web.oauth import OAuthCallback
from ml_connector.web.receiver import Receiver
from ml_connector.web.webhooks import Webhooks

log = logging.getLogger(__name__)

DEFAULT_MAX_BODY = 65_536
_SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def create_app(receiver: Receiver, *, max_body: int = DEFAULT_MAX_BODY, bounds: Bounds | None = None) -> Starlette:
    """The web app over a deployment. max_body: bytes of a webhook notice."""
    webhooks = Webhooks(receiver, max_body)
    callback = OAuthCallback(receiver)
    healthz = Health(receiver)
    paths = dict.fromkeys(["/oauth/callback", *receiver.callback_paths])
    routes = [
        Route("/webhooks/{word}/{connection}", webhooks.__call__, methods=["POST"]),
        Route("/healthz", healthz.__call__, methods=["GET"]),
        *(Route(path, callback.__call__, methods=["GET"]) for path in paths),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, bounds=bounds or Bounds())])


class Health:
    """GET /healthz: 200 when the ledger answers, else 503."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, _request: Request) -> Response:
        try:
            await run_in_threadpool(self._ask)
        except (ConnectorError, SQLAlchemyError) as error:
            log.warning("the ledger does not answer", extra=fields(why=type(error).__name__))
            return JSONResponse({"status": "the ledger does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    def _ask(self) -> None:
        with self._receiver.ledger.read() as tx:
            tx.execute(select(1))


_TOO_MANY = PlainTextResponse("Too many requests at once.", 429, {"Connection": "close", "Retry-After": "5"})


class Guard:
    """Safe headers on every answer, so many requests of one client at once, and one log line a request.

    The line has method, path and status, never the query: it holds codes of the OAuth callback.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds, headers: Mapping[str, str] = _SAFE_HEADERS) -> None:
        self._app = app
        self._bounds = bounds
        self._headers = headers
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500
        peer = scope["client"][0] if scope.get("client") else ""
        client = client_of(peer, scope["headers"], self._bounds)
        key = caller_key(client)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        self._under_way[key] += 1
        try:
            app: ASGIApp = self._app
            if self._under_way[key] > self._bounds.per_address:
                log.warning("request refused", extra=fields(client=client, status=429, why="too many at once"))
                app = _TOO_MANY
            await app(scope, receive, answer)
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
            took = (time.monotonic() - began) * 1000
            log.info(
                "request",
                extra=fields(
                    method=clean(scope["method"], 20),
                    path=clean(scope["path"], 120),
                    status=status,
                    client=client,
                    milliseconds=round(took),
                ),
            )
