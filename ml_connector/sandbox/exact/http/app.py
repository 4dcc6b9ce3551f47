"""The HTTP face of the Exact stand-in: routing, tokens, limits, shapes."""

import base64
import re
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.exact.access.oauth import MAX_FORM
from ml_connector.sandbox.exact.http.reads import Call, read
from ml_connector.sandbox.exact.http.special import me
from ml_connector.sandbox.exact.http.writing import write
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.answers import accepts_json, failure, json_answer
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import ENTITIES
from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.exact.wire.query import parse_query, split_query
from ml_connector.sandbox.exact.wire.shapes import metadata, one
from ml_connector.sandbox.exact.wire.wire import to_json

MAX_URL = 6000
TOKEN_ENDPOINT = "oauth2/token"
MAX_BODY = 10 * 1024 * 1024
_RESOURCE = re.compile(
    r"(?P<service>read/sync/Sync|(?:(?:sync|bulk|read)/)?[A-Za-z]+)/(?P<set>[A-Za-z$_]+)"
    r"(?:\((?P<key>[^()]+)\))?(?:/(?P<tail>\$count|[A-Za-z]+))?"
)


def create_app(state: ExactState) -> Starlette:
    """The app of one simulated account."""
    face = _Face(state)
    return Starlette(
        routes=[
            Route("/api/oauth2/auth", face.authorize, methods=["GET"]),
            Route("/api/oauth2/token", face.token, methods=["POST"]),
            Route("/api/v1/current/Me", face.me, methods=["GET"]),
            Route("/docs/SysAttachment.aspx", face.attachment, methods=["GET"]),
            Route(
                "/api/v1/{division:int}/{resource:path}",
                face.resource,
                methods=["GET", "POST", "PUT", "DELETE", "PATCH"],
            ),
        ]
    )


