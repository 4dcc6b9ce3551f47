"""What makes a customer's order doubtful by itself: texts that nobody can read, no lines, sums that do not fit.

Pure functions.
"""

from collections import Counter
from decimal import Decimal

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import KeptSegment, changed, named_currencies
from ml_connector.documents.invoice_amounts import CENT
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.reference import PLACES
from ml_connector.documents.values.characters import character_name, unreadable
from ml_connector.documents.values.currencies import smallest
from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.sales_orders_in.prices import customers_price

#: Segments of an order that mean something and have no place in a sales order; they are told.
_NOT_CARRIED = {
    "CSH": "sales conditions (CSH)",
    "FOB": "freight terms (FOB)",
    "TD5": "carrier (TD5)",
    "SLN": "sublines (SLN)",
    "PO4": "packing (PO4)",
    "PKG": "packaging (PKG)",
    "TXI": "taxes (TXI)",
}


def readable_order(order: PurchaseOrder) -> tuple[PurchaseOrder, tuple[str, ...]]:
    """The order with a number for every line and without texts that nobody can read, and what is told of them.

    Raises:
        NeedsCorrection: a number in it cannot be read, or it orders nothing.
    """
    if not order.lines:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Order {order.number} has no lines (PO1).",
            remedy="Ask the customer for a whole order; discard this one.",
            data={"order": order.number, "segment": "PO1"},
        )
    _check(f"The number of order {order.number!a}", order.number)
    told: list[str] = []
    if (seen := as_key(order.number)) != order.number:
        told.append("its number is read as it is seen")
    _check_currencies(order)
    _check_repeated(order)
    lines = tuple(_line(order.number, at, line, told) for at, line in enumerate(order.lines, 1))
    return changed(order, number=seen, lines=lines, notes=_notes("", _written(order), told)), tuple(told)


def _check_currencies(order: PurchaseOrder) -> None:
    named = named_currencies(order, (order, *order.lines))
    if len(named) > 1:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Order {order.number} names several currencies: {', '.join(named)}.",
            remedy="Ask the customer which one counts and for a corrected order, or enter it by hand; discard this.",
            data={"order": order.number, "named": named},
        )


def _check_repeated(order: PurchaseOrder) -> None:
    """A number that two lines have tells neither from the other, in whatever comes after the order."""
    numbers = Counter(line.number.strip() for line in order.lines if line.number.strip())
    number, count = max(numbers.items(), key=lambda one: one[1], default=("", 0))
    if count > 1:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Order {order.number} has line {number} {'twice' if count == 2 else f'{count} times'} (PO101).",
            remedy="Ask the customer whether it is ordered once or more than once, and for a corrected order; discard "
            "this one.",
            data={"order": order.number, "line": number, "segment": "PO1", "element": 1, "times": count},
        )


def _line(order: str, at: int, line: OrderLine, told: list[str]) -> OrderLine:
    number = line.number.strip() or str(at)
    for one in line.items:
        _check(f"The item's number ({one.qualifier}) on line {number} of order {order}", one.value)
    description = line.description
    if unreadable(description):
        told.append(f"line {number}: its text is left out, it cannot be read")
        description = ""
    notes = _notes(f"line {number}: ", _written(line), told)
    return changed(line, number=number, description=description, notes=notes)


def _written(record: PurchaseOrder | OrderLine) -> tuple[str, ...]:
    """Notes as customers write them: plain ones, and the messages of an N9 loop of any kind (x12-procurement 5)."""
    texts = list(record.notes)
    for segment in record.extras:
        texts += [text for one in (segment, *segment.inside) if (text := _message(one))]
    return tuple(dict.fromkeys(texts))


def _message(segment: KeptSegment) -> str:
    """MSG01, MTX02, or the free text beside a note's reference (N903 of L1)."""
    at = {"MSG": 0, "MTX": 1, "N9": 2}.get(segment.segment_id)
    if at is None or len(segment.elements) <= at or (segment.segment_id == "N9" and segment.elements[0] != "L1"):
        return ""
    return segment.elements[at].strip()


