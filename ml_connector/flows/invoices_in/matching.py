"""Matching an invoice to purchase orders, line by line: order, receipt, invoice.

Pure functions over the canonical invoice and `OrderBook`; what cannot be matched raises NeedsCorrection with a
reason code and the data a person needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.common import Record, Tax
from ml_connector.documents.dimensions import Dimensioned, as_fields
from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.invoice_amounts import taxes_of_line
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.reference import OpenOrder, OpenOrderLine, Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.invoice_totals import (
    MatchedCharge,
    document_sum,
    matched_charges,
    rounding_of,
)
from ml_connector.flows.meaning.document_codes import TypeMeaning, is_credit
from ml_connector.flows.meaning.line_meant import KnownLine, NamedLine, lines_meant, of_erp


class MatchedLine(Dimensioned):
    """An invoice line with the order line it belongs to, or without one. Amounts in the invoice's currency."""

    added = frozenset({"gl_account"})

    number: int
    order_number: str = ""
    order_line_id: str = ""
    item_id: str = ""
    item_code: str = ""
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    description: str = ""
    #: Of the order line, where the ERP has accounts there.
    gl_account: str = ""
    taxes: tuple[Tax, ...] = ()


class MatchedInvoice(Record):
    """What matching decided. All amounts positive for invoice and credit alike, allowances negative."""

    vendor_id: str
    vendor_code: str
    mode: Literal["matched", "coded"]
    credit: bool
    currency: str
    lines: tuple[MatchedLine, ...]
    charges: tuple[MatchedCharge, ...]
    total: Decimal
    vat_total: Decimal
    #: What the document's own total is above the sum of all these.
    rounding: Decimal = Decimal(0)
    warehouse_id: str = ""

    @property
    def order_numbers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.order_number for line in self.lines if line.order_number))


@dataclass
class OrderBook:
    """The open orders and what is already spoken for.

    committed: quantity per order line of invoices that are matched here and not yet in the ERP's figures.
    """

    order: Callable[[str], OpenOrder | None]
    committed: dict[str, Decimal] = field(default_factory=dict)

    def commit(self, matched: MatchedInvoice | Bill) -> None:
        """Speak for the quantities of an invoice, so that the next one sees them."""
        sign = -1 if matched.credit else 1
        for line in matched.lines:
            if line.order_line_id:
                held = self.committed.get(line.order_line_id, Decimal(0))
                self.committed[line.order_line_id] = held + sign * line.quantity


@dataclass(frozen=True)
class MatchRules:
    """The settings of one partner, resolved from integration and partner file."""

    mode: Literal["matched", "coded", "auto"]
    three_way: bool
    tolerances: MatchTolerances
    units: Mapping[str, str] = field(default_factory=dict)
    order_units: Mapping[str, str] = field(default_factory=dict)
    #: Whether line numbers are those of our orders (`line_numbers` of the partner).
    numbers_are_ours: bool = True
    #: What the partner means by types of invoices (`invoice_types` of the partner).
    invoice_types: Mapping[str, TypeMeaning] = field(default_factory=dict)


def match_invoice(invoice: Invoice, vendor: Vendor, book: OrderBook, rules: MatchRules) -> MatchedInvoice:
    """Match every goods line, check prices, quantities and totals.

    Raises:
        NeedsCorrection: with the first reason found; `data` names line, order and figures.
    """
    found = document_sum(invoice, _currency_of_order(invoice, book) or vendor.currency)
    credit = is_credit(invoice, rules.invoice_types)
    # A credit sent with negative amounts is turned positive; the type tells the direction (x12-procurement 8).
    sign = -1 if found.stated is not None and found.stated < 0 else 1
    # A line of quantity zero tells of an item that comes later: nothing is billed, and no ERP takes it.
    goods = [(i, line) for i, line in enumerate(invoice.lines, 1) if line.quantity]
    lines: list[MatchedLine] = []
    spoken: dict[str, Decimal] = {}
    currencies: set[str] = set()
    warehouses: set[str] = set()
    known: dict[str, list[KnownLine[OpenOrderLine]]] = {}
    for position, line in goods:
        number = line.order_number or invoice.order_number
        if not number:
            _need_no_order(position, rules)
            lines.append(_unmatched(position, line, sign, sign * found.lines[position - 1]))
            continue
        order = _order_for(number, vendor, book, position)
        currencies.add(order.currency)
        warehouses.add(order.warehouse_id)
        if number not in known:
            known[number] = [of_erp(one) for one in order.lines]
        order_line = _order_line(line, order, known[number], position, numbers_are_ours=rules.numbers_are_ours)
        matched = _matched(position, line, order, order_line, sign, sign * found.lines[position - 1])
        _check_unit(line, order_line, rules, position, number)
        _check_price(matched, order_line, rules, position)
        spoken[order_line.id] = spoken.get(order_line.id, Decimal(0)) + matched.quantity
        if not credit:
            _check_quantity(matched, order_line, spoken[order_line.id], book, rules)
        lines.append(matched)
    rounding = rounding_of(found, rules.tolerances)
    # codes are read as upper case
    currency = invoice.currency.strip().upper() or next(iter(currencies), "") or vendor.currency
    _check_currency(currency, currencies)
    has_orders = bool(lines) and all(line.order_line_id for line in lines)
    mode: Literal["matched", "coded"] = (
        "coded" if rules.mode == "coded" or (rules.mode == "auto" and not has_orders) else "matched"
    )
    return MatchedInvoice(
        vendor_id=vendor.id,
        vendor_code=vendor.code,
        mode=mode,
        credit=credit,
        currency=currency,
        lines=tuple(lines),
        charges=tuple(matched_charges(found, sign)),
        total=sign * (found.stated or Decimal(0)),
        vat_total=sign * found.taxes,
        rounding=sign * rounding,
        warehouse_id=next(iter(warehouses)) if len(warehouses) == 1 else "",
    )


