"""The simulated API as an ASGI app."""

from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.cleo.admin import COLLECTIONS
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.http import admin_pages, pages
from ml_connector.sandbox.cleo.state import CleoOptions, CleoState
from ml_connector.sandbox.cleo.wire import Handler, endpoint, refusal, reply

__all__ = ["CleoOptions", "CleoState", "create_app"]

_MAX_LOGIN_BYTES = 20_000


def create_app(state: CleoState) -> Starlette:
    """The API over this state. Faults and the journal of requests belong to the layer around it."""
    routes = [
        Route("/api/authentication", _authentication(state), methods=["POST"]),
        _route(state, "/api/folders", pages.list_root),
        _route(state, "/api/folders/{folder:path}/files", pages.list_files),
        _route(state, "/api/folders/{folder:path}/files", pages.upload, "POST"),
        _route(state, "/api/folders/{folder:path}/folders", pages.list_folders),
        _route(state, "/api/folders/{folder:path}", pages.get_folder),
        _route(state, "/api/files/{file}", pages.get_file),
        _route(state, "/api/files/{file}", pages.delete, "DELETE"),
        _route(state, "/api/files/{file}/content", pages.download),
        _route(state, "/api/files/{file}/move", pages.move, "PUT", "POST"),
        _route(state, "/api/events", admin_pages.list_events),
        _route(state, "/api/transfers", admin_pages.list_transfers),
        *_administration(state),
    ]
    return Starlette(routes=routes, exception_handlers={ApiError: _refused, HTTPException: _refused})


def _route(state: CleoState, template: str, handler: Handler, *methods: str, privileged: bool = False) -> Route:
    page = endpoint(state, template, handler, administrator=privileged)
    return Route(template, page, methods=list(methods) or ["GET"])


def _administration(state: CleoState) -> list[Route]:
    users = "/api/authenticators/{id}/users"
    run = "/api/actions/{id}/run"
    routes = [
        _route(state, users, admin_pages.users_of_authenticator, "GET", "POST", privileged=True),
        _route(state, run, admin_pages.run_action, "POST", privileged=True),
    ]
    for name in COLLECTIONS:
        path = f"/api/{name}"
        one = admin_pages.one_of(name)
        routes.append(_route(state, path, admin_pages.list_of(name), privileged=True))
        routes.append(_route(state, path, admin_pages.create_in(name), "POST", privileged=True))
        routes.append(_route(state, path + "/{id}", one, "GET", "PUT", "DELETE", privileged=True))
    return routes


def _authentication(state: CleoState) -> Any:
    """POST /api/authentication: a form and nothing else (cleo 3)."""

    async def answer(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise ApiError(415, "Content-Type must be application/x-www-form-urlencoded")
        if len(await request.body()) > _MAX_LOGIN_BYTES:
            raise ApiError(413, "The form is too large")
        async with request.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
        state.limiter.take("/api/authentication", fields.get("username", ""))
        return reply(state.accounts.grant(fields), headers={"Cache-Control": "no-store"})

    return answer


async def _refused(_request: Request, error: Exception) -> Response:
    """Every refusal is JSON with a message (cleo 6)."""
    if isinstance(error, ApiError):
        return refusal(error)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusal(ApiError(status, HTTPStatus(status).phrase))
