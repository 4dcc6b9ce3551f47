"""What a partner is sent of an order. Pure functions. What it is told of a change: `order_changes`."""

from datetime import date
from decimal import Decimal

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.config.units import meanings
from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    Contact,
    DateReference,
    ItemId,
    KeptSegment,
    Party,
    PaymentTerms,
    Reference,
    changed,
)
from ml_connector.documents.dimensions import COST_CENTER
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.documents.values.currencies import rounded
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.sent_parts import BARCODES, barcode, price_basis
from ml_connector.flows.orders_out.order_delivery import ship_to
from ml_connector.flows.reference.coding_tables import CodingTables, check_dimension, known_account
from ml_connector.flows.reference.dimension_codes import code_of

#: DTM qualifier of a requested delivery (x12-procurement 4).
DELIVERY_REQUESTED = "002"
#: BEG02 (element 92).
STAND_ALONE, DROP_SHIPMENT = "SA", "DS"
#: PER01 (element 366): buyer, and general contact.
BUYER, IN_GENERAL = "BD", "CN"
#: SAC02 discount, SAC06 percent of gross, SAC12 off invoice (x12-procurement 4).
DISCOUNT, OF_GROSS, OFF_INVOICE = "C310", "3", "02"
#: How notes begin that are spelled out of fields, for want of segments.
SPELLED_OUT = ("Incoterm: ", "Shipping method: ")
#: Letters of an Incoterm, FOB05 (element 335).
INCOTERM = 3