def _currency_of_order(invoice: Invoice, book: OrderBook) -> str:
    """In which the first order that it names was given; an invoice that names no currency is in that one."""
    order = book.order(invoice.order_numbers[0]) if invoice.order_numbers and not invoice.currency.strip() else None
    return order.currency if order is not None else ""


def _need_no_order(position: int, rules: MatchRules) -> None:
    if rules.mode == "matched":
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER,
            f"Line {position} names no purchase order.",
            remedy="Ask the supplier for the order number, or set this partner's invoice_mode to auto or coded.",
            data={"line": position},
        )


def _order_for(number: str, vendor: Vendor, book: OrderBook, position: int) -> OpenOrder:
    order = book.order(number)
    if order is None:
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER,
            f"Line {position} names purchase order {number}, which the ERP does not have.",
            remedy="Enter the order, or ask the supplier which order is meant; it is taken up again by itself.",
            data={"line": position, "order": number},
        )
    if order.supplier_id != vendor.id:
        raise NeedsCorrection(
            Reason.ORDER_OF_OTHER_SUPPLIER,
            f"Purchase order {number} is of supplier {order.supplier_code}, the invoice of {vendor.code}.",
            remedy="Ask the supplier which order is meant, or mend the partner's vendor code.",
            data={
                "line": position,
                "order": number,
                "supplier": order.supplier_code,
                "invoice_supplier": vendor.code,
            },
        )
    if order.cancelled:
        raise NeedsCorrection(
            Reason.ORDER_CANCELLED,
            f"Purchase order {number} is cancelled.",
            remedy="Settle it with the supplier; discard the invoice or reopen the order.",
            data={"line": position, "order": number},
        )
    return order


def _order_line(
    line: InvoiceLine,
    order: OpenOrder,
    known: Sequence[KnownLine[OpenOrderLine]],
    position: int,
    *,
    numbers_are_ours: bool,
) -> OpenOrderLine:
    """The order line an invoice line belongs to (`line_meant`); of several of one item the one with its price."""
    named = NamedLine(line.number, line.items, position)
    found = lines_meant(named, known, order.number, numbers_are_ours=numbers_are_ours)
    if len(found) == 1:
        return found[0]
    same_price = [o for o in found if line.price is not None and o.price == line.price / line.divisor]
    if len(same_price) == 1:
        return same_price[0]
    raise NeedsCorrection(
        Reason.AMBIGUOUS_ORDER_LINE,
        f"Line {position} fits several lines of purchase order {order.number}.",
        remedy="Ask the supplier to send the order's line numbers (IT101), or post it by hand and discard it here.",
        data={"line": position, "order": order.number, "candidates": [o.number for o in found]},
    )


def _item_text(line: InvoiceLine) -> str:
    return line.vendors_item or line.buyers_item or line.gtin or line.description or f"number {line.number or '?'}"


def _price(line: InvoiceLine) -> Decimal:
    return abs(line.price or Decimal(0)) / line.divisor


