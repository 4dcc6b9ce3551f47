"""From order to shipment to invoice: what the actions of orders and shipments make (acumatica 6, 8)."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.sandbox.acumatica.books.sales import receivables
from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.errors import exception
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

_ZERO = Decimal(0)


def create_shipment(work: Work, order: Record, parameters: Mapping[str, Value]) -> None:
    """A shipment of what is open in a warehouse."""
    if order.text("Status") not in {"Open", "Back Order"}:
        raise exception("Document Status is invalid for processing.")
    site, lines = _open_lines(order, str(parameters.get("WarehouseID") or ""))
    day = parameters.get("ShipmentDate")
    shipment = record(
        ShipmentNbr=work.tenant.next_number("Shipment"), Type="Shipment", Status="Open", Hold=False,
        CustomerID=order.get("CustomerID"), LocationID=order.get("LocationID"), WarehouseID=site,
        ShipmentDate=day if isinstance(day, date) else work.business_date, ShipVia=order.get("ShipVia"),
        Operation="Issue", BaseCurrencyID="USD", PackageCount=0, PackageWeight=_ZERO, Picked=False,
    )  # fmt: skip
    shipment.values["NoteID"] = shipment.id
    settings = shipment.link("ShippingSettings")
    settings.values["ShipToAddressOverride"] = order.get("ShipToAddressOverride")
    settings.links["ShipToAddress"] = order.link("ShipToAddress").copy()
    settings.links["ShipToContact"] = order.link("ShipToContact").copy()
    _add(work, shipment, order, lines, site)
    work.tenant.wrote("Shipment insert", {"id": shipment.id, "ShipmentNbr": shipment.text("ShipmentNbr")})


def _open_lines(order: Record, given: str) -> tuple[str, list[Record]]:
    """The lines of an order that can be shipped from a warehouse: the one that is given, else that of the first."""
    found = [line for line in order.details() if line.number("OpenQty") > 0 and not line.flag("Completed")]
    site = given or next((line.text("WarehouseID") for line in found), "")
    lines = [line for line in found if line.text("WarehouseID") == site]
    if not lines:
        raise exception("There are no lines to ship in the warehouse.")
    return site, lines


def add_order(work: Work, shipment: Record, order: Record) -> None:
    """One more order of the same customer and place on a shipment that is open."""
    same = all(shipment.get(name) == order.get(name) for name in ("CustomerID", "LocationID"))
    if shipment.text("Status") != "Open" or order.text("Status") not in {"Open", "Back Order"} or not same:
        raise exception("The order cannot be added to the shipment.")
    site, lines = _open_lines(order, shipment.text("WarehouseID"))
    _add(work, shipment, order, lines, site)


def _add(work: Work, shipment: Record, order: Record, lines: Iterable[Record], site: str) -> None:
    for at, line in enumerate(lines, len(shipment.details()) + 1):
        shipment.details().append(
            record(
                LineNbr=at,
                OrderType=order.get("OrderType"),
                OrderNbr=order.get("OrderNbr"),
                OrderLineNbr=line.get("LineNbr"),
                InventoryID=line.get("InventoryID"),
                UOM=line.get("UOM"),
                ShippedQty=line.get("OpenQty"),
                OrderedQty=line.get("OpenQty"),
                OpenQty=line.get("OpenQty"),
                OriginalQty=line.get("OrderQty"),
                WarehouseID=site,
                Description=line.get("LineDescription"),
            )
        )
    total(shipment)
    _order_rows(order, shipment)
    order.values["Status"] = "Shipping"
    work.tenant.save("SalesOrder", order)
    work.tenant.save("Shipment", shipment)


def total(shipment: Record) -> None:
    """The shipment's own totals."""
    shipment.values |= {
        "ShippedQty": sum((line.number("ShippedQty") for line in shipment.details()), _ZERO),
        "PackageCount": len(shipment.details("Packages")),
        "PackageWeight": sum((one.number("Weight") for one in shipment.details("Packages")), _ZERO),
    }


