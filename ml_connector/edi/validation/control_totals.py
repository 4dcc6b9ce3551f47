"""Business control totals: counts, hash totals and amounts against the lines. Never syntax (x12-procurement 3, 8)."""

from collections.abc import Iterator
from decimal import Decimal

from ml_connector.documents.common import Record
from ml_connector.documents.invoice_amounts import add_up
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.shipments import ShipNotice, ShippedItem
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.values import read_decimal
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level, shown
from ml_connector.edi.validation.hl_hierarchy import level_findings
from ml_connector.edi.validation.schema import SetRule
from ml_connector.edi.validation.structure import Loop


def control_totals(document: Record, root: Loop, rule: SetRule) -> Iterator[X12Finding]:
    """What does not add up in one set."""
    if rule.counted:
        yield from _counts(root, rule, shipped_items(document))
    if isinstance(document, Invoice):
        yield from _invoice_total(document, root.find("TDS"))
    elif isinstance(document, Remittance):
        yield from _payment_total(document)
    elif isinstance(document, ShipNotice):
        yield from level_findings(root)


def shipped_items(document: Record) -> list[ShippedItem] | None:
    """The items of a ship notice; None for other documents."""
    if not isinstance(document, ShipNotice):
        return None
    return [item for order in document.orders for item in order.items]


def _counts(root: Loop, rule: SetRule, items: list[ShippedItem] | None) -> Iterator[X12Finding]:
    """CTT01 against the lines, CTT02 against their quantities (a warning: the rule is read in two ways).

    The lines of a ship notice are its HL; senders who count its items instead are told so by a warning.
    """
    ctt = root.find("CTT") or next((loop.segments[0] for loop in root.loops if loop.loop_id == "CTT"), None)
    if ctt is None:
        return
    lines = [loop for loop in root.loops if loop.loop_id == rule.counted]
    said = _element(ctt, 1)
    number = read_decimal(said)
    # what is no number is told of the element
    if number is not None and number != len(lines):
        message = f"CTT01 says {shown(said)}, there are {len(lines)} {rule.counted}."
        counts_items = items is not None and read_decimal(said) == len(items)
        severity = Severity.WARNING if counts_items else Severity.ERROR
        yield _finding("line_count", message, ctt, 1, said, severity)
    hashed = read_decimal(_element(ctt, 2)) if _element(ctt, 2) else None
    if hashed is not None and rule.quantity is not None:
        quantities = list(_quantities(lines, rule.quantity))
        total = sum(quantities, Decimal(0))
        shipped = sum((item.quantity or Decimal(0) for item in items or ()), Decimal(0))
        readings = {total, _without_points(quantities), *([shipped] if items else [])}
        if hashed not in readings:
            message = f"CTT02 says {hashed}, the quantities add up to {total}."
            yield _finding("hash_total", message, ctt, 2, _element(ctt, 2), Severity.WARNING)


def _without_points(quantities: list[Decimal]) -> Decimal:
    """The hash total of the strict rule: decimal points are ignored, 1.5 and 2 are 17 (x12-procurement 3)."""
    return sum((Decimal(f"{quantity:f}".replace(".", "")) for quantity in quantities), Decimal(0))


def _quantities(lines: list[Loop], quantity: tuple[str, int]) -> Iterator[Decimal]:
    segment_id, position = quantity
    for line in lines:
        segment = line.find(segment_id)
        if segment is not None:
            yield read_decimal(_element(segment, position)) or Decimal(0)


def _invoice_total(invoice: Invoice, said: Segment | None) -> Iterator[X12Finding]:
    """TDS01 = lines, each rounded, + charges - allowances + taxes (8), as posting adds them up."""
    if invoice.total is None or not any(line.price is not None for line in invoice.lines):
        return
    found = add_up(invoice)
    if not found.fits:
        message = f"TDS01 says {invoice.total}, lines, allowances, charges and taxes give {found.computed}."
        number = said.number if said is not None else 0
        yield X12Finding(
            X12Level.BUSINESS,
            "invoice_total",
            message,
            segment_id="TDS",
            segment_number=number,
            element=1,
            value=str(invoice.total),
        )


def _payment_total(payment: Remittance) -> Iterator[X12Finding]:
    """BPR02 = what is paid for the items + adjustments beside them; those under an item are in it already (9)."""
    paid = [item.amount for item in payment.items]
    if payment.amount is None or not paid or None in paid:
        return
    expected = expected_payment(payment)
    if expected != payment.amount:
        message = f"BPR02 says {payment.amount}, items and adjustments give {expected}."
        yield X12Finding(
            X12Level.BUSINESS, "payment_total", message, segment_id="BPR", segment_number=2, element=2,
            value=str(payment.amount),
        )  # fmt: skip


def expected_payment(payment: Remittance) -> Decimal:
    """What is paid by items and the adjustments beside them."""
    paid = sum((item.amount or Decimal(0) for item in payment.items), Decimal(0))
    return paid + sum((one.amount or Decimal(0) for one in payment.adjustments), Decimal(0))


def _element(segment: Segment, position: int) -> str:
    return segment.elements[position] if position < len(segment.elements) else ""


def _finding(code: str, message: str, segment: Segment, element: int, value: str, severity: Severity) -> X12Finding:
    return X12Finding(
        X12Level.BUSINESS,
        code,
        message,
        severity,
        segment_id=segment.elements[0],
        segment_number=segment.number,
        element=element,
        value=value[:200],
    )
