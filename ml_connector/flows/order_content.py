"""What a partner is sent of an order. Pure functions. What it is told of a change: `order_changes`."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.config.integrations import Integration as IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import DateReference, ItemId, Party, Reference
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.coding import CodingTables, check_dimension, known_account

#: DTM qualifier of a requested delivery (x12-procurement 4).
DELIVERY_REQUESTED = "002"


def resolve_order(
    order: OpenOrder, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> PurchaseOrder:
    """The order as the partner is to get it.

    Raises:
        NeedsMending: no lines, a line without a unit or item the partner can read, no ship-to, no account or cost
            center that the ERP knows where one has to be sent.
    """
    if not order.lines:
        raise NeedsMending(
            Reason.NOTHING_TO_SEND,
            f"Purchase order {order.number} has no lines.",
            mend="Add lines in the ERP, or cancel the order.",
            data={"order": order.number},
        )
    header = resolve_header(order, partner, settings)
    lines = tuple(resolve_line(order, line, partner, settings, tables) for line in order.lines)
    return header.model_copy(update={"lines": lines, "total": order_total(lines)})


def resolve_header(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> PurchaseOrder:
    """The order without its lines.

    Raises:
        NeedsMending: no date, no ship-to.
    """
    return PurchaseOrder(
        number=order.number,
        order_date=order.order_date or _no_date(order),
        currency=order.currency,
        acknowledgment_wanted=settings.flows.orders_out.acknowledgment_wanted,
        dates=_dates(order.receipt_date),
        parties=_parties(order, partner, settings),
        notes=tuple(text for text in (order.remarks.strip(),) if text),
    )


def order_total(lines: Sequence[OrderLine]) -> Decimal:
    """Quantities times prices."""
    return sum(((line.quantity or Decimal(0)) * (line.price or Decimal(0)) for line in lines), Decimal(0))


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
    unit = settings.flows.orders_out.units.get(line.unit, line.unit.upper())
    if not unit or len(unit) != 2:
        raise NeedsMending(
            Reason.UNIT_MISMATCH,
            f"Unit {line.unit or '(none)'} of line {line.number}, purchase order {order.number}, is no X12 unit.",
            mend="Map it under orders_out.units.",
            data={"order": order.number, "line": line.number, "unit": line.unit},
        )
    return OrderLine(
        number=str(line.number),
        erp_line=line.id,
        quantity=line.quantity,
        unit=unit,
        price=line.price,
        price_basis="PE",
        items=_items(order, line, partner),
        description=line.description,
        references=_references(order, line, partner, settings, tables),
        dates=_dates(line.receipt_date),
    )


def _items(order: OpenOrder, line: OpenOrderLine, partner: Partner) -> tuple[ItemId, ...]:
    rules = partner.orders
    pairs = (
        (rules.vendors_item_qualifier, line.suppliers_item),
        (rules.buyers_item_qualifier, line.item_code),
        ("EN" if len(line.barcode) == 13 else "UP", sent_barcode(line)),
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
    """An EAN-13 or UPC; other barcodes have no qualifier that everybody reads."""
    return line.barcode if len(line.barcode) in {12, 13} else ""


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
