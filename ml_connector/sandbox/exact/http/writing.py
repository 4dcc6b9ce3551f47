"""POST, PUT and DELETE over HTTP: status codes, echoes, journal, webhooks (exact-online 4.7)."""

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.exact.access.webhooks import SUBSCRIPTIONS
from ml_connector.sandbox.exact.books.checks import check_new, parse_body
from ml_connector.sandbox.exact.books.writes import change, create, delete
from ml_connector.sandbox.exact.http.reads import Call
from ml_connector.sandbox.exact.state import describe
from ml_connector.sandbox.exact.wire.answers import accepts_json, json_answer
from ml_connector.sandbox.exact.wire.entities import SPARSE_ECHO, Entity
from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.exact.wire.filters import parse_literals
from ml_connector.sandbox.exact.wire.shapes import one, sparse
from ml_connector.sandbox.exact.wire.wire import Row, body_object


async def write(call: Call, request: Request, body: bytes) -> Response:
    """Carry out a write and answer it."""
    entity = call.entity
    if call.tail is not None:
        raise ApiError(405, "Method not allowed.")
    match request.method:
        case "POST" if call.key is None:
            return await _post(call, request, entity, _object(request, body))
        case "PUT" if call.key is not None:
            row = change(call.company, entity, _key(call), _object(request, body))
            return _done(call, entity, row, "changed")
        case "DELETE" if call.key is not None:
            return _delete(call, entity)
        case _:
            raise ApiError(405, "Method not allowed.")


def _object(request: Request, body: bytes) -> Row:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "Unsupported Media Type")
    return body_object(body)


def _key(call: Call) -> str:
    literals = parse_literals(call.key or "")
    if len(literals) != 1 or not isinstance(literals[0], str):
        raise ApiError(400, "Bad Request - Error in query syntax.")
    return literals[0]


async def _post(call: Call, request: Request, entity: Entity, body: Row) -> Response:
    company = call.company
    if entity.path == SUBSCRIPTIONS:
        values, _ = parse_body(entity, body)
        check_new(company, entity, values, {})
        row = await call.state.webhooks.subscribe(company, values, call.client)
    else:
        row = create(company, call.state.options, entity, body)
    kind, facts = describe(entity.path, row)
    call.state.wrote(kind, company, facts)
    call.state.publish(company)
    if not accepts_json(request):
        return Response(status_code=201, headers=call.headers)
    representation = "return=representation" in request.headers.get("prefer", "").lower()
    if entity.path in SPARSE_ECHO and not representation:
        echo = sparse(entity, row, call.root, body)
    else:
        echo = one(entity, row, call.root, company)
    return json_answer({"d": echo}, call.headers, 201)


def _delete(call: Call, entity: Entity) -> Response:
    key = _key(call)
    row = call.company.get(entity.path, key) or {}
    delete(call.company, entity, key)
    return _done(call, entity, row, "deleted")


def _done(call: Call, entity: Entity, row: Row, what: str) -> Response:
    kind, facts = describe(entity.path, row)
    call.state.wrote(f"{kind} {what}", call.company, facts)
    call.state.publish(call.company)
    return Response(status_code=204, headers=call.headers)
