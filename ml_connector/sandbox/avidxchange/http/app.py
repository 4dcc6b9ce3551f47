"""The simulated API as an ASGI app: /v1/..."""

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ml_connector.sandbox.avidxchange.http.access import authorize, let_in
from ml_connector.sandbox.avidxchange.http.wire import answer, page, refused, results
from ml_connector.sandbox.avidxchange.rules import created, shown, wrong
from ml_connector.sandbox.avidxchange.state import AvidState, Row, external_id

Handler = Callable[[AvidState, Request], Awaitable[Response]]
#: Lists that are read by change and by our ids, and written record by record.
LISTS = ("vendors", "glaccounts", "purchaseorders", "receipts", "invoices")
#: Of an invoice that may still be changed or taken back (avidxchange 8).
_OPEN = ("In Progress", "Pending Approval", "On Hold")


def create_app(state: AvidState) -> Starlette:
    """The API over this state. Faults and the journal of requests belong to the layer around it."""
    routes = [
        Route("/v1/authorizations", _endpoint(state, authorize, free=True), methods=["POST"]),
        Route("/oauth2/token", _endpoint(state, authorize, free=True), methods=["POST"]),
        Route("/v1/accountingSystems", _endpoint(state, _accounting_systems)),
        Route("/v1/companies", _endpoint(state, _companies)),
        Route("/v1/invoices/batches/closed/acctgSysId/{system}", _endpoint(state, _closed)),
        Route("/v1/invoices/batches/exportHistories", _endpoint(state, _exported), methods=["POST"]),
        Route("/v1/invoices/batches/{id}", _endpoint(state, _batch)),
        Route("/v1/invoices/batches/{id}/invoices", _endpoint(state, _details)),
        Route("/v1/invoices/{id}/image", _endpoint(state, _image)),
        Route("/v1/payments", _endpoint(state, _payments)),
    ]
    for name in LISTS:
        routes += [
            Route(f"/v1/{name}", _endpoint(state, _list_of(name))),
            Route(f"/v1/{name}", _endpoint(state, _create_in(name)), methods=["POST"]),
            Route(f"/v1/{name}/{{id}}", _endpoint(state, _one_of(name)), methods=["GET", "PUT", "DELETE"]),
        ]
    return Starlette(routes=routes)


def _endpoint(state: AvidState, handler: Handler, *, free: bool = False) -> Callable[[Request], Awaitable[Response]]:
    async def run(request: Request) -> Response:
        stopped = None if free else let_in(state, request)
        if stopped is not None:
            return stopped
        try:
            return await handler(state, request)
        except KeyError as error:
            return refused(404, "NotFound", str(error))
        except (ValueError, TypeError) as error:
            return refused(400, "BadRequest", f"{type(error).__name__}: {error}")

    return run


async def _accounting_systems(state: AvidState, _: Request) -> Response:
    return answer({"Items": [{"ID": state.options.accounting_system, "Name": "Exact Online"}]})


async def _companies(state: AvidState, request: Request) -> Response:
    return page(request, [{"Id": 1, "Name": "Voltwerk Industries BV"}], state.options)


# ---------------------------------------------------------------------- lists


def _list_of(name: str) -> Handler:
    async def handler(state: AvidState, request: Request) -> Response:
        return page(request, [shown(name, row) for row in _filtered(state, name, request)], state.options)

    return handler


def _filtered(state: AvidState, name: str, request: Request) -> list[Row]:
    asked = request.query_params
    rows = list(state.rows(name))
    if "externalIds" in asked:
        wanted = set(asked["externalIds"].split(","))
        rows = [row for row in rows if external_id(row) in wanted]
    if "number" in asked:
        rows = [row for row in rows if row.get("Number") == asked["number"]]
    if "lastModifiedFrom" in asked:
        begin, end = _window(state, asked["lastModifiedFrom"], asked.get("lastModifiedTo", ""))
        rows = [row for row in rows if begin <= datetime.fromisoformat(row["LastModifiedDate"]) <= end]
    return sorted(rows, key=lambda row: str(row["LastModifiedDate"]))


def _window(state: AvidState, begin: str, end: str) -> tuple[datetime, datetime]:
    first = datetime.fromisoformat(begin)
    last = datetime.fromisoformat(end) if end else state.now()
    if len(end) == 10:
        last += timedelta(days=1)
    if last - first > timedelta(days=state.options.window_days + 1):
        raise ValueError(f"windows of at most {state.options.window_days} days")
    return first, last


