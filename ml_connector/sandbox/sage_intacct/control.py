"""Control routes of the Sage Intacct stand-in: a person's acts, switches, troubles, and what is in the books."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books.company import Company
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES
from ml_connector.sandbox.sage_intacct.state import SageIntacctState
from ml_connector.sandbox.sage_intacct.wire.errors import Failed

Body = dict[str, Any]
Act = Callable[[SageIntacctState, Body], Any]
#: Objects whose business key shows a double posting: owner, party and number.
_KEYS = {
    "APBILL": ("VENDORID", "RECORDID"), "APADJUSTMENT": ("VENDORID", "RECORDID"), "VENDOR": ("TAXID", "NAME"),
    "PODOCUMENT": ("CUSTVENDID", "VENDORDOCNO"), "SODOCUMENT": ("CUSTVENDID", "PONUMBER"),
    "APPYMT": ("VENDORID", "DOCNUMBER"), "GLBATCH": ("JOURNAL", "REFERENCENO"),
}  # fmt: skip
_WRONG = (Failed, KeyError, TypeError, ValueError)


def routes(state: SageIntacctState) -> list[Route]:
    """POST /sage_intacct/... acts and switches; GET /state/sage_intacct/... contents."""

    async def options(request: Request) -> Response:
        if request.method == "POST":
            try:
                set_options(state, await _sent(request))
            except _WRONG as error:
                return _refused(error)
        return _json(_plain(dataclasses.asdict(state.options)))

    async def summary(_: Request) -> Response:
        return _json(books(state))

    async def rows(request: Request) -> Response:
        company = state.companies.get(request.path_params["company"])
        name = request.path_params["object"]
        if company is None or name not in SHAPES:
            return _json({"error": "no such company or object"}, 404)
        return _json([_row(company, name, row) for row in company.tables[name]])

    return [
        Route("/sage_intacct/options", options, methods=["GET", "POST"]),
        *(Route(f"/sage_intacct/{name}", _handler(state, act), methods=["POST"]) for name, act in _ACTS.items()),
        Route("/state/sage_intacct/summary", summary),
        Route("/state/sage_intacct/{company}/{object}", rows),
    ]


def _handler(state: SageIntacctState, act: Act) -> Any:
    async def handle(request: Request) -> Response:
        try:
            return _json(act(state, await _sent(request)))
        except _WRONG as error:
            return _refused(error)

    return handle


async def _sent(request: Request) -> Body:
    body = await request.body()
    found = json.loads(body, parse_float=Decimal) if body else {}
    if not isinstance(found, dict):
        raise TypeError("a JSON object is wanted")
    return found


def _refused(error: Exception) -> Response:
    return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status_code=status, media_type="application/json")


def _company(state: SageIntacctState, body: Body) -> Company:
    return state.companies[body.pop("company")] if "company" in body else state.main


def _orders(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    made = user.create_orders(state, company=company, **body)
    return [_plain(user.order_facts(company, order)) for order in made]


def _receive(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    if "share" in body:
        body["share"] = Decimal(str(body["share"]))
    return _plain(user.order_facts(company, user.receive(state, body.pop("order"), company=company, **body)))


def _close(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    return _plain(user.order_facts(company, user.close(state, body.pop("order"), company=company, **body)))


def _put(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    return _row(
        company, body["object"], user.put(state, body.pop("object"), body.pop("values"), company=company, **body)
    )


def _remove(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    user.remove(state, body["object"], body["key"], company=company)
    return {}


def _edit(state: SageIntacctState, body: Body) -> Any:
    company = _company(state, body)
    row = user.edit(state, body["object"], int(body["number"]), body["values"], company=company)
    return _row(company, body["object"], row)


def _trouble(state: SageIntacctState, body: Body) -> Any:
    state.troubles.order(body["kind"], int(body.get("count", 1)))
    return {"counts": dict(state.troubles.counts)}


_ACTS: dict[str, Act] = {
    "orders": _orders,
    "receive": _receive,
    "close": _close,
    "put": _put,
    "remove": _remove,
    "edit": _edit,
    "trouble": _trouble,
    "sessions/end": lambda state, _: {"ended": state.sessions.end_all()},
}


def set_options(state: SageIntacctState, body: Body) -> None:
    """Set options by name; sets are given as lists. Raises KeyError or TypeError for what is none."""
    known = {field.name for field in dataclasses.fields(state.options)}
    for name, value in body.items():
        if name not in known:
            raise KeyError(name)
        setattr(state.options, name, _option(name, getattr(state.options, name), value))


def _option(name: str, present: Any, value: Any) -> Any:
    """The value in the type of the one that stands there."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(present, dict) and isinstance(value, dict):
        return {key: float(one) for key, one in value.items()}
    if isinstance(present, set | tuple | float) and not isinstance(value, str | dict):
        return type(present)(value)
    if present is not None and type(value) is not type(present) and value is not None:
        raise TypeError(f"{name}: {type(present).__name__} is wanted")
    return value


def books(state: SageIntacctState) -> dict[str, Any]:
    """What has arrived: documents by business key, so that a double posting shows; sessions, ids, calls, troubles."""
    companies: dict[str, Any] = {}
    for name, company in state.companies.items():
        companies[name] = {
            "objects": {table: len(rows) for table, rows in company.tables.items()},
            "repeated": {table: _repeated(company, table, keys) for table, keys in _KEYS.items()},
        }
    turns, ids = state.turns, state.control_ids
    return {
        "companies": companies,
        "sessions": {**state.sessions.counts, "living": len(state.sessions.living())},
        "control_ids": {**ids.counts, "known": ids.known()},
        "calls": dict(state.calls),
        "turns": {
            "waited": turns.waited,
            "refused": turns.refused,
            "most": dict(turns.most),
            "most_asked": dict(turns.most_asked),
        },
        "troubles": dict(state.troubles.counts),
    }


def _repeated(company: Company, name: str, keys: tuple[str, str]) -> dict[str, int]:
    """By entity and definition too: an order and its receiver may bear one number."""
    found: Counter[str] = Counter()
    for row in company.tables[name]:
        if row.text(keys[1]) and row.text("STATE") not in {"Reversed", "Voided"}:
            place = "/".join(part for part in (row.owner, row.text("DOCPARID")) if part)
            found[" ".join([place, row.text(keys[0]), row.text(keys[1]).casefold()]).strip()] += 1
    return {key: number for key, number in found.items() if number > 1}


def _row(company: Company, name: str, row: Record) -> Body:
    """A record in plain values, with its lines."""
    made: Body = _plain({field: value for field, value in row.values.items() if value is not None})
    lines = company.lines(name, row) if SHAPES[name].lines else []
    if lines:
        made["lines"] = [
            _plain({key: value for key, value in line.values.items() if value is not None}) for line in lines
        ]
    return made


def _plain(value: Any) -> Any:
    """JSON-ready: decimals as text with their digits, days and moments as ISO, sets as lists."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case set() | frozenset():
            return sorted(value)
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
