"""Sales orders: how a customer's order becomes one, and finding those that are there (acumatica 8, 8.1).

An order carries our key at the end of its description. Several may share a customer's number: releases, stores.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ml_connector.documents.sales.orders import OrderCharge, SalesOrder, SalesOrderLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation, Written
from ml_connector.systems.acumatica.posting import customers
from ml_connector.systems.acumatica.posting.comparing import differences, shown
from ml_connector.systems.acumatica.posting.finding import Findable, Finder
from ml_connector.systems.acumatica.posting.inserting import Compare, Insertable, Inserter
from ml_connector.systems.acumatica.posting.keyed import KeyedWriter
from ml_connector.systems.acumatica.posting.receipts import MOST_LINES
from ml_connector.systems.acumatica.settings import AcumaticaConnection, LinePlaces
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import (
    Row,
    details,
    identity,
    number,
    text,
    to_json,
    wrapped,
)
from ml_connector.systems.our_keys import with_key

ENTITY = "SalesOrder"
KIND = "sales_order"
#: Characters of CustomerOrder and ExternalRef.
REFERENCE = 40
_HEADER = (
    *("OrderType", "OrderNbr", "Status", "Hold", "CustomerID", "LocationID", "CustomerOrder", "ExternalRef", "Date"),
    *("RequestedOn", "CurrencyID", "Description", "PreferredWarehouseID", "OrderTotal", "TaxTotal"),
    *("ShipToAddressOverride", "ShipToContactOverride"),
)
_LINE = (
    *("LineNbr", "InventoryID", "OrderQty", "UOM", "UnitPrice", "ManualPrice", "Amount", "RequestedOn", "ShipOn"),
    *("WarehouseID", "Branch", "ShipToLocation"),
)
REPLY = Query(
    select=(*_HEADER, *(f"Details/{name}" for name in _LINE)),
    expand=("Details", "ShipToAddress", "ShipToContact", "ShippingSettings"),
)
NEEDS = (
    Need(
        "sales orders in",
        ENTITY,
        (
            *REPLY.select,
            *("ShippingSettings/ScheduledShipmentDate", "ShippingSettings/CancelByDate"),
            *(f"ShipToAddress/{name}" for name in ("AddressLine1", "City", "State", "PostalCode", "Country")),
            *(f"ShipToContact/{name}" for name in ("BusinessName", "Attention", "Phone1", "Email")),
        ),
    ),
)
#: From this version on an order's header tells its branch (acumatica 7); its lines do in all of them.
BRANCH_SINCE = "23.200.001"
FINDABLE = Findable(
    entity=ENTITY,
    kind=KIND,
    party="CustomerID",
    reference="CustomerOrder",
    mark="Description",
    keys=("OrderNbr", "OrderType"),
    number="OrderNbr",
    other="ExternalRef",
    fields=(
        *("OrderType", "OrderNbr", "Status", "CustomerID", "CustomerOrder", "ExternalRef", "Description", "OrderTotal"),
    ),
    gone=frozenset({"Canceled", "Cancelled", "Voided"}),
    amount="OrderTotal",
)
INSERTABLE = Insertable(
    ENTITY,
    mark="Description",
    told="another order than the customer's is",
    remedy="See prices, units, dates and the customer's place in Acumatica, then replay the order.",
)


def plan_sales_order(order: SalesOrder, key: str, settings: AcumaticaConnection) -> list[PlannedOperation]:
    """One write.

    Raises:
        NeedsCorrection: it cannot be expressed.
    """
    _check(order)
    where = settings.line_places
    other = order.reference if order.reference != order.customer_order else ""
    shipping = {"ScheduledShipmentDate": order.ship_date, "CancelByDate": order.cancel_date}
    shipping = {name: value for name, value in shipping.items() if value is not None}
    told = "; ".join(one for one in (order.description, *order.told) if one)
    values: dict[str, Any] = {
        "OrderType": order.type_code or settings.sales_order_type,
        "CustomerID": order.customer_id,
        **_filled(LocationID=order.location_code, CurrencyID=order.currency, ExternalRef=other[:REFERENCE]),
        "CustomerOrder": order.customer_order,
        **_filled(Date=order.order_date, RequestedOn=order.requested_date, PreferredWarehouseID=order.warehouse),
        "Description": with_key(told or order.customer_order, key, settings.description_length),
        "Hold": settings.after_sales_order == "hold",
        **_filled(Branch=settings.branch if settings.version >= BRANCH_SINCE else ""),
        **({"ShippingSettings": shipping} if shipping else {}),
        **_ship_to(order),
        **_filled(note="\n".join(order.notes)),
        "Details": [
            {**line, **_filled(Branch=settings.branch)}
            for line in (
                *(line_values(line, where) for line in order.lines),
                *(_charge(order, charge) for charge in order.charges),
            )
        ],
    }
    payload = {"put": wrapped(values), **({} if order.total is None else {"total": order.total})}
    target = f"{settings.company}/{ENTITY}"
    if order.new_customer is None:
        return [PlannedOperation(KIND, target, to_json(payload))]
    created = customers.plan_customer(order.new_customer, settings)
    return [created, PlannedOperation(KIND, target, to_json(payload), uses={customers.USES: 0})]


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None)}


def _check(order: SalesOrder) -> None:
    if len(order.customer_order) > REFERENCE:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"The customer's order number {order.customer_order} has {len(order.customer_order)} characters;"
            f" Acumatica keeps {REFERENCE}.",
            remedy="Enter the order by hand, and discard this.",
            data={"number": order.customer_order},
        )
    if len(order.lines) + len(order.charges) > MOST_LINES:
        raise NeedsCorrection(
            Reason.TOO_LARGE,
            f"Order {order.customer_order} has {len(order.lines)} lines, {MOST_LINES} fit into one call.",
            remedy="Ask the customer to split it, or enter it by hand.",
            data={"lines": len(order.lines), "limit": MOST_LINES},
        )


def _ship_to(order: SalesOrder) -> dict[str, Any]:
    """An address of its own, with the flags without which the customer's stays (acumatica 8.1)."""
    to = order.ship_to
    if to is None:
        return {}
    street = (*to.street, "", "")
    address = _filled(
        AddressLine1=street[0],
        AddressLine2=", ".join(one for one in street[1:] if one),
        City=to.city,
        State=to.region,
        PostalCode=to.postal_code,
        Country=to.country,
    )
    contact = _filled(BusinessName=to.name, Attention=to.contact, Phone1=to.phone, Email=to.email)
    return {
        **({"ShipToAddressOverride": True, "ShipToAddress": address} if address else {}),
        **({"ShipToContactOverride": True, "ShipToContact": contact} if contact else {}),
    }


