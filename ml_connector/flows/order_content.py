"""What a partner is sent of an order. Pure functions. What it is told of a change: `order_changes`."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.config.integrations import Integration as IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.config.units import meanings
from ml_connector.documents.common import DateReference, ItemId, Party, Reference
from ml_connector.documents.currencies import rounded
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.coding import CodingTables, check_dimension, known_account

#: DTM qualifier of a requested delivery (x12-procurement 4).
DELIVERY_REQUESTED = "002"
#: Element 355 of single pieces.
EACH = "EA"
#: Qualifiers of barcodes by their length (x12-procurement 4): EAN-8 and EAN-13, UPC-12, GTIN-14.
BARCODES = {8: "EN", 12: "UP", 13: "EN", 14: "UK"}


def resolve_order(
    order: OpenOrder, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> PurchaseOrder:
    """The order as the partner is to get it.

    Raises:
        NeedsMending: no lines, a blocked supplier, no currency, a line without a quantity, a unit or an item the
            partner can read, no ship-to, no account or cost center that the ERP knows where one has to be sent.
    """
    if not order.lines:
        raise NeedsMending(
            Reason.NOTHING_TO_SEND,
            f"Purchase order {order.number} has no lines.",
            mend="Add lines in the ERP, or cancel the order.",
            data={"order": order.number},
        )
    _check_supplier(order, tables)
    header = resolve_header(order, partner, settings)
    lines = tuple(resolve_line(order, line, partner, settings, tables) for line in order.lines)
    return header.model_copy(update={"lines": lines, "total": order_total(lines, order.currency)})


def resolve_header(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> PurchaseOrder:
    """The order without its lines.

    Raises:
        NeedsMending: no date, no currency, no ship-to.
    """
    return PurchaseOrder(
        number=order.number,
        order_date=order.order_date or _no_date(order),
        currency=_currency(order),
        acknowledgment_wanted=settings.flows.orders_out.acknowledgment_wanted,
        dates=_dates(order.receipt_date),
        parties=_parties(order, partner, settings),
        notes=tuple(text for text in (order.remarks.strip(),) if text),
    )


def order_total(lines: Sequence[OrderLine], currency: str) -> Decimal:
    """Quantities times prices, each in the currency's places."""
    amounts = ((line.quantity or Decimal(0)) * (line.price or Decimal(0)) for line in lines)
    return sum((rounded(amount, currency) for amount in amounts), Decimal(0))


def _check_supplier(order: OpenOrder, tables: CodingTables) -> None:
    vendor = tables.vendor(order.supplier_id or order.supplier_code)
    if vendor is not None and vendor.blocked:
        raise NeedsMending(
            Reason.SUPPLIER_BLOCKED,
            f"Supplier {order.supplier_code} of purchase order {order.number} is blocked in the ERP.",
            mend="Unblock the supplier, or cancel the order.",
            data={"order": order.number, "vendor": order.supplier_code},
        )


def _currency(order: OpenOrder) -> str:
    if not order.currency:
        raise NeedsMending(
            Reason.CURRENCY_MISMATCH,
            f"Purchase order {order.number} has no currency.",
            mend="Set the currency of the order in the ERP.",
            data={"order": order.number},
        )
    return order.currency


def _no_date(order: OpenOrder) -> date:
    raise NeedsMending(
        Reason.BAD_VALUE,
        f"Purchase order {order.number} has no date.",
        mend="Set the order date in the ERP.",
        data={"order": order.number},
    )


def _dates(day: date | None) -> tuple[DateReference, ...]:
    return (DateReference(qualifier=DELIVERY_REQUESTED, day=day),) if day else ()


