"""Changes of one order one after the other: by number (BCH05), else by day, else as they came. Pure functions."""

from dataclasses import dataclass
from datetime import date

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.orders import OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.edi.framing.values import read_integer
from ml_connector.flows.meaning.order_codes import purpose_of


@dataclass(frozen=True)
class Turn:
    """When a change has its turn. number: BCH05, where it is one."""

    document: int
    number: int | None = None
    day: date | None = None

    def is_before(self, other: "Turn") -> bool:
        """Whether it comes before another one of the same order."""
        if self.number is not None and other.number is not None and self.number != other.number:
            return self.number < other.number
        if self.day is not None and other.day is not None and self.day != other.day:
            return self.day < other.day
        return self.document < other.document

    def leaves_a_gap(self, last: "Turn") -> bool:
        """Whether a change between the last one and this one is missing."""
        return self.number is not None and last.number is not None and self.number > last.number + 1

    def is_older(self, last: "Turn") -> bool:
        """Whether it is about an order as it was before the last change that was applied."""
        if self.number is not None and last.number is not None:
            return self.number <= last.number
        return self.day is not None and last.day is not None and self.day < last.day


def turn_of(document: int, change: OrderChange) -> Turn:
    """The turn of a change that came as this document."""
    return Turn(document, read_integer(change.sequence.strip()), change.change_date)


def as_change(order: PurchaseOrder | OrderChange) -> OrderChange | None:
    """A document as the change that it is: an 860, or an 850 that cancels or replaces an order; None for any other."""
    if isinstance(order, OrderChange):
        return order
    purpose = purpose_of(order)
    if purpose not in {Purpose.CANCEL.value, Purpose.REPLACE.value}:
        return None
    lines = tuple(_line(at, line) for at, line in enumerate(order.lines, 1))
    return OrderChange(
        number=order.number,
        order_date=None,
        purpose=Purpose(purpose),
        order_type=order.order_type,
        release=order.release,
        change_date=order.order_date,
        currency=order.currency,
        references=order.references,
        dates=order.dates,
        parties=order.parties,
        terms=order.terms,
        allowances=order.allowances,
        notes=order.notes,
        total=order.total,
        lines=lines,
    )


def _line(at: int, line: OrderLine) -> OrderChangeLine:
    values = {name: getattr(line, name) for name in OrderLine.__struct_fields__}
    made = OrderChangeLine(**values, change="RZ")
    return changed(made, number=line.number.strip() or str(at))
