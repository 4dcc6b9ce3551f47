"""Actions: started with 202 and a place to ask, or done with 204; polled until they are forgotten (acumatica 6)."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ml_connector.sandbox.acumatica.books.screens import press
from ml_connector.sandbox.acumatica.http.call import Call, empty_response, failure
from ml_connector.sandbox.acumatica.wire.contract import Field
from ml_connector.sandbox.acumatica.wire.errors import ApiError, no_entity, not_found
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import Value, from_json, parse


def act(call: Call, raw: bytes) -> Response:
    """POST /Entity/Action."""
    if not call.rest:
        raise ApiError(406, {"message": "The requested resource does not support http method 'POST'."})
    name = call.rest[0]
    declared = call.entity.actions.get(name)
    actions = call.form.actions
    if len(call.rest) > 1 or (declared is None and name not in actions):
        raise not_found(f"Action {name} not found")
    body = from_json(raw)
    row = _record(call, body.get("entity"))
    parameters = _parameters(declared or {}, body.get("parameters"))
    if call.state.options.action_not_created > 0:  # 204 may also mean that nothing was started (acumatica 6)
        call.state.options.action_not_created -= 1
        return empty_response()
    if name not in actions:
        return empty_response()  # an action of the contract that changes nothing the stand-in keeps

    def effect() -> None:
        stored = call.tenant.table(call.entity.name).by_id(row.id)
        if stored is None:
            raise no_entity()
        press(call.work, call.entity.name, stored, name, parameters)

    path = f"{call.root}/{call.entity.name}/{name}/status"
    operation = call.state.operations.start(path, effect, call.session, call.entity.screen)
    if operation is None:
        return empty_response({"Location": f"{path}/{row.id}"} if call.state.options.location_on_204 else None)
    return empty_response({"Location": f"{path}/{operation.id}"}, 202)


def poll(call: Call) -> Response:
    """GET .../status/{id}: 202 while it runs, 204 when it is done, the error when it failed, 404 when forgotten."""
    operation = call.state.operations.find(call.rest[2])
    if operation is None:
        raise not_found("The operation is not found.")
    if not operation.done:
        return empty_response({"Location": f"{operation.path}/{operation.id}"}, 202)
    return empty_response() if operation.error is None else failure(operation.error)


def is_poll(call: Call) -> bool:
    return call.request.method == "GET" and len(call.rest) == 3 and call.rest[1] == "status"


def _record(call: Call, entity: Any) -> Record:
    """The record that the action's body names by id or by keys."""
    given = entity if isinstance(entity, dict) else {}
    table = call.tenant.table(call.entity.name)
    if isinstance(given.get("id"), str):
        found = table.by_id(given["id"])
    else:
        keys = [_text(given.get(name)) or str(call.form.defaults.get(name, "")) for name in call.entity.keys]
        choices = call.form.lists.get(call.entity.keys[0], {})
        keys[0] = next((shown for shown, code in choices.items() if keys[0] in {shown, code}), keys[0])
        found = table.by_key(*keys)
    if found is None or call.tenant.is_hidden(call.entity.name, found):
        raise no_entity()
    return found


def _text(value: Any) -> str:
    inner = value.get("value") if isinstance(value, dict) else None
    return "" if inner is None else str(inner)


def _parameters(declared: Mapping[str, str], sent: Any) -> dict[str, Value]:
    given = sent if isinstance(sent, dict) else {}
    return {
        name: parse(Field(name, kind), given[name].get("value"))
        for name, kind in declared.items()
        if isinstance(given.get(name), dict)
    }
