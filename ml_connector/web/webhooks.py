"""Notices of outside systems: verified by their system, stored first, answered at once.

200: stored, or the empty call that validates a subscription. 401: wrong signature. 403: another app's or another
company's. 404: no such connection, or one without a webhook secret. 413: too large. 503: not stored, send it again.
"""

import asyncio
import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from ml_connector.errors import ConnectorError
from ml_connector.ledger.exchange import inbox
from ml_connector.logs import fields
from ml_connector.systems.system import NoticeRefusedError, WebhookSource
from ml_connector.transport.response_body import clean
from ml_connector.web.receiver import Receiver

log = logging.getLogger(__name__)

#: A sender that takes longer for its body is none of ours.
BODY_SECONDS = 15.0


class TooLargeError(Exception):
    """The body is larger than the limit."""


class Webhooks:
    """The page for POST /webhooks/{word}/{connection}."""

    def __init__(self, receiver: Receiver, max_body: int) -> None:
        self._receiver = receiver
        self._max_body = max_body

    async def __call__(self, request: Request) -> Response:
        connection = str(request.path_params["connection"])
        source = self._receiver.webhooks(connection, str(request.path_params["word"]))
        if source is None or not source.takes:
            return _unread(connection, "No webhooks for this connection.", 404)
        most = min(self._max_body, source.largest)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read_bounded(request, most)
        except TooLargeError:
            return _unread(connection, f"At most {most} bytes.", 413)
        except (TimeoutError, ClientDisconnect):
            return _unread(connection, "The body did not come.", 408)
        if not body and source.asks_with_nothing:
            log.info("webhook validated", extra=fields(connection=connection))
            return PlainTextResponse("")
        if not body:
            return _unread(connection, "The notice is empty.", 400)
        return await run_in_threadpool(self._take, connection, source, body)

    def _take(self, connection: str, source: WebhookSource, body: bytes) -> Response:
        try:
            notice = source.read(body)
            with self._receiver.ledger.write() as tx:
                inbox.add(tx, notice)
        except NoticeRefusedError as refused:
            _refused(connection, refused.status, refused.words)
            return PlainTextResponse(refused.words, refused.status)
        except ConnectorError as error:
            log.warning("webhook not stored", extra=fields(connection=connection, status=503, why=error.message))
            return PlainTextResponse("Not stored; send it again.", 503)
        log.info("webhook stored", extra=fields(connection=connection, topic=notice.topic, action=notice.action))
        return PlainTextResponse("")


def _refused(connection: str, status: int, why: str) -> None:
    log.warning("webhook refused", extra=fields(connection=clean(connection, 60), status=status, why=why))


def _unread(connection: str, words: str, status: int) -> Response:
    """An answer before the body was read: the connection is closed, so that the rest of it is not taken."""
    _refused(connection, status, words)
    return PlainTextResponse(words, status, {"Connection": "close"})


async def read_bounded(request: Request, limit: int) -> bytes:
    """The body, never more than `limit` bytes of it in memory, whatever Content-Length says.

    Raises:
        TooLargeError: it is larger.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 12 or int(announced) > limit):
        raise TooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError
    return bytes(body)
