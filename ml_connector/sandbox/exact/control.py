"""Control routes of the Exact stand-in: a person's acts, switches, and what is in the books."""

import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.entities import ENTITIES, Entity, find
from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.exact.wire.wire import Row, body_object, parse, to_json

Act = Callable[[Request, Row], Any]


def routes(state: ExactState) -> list[Route]:
    """POST /exact/... acts and switches; GET /state/exact/... contents."""
    acts: dict[str, Act] = {
        "/exact/orders": lambda _, body: _orders(state, body),
        "/exact/orders/{number:int}/approve": lambda request, _: _facts(state, user.approve(state, _number(request))),
        "/exact/orders/{number:int}/change": lambda request, body: _change(state, _number(request), body),
        "/exact/orders/{number:int}/cancel": lambda request, _: _facts(state, user.cancel(state, _number(request))),
        "/exact/entries": lambda _, body: _entry(state, body),
        "/exact/suppliers": lambda _, body: _key(user.add_supplier(state, **body)),
        "/exact/edit": lambda _, body: _edit(state, body),
        "/exact/options": lambda _, body: _options(state, body),
        "/exact/tokens/expire": lambda _, __: state.oauth.expire_access(),
        "/exact/tokens/revoke": lambda _, __: state.oauth.revoke(),
        "/exact/tokens/code": lambda _, body: state.oauth.new_code(str(body["redirect_uri"])),
        "/exact/webhooks/deliver": lambda _, body: _deliver(state, body),
    }

    async def summary(_: Request) -> Response:
        return _json(books(state))

    async def rows(request: Request) -> Response:
        entity = _entity(request)
        if entity is None:
            return _json({"error": "no such entity"}, 404)
        company = state.companies[int(request.path_params["division"])]
        return _json([_plain(row) for row in company.table(entity.path)])

    async def orders(_: Request) -> Response:
        table = state.main.table("purchaseorder/PurchaseOrders")
        found = sorted(table, key=lambda row: int(row["OrderNumber"]))
        return _json([user.order_facts(state, row) for row in found])

    made = [Route(path, _handler(act), methods=["POST"]) for path, act in acts.items()]
    return [
        *made,
        Route("/state/exact/summary", summary),
        Route("/state/exact/orders", orders),
        Route("/state/exact/{division:int}/{service}/{name}", rows),
    ]


def _handler(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        raw = await request.body()
        try:
            return _json(act(request, body_object(raw) if raw else {}))
        except (ApiError, KeyError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)

    return handle


def _json(content: Any, status: int = 200) -> Response:
    if status == 200:
        return Response(to_json(content), media_type="application/json")
    return JSONResponse(content, status_code=status)


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _number(request: Request) -> int:
    return int(request.path_params["number"])


def _entity(request: Request) -> Entity | None:
    return find(request.path_params["service"], request.path_params["name"])


def _facts(state: ExactState, order: Row) -> dict[str, Any]:
    return user.order_facts(state, order)


def _key(row: Row) -> dict[str, Any]:
    return {"ID": row["ID"]}


def _orders(state: ExactState, body: Row) -> list[dict[str, Any]]:
    suppliers = tuple(body.get("suppliers") or user.ORDERING_SUPPLIERS)
    made = user.create_orders(
        state,
        int(body.get("count", 1)),
        seed=body.get("seed"),
        suppliers=suppliers,
        approved=bool(body.get("approved", True)),
    )
    return [_facts(state, order) for order in made]


def _change(state: ExactState, number: int, body: Row) -> dict[str, Any]:
    if "add_item" in body:
        order = user.add_order_line(state, number, body["add_item"], Decimal(body["quantity"]))
    elif "line" in body:
        order = user.change_order_line(
            state,
            number,
            int(body["line"]),
            quantity=_decimal(body.get("quantity")),
            price=_decimal(body.get("price")),
            receipt_date=date.fromisoformat(body["receipt_date"]) if "receipt_date" in body else None,
        )
    else:
        order = user.change_header(state, number, body)
    return _facts(state, order)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _entry(state: ExactState, body: Row) -> dict[str, Any]:
    entry = user.key_entry(state, **{**body, "amount": Decimal(body["amount"])})
    return {"EntryID": entry["EntryID"], "EntryNumber": entry["EntryNumber"]}


def _edit(state: ExactState, body: Row) -> dict[str, Any]:
    entity = ENTITIES[body["path"]]
    values = {name: parse(entity.fields[name], value) for name, value in body["values"].items()}
    row = user.edit(state, entity.path, body["code"], values)
    return {entity.key: row[entity.key]}


def _options(state: ExactState, body: Row) -> None:
    """Set options by name; sets are given as lists."""
    known = {field.name: field for field in dataclasses.fields(state.options)}
    for name, value in body.items():
        if name not in known:
            raise KeyError(name)
        present = getattr(state.options, name)
        if isinstance(present, set):
            setattr(state.options, name, {tuple(one) if isinstance(one, list) else one for one in value})
        else:
            setattr(state.options, name, float(value) if isinstance(present, float) else value)


def _deliver(state: ExactState, body: Row) -> None:
    state.webhooks.replay(body["url"], body["content"], secret=body.get("secret"))


def books(state: ExactState) -> dict[str, Any]:
    """What has arrived: documents by reference, so that a double posting shows; calls and tokens."""
    company = state.main
    invoices = Counter(f"{row['Supplier']} {row.get('YourRef')}" for row in company.table("purchase/PurchaseInvoices"))
    entries = Counter(
        f"{row['Supplier']} {row.get('YourRef')}" for row in company.table("purchaseentry/PurchaseEntries")
    )
    receipts = Counter(
        f"{row['Supplier']} {row.get('YourRef')}" for row in company.table("purchaseorder/GoodsReceipts")
    )
    return {
        "purchase_invoices": sum(invoices.values()),
        "purchase_entries": sum(entries.values()),
        "goods_receipts": sum(receipts.values()),
        "purchase_orders": len(company.table("purchaseorder/PurchaseOrders")),
        "repeated_invoices": {key: n for key, n in invoices.items() if n > 1},
        "repeated_entries": {key: n for key, n in entries.items() if n > 1},
        "repeated_receipts": {key: n for key, n in receipts.items() if n > 1},
        "calls_counted": state.limits.counted,
        "calls_refused": state.limits.refused,
        "tokens": state.oauth.summary(),
        "webhooks": {
            "delivered": state.webhooks.delivered,
            "failed": state.webhooks.failed,
            "waiting": state.webhooks.waiting,
        },
    }
