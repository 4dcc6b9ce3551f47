"""Where the consent page sends people back to: finishes the authorization of the connection that `state` names."""

import html
import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ml_connector.credentials.tokens import connection_of_state
from ml_connector.errors import ConnectorError
from ml_connector.logs import fields
from ml_connector.transport.response_body import clean
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.web.receiver import Receiver

log = logging.getLogger(__name__)

_MAX_PARAMETER = 4096
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


class OAuthCallback:
    """The page for GET /oauth/callback. The code is in the address, so the page loads nothing and refers nowhere."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, request: Request) -> Response:
        query = request.query_params
        code, state, error = (query.get(name, "") for name in ("code", "state", "error"))
        if max(len(code), len(state), len(error)) > _MAX_PARAMETER:
            _refused("", "the address is too long")
            return _page(400, "Not understood", "The address is too long.")
        name = connection_of_state(state)
        tokens = self._receiver.authorization(name)
        if tokens is None:
            _refused("", "it belongs to no connection of ours")
            return _page(400, "Not understood", "This answer belongs to no connection of ours.")
        command = tokens.app.command
        if error or not code:
            why = clean(error, 80) or "the answer carries no code"
            _refused(name, why)
            return _page(400, "Not authorized", f"{name} was not authorized: {why}. Run `{command}` for a new link.")
        if state == name:
            text = f"To finish, run `{command}` and paste the address of this page. Its code is good for three minutes."
            return _page(200, "One more step", text)
        return await self._finished(tokens, name, code, state)

    async def _finished(self, tokens: AuthorizationCodeTokens, name: str, code: str, state: str) -> Response:
        try:
            await run_in_threadpool(tokens.exchange_code, code, state)
        except ConnectorError as problem:
            _refused(name, problem.message)
            return _page(400, "Not authorized", str(problem))
        log.info("authorized", extra=fields(connection=name))
        return _page(200, "Authorized", f"{name} is authorized. Work goes on by itself; you may close this page.")


def _refused(connection: str, why: str) -> None:
    log.warning("authorization refused", extra=fields(connection=connection, why=why))


def _page(status: int, title: str, text: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=html.escape(title), text=html.escape(text)), status)
