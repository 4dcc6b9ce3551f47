"""What a partner is told of a change of an order that it has: an 860, the order again, or a cancellation.

Pure functions. What the buyer changed is decided by `order_comparing`. Lines are followed by the ERP's id of them; the
partner knows a line by the number that it was told first, whatever number the ERP gives it since.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.documents.common import DateReference, Purpose, changed
from ml_connector.documents.json import dump
from ml_connector.documents.orders import LineChange, OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.documents.records import names_of
from ml_connector.documents.reference import OpenOrder

#: Header fields of an order that an 860 has too: those that say what is wanted, not which order it is.
HEADER = tuple(
    name
    for name in names_of(PurchaseOrder)
    if name in names_of(OrderChange)
    and name not in {"number", "order_date", "purpose", "order_type", "release", "lines", "total", "kept"}
)
#: DTM qualifier of the order's date (x12-procurement 4).
ORDER_DATE = "004"
#: X12 has no way to say that a text or a date of the header is gone (only BCH and what is new): it is said in words.
NOTES_GONE = "Earlier notes no longer apply."

Received = Mapping[str, Decimal]


def content_hash(order: PurchaseOrder) -> str:
    """Hash of what the partner is sent."""
    sent = tuple(changed(line, erp_line="") for line in order.lines)
    return hashlib.sha256(dump(changed(order, lines=sent)).encode()).hexdigest()


# Numbers of lines


def with_ids(told: PurchaseOrder, record: OpenOrder) -> PurchaseOrder:
    """What a partner was told by an older release, which did not keep the ids of lines: those of the record."""
    if all(line.erp_line for line in told.lines):
        return told
    ids = {str(line.number): line.id for line in record.lines}
    lines = (
        line if line.erp_line else changed(line, erp_line=ids.get(line.number, f"gone:{line.number}"))
        for line in told.lines
    )
    return changed(told, lines=tuple(lines))


def numbered(order: PurchaseOrder, told: PurchaseOrder | None, replaced: Collection[str] = ()) -> PurchaseOrder:
    """The order with the numbers by which its partner knows the lines, or will.

    A line keeps the number that it was told first; a new one has the ERP's, or the next one where the partner knows
    another line by that. replaced: ids of lines that hold another item since: new lines for the partner, who knows a
    line by number and item.
    """
    had = told.lines if told is not None else ()
    numbers = {line.erp_line: line.number for line in had if line.erp_line not in replaced}
    taken = {line.number for line in had}
    highest = max((int(line.number) for line in (*had, *order.lines) if _is_whole(line.number)), default=0)
    lines: list[OrderLine] = []
    for line in order.lines:
        number = numbers.get(line.erp_line, "")
        if not number and line.number in taken:
            highest += 1
            number = str(highest)
        number = number or line.number
        taken.add(number)
        lines.append(line if number == line.number else changed(line, number=number))
    return changed(order, lines=tuple(sorted(lines, key=_by_number)))


def _is_whole(number: str) -> bool:
    return number.isascii() and number.isdigit()


def _by_number(line: OrderLine) -> tuple[int, str]:
    return len(line.number), line.number


# What is sent


def as_replacement(order: PurchaseOrder) -> PurchaseOrder:
    """The whole order again, as an 850 with BEG01 05."""
    return changed(order, purpose=Purpose.REPLACE, order_type="CP")


def as_cancellation(
    order: PurchaseOrder, received: Received, changed_on: date, sequence: int, *, by: str
) -> PurchaseOrder | OrderChange:
    """A cancellation of what a partner has: an 850 with BEG01 01, or an 860 with BCH01 01."""
    if by == "850":
        return changed(order, purpose=Purpose.CANCEL)
    lines = tuple(_deleted(line, received) for line in order.lines)
    change = _change(order, order, changed_on, sequence, HEADER)
    return changed(change, purpose=Purpose.CANCEL, lines=lines)


def same_header(one: PurchaseOrder, other: PurchaseOrder) -> bool:
    """Whether two orders differ in their lines at most."""
    lines = {"lines": (), "total": None}
    return changed(one, **lines) == changed(other, **lines)


def as_change(
    told: PurchaseOrder,
    after: PurchaseOrder,
    ids: Collection[str],
    received: Received,
    changed_on: date,
    sequence: int,
) -> OrderChange:
    """An 860 of the lines of these ids: POC codes by how they differ from what the partner was told,
    with the new values (element 670). A line that the partner has just so is left out.

    told, after: as `numbered`. received: of the order's lines, by id. Prices in another currency are other prices:
    then every line is told.
    """
    all_of_them = told.currency != after.currency
    old = {line.number: line for line in told.lines if all_of_them or line.erp_line in ids}
    new = {line.number: line for line in after.lines if all_of_them or line.erp_line in ids}
    lines = [_deleted(line, received) for number, line in old.items() if number not in new]
    for number, line in new.items():
        if number not in old:
            lines.append(_changed(line, LineChange.ADD, received))
        elif line != old[number] or all_of_them:
            code = LineChange.CHANGE if all_of_them else _change_code(old[number], line)
            gone = [*_notes_gone(old[number].notes, line.notes), *_dates_gone(old[number].dates, line.dates)]
            told_line = changed(line, notes=(*line.notes, *gone)) if gone else line
            lines.append(_changed(told_line, code, received))
    lines.sort(key=_by_number)
    return changed(_change(told, after, changed_on, sequence, HEADER), lines=tuple(lines))


def header_change(told: PurchaseOrder, after: PurchaseOrder, changed_on: date, sequence: int) -> OrderChange:
    """An 860 of the header segments that changed: POC is optional (x12-procurement 6)."""
    return _change(told, after, changed_on, sequence, changed_header(told, after))


def changed_header(told: PurchaseOrder, after: PurchaseOrder) -> list[str]:
    """The header fields in which two orders differ."""
    return [name for name in HEADER if getattr(told, name) != getattr(after, name)]


def header_with_lines(
    told: PurchaseOrder, after: PurchaseOrder, received: Received, changed_on: date, sequence: int
) -> OrderChange:
    """The same with every line as it is now, for partners that take no change without POC."""
    lines = tuple(_changed(line, LineChange.CHANGE, received) for line in after.lines)
    return changed(_change(told, after, changed_on, sequence, HEADER), lines=lines)


def _change(
    told: PurchaseOrder, after: PurchaseOrder, changed_on: date, sequence: int, fields: Iterable[str]
) -> OrderChange:
    """The header. BCH06 is the date of the order as the partner has it; another one since is told as a DTM."""
    values = {name: getattr(after, name) for name in fields}
    if told.order_date != after.order_date and after.order_date is not None:
        dates = values.get("dates", after.dates)
        values["dates"] = (*dates, DateReference(qualifier=ORDER_DATE, day=after.order_date))
    if gone := _gone(told, after):
        values["notes"] = (*after.notes, *gone)
    return OrderChange(
        number=after.number,
        order_date=told.order_date,
        order_type=after.order_type,
        sequence=str(sequence),
        change_date=changed_on,
        **values,
    )


def _gone(told: PurchaseOrder, after: PurchaseOrder) -> list[str]:
    """What the header said and does not say any more, in words."""
    said = [*_notes_gone(told.notes, after.notes), *_dates_gone(told.dates, after.dates)]
    named = {one.qualifier for one in after.references}
    said += [
        f"Reference {one.qualifier} {one.value} no longer applies."
        for one in told.references
        if one.qualifier not in named
    ]
    roles = {one.role for one in after.parties}
    said += [
        f"Party {one.role} {one.name or one.id} no longer applies." for one in told.parties if one.role not in roles
    ]
    for name, label in (("contacts", "contact"), ("terms", "payment terms"), ("allowances", "discount or charge")):
        if getattr(told, name) and not getattr(after, name):
            said.append(f"The {label} of the order no longer applies.")
    segments = {one.segment_id for one in after.extras}
    missing = dict.fromkeys(one.segment_id for one in told.extras if one.segment_id not in segments)
    return said + [f"What {segment} said no longer applies." for segment in missing]


def _notes_gone(told: Sequence[str], after: Sequence[str]) -> list[str]:
    return [NOTES_GONE] if told and not after else []


def _dates_gone(told: Sequence[DateReference], after: Sequence[DateReference]) -> list[str]:
    kept = {one.qualifier for one in after}
    return [f"Date {one.day} ({one.qualifier}) no longer applies." for one in told if one.qualifier not in kept]


def _change_code(old: OrderLine, new: OrderLine) -> LineChange:
    price = old.price != new.price
    quantity = old.quantity != new.quantity
    dates = old.dates != new.dates
    same = changed(old, price=new.price, quantity=new.quantity, dates=new.dates)
    if same != new or sum((price, quantity, dates)) > 1:
        return LineChange.CHANGE
    if price:
        return LineChange.PRICE
    if dates:
        return LineChange.RESCHEDULE
    grew = (new.quantity or Decimal(0)) > (old.quantity or Decimal(0))
    return LineChange.QUANTITY_INCREASE if grew else LineChange.QUANTITY_DECREASE


def left_of(line: OrderLine, received: Received) -> Decimal:
    """What is left to receive of a line."""
    return max((line.quantity or Decimal(0)) - received.get(line.erp_line, Decimal(0)), Decimal(0))


def _changed(line: OrderLine, change: LineChange, received: Received) -> OrderChangeLine:
    """POC03 is the new quantity, POC04 what is left of it to receive (x12-procurement 6)."""
    fields = {name: getattr(line, name) for name in names_of(type(line))}
    return OrderChangeLine(**{**fields, "change": str(change), "quantity_left": left_of(line, received)})


def _deleted(line: OrderLine, received: Received) -> OrderChangeLine:
    """A line that is dropped: POC03 is what is dropped of it, nothing is left (x12-procurement 6)."""
    dropped = changed(line, quantity=left_of(line, received))
    return changed(_changed(dropped, LineChange.DELETE, {}), quantity_left=Decimal(0))
