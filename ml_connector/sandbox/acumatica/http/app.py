"""The HTTP face of the Acumatica stand-in: routing below the virtual directory, sessions, limits (acumatica 1, 2)."""

from datetime import date
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.acumatica.access.oauth import CONCURRENT
from ml_connector.sandbox.acumatica.access.sessions import Session
from ml_connector.sandbox.acumatica.books.tenant import Tenant, today
from ml_connector.sandbox.acumatica.http import actions, files, reads, writes
from ml_connector.sandbox.acumatica.http.call import Call, arrival, empty_response, failure, json_response
from ml_connector.sandbox.acumatica.http.login import (
    AUTH_COOKIE,
    BRANCH_COOKIE,
    SESSION_COOKIE,
    log_in,
    log_out,
)
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.contract import contract
from ml_connector.sandbox.acumatica.wire.errors import ApiError, exception, not_found, unreadable
from ml_connector.sandbox.acumatica.wire.swagger import swagger
from ml_connector.sandbox.acumatica.wire.values import day

MAX_BODY = 32 * 1024 * 1024
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(state: AcumaticaState) -> Starlette:
    """The app of one site."""
    return Starlette(routes=[Route("/{path:path}", _Face(state).handle, methods=_METHODS)])


class _Face:
    def __init__(self, state: AcumaticaState) -> None:
        self._state = state

    async def handle(self, request: Request) -> Response:
        path, directory = request.scope["path"], self._state.options.directory
        if not path.startswith(f"{directory}/"):
            return _page(404, "The resource cannot be found.")
        parts = [part for part in path[len(directory) :].split("/") if part]
        self._state.operations.settle()
        try:
            return await self._route(request, parts, await _body(request))
        except ApiError as error:
            return failure(error)

    async def _route(self, request: Request, parts: list[str], body: bytes) -> Response:
        match parts:
            case ["identity", *rest]:
                return self._identity(request, rest, body)
            case ["entity", "auth", "logout"]:
                return self._log_out(request)
            case ["Frames", "Error.aspx"]:
                return _page(200, "The number of concurrent API logins is exceeded.")
            case ["entity", *rest]:
                await self._state.limits.enter()
                try:
                    return self._entity(request, rest, body)
                finally:
                    self._state.limits.leave()
        return _page(404, "The resource cannot be found.")

    # access

    def _identity(self, request: Request, rest: list[str], body: bytes) -> Response:
        oauth = self._state.oauth
        match (request.method, rest):
            case ("GET", ["connect", "authorize"]):
                back = oauth.authorize(dict(request.query_params))
                return _page(400, "Invalid request.") if back is None else RedirectResponse(back, status_code=302)
            case ("POST", ["connect", "token"]):
                reply = oauth.token(body, request.headers.get("authorization", ""))
                return json_response(reply, headers={"Cache-Control": "no-store"})
            case ("POST", ["connect", "revocation"]):
                oauth.revoke(body)
                return Response(status_code=200)
            case ("GET", [".well-known", "openid-configuration"]):
                base = f"{_origin(request)}{self._state.options.directory}/identity"
                return json_response(
                    {
                        "issuer": base,
                        "authorization_endpoint": f"{base}/connect/authorize",
                        "token_endpoint": f"{base}/connect/token",
                        "revocation_endpoint": f"{base}/connect/revocation",
                        "scopes_supported": ["api", "offline_access", CONCURRENT, "openid", "profile", "email"],
                        "grant_types_supported": ["authorization_code", "password", "refresh_token"],
                    }
                )
        return _page(404, "The resource cannot be found.")

    def _log_in(self, request: Request, body: bytes) -> Response:
        session = log_in(self._state, body, request.headers.get("content-type", ""))
        response = empty_response()
        _set_cookies(response, session)
        return response

    def _log_out(self, request: Request) -> Response:
        """Skips the queue (acumatica 1.3)."""
        try:
            session, _ = self._session(request)
        except ApiError:
            session = None
        log_out(self._state, session, request.headers)
        return empty_response()

    def _session(self, request: Request) -> tuple[Session, bool]:
        """Whose call it is, and whether the session is a new one whose cookies must go out. Raises ApiError 401."""
        state, at = self._state, arrival(self._state, request)
        cookie = request.cookies.get(SESSION_COOKIE, "")
        authorization = request.headers.get("authorization", "")
        if authorization.lower().startswith("bearer "):
            found = state.oauth.check(authorization[7:].strip(), at)
            if found is None:
                raise self._unauthorized()
            grant, session = found
            if session is not None:
                return session, False
            held = state.sessions.find(cookie, at)
            if held is not None:
                return held, False
            return state.sessions.open(grant.tenant, grant.user, "", CONCURRENT), True
        held = state.sessions.find(cookie, at)
        if held is None:
            raise self._unauthorized()
        return held, False

    def _unauthorized(self) -> ApiError:
        body = {"message": "You are not logged in."} if self._state.options.unauthorized_body else None
        return ApiError(401, body)

    # endpoint

    def _entity(self, request: Request, rest: list[str], body: bytes) -> Response:
        match rest:
            case []:
                return json_response(self._endpoints())
            case ["auth", "login"] if request.method == "POST":
                return self._log_in(request, body)
            case [endpoint, version, *path]:
                session, new = self._session(request)
                response = self._endpoint(request, session, endpoint, version, path, body)
                if new:
                    _set_cookies(response, session)
                return response
        raise not_found("The resource cannot be found.")

    def _endpoints(self) -> Any:
        """What the site offers; no log-in needed (acumatica 2)."""
        options = self._state.options
        offered = [
            {"name": "Default", "version": version, "href": f"{options.directory}/entity/Default/{version}"}
            for version in options.versions
        ]
        if options.bare_endpoint_list:
            return offered
        version = {"acumaticaBuildVersion": options.build, "databaseVersion": options.build}
        return {"version": version, "endpoints": offered}

    def _endpoint(
        self, request: Request, session: Session, endpoint: str, version: str, path: list[str], body: bytes
    ) -> Response:
        state = self._state
        if endpoint != "Default" or version not in state.options.versions:
            return self._unknown_version(endpoint, version)
        root, tenant = f"{state.options.directory}/entity/{endpoint}/{version}", state.tenants[session.tenant]
        match path:
            case ["swagger.json"]:
                return json_response(swagger(version, root))
            case ["files", identity] if request.method == "GET":
                return files.get_file(tenant, identity)
            case ["files", _, _, owner, name] if request.method == "PUT":
                comment = request.headers.get("px-cbfilecomment", "")
                return files.put_file(tenant, root, owner, name, body, comment)
            case [name, *keys]:
                return self._call(request, session, tenant, root, version, name, keys, body)
        raise not_found("The resource cannot be found.")

    def _unknown_version(self, endpoint: str, version: str) -> Response:
        if self._state.options.unknown_version == "html":
            return _page(404, "The resource cannot be found.")
        raise not_found(f"Endpoint {endpoint} {version} not found")

    def _call(
        self,
        request: Request,
        session: Session,
        tenant: Tenant,
        root: str,
        version: str,
        name: str,
        keys: list[str],
        body: bytes,
    ) -> Response:
        state = self._state
        entity = contract(version).get(name)
        if entity is None:
            raise not_found(f"Entity {name} not found")
        if name in state.options.forbidden:
            text = f"You have insufficient rights to access the {name} ({entity.screen}) form."
            raise ApiError(403, {"message": text})
        work = state.work(tenant, self._branch(request, tenant, session), session)
        work.version = version
        work.business_date = self._business_date(request)
        parts = tuple(part for key in keys for part in key.split("|"))
        call = Call(state, tenant, session, work, entity, parts, root, request.url.query, request)
        if not actions.is_poll(call) and state.operations.is_locked(session, entity.screen):
            text = "The form is locked: an operation of this session is in progress."
            raise ApiError(state.options.lock_status, exception(text).body)
        try:
            return self._answer(call, body)
        except ApiError as error:
            return failure(error, call)

    @staticmethod
    def _answer(call: Call, body: bytes) -> Response:
        method = call.request.method
        if actions.is_poll(call):
            return actions.poll(call)
        if method == "GET":
            return reads.read(call)
        if method == "POST":
            return actions.act(call, body)
        if method == "DELETE" and call.rest:
            return writes.delete(call)
        if method == "PUT" and len(call.rest) > 2 and call.rest[-2] == "files":  # the older form of attaching
            owner = Call(
                call.state,
                call.tenant,
                call.session,
                call.work,
                call.entity,
                call.rest[:-2],
                call.root,
                "",
                call.request,
            ).record()
            comment = call.request.headers.get("px-cbfilecomment", "")
            return files.put_file(call.tenant, call.root, owner.id, call.rest[-1], body, comment)
        if method in {"PUT", "PATCH"}:
            return writes.put(call, body)
        raise ApiError(405, {"message": f"The requested resource does not support http method '{method}'."})

    def _business_date(self, request: Request) -> date:
        """Today, unless the header names a day, in any format (acumatica 5)."""
        text = request.headers.get("px-cbapibusinessdate")
        if not text:
            return today(self._state.clock, self._state.options.time_zone)
        try:
            return day(text)
        except ValueError:
            raise unreadable(f"The business date '{text[:40]}' is not a date.") from None

    def _branch(self, request: Request, tenant: Tenant, session: Session) -> str:
        """The branch of this call: the header takes the branch's name (acumatica 5)."""
        name = request.headers.get("px-cbapibranch")
        if not name:
            return session.branch
        found = tenant.branch_by_name(name)
        if found is None and self._state.options.unknown_branch == "refused":
            raise exception(f"The branch '{name}' cannot be found in the system.")
        return found or session.branch


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise ApiError(413, text="Request Entity Too Large")
        parts.append(part)
    return b"".join(parts)


def _set_cookies(response: Response, session: Session) -> None:
    response.set_cookie(SESSION_COOKIE, session.id, httponly=True, path="/")
    response.set_cookie(AUTH_COOKIE, session.id[::-1], httponly=True, path="/")
    response.set_cookie(BRANCH_COOKIE, session.branch or "1", path="/")


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _page(status: int, text: str) -> Response:
    return HTMLResponse(f"<html><head><title>Acumatica</title></head><body>{text}</body></html>", status_code=status)
