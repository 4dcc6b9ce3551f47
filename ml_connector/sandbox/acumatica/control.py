"""Control routes of the Acumatica stand-in: a person's acts, switches, and what is in the books."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.books.tenant import Tenant
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.errors import ApiError
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import from_json, to_json

Body = dict[str, Any]
Act = Callable[[AcumaticaState, Body], Any]
#: Documents whose business key shows a double posting.
_KEYS = {
    "Bill": ("Vendor", "VendorRef"), "PurchaseReceipt": ("VendorID", "VendorRef"),
    "SalesOrder": ("CustomerID", "CustomerOrder"),
}  # fmt: skip


def routes(state: AcumaticaState) -> list[Route]:
    """POST /acumatica/... acts and switches; GET /state/acumatica/... contents."""

    async def options(request: Request) -> Response:
        if request.method == "POST":
            try:
                set_options(state, from_json(await request.body()))
            except (ApiError, KeyError, TypeError, ValueError) as error:
                return _refused(error)
        return _json(_plain(dataclasses.asdict(state.options)))

    async def summary(_: Request) -> Response:
        state.operations.settle()
        return _json(books(state))

    async def rows(request: Request) -> Response:
        state.operations.settle()
        tenant = state.tenants.get(request.path_params["tenant"])
        table = tenant.tables.get(request.path_params["entity"]) if tenant is not None else None
        if table is None:
            return _json({"error": "no such tenant or entity"}, 404)
        return _json([_row(row) for row in table])

    return [
        Route("/acumatica/options", options, methods=["GET", "POST"]),
        *(Route(f"/acumatica/{name}", _handler(state, act), methods=["POST"]) for name, act in _ACTS.items()),
        Route("/state/acumatica/summary", summary),
        Route("/state/acumatica/{tenant}/{entity}", rows),
    ]


def _handler(state: AcumaticaState, act: Act) -> Any:
    async def handle(request: Request) -> Response:
        state.operations.settle()
        try:
            return _json(act(state, from_json(await request.body())))
        except (ApiError, KeyError, TypeError, ValueError) as error:
            return _refused(error)

    return handle


def _refused(error: Exception) -> Response:
    return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def _json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status_code=status, media_type="application/json")


def _tenant(state: AcumaticaState, body: Body) -> Tenant:
    return state.tenants[body.pop("tenant")] if "tenant" in body else state.main


def _orders(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return [_plain(user.order_facts(order)) for order in user.create_orders(state, tenant=tenant, **body)]


def _receipts(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    order = tenant.table("PurchaseOrder").by_key("Normal", body["order"])
    if order is None:
        raise KeyError(body["order"])
    return _row(user.receive(state, order, ref=body.get("ref", ""), tenant=tenant))


def _sales(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return [_row(row) for row in user.sell(state, tenant=tenant, **body)]


def _deliver(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    wanted = body["customer_order"]
    orders = tenant.table("SalesOrder").where(CustomerOrder=wanted)
    if not orders:
        raise KeyError(wanted)
    return [_row(user.deliver(state, one, f"1Z{one.text('OrderNbr')}", tenant=tenant)) for one in orders]


def _ship(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    wanted = body.pop("customer_orders")
    orders = [order for one in wanted for order in tenant.table("SalesOrder").where(CustomerOrder=one)]
    if not orders:
        raise KeyError(", ".join(wanted))
    return _row(user.ship(state, orders, tenant=tenant, **body))


def _put(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return _row(user.put(state, body["entity"], body["values"], tenant=tenant, branch=body.get("branch", "")))


def _act(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return _row(user.act(state, body["entity"], body["key"], body["action"], body.get("parameters"), tenant=tenant))


def _edit(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return _row(user.edit(state, body["entity"], body["key"], body["values"], tenant=tenant))


def _credit(state: AcumaticaState, body: Body) -> Any:
    tenant = _tenant(state, body)
    return _row(user.credit(state, body["invoice"], tenant=tenant))


_ACTS: dict[str, Act] = {
    "orders": _orders,
    "receipts": _receipts,
    "sales": _sales,
    "deliver": _deliver,
    "ship": _ship,
    "put": _put,
    "act": _act,
    "edit": _edit,
    "credit": _credit,
    "tokens/expire": lambda state, _: state.oauth.expire_access(),
    "tokens/revoke": lambda state, _: state.oauth.revoke_all(),
    "sessions/end": lambda state, _: {"ended": state.sessions.end_all()},
}


def set_options(state: AcumaticaState, body: Body) -> None:
    """Set options by name; sets are given as lists. Raises KeyError or TypeError for what is none."""
    known = {field.name for field in dataclasses.fields(state.options)}
    for name, value in body.items():
        if name not in known:
            raise KeyError(name)
        setattr(state.options, name, _option(name, getattr(state.options, name), value))


def _option(name: str, present: Any, value: Any) -> Any:
    """The value in the type of the one that stands there."""
    if isinstance(present, set | tuple | float) and not isinstance(value, str | dict):
        return type(present)(value)
    if isinstance(present, Decimal):
        return Decimal(str(value))
    if present is not None and type(value) is not type(present) and value is not None:
        raise TypeError(f"{name}: {type(present).__name__} is wanted")
    return value


def books(state: AcumaticaState) -> dict[str, Any]:
    """What has arrived: documents by business key, so that a double posting shows; sessions, tokens, calls."""
    tenants: dict[str, Any] = {}
    for name, tenant in state.tenants.items():
        tenants[name] = {
            "documents": {entity: len(table) for entity, table in tenant.tables.items()},
            "repeated": {entity: _repeated(tenant, entity, keys) for entity, keys in _KEYS.items()},
        }
    limits = state.limits
    return {
        "tenants": tenants,
        "sessions": state.sessions.summary(),
        "tokens": dict(state.oauth.counts),
        "actions": {"started": state.operations.started, "running": state.operations.running()},
        "calls": {"delayed": limits.delayed, "queued": limits.queued, "refused": limits.refused},
    }


def _repeated(tenant: Tenant, entity: str, keys: tuple[str, str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in tenant.table(entity):
        if row.text(keys[1]) and not row.inner.get("reversal"):
            found[f"{row.text(keys[0])} {row.text(keys[1])}"] += 1
    return {key: number for key, number in found.items() if number > 1}


def _row(row: Record) -> dict[str, Any]:
    """A record in plain values."""
    made: dict[str, Any] = {"id": row.id, **_plain(row.values)}
    made |= {name: [_row(line) for line in lines] for name, lines in row.lines.items()}
    made |= {name: _row(link) for name, link in row.links.items()}
    if row.custom:
        made["custom"] = _plain(row.custom)
    if row.files:
        made["files"] = [file.name for file in row.files]
    return made


def _plain(value: Any) -> Any:
    """JSON-ready: decimals as text with their digits, days and moments as ISO, sets as lists."""
    match value:
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case set() | frozenset():
            return sorted(value)
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