def line_values(line: SalesOrderLine, where: LinePlaces) -> dict[str, Any]:
    """Without a price of the customer's, Acumatica's own counts; with one, it is kept as it is.

    where: a line that goes to a place of its own says so; a reply that does not show it is a difference.
    """
    notes = line.notes
    if line.location_code and where == "note":
        notes = (f"For {line.location_code}" + (f" (store {line.store})" if line.store else ""), *notes)
    place = line.location_code if where == "field" else ""
    priced = {} if line.price is None else {"ManualPrice": True, "UnitPrice": line.price}
    return {
        "InventoryID": line.item_code,
        "OrderQty": line.quantity,
        **_filled(UOM=line.unit),
        **priced,
        **_filled(RequestedOn=line.requested_date, ShipOn=line.ship_date, WarehouseID=line.warehouse),
        **_filled(ShipToLocation=place, note="\n".join(notes)),
    }


def _charge(order: SalesOrder, charge: OrderCharge) -> dict[str, Any]:
    if not charge.item_code:
        raise NeedsCorrection(
            Reason.UNMAPPED_CHARGE,
            f"Charge {charge.code} of order {order.customer_order} ({shown(charge.amount)}) is mapped to no item.",
            remedy="Map the code to a non-stock item of Acumatica.",
            data={"code": charge.code, "amount": str(charge.amount)},
        )
    return {"InventoryID": charge.item_code, "OrderQty": Decimal(1), "ManualPrice": True, "UnitPrice": charge.amount}


def sales_order_writer(
    client: AcumaticaClient, settings: AcumaticaConnection, headers: Callable[[], Mapping[str, str]]
) -> KeyedWriter:
    """Writes sales orders, and looks for them. headers: of every write, as the branch of the call."""
    header = ("Branch",) if settings.version >= BRANCH_SINCE else ()
    inserter = Inserter(client, INSERTABLE, replace(REPLY, select=(*header, *REPLY.select)), headers)
    return KeyedWriter(inserter, Finder(client, FINDABLE, settings.page_size), comparing=comparing, kept=written)


def comparing(planned: Mapping[str, Any]) -> Compare:
    """What is stored beside what a payload wants."""
    return lambda row: differences(planned["put"], row) + _total(planned, row)


def _total(planned: Mapping[str, Any], row: Row) -> list[str]:
    """What the lines come to, where the customer named all prices."""
    if "total" not in planned:
        return []
    wanted = Decimal(planned["total"])
    found = sum((number(line, "Amount") for line in details(row, "Details")), Decimal(0))
    return [] if found == wanted else [f"the lines come to {shown(found)}, they must come to {shown(wanted)}"]


def written(row: Row, **more: Any) -> Written:
    """What the ledger keeps of a sales order."""
    detail = {
        "order_number": text(row, "OrderNbr"),
        "type": text(row, "OrderType"),
        "status": text(row, "Status"),
        "amount": str(number(row, "OrderTotal")),
        **{name: value for name, value in more.items() if value},
    }
    return Written(identity(row), detail)
