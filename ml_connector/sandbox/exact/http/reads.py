"""GET of lists, single rows, lines of a header, counts and functions."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ml_connector.sandbox.exact.http.special import (
    divisions,
    payables,
    stock_position,
    sync_page,
    sync_timestamp,
)
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.answers import accepts_json, json_answer, refuses_atom
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import BULK_TWINS, ENTITIES, HEAVY, SYNC_TWINS, Entity, find
from ml_connector.sandbox.exact.wire.errors import ApiError, filter_needed, query_error, select_needed
from ml_connector.sandbox.exact.wire.filters import parse_literals
from ml_connector.sandbox.exact.wire.query import Page, Query, count, parse_query, run
from ml_connector.sandbox.exact.wire.shapes import atom, collection, one
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import Row

_WITH_SYNC_TWIN = frozenset(SYNC_TWINS.values()) | {"purchaseorder/PurchaseOrders"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a division, taken apart."""

    state: ExactState
    company: Company
    service: str
    name: str
    key: str | None
    tail: str | None
    root: str
    here: str
    options: dict[str, str]
    headers: dict[str, str]
    client: str

    @property
    def entity(self) -> Entity:
        """The entity of the URL. Raises ApiError 404 when there is none."""
        found = find(self.service, self.name)
        if found is None:
            raise ApiError(404)
        return found


def read(call: Call, request: Request) -> Response:
    """Answer a GET."""
    if call.tail == "$count":
        return _count(call)
    if refuses_atom(request):
        raise ApiError(406, "Unsupported media type requested.")
    function = _function(call)
    if function is not None:
        return json_answer({"d": function}, call.headers)
    entity = call.entity
    if "GET" not in entity.verbs:
        raise ApiError(405, "Method not allowed.")
    if call.key is not None and call.tail is None:
        query = parse_query(call.options, entity)
        row = _single(call, entity)
        return json_answer({"d": one(entity, row, call.root, call.company, query)}, call.headers)
    among: set[str] | None = None
    if call.tail is not None:
        if call.key is None:
            raise ApiError(404)
        entity, among = _lines(call, entity, call.tail)
    query = parse_query(call.options, entity)
    if among is None:
        _check_list(call, entity, query)
    page = _page(call, entity, query, among)
    if not accepts_json(request):
        return Response(
            atom(entity, page, call.root),
            headers={**call.headers, "Content-Type": "application/atom+xml;charset=utf-8"},
        )
    return json_answer(collection(entity, page, call.root, call.here, call.company, query), call.headers)


def _function(call: Call) -> Row | None:
    path = f"{call.service.lower()}/{call.name}"
    if call.key is not None or call.tail is not None:
        return None
    if path == "read/logistics/StockPosition":
        row = stock_position(call.company, call.options)
        entity = ENTITIES["read/logistics/StockPosition"]
        return {"results": [one(entity, row, call.root, None)]}
    if path == "read/sync/sync/SyncTimestamp":
        return {"results": [sync_timestamp(call.company, call.options)]}
    return None


def _table(call: Call, entity: Entity) -> Table:
    if entity.path in BULK_TWINS:
        return call.company.table(BULK_TWINS[entity.path])
    if entity.path in {"system/Divisions", "hrm/Divisions"}:
        return divisions(call.state, entity)
    if entity.path == "read/financial/PayablesList":
        return payables(call.company)
    return call.company.table(entity.path)


def _single(call: Call, entity: Entity) -> Row:
    literals = parse_literals(call.key or "")
    row = _table(call, entity).get(str(literals[0])) if len(literals) == 1 else None
    if row is None:
        raise ApiError(404, "Not Found")
    return row


def _lines(call: Call, entity: Entity, tail: str) -> tuple[Entity, set[str]]:
    """Entity and keys of a header's lines: what a __deferred address leads to."""
    row = _single(call, entity)
    field = entity.fields.get(tail)
    child = entity.child(tail) if field is not None and field.collection else None
    if child is None:
        raise ApiError(404)
    path, header = child
    return ENTITIES[path], call.company.table(path).equal(header, row[entity.key])


def _check_list(call: Call, entity: Entity, query: Query) -> None:
    bulk = entity.path in BULK_TWINS
    if (entity.path in HEAVY or bulk) and not query.has_select and query.top != 1:
        raise select_needed()
    regular = BULK_TWINS.get(entity.path, entity.path)
    if call.state.options.mandatory_filter and regular in _WITH_SYNC_TWIN and "$filter" not in query.raw:
        raise filter_needed(f"{entity.key}, Modified")


def _page(call: Call, entity: Entity, query: Query, among: set[str] | None) -> Page:
    options = call.state.options
    if entity.path.startswith("sync/"):
        return sync_page(call.company, entity, query, options.sync_page_size)
    size = options.sync_page_size if entity.path in BULK_TWINS else options.page_size
    return run(
        _table(call, entity),
        entity,
        query,
        page_size=size,
        among=among,
        next_on_full=options.next_on_full_page,
    )


def _count(call: Call) -> Response:
    """A plain number, whatever Accept says."""
    if call.key is not None:
        raise query_error()
    entity = call.entity
    query = parse_query(call.options, entity)
    if entity.path.startswith("sync/"):
        raise ApiError(404)
    found = count(_table(call, entity), query, None)
    return Response(str(found), media_type="text/plain", headers=call.headers)