def _matched(
    position: int, line: InvoiceLine, order: OpenOrder, order_line: OpenOrderLine, sign: int, amount: Decimal
) -> MatchedLine:
    return MatchedLine(
        number=position,
        order_number=order.number,
        order_line_id=order_line.id,
        item_id=order_line.item_id,
        item_code=order_line.item_code,
        quantity=_quantity(line, sign),
        unit_price=_price(line),
        amount=amount,
        description=line.description or order_line.description,
        gl_account=order_line.gl_account,
        **as_fields(order_line.dimensions),
        taxes=taxes_of_line(line),
    )


def _quantity(line: InvoiceLine, sign: int) -> Decimal:
    """Positive where the line goes with its document; a returned line on an invoice stays negative.

    Credits come with negative quantities or with negative prices: either way the line is part of the credit.
    """
    quantity = line.quantity or Decimal(0)
    negative_price = (line.price or Decimal(0)) < 0
    return sign * (-quantity if negative_price else quantity)


def _unmatched(position: int, line: InvoiceLine, sign: int, amount: Decimal) -> MatchedLine:
    return MatchedLine(
        number=position,
        item_code=line.buyers_item,
        quantity=_quantity(line, sign),
        unit_price=_price(line),
        amount=amount,
        description=line.description or _item_text(line),
        taxes=taxes_of_line(line),
    )


def _check_unit(line: InvoiceLine, order_line: OpenOrderLine, rules: MatchRules, position: int, order: str) -> None:
    invoiced = rules.units.get(line.unit, line.unit)
    ordered = rules.order_units.get(order_line.unit, order_line.unit)
    if invoiced and ordered and invoiced.casefold() != ordered.casefold():
        raise NeedsCorrection(
            Reason.UNIT_MISMATCH,
            f"Line {position} is invoiced in {line.unit}, ordered in {order_line.unit} (purchase order {order}).",
            remedy="Map the unit under `units` of the partner if the two mean the same.",
            data={"line": position, "order": order, "invoiced": line.unit, "ordered": order_line.unit},
        )


def _check_price(matched: MatchedLine, order_line: OpenOrderLine, rules: MatchRules, position: int) -> None:
    if not rules.tolerances.price.allows(order_line.price, matched.unit_price):
        raise NeedsCorrection(
            Reason.PRICE_TOLERANCE,
            f"Line {position}: price {matched.unit_price} is too far above the order's {order_line.price}.",
            remedy="Agree the price: change it on the order, or have the supplier credit and invoice again.",
            data={
                "line": position,
                "order": matched.order_number,
                "invoiced": str(matched.unit_price),
                "ordered": str(order_line.price),
                "allowed_percent": str(rules.tolerances.price.percent),
                "allowed_absolute": str(rules.tolerances.price.absolute),
            },
        )


def _check_quantity(
    matched: MatchedLine,
    order_line: OpenOrderLine,
    quantity: Decimal,
    book: OrderBook,
    rules: MatchRules,
) -> None:
    """Invoiced so far plus this one against ordered, and against received when three-way."""
    so_far = order_line.invoiced + book.committed.get(order_line.id, Decimal(0))
    wanted = so_far + quantity
    data = {
        "line": matched.number,
        "order": matched.order_number,
        "order_line": order_line.number,
        "ordered": str(order_line.quantity),
        "received": str(order_line.received),
        "invoiced_before": str(so_far),
        "invoiced_now": str(quantity),
    }
    if not rules.tolerances.quantity.allows(order_line.quantity, wanted):
        raise NeedsCorrection(
            Reason.QUANTITY_TOLERANCE,
            f"Line {matched.number}: {wanted} invoiced in all, {order_line.quantity} ordered.",
            remedy="Raise the order's quantity, or ask the supplier for a credit.",
            data=data,
        )
    if rules.three_way and not rules.tolerances.quantity.allows(order_line.received, wanted):
        raise NeedsCorrection(
            Reason.NOT_RECEIVED,
            f"Line {matched.number}: {wanted} invoiced in all, {order_line.received} received.",
            remedy="Waits for the goods receipt and is taken up again by itself; book the receipt if the goods "
            "are here.",
            data=data,
        )


def _check_currency(currency: str, ordered: set[str]) -> None:
    others = {c for c in ordered if c and currency and c != currency}
    if others:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Invoiced in {currency}, ordered in {', '.join(sorted(others))}.",
            remedy="Settle the currency with the supplier, or change the order.",
            data={"invoiced": currency, "ordered": sorted(others)},
        )
    if not currency:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            "Neither invoice, order nor supplier says the currency.",
            remedy="Set the supplier's purchase currency in the ERP.",
        )