def _create_in(name: str) -> Handler:
    async def handler(state: AvidState, request: Request) -> Response:
        body = json.loads(await request.body(), parse_float=Decimal)
        sent = body if isinstance(body, list) else [body]
        return results(state.options, *[created(state, name, one) for one in sent])

    return handler


def _one_of(name: str) -> Handler:
    async def handler(state: AvidState, request: Request) -> Response:
        row = state.table(name)[request.path_params["id"]]
        if request.method == "GET":
            told = shown(name, row)
            return answer({"Items": [told]} if state.options.wrapped else told)
        if name == "invoices" and row["Status"]["Description"] not in _OPEN:
            word = row["Status"]["Description"]
            return results(state.options, (False, f"invoice {row['Number']} is {word} and cannot be changed"))
        if request.method == "DELETE":
            state.journal.write(system="avidxchange", kind=f"{name} withdrawn", data={"id": row["Id"]})
            state.move(row, Status={"Id": 9, "Description": "Voided"})
            return results(state.options, (True, shown(name, row)))
        body = json.loads(await request.body(), parse_float=Decimal)
        why = wrong(state, name, body)
        if why:
            return results(state.options, (False, why))
        image = body.pop("Image", None)
        if image:
            state.images[str(row["Id"])] = base64.b64decode(image)
        state.journal.write(system="avidxchange", kind=f"{name} changed", data={"id": row["Id"]})
        return results(state.options, (True, shown(name, state.move(row, **body))))

    return handler


async def _image(state: AvidState, request: Request) -> Response:
    return Response(state.images[request.path_params["id"]], media_type="application/pdf")


# ---------------------------------------------------------------------- batches


async def _closed(state: AvidState, request: Request) -> Response:
    asked = request.query_params
    if "closeDateFrom" not in asked:
        return refused(400, "BadRequest", "batch lists need a filter")
    system = request.path_params["system"]
    begin, end = _window(state, asked["closeDateFrom"], asked.get("closeDateTo", ""))
    own = state.options.accounting_system
    waits = [row for row in state.rows("batches") if row.get("AccountingSystem", own) == system and not row["Exported"]]
    rows = [row for row in waits if begin <= datetime.fromisoformat(row["DateClosed"]) <= end]
    return page(request, [_batch_row(row) for row in rows], state.options)


def _batch_row(row: Row) -> Row:
    link = {"Rel": "full-details", "Href": f"/v1/invoices/batches/{row['BatchGUID']}/invoices"}
    return {**shown("batches", row), "Links": [link]}


async def _batch(state: AvidState, request: Request) -> Response:
    told = _batch_row(state.table("batches")[request.path_params["id"]])
    return answer({"Items": [told]} if state.options.wrapped else told)


async def _details(state: AvidState, request: Request) -> Response:
    row = state.table("batches")[request.path_params["id"]]
    return page(
        request, [shown("invoices", state.table("invoices")[str(key)]) for key in row["Invoices"]], state.options
    )


async def _exported(state: AvidState, request: Request) -> Response:
    body = json.loads(await request.body(), parse_float=Decimal)
    row = state.table("batches")[str(body["BatchId"])]
    state.exports.append({**body, "DateClosed": row["DateClosed"]})
    row["Exported"] = True
    state.journal.write(
        system="avidxchange", kind="batch acknowledged", data={"id": row["BatchGUID"], "closed": row["DateClosed"]}
    )
    return results(state.options, (True, {"Id": len(state.exports), **body}))


# ---------------------------------------------------------------------- payments


async def _payments(state: AvidState, request: Request) -> Response:
    asked = request.query_params
    rows = sorted(state.rows("payments"), key=lambda row: int(row["PaymentId"]))
    if "paymentIds" in asked:
        wanted = set(asked["paymentIds"].split(","))
        rows = [row for row in rows if str(row["PaymentId"]) in wanted]
    elif "externalPaymentIds" in asked:
        wanted = set(asked["externalPaymentIds"].split(","))
        rows = [row for row in rows if wanted & {one["Value"] for one in row["ExternalPaymentIds"]}]
    elif "lastModifiedFrom" in asked:
        first = date.fromisoformat(asked["lastModifiedFrom"])
        last = date.fromisoformat(asked.get("lastModifiedTo", state.now().date().isoformat()))
        if (last - first).days > state.options.window_days:
            return refused(400, "BadRequest", f"windows of at most {state.options.window_days} days")
        rows = [row for row in rows if first <= datetime.fromisoformat(row["LastModifiedDate"]).date() <= last]
    else:
        return refused(400, "BadRequest", "payments need a filter")
    return page(request, rows, state.options)