class _Face:
    def __init__(self, state: ExactState) -> None:
        self._state = state

    async def authorize(self, request: Request) -> Response:
        """The consent page: it consents at once, or denies with `deny=1`."""
        back = self._state.oauth.authorize(dict(request.query_params))
        if back is None:
            return HTMLResponse("<html><body>Invalid request.</body></html>", status_code=400)
        return RedirectResponse(back, status_code=302)

    async def token(self, request: Request) -> Response:
        client = self._state.options.client_id
        if self._state.limits.blocked(client, 0, TOKEN_ENDPOINT):
            return Response(status_code=403, headers={"Reason": "TooManyErrors"})
        try:
            body = await limited_body(request, MAX_FORM)
        except ApiError as error:
            return Response(status_code=error.status)
        answer = self._state.oauth.token(dict(request.headers), body)
        if answer.status != 200:
            self._state.limits.error(client, 0, TOKEN_ENDPOINT)
        headers = {"Cache-Control": "no-store"}
        if answer.reason is not None:
            headers["Reason"] = answer.reason
        return Response(
            to_json(answer.body),
            status_code=answer.status,
            media_type="application/json",
            headers=headers,
        )

    async def me(self, request: Request) -> Response:
        """Always the results form, not counted, no limit headers (exact-online 3)."""
        state = self._state
        if state.oauth.check(request.headers.get("authorization", ""), _arrival(state, request)) is None:
            return _unauthorized()
        try:
            entity = ENTITIES["current/Me"]
            query = parse_query(split_query(request.url.query), entity)
        except ApiError as error:
            return failure(error, state.options.language, {})
        if not accepts_json(request):
            return Response(status_code=406)
        root = f"{request.url.scheme}://{request.headers.get('host', '')}/api/v1"
        return json_answer({"d": {"results": [one(entity, me(state), root, None, query)]}}, {})

    async def attachment(self, request: Request) -> Response:
        """The content of an attachment, at the Url that its record names."""
        if self._state.oauth.check(request.headers.get("authorization", ""), _arrival(self._state, request)) is None:
            return _unauthorized()
        key = request.query_params.get("ID", "")
        for company in self._state.companies.values():
            row = company.get("documents/DocumentAttachments", key)
            if row is not None:
                return Response(base64.b64decode(row["_content"]), media_type="application/octet-stream")
        return Response(status_code=404)

    async def resource(self, request: Request) -> Response:
        state = self._state
        division = int(request.path_params["division"])
        state.root = f"{request.url.scheme}://{request.headers.get('host', '')}"
        client = state.oauth.check(request.headers.get("authorization", ""), _arrival(state, request))
        if client is None:
            return _unauthorized()
        endpoint = f"{request.method} {request.path_params['resource'].partition('(')[0]}"
        allowed, headers = state.limits.count(client, division)
        if not allowed:
            return Response(status_code=429, headers=headers)  # an empty body (exact-online 5)
        if state.limits.blocked(client, division, endpoint):
            return failure(ApiError(403, "Forbidden", reason="TooManyErrors"), state.options.language, headers)
        try:
            return await self._answer(request, division, client, headers)
        except ApiError as error:
            if error.status in {400, 401, 403, 404}:
                state.limits.error(client, division, endpoint)
            return failure(error, state.options.language, headers)

    async def _answer(self, request: Request, division: int, client: str, headers: dict[str, str]) -> Response:
        state = self._state
        raw_target = request.scope.get("raw_path", b"").decode("latin-1")
        if len(str(request.base_url)) + len(raw_target) + len(request.url.query) > MAX_URL:
            raise ApiError(414, "Request URL Too Long")
        if "expect" in request.headers:
            raise ApiError(500, "A problem has occurred. The cause of this issue will be investigated.")
        match = _RESOURCE.fullmatch(request.path_params["resource"])
        if match is None:
            raise ApiError(404)
        company = self._company(division, match["service"], match["set"])
        if match["service"].lower() == "users" and match["set"] == "UserHasRights":
            # A read function; without rights lists come back empty (exact-online 6). Every right is given here.
            return json_answer({"d": {"UserHasRights": True}}, headers)
        if match["set"] == "$metadata":
            document = metadata(match["service"])
            if document is None:
                raise ApiError(404)
            return Response(document, media_type="application/xml", headers=headers)
        self._scope(match["service"], f"{match['service'].lower()}/{match['set']}")
        call = Call(
            state=state,
            company=company,
            service=match["service"],
            name=match["set"],
            key=match["key"],
            tail=match["tail"],
            root=f"{state.root}/api/v1/{division}",
            here=f"{state.root}{raw_target}",
            options=split_query(request.url.query),
            headers=headers,
            client=client,
        )
        if request.method == "GET":
            return read(call, request)
        body = await limited_body(request, MAX_BODY)
        return await write(call, request, body)

    def _company(self, division: int, service: str, name: str) -> Company:
        state = self._state
        company = state.companies.get(division)
        if company is not None:
            return company
        if (service.lower(), name) == ("system", "Divisions"):
            return state.main  # the division in this URL is not checked (exact-online 3)
        raise ApiError(403, "Forbidden", reason="NoDivisionAccess")

    def _scope(self, service: str, path: str) -> None:
        group = service.lower().rpartition("/")[2]
        if group in self._state.options.missing_scopes:
            raise ApiError(403, f"Forbidden - Application Scope Violated. Cannot read '{group}' scope.")
        if path.lower() in {one.lower() for one in self._state.options.missing_editions}:
            raise ApiError(403, "Forbidden", reason="NoAccess")


async def limited_body(request: Request, limit: int) -> bytes:
    """The body, refused with 413 when it is larger than the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise ApiError(413, "Request Entity Too Large")
        parts.append(part)
    return b"".join(parts)


def _arrival(state: ExactState, request: Request) -> datetime:
    """When the call came in: a late commit is judged by the token it came with."""
    arrived: Any = request.scope.get("sandbox.accepted_at")
    return arrived if isinstance(arrived, datetime) else state.clock.now()


def _unauthorized() -> Response:
    return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