def _notes(place: str, notes: tuple[str, ...], told: list[str]) -> tuple[str, ...]:
    kept = tuple(note for note in notes if not unreadable(note))
    if len(kept) < len(notes):
        told.append(f"{place}a note is left out, it cannot be read")
    return kept


def _check(what: str, number: str) -> None:
    piece = unreadable(number)
    if piece:
        raise NeedsCorrection(
            Reason.UNREADABLE_TEXT,
            f"{what} cannot be read: {character_name(piece) if len(piece) == 1 else ascii(piece)} in it.",
            remedy="Ask the customer for it in the encoding agreed (`x12.encoding` of the partner's file), or "
            "enter the "
            "order by hand; then discard this.",
            data={"place": what, "value": ascii(number[:80])},
        )


def check_quantities(order: PurchaseOrder, rules: SalesRules) -> None:
    """Whether quantities are such as can be meant.

    Raises:
        NeedsCorrection: one is beyond `most_quantity`, or finer than any ERP keeps.
    """
    for line in order.lines:
        quantity = line.quantity
        if quantity is None:
            continue
        exponent = quantity.normalize().as_tuple().exponent
        fine = isinstance(exponent, int) and -exponent > PLACES
        if quantity <= rules.most_quantity and not fine:
            continue
        why = f"finer than {PLACES} places" if fine else f"more than {rules.most_quantity} (`most_quantity`)"
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Line {line.number} of order {order.number} orders {format(quantity, 'f')} {line.unit} (PO102): {why}.",
            remedy="Ask the customer whether that is meant, and for a corrected order; where it is, raise "
            "`most_quantity` under `sales` of the partner's file and replay.",
            data={"order": order.number, "line": line.number, "segment": "PO1", "element": 2,
                  "value": format(quantity, "f")},
        )  # fmt: skip


def not_carried(order: PurchaseOrder) -> tuple[str, ...]:
    """What an order says that a sales order has no place for."""
    named = [one.segment_id for one in order.extras]
    named += [one.segment_id for line in order.lines for one in line.extras]
    named += ["TXI"] if order.taxes or any(line.taxes for line in order.lines) else []
    return tuple(f"not carried over: {_NOT_CARRIED[one]}" for one in dict.fromkeys(named) if one in _NOT_CARRIED)


def check_total(order: PurchaseOrder, rules: SalesRules, currency: str) -> tuple[str, ...]:
    """Whether the total that an order has (AMT TT) is that of its lines, with its charges or without; else told.

    currency: of the order, or of its customer.

    Raises:
        NeedsCorrection: it is not, and the rules hold that.
    """
    prices = [customers_price(order, line) for line in order.lines] if order.total is not None else []
    if order.total is None or any(price is None for price in prices):
        return ()
    lines = sum(
        (
            (price or Decimal(0)) * (line.quantity or Decimal(0))
            for price, line in zip(prices, order.lines, strict=True)
        ),
        Decimal(0),
    )
    charges = sum((one.signed_amount for one in order.allowances), Decimal(0))
    charges += sum((one.signed_amount for line in order.lines for one in line.allowances), Decimal(0))
    most = max(CENT, smallest(currency)) / 2 * (len(order.lines) + 1)
    if any(abs(order.total - sum_) <= most for sum_ in (lines, lines + charges)):
        return ()
    said = f"its total is {order.total} (AMT TT), its lines come to {lines}"
    if rules.total_differs == "tell":
        return (said,)
    raise NeedsCorrection(
        Reason.TOTAL_DIFFERENCE,
        f"Order {order.number}: {said}, with charges to {lines + charges}.",
        remedy="Ask the customer which counts and for a corrected order; or say `total_differs: tell` under `sales` of "
        "the partner's file and replay.",
        data={"order": order.number, "total": str(order.total), "lines": str(lines), "charges": str(charges)},
    )
