"""810: invoices and credit notes, computed exactly in Decimal (x12-procurement 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.sandbox.partner.documents.behaviour import Behaviour
from ml_connector.sandbox.partner.documents.orders import Line, Order, item_pairs, money, plain
from ml_connector.sandbox.partner.documents.x12 import Segment

REDUCED_VAT = Decimal(9)
#: Decimal places an overcharged unit price is rounded to.
PRICE_STEP = Decimal("0.0001")


@dataclass(frozen=True)
class InvoiceLine:
    """One line as invoiced; order is the order it belongs to."""

    order: Order
    line: Line
    quantity: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.line.amount(self.quantity, self.price)


@dataclass
class Invoice:
    """All that an 810 says. Amounts in `currency`, to the cent; charges add and allowances deduct."""

    number: str
    day: date
    currency: str
    lines: list[InvoiceLine]
    orders: list[Order]
    order_number: str
    kind: str = "DI"
    credited: str = ""
    charges: list[tuple[str, str, Decimal]] = field(default_factory=list)
    allowances: list[tuple[str, str, Decimal]] = field(default_factory=list)
    vat_percent: Decimal = Decimal(21)
    vat: Decimal | None = None
    total_off: Decimal = Decimal(0)
    negative: bool = False

    @property
    def net(self) -> Decimal:
        """Lines and charges less allowances, before tax."""
        lines = sum((line.amount for line in self.lines), Decimal(0))
        added = sum((amount for _, _, amount in self.charges), Decimal(0))
        return lines + added - sum((amount for _, _, amount in self.allowances), Decimal(0))

    @property
    def total(self) -> Decimal:
        """What TDS01 says, without its sign."""
        return self.net + (self.vat or Decimal(0)) + self.total_off


def make_invoice(
    orders: Sequence[tuple[Order, Mapping[str, Decimal]]], behaviour: Behaviour, number: str, day: date
) -> Invoice:
    """The invoice for those quantities of those orders, as the behaviour has it."""
    lines = [
        InvoiceLine(order, line, _quantity(quantities[line.number], behaviour), _price(line, behaviour))
        for order, quantities in orders
        for line in order.open_lines
        if quantities.get(line.number, Decimal(0)) > 0
    ]
    first = orders[0][0]
    written = behaviour.order_number or (first.number if len(orders) == 1 else "")
    invoice = Invoice(
        number=number,
        day=day,
        currency=behaviour.currency or first.currency,
        lines=lines,
        orders=[order for order, _ in orders],
        order_number="" if written == "-" else written,
        kind="DI" if len(orders) == 1 else "CI",
        total_off=behaviour.total_off,
    )
    if behaviour.freight:
        invoice.charges.append(("D240", "FREIGHT", behaviour.freight))
    if behaviour.unknown_charge:
        invoice.charges.append(("ZZZZ", "SURCHARGE", behaviour.unknown_charge))
    if behaviour.allowance:
        invoice.allowances.append(("C310", "DISCOUNT", behaviour.allowance))
    _add_vat(invoice, behaviour)
    return invoice


def _quantity(shipped: Decimal, behaviour: Behaviour) -> Decimal:
    return shipped + shipped * behaviour.over_invoice_percent / 100


def _price(line: Line, behaviour: Behaviour) -> Decimal:
    if not behaviour.overcharge_percent:
        return line.price
    return (line.price * (100 + behaviour.overcharge_percent) / 100).quantize(PRICE_STEP)


def _add_vat(invoice: Invoice, behaviour: Behaviour) -> None:
    if behaviour.vat == "missing":
        invoice.vat = None
        return
    invoice.vat_percent = REDUCED_VAT if behaviour.vat == "reduced" else behaviour.vat_percent
    invoice.vat = money(invoice.net * invoice.vat_percent / 100)
    if behaviour.vat == "wrong":
        invoice.vat += Decimal("1.00")


def credit_note(invoice: Invoice, behaviour: Behaviour, number: str, day: date) -> Invoice:
    """A credit for the whole invoice, or for its first line."""
    whole = behaviour.credit == "full"
    note = Invoice(
        number=number,
        day=day,
        currency=invoice.currency,
        lines=list(invoice.lines if whole else invoice.lines[:1]),
        orders=invoice.orders,
        order_number=invoice.order_number,
        kind="CR",
        credited=invoice.number,
        charges=list(invoice.charges) if whole else [],
        allowances=list(invoice.allowances) if whole else [],
        negative=behaviour.negative_credit,
    )
    _add_vat(note, behaviour)
    return note


def invoice_set(invoice: Invoice, behaviour: Behaviour) -> list[Segment]:
    """The set without ST and SE. Whole-invoice SAC and TXI stand after TDS."""
    sign = -1 if invoice.negative else 1
    consolidated = len(invoice.orders) > 1
    order_day = invoice.orders[0].date if invoice.order_number and not consolidated else ""
    big = ["BIG", f"{invoice.day:%Y%m%d}", invoice.number, order_day, invoice.order_number, "", "", invoice.kind, "00"]
    segments: list[Segment] = [["810"], [*big, "", invoice.credited] if invoice.credited else big]
    if invoice.currency:
        segments.append(["CUR", "SE", invoice.currency])
    segments.append(["ITD", "01", "3", "", "", "", "", "30"])
    for each in invoice.lines:
        segments.extend(_line(each, behaviour, sign, consolidated=consolidated))
    segments.append(["TDS", cents(sign * invoice.total)])
    if invoice.vat is not None:
        rate = plain(invoice.vat_percent)
        segments.append(["TXI", "VA", plain_cents(sign * invoice.vat), rate])
    for indicator, rows in (("A", invoice.allowances), ("C", invoice.charges)):
        for code, text, amount in rows:
            segments.append(["SAC", indicator, code, "", "", cents(sign * amount), *[""] * 9, text])
    quantity = sum((each.quantity for each in invoice.lines), Decimal(0))
    segments.append(["CTT", str(len(invoice.lines)), plain(quantity)])
    return segments


def _line(each: InvoiceLine, behaviour: Behaviour, sign: int, *, consolidated: bool) -> list[Segment]:
    line = each.line
    segments = [
        [
            "IT1",
            line.number if behaviour.line_numbers else "",
            plain(sign * each.quantity),
            line.unit or "EA",
            plain(each.price),
            line.price_basis,
            *item_pairs(line, behaviour.item_qualifiers),
        ]
    ]
    if line.description:
        segments.append(["PID", "F", "", "", "", line.description[:80]])
    if consolidated:
        segments.append(["REF", "PO", each.order.number])
    return segments


def cents(amount: Decimal) -> str:
    """N2: the amount in hundredths, without a point."""
    return str(int(money(amount) * 100))


def plain_cents(amount: Decimal) -> str:
    """R with two decimals."""
    return f"{money(amount):f}"
