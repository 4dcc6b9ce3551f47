"""Writing: PUT as insert or update, PATCH as update, DELETE, inquiries (acumatica 5)."""

from datetime import date
from typing import Any

from starlette.responses import Response

from ml_connector.sandbox.acumatica.books.saving import NEW_NUMBER, Saving
from ml_connector.sandbox.acumatica.http.call import Call, empty_response, json_response
from ml_connector.sandbox.acumatica.wire.errors import NO_SETUP, ApiError, exception, no_entity, not_found
from ml_connector.sandbox.acumatica.wire.query import parse_query
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import from_json, wrapped

_PRECONDITION = {"message": "The precondition given in the request is not met."}


def put(call: Call, raw: bytes) -> Response:
    """PUT or PATCH on the entity."""
    body = from_json(raw)
    if call.entity.is_inquiry:
        return _inquire(call)
    _check_setup(call)
    query = parse_query(call.query, call.entity.shape, call.state.options, call.work.version)
    patch = call.request.method == "PATCH"
    before = call.record() if call.rest else _find(call, body, query)
    _check_conditions(call, before, patch=patch)
    saving = Saving(call.work, call.entity, call.form, patch=patch)
    row = saving.save(before, body)
    keys = (*call.entity.keys, "Status") if call.state.options.keys_in_reply else ()
    reply = call.printer.echo(row, query, saving.sent, keys)
    for name, lines in saving.refused_lines.items():
        shape = call.entity.shape.details[name]
        reply[name] = [*reply.get(name, []), *(call.printer.line(one, shape, at) for at, one in enumerate(lines, 1))]
    return json_response(reply)


def delete(call: Call) -> Response:
    """DELETE of a record by id or keys."""
    row = call.record()
    call.form.may_delete(call.work, row)
    call.tenant.table(call.entity.name).remove(row)
    call.form.deleted(call.work, row)
    call.tenant.wrote(f"{call.entity.name} delete", {"id": row.id, **call.form.facts(row)})
    return empty_response()


def _find(call: Call, body: dict[str, Any], query: Any) -> Record | None:
    """The record to update: by id, else by the keys in the body, else by $filter."""
    table = call.tenant.table(call.entity.name)
    identity = body.get("id")
    if isinstance(identity, str):
        found = table.by_id(identity)
        if found is None and call.state.options.unknown_id == "error":
            raise no_entity()
        return _shown(call, found)
    keys = [_sent(body, name) for name in call.entity.keys]
    number = keys[-1] or ""
    if number and number != NEW_NUMBER:
        first = call.form.defaults.get(call.entity.keys[0]) if len(keys) > 1 else None
        parts = [str(value or first or "") for value in keys]
        parts[0] = _display(call, parts[0])
        return _shown(call, table.by_key(*parts))
    if query.filter is None or number == NEW_NUMBER:
        return None
    found_rows = [row for row in table if query.filter.test(row) and _shown(call, row) is not None]
    if len(found_rows) > 1 and call.state.options.several_matches == "error":
        raise exception("More than one entity satisfies the condition.")
    return found_rows[0] if found_rows else None


def _display(call: Call, text: str) -> str:
    """A type's display value: bodies also take the internal code (acumatica 7)."""
    choices = call.form.lists.get(call.entity.keys[0], {})
    return next((shown for shown, code in choices.items() if text in {shown, code}), text)


def _shown(call: Call, row: Record | None) -> Record | None:
    return None if row is None or call.tenant.is_hidden(call.entity.name, row) else row


def _sent(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    inner = value.get("value") if isinstance(value, dict) else None
    return None if inner is None else str(inner)


def _check_conditions(call: Call, before: Record | None, *, patch: bool) -> None:
    headers = call.request.headers
    if headers.get("if-none-match") == "*" and (before is not None or patch):
        raise ApiError(412, _PRECONDITION)
    if headers.get("if-match") == "*" and before is None:
        raise ApiError(412, _PRECONDITION)
    if patch and before is None:
        raise not_found("The record cannot be found.")


def _check_setup(call: Call) -> None:
    if call.entity.name in call.state.options.setup_missing:
        raise exception(
            f"The required configuration data is not entered on the {call.entity.screen} form.",
            NO_SETUP,
        )


def _inquire(call: Call) -> Response:
    """CompaniesStructure: the branches, by `PUT {}` with $expand=Results (acumatica 8.3)."""
    query = parse_query(call.query, call.entity.shape, call.state.options, call.work.version)
    reply = call.printer.empty()
    for name in call.entity.shape.details:
        reply.pop(name)
    if "Results" in query.expand:
        shape = call.entity.shape.details["Results"]
        reply["Results"] = [
            {"id": call.session.id, "rowNumber": at, "note": {"value": ""}}
            | {name: wrapped(_branch_value(one, name), call.printer.zone) for name in shape.fields}
            | {"custom": {}}
            for at, one in enumerate(call.tenant.branches, 1)
        ]
    return json_response(reply)


def _branch_value(branch: dict[str, str], name: str) -> str | bool | date | None:
    if name in {"BranchStatus", "CompanyStatus"}:
        return branch.get(name, "active") == "active"
    return branch.get(name)