def _parties(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> tuple[Party, ...]:
    """Buyer, supplier and the warehouse to deliver to, with the partner's own code for it."""
    code = order.warehouse_code
    if partner.orders.ship_to and code not in partner.orders.ship_to:
        raise NeedsMending(
            Reason.UNRESOLVED_SHIP_TO,
            f"Warehouse {code or '(none)'} of purchase order {order.number} has no code for {partner.name}.",
            mend="Add it under orders.ship_to in the partner's file.",
            data={"order": order.number, "warehouse": code},
        )
    if not code:
        raise NeedsMending(
            Reason.UNRESOLVED_SHIP_TO,
            f"Purchase order {order.number} names no warehouse to deliver to.",
            mend="Set the warehouse on the order in the ERP.",
            data={"order": order.number},
        )
    ship_to = partner.orders.ship_to.get(code, code)
    return (
        Party(role="BY", name=settings.company_name or settings.identity.id, id_scheme="92", id=settings.identity.id),
        Party(role="SU", name=order.supplier_name or partner.title or partner.name, id_scheme="92", id=partner.vendor),
        Party(
            role="ST", name=settings.ship_to_names.get(code, f"Warehouse {code}"), id_scheme="92", id=ship_to.zfill(2)
        ),
    )


def resolve_line(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> OrderLine:
    """One line as the partner is to get it.

    Raises:
        NeedsMending: as `resolve_order`.
    """
    unit = _unit(order, line, settings)
    if line.quantity <= 0:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"Line {line.number} of purchase order {order.number} orders {line.quantity} {line.unit}.",
            mend="Set a quantity above zero in the ERP, or delete the line.",
            data={"order": order.number, "line": line.number, "quantity": str(line.quantity)},
        )
    return OrderLine(
        number=str(line.number),
        erp_line=line.id,
        quantity=line.quantity,
        unit=unit,
        price=line.price,
        price_basis=price_basis(unit),
        items=_items(order, line, partner),
        description=line.description,
        references=_references(order, line, partner, settings, tables),
        dates=_dates(line.receipt_date),
    )


def _unit(order: OpenOrder, line: OpenOrderLine, settings: IntegrationSettings) -> str:
    """X12's unit: only what is mapped leaves, whatever a unit looks like."""
    unit = settings.flows.orders_out.unit_codes.get(line.unit, "")
    if len(unit) != 2:
        told = ", ".join(f"{code} in {language}" for language, code in meanings(line.unit).items())
        raise NeedsMending(
            Reason.UNIT_MISMATCH,
            f"Unit {line.unit or '(none)'} of line {line.number}, purchase order {order.number}, is mapped to no X12"
            " unit.",
            mend="Map it under orders_out.units" + (f" (it means {told}: orders_out.units_language)." if told else "."),
            data={"order": order.number, "line": line.number, "unit": line.unit},
        )
    return unit


def price_basis(unit: str) -> str:
    """PO105: per each, or per whatever the line's unit is (x12-procurement 5)."""
    return "PE" if unit == EACH else "UM"


def _items(order: OpenOrder, line: OpenOrderLine, partner: Partner) -> tuple[ItemId, ...]:
    rules = partner.orders
    pairs = (
        (rules.vendors_item_qualifier, line.suppliers_item),
        (rules.buyers_item_qualifier, line.item_code),
        (BARCODES.get(len(line.barcode), ""), sent_barcode(line)),
    )
    items = tuple(ItemId(qualifier=qualifier, value=value) for qualifier, value in pairs if value)
    if not items:
        raise NeedsMending(
            Reason.UNRESOLVED_ITEM,
            f"Line {line.number} of purchase order {order.number} has no item code.",
            mend="Give the item a code in the ERP.",
            data={"order": order.number, "line": line.number},
        )
    return items


def sent_barcode(line: OpenOrderLine) -> str:
    """An EAN-8, UPC-12, EAN-13 or GTIN-14; other barcodes have no qualifier that everybody reads."""
    code = line.barcode
    return code if len(code) in BARCODES and code.isascii() and code.isdigit() else ""


def _references(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> tuple[Reference, ...]:
    """GL account and cost center in the REFs whose qualifiers the partner's settings name (DESIGN section 5).

    Both are looked up before anything ships: what the ERP does not have, or closed, never reaches the partner.
    """
    found: list[Reference] = []
    if partner.orders.account_reference:
        account = _account(order, line, partner, settings, tables)
        found.append(Reference(qualifier=partner.orders.account_reference, value=account))
    if partner.orders.cost_center_reference:
        cost_center = _cost_center(order, line, partner, settings, tables)
        found.append(Reference(qualifier=partner.orders.cost_center_reference, value=cost_center))
    return tuple(found)


def _account(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> str:
    """Code of the account: of the item's mapping, the item, the partner, or the integration."""
    coding = settings.flows.invoices_in.coding
    item = tables.item(line.item_code)
    chosen = coding.item_accounts.get(line.item_code) or (item.gl_account if item else "")
    chosen = chosen or partner.gl_account or coding.default_account
    if not chosen:
        raise NeedsMending(
            Reason.UNMAPPED_ACCOUNT,
            f"Line {line.number} of purchase order {order.number} has no GL account to send.",
            mend="Give the item an account, or map it under coding.item_accounts.",
            data={"order": order.number, "line": line.number, "item": line.item_code},
        )
    return known_account(tables, chosen, f"line {line.number} of purchase order {order.number}").code


def _cost_center(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> str:
    """Code of the cost center: of the order's line, the item's mapping, the partner, or the integration."""
    coding = settings.flows.invoices_in.coding
    chosen = line.cost_center or coding.item_cost_centers.get(line.item_code, "") or partner.cost_center
    chosen = chosen or coding.default_cost_center
    place = f"line {line.number} of purchase order {order.number}"
    if not chosen:
        raise NeedsMending(
            Reason.UNMAPPED_COST_CENTER,
            f"There is no cost center to send for {place}.",
            mend="Put one on the order line, or give the item, the partner or the integration one.",
            data={"order": order.number, "line": line.number, "item": line.item_code},
        )
    check_dimension(tables.cost_center, chosen, "Cost center", order.order_date or date.min, place)
    return chosen