def resolve_order(
    order: OpenOrder, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> PurchaseOrder:
    """The order as the partner is to get it.

    Raises:
        NeedsCorrection: no lines, a blocked supplier, no currency, a line without a quantity, a unit or an item the
            partner can read, no ship-to, no account or cost center that the ERP knows where one has to be sent.
    """
    if not order.lines:
        raise NeedsCorrection(
            Reason.NOTHING_TO_SEND,
            f"Purchase order {order.number} has no lines.",
            remedy="Add lines in the ERP, or cancel the order.",
            data={"order": order.number},
        )
    _check_supplier(order, tables)
    header = resolve_header(order, partner, settings)
    lines = tuple(resolve_line(order, line, partner, settings, tables) for line in order.lines)
    return with_total(changed(header, lines=lines))


def resolve_header(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> PurchaseOrder:
    """The order without its lines.

    Raises:
        NeedsCorrection: no date, no currency, no ship-to.
    """
    return PurchaseOrder(
        number=order.number,
        order_date=order.order_date or _no_date(order),
        order_type=DROP_SHIPMENT if order.drop_shipment else STAND_ALONE,
        currency=_currency(order),
        acknowledgment_wanted=settings.flows.orders_out.acknowledgment_wanted,
        references=_header_references(order, partner),
        dates=_dates(order.receipt_date),
        parties=_parties(order, partner, settings),
        contacts=_contacts(BUYER, order.buyer.name),
        terms=(PaymentTerms(description=order.payment_terms.strip()),) if order.payment_terms.strip() else (),
        allowances=_discount(order),
        notes=header_notes(order, partner),
        extras=_segments(order, partner),
    )


def header_notes(order: OpenOrder, partner: Partner) -> tuple[str, ...]:
    """The texts of the header; what X12 has segments for is one of them in flat files, which have none."""
    texts = [order.remarks]
    if partner.layouts.send.order:
        texts.insert(0, order.description)
        texts += [f"{SPELLED_OUT[0]}{_incoterm(order)}"] if order.incoterm else []
        texts += [f"{SPELLED_OUT[1]}{_shipping(order)}"] if _shipping(order) else []
    elif order.incoterm and len(order.incoterm) != INCOTERM:
        texts.append(f"{SPELLED_OUT[0]}{_incoterm(order)}")
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _incoterm(order: OpenOrder) -> str:
    version = f"(Incoterms {order.incoterm_version})" if order.incoterm_version else ""
    return " ".join(part for part in (order.incoterm, order.incoterm_place, version) if part)


def _shipping(order: OpenOrder) -> str:
    return order.shipping_method.name.strip() or order.shipping_method.id


def _segments(order: OpenOrder, partner: Partner) -> tuple[KeptSegment, ...]:
    """FOB: Incoterms, defined by buyer and seller; PID: what the order is about; TD5: how it is to be shipped
    (x12-procurement 4).
    """
    if partner.layouts.send.order:
        return ()
    found: list[KeptSegment] = []
    if len(order.incoterm) == INCOTERM:
        place = _incoterm(order).removeprefix(order.incoterm).strip()
        where = ("ZZ", place) if place else ("", "")
        found.append(KeptSegment(segment_id="FOB", elements=("DF", *where, "01", order.incoterm.upper())))
    if description := order.description.strip():
        found.append(KeptSegment(segment_id="PID", elements=("F", "", "", "", description)))
    if shipping := _shipping(order):
        found.append(KeptSegment(segment_id="TD5", elements=("", "", "", "", shipping)))
    return tuple(found)


def _contacts(function: str, name: str) -> tuple[Contact, ...]:
    return (Contact(function=function, name=name.strip()),) if name.strip() else ()


def _header_references(order: OpenOrder, partner: Partner) -> tuple[Reference, ...]:
    text = order.your_reference.strip()
    qualifier = partner.orders.your_reference
    return (Reference(qualifier=qualifier, value=text),) if text and qualifier else ()


def _discount(order: OpenOrder) -> tuple[AllowanceCharge, ...]:
    """SAC: what goes off the whole order; its amount follows from the lines where a percentage says it."""
    if not order.discount and not order.discount_amount:
        return ()
    percent = abs(order.discount) or None
    kind = AllowanceKind.CHARGE if (order.discount or order.discount_amount) < 0 else AllowanceKind.ALLOWANCE
    return (
        AllowanceCharge(
            kind=kind,
            code=DISCOUNT,
            amount=None if percent else abs(rounded(order.discount_amount, order.currency)),
            percent=percent,
            percent_basis=OF_GROSS if percent else "",
            handling=OFF_INVOICE,
            description="Discount on the order",
        ),
    )


def with_total(order: PurchaseOrder) -> PurchaseOrder:
    """The order with its total: quantities times prices, less the discounts, each in the currency's places."""
    amounts = ((line.quantity or Decimal(0)) * (line.price or Decimal(0)) for line in order.lines)
    gross = sum((rounded(amount, order.currency) for amount in amounts), Decimal(0))
    allowances = tuple(
        changed(one, amount=rounded(gross * one.percent / 100, order.currency)) if one.percent else one
        for one in order.allowances
    )
    total = gross + sum((one.signed_amount for one in allowances), Decimal(0))
    return changed(order, allowances=allowances, total=total)


def _check_supplier(order: OpenOrder, tables: CodingTables) -> None:
    vendor = tables.vendor(order.supplier_id or order.supplier_code)
    if vendor is not None and vendor.blocked:
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"Supplier {order.supplier_code} of purchase order {order.number} is blocked in the ERP.",
            remedy="Unblock the supplier, or cancel the order.",
            data={"order": order.number, "vendor": order.supplier_code},
        )


def _currency(order: OpenOrder) -> str:
    if not order.currency:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Purchase order {order.number} has no currency.",
            remedy="Set the currency of the order in the ERP.",
            data={"order": order.number},
        )
    return order.currency


def _no_date(order: OpenOrder) -> date:
    raise NeedsCorrection(
        Reason.BAD_VALUE,
        f"Purchase order {order.number} has no date.",
        remedy="Set the order date in the ERP.",
        data={"order": order.number},
    )


def _dates(day: date | None) -> tuple[DateReference, ...]:
    return (DateReference(qualifier=DELIVERY_REQUESTED, day=day),) if day else ()


