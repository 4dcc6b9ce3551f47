"""Which ordered line each line of an 855 or 865 answers (`line_meant`), and what the supplier says of it in all.

Several lines of an answer about one ordered line (a split into two deliveries) are taken together. Pure functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.documents.common import AllowanceCharge, DateReference, KeptSegment, Party, PaymentTerms, changed
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine
from ml_connector.documents.values.price_basis import pieces
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.line_meant import NamedLine, lines_meant, of_order

#: Qualifiers of dates by which goods leave or arrive (element 374, x12-procurement 4 and 6): what is compared with the
#: date that was asked for.
SUPPLY_DATES = frozenset({"002", "010", "011", "017", "037", "038", "063", "064", "067", "068", "069", "070", "079"})
#: Those of them that the supplier promises; the others repeat what was asked for.
_PROMISED = frozenset({"011", "017", "067", "068", "069", "070", "079"})

#: CTP02 (element 236) of prices that others pay: resale, suggested retail.
_RETAIL = frozenset({"RES", "MSR"})


@dataclass(frozen=True)
class Expected:
    """What was sent of an order, as its answer is compared with it.

    dropped: lines that a change takes away. told: the quantities that the partner was told of a line, what was agreed
    since among them. answered: lines of which an earlier answer spoke; asked: those that this answer has to speak of.
    """

    lines: Sequence[OrderLine]
    number: str = ""
    currency: str = ""
    dropped: Sequence[OrderLine] = ()
    told: Mapping[str, frozenset[Decimal]] = field(default_factory=dict)
    asked: frozenset[str] | None = None
    answered: frozenset[str] = frozenset()
    allowances: Sequence[AllowanceCharge] = ()
    terms: Sequence[PaymentTerms] = ()
    parties: Sequence[Party] = ()
    total: Decimal | None = None

    def quantities(self, line: OrderLine) -> frozenset[Decimal]:
        """What the partner may repeat as the quantity ordered."""
        own = frozenset({line.quantity} if line.quantity is not None else ())
        return own | self.told.get(line.number, frozenset())


@dataclass(frozen=True)
class Answered:
    """An ordered line with all that an answer says of it. ordered: None where the order has no such line."""

    lines: tuple[AcknowledgedLine, ...]
    ordered: OrderLine | None
    dropped: bool = False

    @property
    def number(self) -> str:
        """The order's line number; empty for a line that the order does not have."""
        return self.ordered.number if self.ordered is not None else ""

    @property
    def theirs(self) -> str:
        """The line numbers of the answer."""
        return ", ".join(line.number for line in self.lines if line.number)

    @property
    def answers(self) -> tuple[LineAnswer, ...]:
        return tuple(answer for line in self.lines for answer in line.answers)

    @property
    def repeated(self) -> Decimal | None:
        """PO102, POC03: the quantity as the supplier repeats it; of several lines that do not repeat one the sum."""
        said = [line.quantity for line in self.lines if line.quantity is not None]
        if not said:
            return None
        whole = self.ordered.quantity if self.ordered is not None else None
        return said[0] if len(said) == 1 or all(one == whole for one in said) else sum(said, Decimal(0))

    @property
    def units(self) -> frozenset[str]:
        """Units in which it speaks of quantities; empty: as ordered."""
        said = {line.unit for line in self.lines if line.quantity is not None}
        said |= {answer.unit for answer in self.answers if answer.quantity is not None}
        return frozenset(said - {""})

    @property
    def prices(self) -> frozenset[Decimal]:
        """The prices of one unit that it gives: PO104 and CTP03 (x12-procurement 6)."""
        found: set[Decimal] = set()
        for line in self.lines:
            many = pieces(line.price_basis)
            given = [line.price, *(_price(one.elements) for one in line.extras if _is_price_paid(one))]
            found |= {price / many for price in given if price is not None}
        return frozenset(found)

    def days(self, taken: Sequence[LineAnswer]) -> tuple[date, ...]:
        """The days on which it is to leave or arrive, of the parts that are taken and of the line as a whole."""
        found = {answer.day for answer in taken if answer.day is not None}
        dated = [
            *(one for answer in taken for one in answer.dates),
            *(one for line in self.lines for one in line.dates),
        ]
        found |= {one.day for one in dated if one.day is not None and one.qualifier in SUPPLY_DATES}
        found |= {one.day for line in self.lines for one in line.schedules if one.day is not None}
        return tuple(sorted(found))