def _order_rows(order: Record, shipment: Record) -> None:
    order.details("Shipments").append(
        record(
            ShipmentNbr=shipment.get("ShipmentNbr"),
            ShipmentType="Shipment",
            Status=shipment.get("Status"),
            ShipmentDate=shipment.get("ShipmentDate"),
            ShippedQty=shipment.get("ShippedQty"),
            ShippingNoteID=shipment.id,
            OrderNoteID=order.id,
        )
    )
    shipment.details("Orders").append(
        record(
            OrderType=order.get("OrderType"),
            OrderNbr=order.get("OrderNbr"),
            OrderNoteID=order.id,
            ShipmentNbr=shipment.get("ShipmentNbr"),
            ShipmentType="Shipment",
            ShippedQty=shipment.get("ShippedQty"),
        )
    )


def orders_of(work: Work, shipment: Record) -> list[Record]:
    found = [
        work.tenant.table("SalesOrder").by_key(one.text("OrderType"), one.text("OrderNbr"))
        for one in shipment.details("Orders")
    ]
    return [order for order in found if order is not None]


def confirm(work: Work, shipment: Record, _: Mapping[str, Value]) -> None:
    """Goods are out: orders' lines are shipped; what is left over is back-ordered."""
    if shipment.text("Status") != "Open":
        raise exception("Document Status is invalid for processing.")
    total(shipment)
    if not shipment.number("ShippedQty"):
        raise exception("The shipment is empty and cannot be confirmed.")
    shipment.values["Status"] = "Confirmed"
    for package in shipment.details("Packages"):
        package.values["Confirmed"] = True
    _ship(work, shipment, 1)


def correct(work: Work, shipment: Record, _: Mapping[str, Value]) -> None:
    if shipment.text("Status") != "Confirmed":
        raise exception("Document Status is invalid for processing.")
    shipment.values["Status"] = "Open"
    _ship(work, shipment, -1)


def _ship(work: Work, shipment: Record, sign: int) -> None:
    for order in orders_of(work, shipment):
        for line in shipment.details():
            source = order.line(line.whole("OrderLineNbr"))
            if source is None or line.get("OrderNbr") != order.get("OrderNbr"):
                continue
            shipped = source.number("QtyOnShipments") + sign * line.number("ShippedQty")
            source.values |= {"QtyOnShipments": shipped, "OpenQty": source.number("OrderQty") - shipped}
            source.values["Completed"] = source.number("OpenQty") <= 0
        done = all(line.flag("Completed") for line in order.details())
        order.values["Status"] = ("Completed" if done else "Back Order") if sign > 0 else "Shipping"
        for row in order.details("Shipments"):
            if row.get("ShipmentNbr") == shipment.get("ShipmentNbr"):
                row.values |= {"Status": shipment.get("Status"), "ShippedQty": shipment.get("ShippedQty")}
        work.tenant.save("SalesOrder", order)
    work.tenant.save("Shipment", shipment)


def invoice_shipment(work: Work, shipment: Record, _: Mapping[str, Value]) -> None:
    """A sales invoice of a confirmed shipment; once."""
    if shipment.text("Status") != "Confirmed":
        raise exception("Document Status is invalid for processing.")
    orders = orders_of(work, shipment)
    parts = [
        (order, source, line.number("ShippedQty"))
        for order in orders
        for line in shipment.details()
        if line.get("OrderNbr") == order.get("OrderNbr") and (source := order.line(line.whole("OrderLineNbr")))
    ]
    freight = shipment.number("FreightPrice")
    invoice = _invoice(work, orders[0], parts, shipment.text("ShipmentNbr"), freight)
    shipment.values["Status"] = "Invoiced"
    for row in shipment.details("Orders"):
        row.values |= {"InvoiceType": "Invoice", "InvoiceNbr": invoice.get("ReferenceNbr")}
    for order in orders:
        for row in order.details("Shipments"):
            if row.get("ShipmentNbr") == shipment.get("ShipmentNbr"):
                row.values |= {
                    "Status": "Invoiced",
                    "InvoiceType": "Invoice",
                    "InvoiceNbr": invoice.get("ReferenceNbr"),
                }
        work.tenant.save("SalesOrder", order)
    work.tenant.save("Shipment", shipment)