def _parties(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> tuple[Party, ...]:
    """Buyer, supplier and where to deliver."""
    return (
        Party(role="BY", name=settings.company_name or settings.identity.id, id_scheme="92", id=settings.identity.id),
        Party(
            role="SU",
            name=order.supplier_name or partner.title or partner.name,
            id_scheme="92",
            id=partner.vendor,
            contacts=_contacts(IN_GENERAL, order.supplier_contact.name),
        ),
        ship_to(order, partner, settings),
    )


def resolve_line(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> OrderLine:
    """One line as the partner is to get it.

    Raises:
        NeedsCorrection: as `resolve_order`.
    """
    unit = _unit(order, line, settings)
    if line.quantity <= 0:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Line {line.number} of purchase order {order.number} orders {line.quantity} {line.unit}.",
            remedy="Set a quantity above zero in the ERP, or delete the line.",
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
        notes=(line.notes.strip(),) if line.notes.strip() else (),
    )


def _unit(order: OpenOrder, line: OpenOrderLine, settings: IntegrationSettings) -> str:
    """X12's unit: only what is mapped leaves, whatever a unit looks like."""
    unit = settings.flows.orders_out.unit_codes.get(line.unit, "")
    if len(unit) != 2:
        told = ", ".join(f"{code} in {language}" for language, code in meanings(line.unit).items())
        raise NeedsCorrection(
            Reason.UNIT_MISMATCH,
            f"Unit {line.unit or '(none)'} of line {line.number}, purchase order {order.number}, is mapped to no X12"
            " unit.",
            remedy="Map it under orders_out.units"
            + (f" (it means {told}: orders_out.units_language)." if told else "."),
            data={"order": order.number, "line": line.number, "unit": line.unit},
        )
    return unit


def _items(order: OpenOrder, line: OpenOrderLine, partner: Partner) -> tuple[ItemId, ...]:
    rules = partner.orders
    pairs = (
        (rules.vendors_item_qualifier, line.suppliers_item),
        (rules.buyers_item_qualifier, line.item_code),
        (BARCODES.get(len(line.barcode), ""), sent_barcode(line)),
    )
    items = tuple(ItemId(qualifier=qualifier, value=value) for qualifier, value in pairs if value)
    if not items:
        raise NeedsCorrection(
            Reason.UNRESOLVED_ITEM,
            f"Line {line.number} of purchase order {order.number} has no item code.",
            remedy="Give the item a code in the ERP.",
            data={"order": order.number, "line": line.number},
        )
    return items


def sent_barcode(line: OpenOrderLine) -> str:
    """An EAN-8, UPC-12, EAN-13 or GTIN-14; other barcodes have no qualifier that everybody reads."""
    return barcode(line.barcode)


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
        raise NeedsCorrection(
            Reason.UNMAPPED_ACCOUNT,
            f"Line {line.number} of purchase order {order.number} has no GL account to send.",
            remedy="Give the item an account, or map it under coding.item_accounts.",
            data={"order": order.number, "line": line.number, "item": line.item_code},
        )
    return known_account(tables, chosen, f"line {line.number} of purchase order {order.number}").code


def _cost_center(
    order: OpenOrder, line: OpenOrderLine, partner: Partner, settings: IntegrationSettings, tables: CodingTables
) -> str:
    """Code of the cost center: of the order's line, the item's mapping, the partner, or the integration."""
    coding = settings.flows.invoices_in.coding
    item, vendor = tables.item(line.item_code), tables.vendor(order.supplier_id or order.supplier_code)
    chosen = code_of(COST_CENTER, line.cost_center, line.item_code, item, vendor, partner, coding)
    place = f"line {line.number} of purchase order {order.number}"
    if not chosen:
        raise NeedsCorrection(
            Reason.UNMAPPED_COST_CENTER,
            f"There is no cost center to send for {place}.",
            remedy="Put one on the order line, or give the item, the partner or the integration one.",
            data={"order": order.number, "line": line.number, "item": line.item_code},
        )
    check_dimension(tables, COST_CENTER, chosen, order.order_date or date.min, place)
    return chosen
