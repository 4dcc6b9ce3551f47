"""Which revision of an order an acknowledgment answers, found out by what it says and by what was outstanding when.

An answer that is of an older revision, or that may be, never writes: what the buyer changed since stands. Pure
functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ml_connector.documents.common import Purpose
from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment, OrderLine
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.meaning.answer_codes import STATUSES, Status
from ml_connector.flows.meaning.answered_lines import Expected, pair
from ml_connector.flows.orders_out.order_content import DELIVERY_REQUESTED

#: A supplier's day may be another one than ours.
ONE_DAY = timedelta(days=1)
#: Purposes by which an 855 is the answer to an 850; 04 may answer a change.
_FIRST = frozenset({"", Purpose.ORIGINAL.value, Purpose.CONFIRM.value})


@dataclass(frozen=True)
class Revision:
    """What the partner was sent of an order, at one time.

    key: tells it from the others. is_change: sent as an 860. sequence: BCH05. left_at: not before then. answered: an
    answer to it was recorded already.
    """

    key: int
    expected: Expected
    is_change: bool = False
    sequence: str = ""
    left_at: datetime | None = None
    answered: bool = False


@dataclass(frozen=True)
class Which:
    """The revision that is answered. certain: nothing else may be meant. why: how that was found out."""

    revision: Revision
    certain: bool = True
    why: str = "the only one that was sent"


@dataclass
class _Search:
    left: list[Revision]
    why: list[str] = field(default_factory=list)

    def keep(self, fits: Callable[[Revision], bool], why: str) -> None:
        """Keep those that fit, where some do and some do not."""
        kept = [one for one in self.left if fits(one)]
        if kept and len(kept) < len(self.left):
            self.left = kept
            self.why.append(why)


def which(
    answer: OrderAcknowledgment, revisions: Sequence[Revision], came_at: datetime, *, numbers_are_ours: bool = True
) -> Which:
    """The revision that an answer is of, among those that the partner has, oldest first."""
    sequence = answer.sequence.strip().lstrip("0") if answer.answers_change else ""
    if sequence:
        named = [one for one in revisions if one.sequence.lstrip("0") == sequence]
        if len(named) == 1:
            return Which(named[0], why=f"it names change {sequence} (BCA05)")
        if revisions[-1].sequence:
            return Which(revisions[-1], certain=False, why=f"it names change {sequence} (BCA05), which was not sent")
    if len(revisions) == 1:
        return Which(revisions[0])
    search = _Search(list(revisions))
    search.keep(lambda one: one.left_at is None or one.left_at <= came_at, "it came before the newer one left")
    day = answer.acknowledgment_date
    if day is not None:
        dated = day + ONE_DAY
        search.keep(lambda one: one.left_at is None or one.left_at.date() <= dated, f"it is dated {day}")
    wrong = {one.key: _repeated_wrongly(answer, one.expected, numbers_are_ours) for one in search.left}
    search.keep(lambda one: wrong[one.key] == min(wrong.values()), "of the quantities and dates that it repeats")
    if len(search.left) > 1:
        _by_custom(answer, search)
    return Which(search.left[-1], certain=len(search.left) == 1, why="; ".join(search.why) or "nothing tells which")


def _by_custom(answer: OrderAcknowledgment, search: _Search) -> None:
    """What is usual decides only where nothing usual speaks against it: an 855 answers an 850 and an 865 an 860; what
    was answered already is not answered again.
    """
    of_kind = set()
    if answer.answers_change or answer.purpose.value in _FIRST:
        of_kind = {one.key for one in search.left if one.is_change == answer.answers_change}
    waiting = {one.key for one in search.left if not one.answered}
    fitting = of_kind & waiting if of_kind and waiting else of_kind or waiting
    if len(fitting) == 1:
        kind = "865" if answer.answers_change else "855"
        search.keep(lambda one: one.key in fitting, f"what an {kind} answers, and what was answered already")


def _repeated_wrongly(answer: OrderAcknowledgment, expected: Expected, numbers_are_ours: bool) -> int:
    """How many quantities and dates that an answer repeats are not those of a revision."""
    wrong = 0
    for line in answer.lines:
        try:
            (found,) = pair([line], expected, numbers_are_ours=numbers_are_ours)
        except NeedsCorrection:
            continue
        if found.ordered is None:
            wrong += 1
            continue
        quantities = expected.quantities(found.ordered)
        repeated = line.quantity if line.quantity is not None else _parts(line, found.ordered)
        wrong += repeated is not None and _plain(repeated) not in {_plain(one) for one in quantities}
        wrong += _another_day(line, found.ordered)
    return wrong


def _parts(line: AcknowledgedLine, ordered: OrderLine) -> Decimal | None:
    """What the parts come to of which a line that repeats no quantity speaks; None where one is changed or is not said.

    Accepted, backordered, held and refused parts are together what was ordered.
    """
    parts = [answer.quantity for answer in line.answers]
    whole = {Status.ACCEPTED, Status.BACKORDERED, Status.HELD, Status.REFUSED}
    plain = all(STATUSES.get(one.status.upper()) in whole for one in line.answers)
    units = {one.unit for one in line.answers} - {"", ordered.unit}
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(parts) and plain and not units else None


def _plain(quantity: Decimal) -> Decimal:
    return quantity.normalize()


def _another_day(line: AcknowledgedLine, ordered: OrderLine) -> bool:
    """Whether a line repeats a requested day that is not the one that was asked for."""
    asked = {one.day for one in ordered.dates if one.qualifier == DELIVERY_REQUESTED}
    said = {one.day for one in line.dates if one.qualifier == DELIVERY_REQUESTED and one.day is not None}
    return bool(said and asked and not said & asked)
