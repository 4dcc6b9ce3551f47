"""The Starlette app: routes, safe headers, a log without query strings."""

import logging
import time

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ml_connector.errors import ConnectorError
from ml_connector.transport.replies import clean
from ml_connector.web.oauth import OAuthCallback
from ml_connector.web.receiver import Receiver
from ml_connector.web.webhooks import ExactWebhooks

log = logging.getLogger(__name__)

DEFAULT_MAX_BODY = 65_536
_SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def create_app(receiver: Receiver, *, max_body: int = DEFAULT_MAX_BODY) -> Starlette:
    """The web app over a deployment. max_body: bytes of a webhook notice."""
    webhooks = ExactWebhooks(receiver, max_body)
    callback = OAuthCallback(receiver)
    healthz = Health(receiver)
    paths = dict.fromkeys(["/oauth/callback", *receiver.callback_paths])
    routes = [
        Route("/webhooks/exact/{connection}", webhooks.__call__, methods=["POST"]),
        Route("/healthz", healthz.__call__, methods=["GET"]),
        *(Route(path, callback.__call__, methods=["GET"]) for path in paths),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])


class Health:
    """GET /healthz: 200 when the ledger answers, else 503."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, _request: Request) -> Response:
        try:
            await run_in_threadpool(self._ask)
        except (ConnectorError, SQLAlchemyError):
            return JSONResponse({"status": "the ledger does not answer"}, 503)
        return JSONResponse({"status": "ok"})

    def _ask(self) -> None:
        with self._receiver.ledger.read() as tx:
            tx.execute(select(1))


class Guard:
    """Safe headers on every answer, and one log line a request: method, path, status; never the query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            took = (time.monotonic() - began) * 1000
            log.info("%s %s %s %.0f ms", scope["method"], clean(scope["path"], 120), status, took)
