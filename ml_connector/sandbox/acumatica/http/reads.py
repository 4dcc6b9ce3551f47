"""Reading: lists with the query dialect, single records, the empty record of $adHocSchema (acumatica 2, 3)."""

from typing import Any

from starlette.responses import Response

from ml_connector.sandbox.acumatica.http.call import Call, json_response
from ml_connector.sandbox.acumatica.wire.errors import OPTIMIZATION, exception
from ml_connector.sandbox.acumatica.wire.query import Query, parse_query
from ml_connector.sandbox.acumatica.wire.record import Record


def read(call: Call) -> Response:
    """GET on an entity, a record or its schema."""
    if call.rest == ("$adHocSchema",):
        return json_response(call.printer.empty())
    query = parse_query(call.query, call.entity.shape, call.state.options, call.work.version)
    if call.entity.is_inquiry:
        return json_response(call.printer.empty())  # an inquiry answers GET with one empty record (claim)
    if call.rest:
        return json_response(call.printer.full(call.record(), query))
    return json_response(listed(call, query))


def listed(call: Call, query: Query) -> list[dict[str, Any]]:
    """The records of a list read, in an order that is not promised."""
    _check_optimization(call, query)
    rows = [row for row in call.tenant.table(call.entity.name) if not call.tenant.is_hidden(call.entity.name, row)]
    options = call.state.options
    if query.filter is not None:
        if options.cross_view_empty and len(query.filter.views) > 1:
            return []  # conditions over several views (observed)
        rows = [row for row in rows if query.filter.test(row)]
    if options.moving_rows:
        rows.sort(key=_changed, reverse=True)
    rows = rows[query.skip :]
    if query.top is not None:
        rows = rows[: query.top]
    empty = options.empty_details_in_lists
    return [call.printer.full(row, query, number=at, empty_details=empty) for at, row in enumerate(rows, 1)]


def _changed(row: Record) -> Any:
    return row.inner.get("changed")


def _check_optimization(call: Call, query: Query) -> None:
    """Fields fed by code rather than SQL cannot be in a list read (acumatica 3)."""
    named = call.state.options.not_optimized.get(call.entity.name, [])
    asked = set(query.expand)
    asked |= set(query.select) if query.select is not None else set(call.entity.shape.fields)
    bad = [name for name in named if name in asked]
    if bad:
        raise exception(
            "Optimization cannot be performed. The following fields cause the error: "
            + ", ".join(f"{name}: View {call.entity.name} has BQL delegate" for name in bad),
            OPTIMIZATION,
        )