def promised_of_all(answer: OrderAcknowledgment) -> tuple[DateReference, ...]:
    """The days that the head of an answer promises: they are of all lines that have none of their own
    (x12-procurement 5).
    """
    return tuple(one for one in answer.dates if one.day is not None and one.qualifier in _PROMISED)


def with_days_of_all(
    lines: Sequence[AcknowledgedLine], promised: tuple[DateReference, ...]
) -> tuple[AcknowledgedLine, ...]:
    """The lines of an answer, each with the days that its head promises where it has none of its own."""
    if not promised:
        return tuple(lines)
    return tuple(
        line if Answered((line,), None).days(line.answers) else changed(line, dates=(*line.dates, *promised))
        for line in lines
    )


def price_of(line: OrderLine) -> Decimal | None:
    """The price of one unit, whatever number of pieces it is given for."""
    return line.price / pieces(line.price_basis) if line.price is not None else None


def pair(
    answered: Sequence[AcknowledgedLine], expected: Expected, *, numbers_are_ours: bool = True
) -> tuple[Answered, ...]:
    """Every line of an answer at the ordered line that it means, in the order of the answer.

    Raises:
        NeedsCorrection: item and number lead to different lines, or several ordered lines may be meant.
    """
    known = [*expected.lines, *expected.dropped]
    found: dict[str, tuple[OrderLine | None, list[AcknowledgedLine]]] = {}
    for position, line in enumerate(answered, 1):
        ordered = _meant(line, position, known, expected.number, numbers_are_ours=numbers_are_ours)
        # a line that was dropped may have left its number to another
        place = next((at for at, one in enumerate(known) if one is ordered), -1)
        found.setdefault(f"ours {place}" if place >= 0 else f"theirs {position}", (ordered, []))[1].append(line)
    return tuple(
        Answered(tuple(lines), ordered, any(ordered is one for one in expected.dropped))
        for ordered, lines in found.values()
    )


def _meant(
    line: AcknowledgedLine, position: int, known: Sequence[OrderLine], order: str, *, numbers_are_ours: bool
) -> OrderLine | None:
    """The ordered line; None for one that the order does not have, which is told and never taken for another."""
    named = NamedLine(line.number, line.items, position)
    try:
        meant = lines_meant(named, [of_order(one) for one in known], order, numbers_are_ours=numbers_are_ours)
    except NeedsCorrection as held:
        if held.reason is Reason.NO_SUCH_ORDER_LINE:
            return None
        raise
    if len(meant) > 1:
        # of several lines of one item, the one that was ordered so
        meant = tuple(one for one in meant if (one.quantity, one.price) == (line.quantity, line.price)) or meant
    if len(meant) > 1:
        meant = tuple(one for one in meant if one.quantity == line.quantity) or meant
    if len(meant) > 1:
        raise NeedsCorrection(
            Reason.AMBIGUOUS_ORDER_LINE,
            f"Line {position} of the acknowledgment fits several lines of purchase order {order}.",
            remedy="Ask the supplier to send the order's line numbers (PO101), or settle it by hand and discard "
            "it here.",
            data={"line": position, "order": order, "candidates": [one.number for one in meant]},
        )
    return meant[0]


def _is_price_paid(segment: KeptSegment) -> bool:
    """CTP of what the buyer pays, not of what its own customers do (CTP02)."""
    kind = segment.elements[1].strip().upper() if len(segment.elements) > 1 else ""
    return segment.segment_id == "CTP" and kind not in _RETAIL


def _price(elements: Sequence[str]) -> Decimal | None:
    """CTP03 as kept; None for what is no number."""
    text = elements[2].strip() if len(elements) > 2 else ""
    plain = text.lstrip("-").replace(".", "", 1)
    return Decimal(text) if plain.isascii() and plain.isdigit() else None