def invoice_order(work: Work, order: Record, _: Mapping[str, Value]) -> None:
    """A sales invoice of an order that is not shipped: of services, or of an order type without shipments."""
    if order.text("Status") not in {"Open", "Completed"}:
        raise exception("Document Status is invalid for processing.")
    parts = [(order, line, line.number("OpenQty")) for line in order.details() if line.number("OpenQty") > 0]
    if not parts:
        raise exception("There are no lines to invoice.")
    _invoice(work, order, parts, None, order.link("ShippingSettings").number("FreightPrice"))
    for line in order.details():
        line.values |= {"Completed": True, "OpenQty": _ZERO}
    order.values["Status"] = "Completed"
    work.tenant.save("SalesOrder", order)


def _invoice(
    work: Work, order: Record, parts: Iterable[tuple[Record, Record, Decimal]], shipment: str | None, freight: Decimal
) -> Record:
    kind = "Credit Memo" if order.text("OrderType") in {"RC", "RM"} else "Invoice"
    terms = order.link("FinancialSettings").text("Terms")
    invoice = record(
        Type=kind, ReferenceNbr=work.tenant.next_number("AR"), Status="Balanced", Hold=False,
        CustomerID=order.get("CustomerID"), CustomerOrder=order.get("CustomerOrder"), Date=work.business_date,
        Currency=order.get("CurrencyID"), DueDate=work.business_date + timedelta(days=_days(terms)),
        FreightPrice=freight, IsTaxValid=False, DiscountTotal=_ZERO, Description=order.get("Description"),
    )  # fmt: skip
    invoice.inner |= {"location": order.get("LocationID"), "terms": terms, "branch": order.get("Branch")}
    invoice.link("BillingSettings").values["CustomerLocation"] = order.get("LocationID")
    invoice.link("FinancialDetails").values |= {
        "Branch": order.get("Branch"), "CustomerTaxZone": order.link("FinancialSettings").get("CustomerTaxZone"),
    }  # fmt: skip
    invoice.links["ShipToAddress"] = order.link("ShipToAddress").copy()
    for at, (source_order, line, quantity) in enumerate(parts, 1):
        gross = cents(quantity * line.number("UnitPrice"))
        share = quantity / line.number("OrderQty") if line.number("OrderQty") else _ZERO
        discount = cents(line.number("DiscountAmount") * share)
        invoice.details().append(
            record(
                LineNbr=at,
                OrderType=source_order.get("OrderType"),
                OrderNbr=source_order.get("OrderNbr"),
                OrderLineNbr=line.get("LineNbr"),
                ShipmentNbr=shipment,
                InventoryID=line.get("InventoryID"),
                Qty=quantity,
                UOM=line.get("UOM"),
                UnitPrice=line.get("UnitPrice"),
                DiscountAmount=discount,
                DiscountPercent=line.get("DiscountPercent"),
                Amount=gross - discount,
                BranchID=line.get("Branch"),
                TransactionDescr=line.get("LineDescription"),
                TaxCategory=line.get("TaxCategory"),
                WarehouseID=line.get("WarehouseID"),
                Account=line.get("Account"),
                SubAccount="000-000",
                ManualPrice=line.get("ManualPrice"),
            )
        )
        source_order.values.setdefault("Status", "Open")
    if freight:
        invoice.details("FreightDetails").append(
            record(ShipmentNbr=shipment, Description="Freight", FreightAmount=freight, TotalFreightAmount=freight)
        )
    receivables.total_invoice(work, invoice)
    receivables.store(work, invoice)
    work.tenant.wrote("SalesInvoice insert", {"id": invoice.id, "ReferenceNbr": invoice.text("ReferenceNbr")})
    return invoice


def _days(terms: str) -> int:
    """The days of terms as "30D" or "NET30": there is no entity for them (acumatica 8.3)."""
    digits = "".join(letter for letter in terms if letter.isdigit())
    return int(digits) if digits else 30
