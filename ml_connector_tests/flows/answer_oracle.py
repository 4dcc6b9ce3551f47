"""What acknowledgments plainly say, by rules written from the sheets alone: no `flows` and no `edi` is used here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

#: Element 668, one by one as the sheet lists them (x12-procurement 6).
TAKES_AS_ORDERED = ("IA", "AC", "AR")
TAKES_ANOTHER_QUANTITY = ("IC", "IQ")
TAKES_ANOTHER_DATE = ("DR",)
NEEDS_SOMEBODY = (
    "IB", "ID", "IE", "IF", "IH", "IP", "IR", "IS", "IW", "AA", "BP", "SP",
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8",
)  # fmt: skip
STATUSES = (*TAKES_AS_ORDERED, *TAKES_ANOTHER_QUANTITY, *TAKES_ANOTHER_DATE, *NEEDS_SOMEBODY)
#: Element 587.
TYPES = ("AC", "AD", "AE", "AK", "AT", "AH", "RD", "RJ", "RF", "RO", "NA")
#: Types of which a silent line is accepted.
ACCEPTS_SILENT = ("AE", "AK", "AT")
#: Types by which lines may be changed.
CHANGES_LINES = ("AC", "AE")
#: Element 353 that says something new of the order.
PURPOSES = ("00", "04", "05", "06")
DELIVERED_ON = ("002", "017", "067", "069", "070")


@dataclass(frozen=True)
class Part:
    """One ACK."""

    status: str
    quantity: Decimal | None = None
    unit: str = ""
    qualifier: str = ""
    day: date | None = None


@dataclass(frozen=True)
class Line:
    """One PO1 with its ACKs, against the line that was ordered."""

    ordered: Decimal
    unit: str
    price: Decimal
    wanted: date
    repeated: Decimal
    said_unit: str
    said_price: Decimal
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Plain:
    """What a line says beyond doubt. quantity, day: to be written, None for neither. open: somebody has to look."""

    quantity: Decimal | None = None
    day: date | None = None
    open: bool = False


def document_is_read(purpose: str, kind: str, lines: Sequence[Line]) -> bool:
    """Whether every code is one that the sheet knows."""
    return purpose in PURPOSES and kind in TYPES and all(p.status in STATUSES for one in lines for p in one.parts)


def plain(kind: str, line: Line | None, order_date: date) -> Plain:
    """What is beyond doubt of a line; line None: it was left out."""
    if line is None:
        return Plain(open=kind not in ACCEPTS_SILENT)
    as_it_was = line.said_price == line.price and _units(line) <= {line.unit}
    if not line.parts:
        same = as_it_was and line.repeated == line.ordered
        return Plain(open=not same or kind not in ("AC", "AD", "AK", "AT", "NA"))
    codes = {part.status for part in line.parts}
    taken = codes <= {*TAKES_AS_ORDERED, *TAKES_ANOTHER_QUANTITY, *TAKES_ANOTHER_DATE}
    repeats = line.repeated == line.ordered
    quantities = [part.quantity for part in line.parts]
    if not (taken and as_it_was and repeats and kind in CHANGES_LINES):
        return Plain(open=not _as_ordered(line, codes, kind))
    quantity = None
    if codes & set(TAKES_ANOTHER_QUANTITY) and None not in quantities and all(one >= 0 for one in quantities if one):
        total = sum((one for one in quantities if one is not None), Decimal(0))
        quantity = total if 0 < total < line.ordered else None
    days = {part.day for part in line.parts}
    (day,) = days if len(days) == 1 else (None,)
    if day is not None and (any(p.qualifier not in DELIVERED_ON for p in line.parts) or day < order_date):
        day = None
    day = None if day == line.wanted else day
    told_quantity = _told(line)
    open_quantity = told_quantity not in (None, line.ordered) and quantity is None
    open_day = any(part.day is not None and part.day > line.wanted for part in line.parts) and day is None
    odd = None in quantities and any(one is not None for one in quantities)
    return Plain(quantity, day, open_quantity or open_day or odd)


def _told(line: Line) -> Decimal | None:
    said = [part.quantity for part in line.parts if part.quantity is not None]
    return sum(said, Decimal(0)) if said else None


def _units(line: Line) -> set[str]:
    return {line.said_unit, *(part.unit for part in line.parts if part.quantity is not None)} - {""}


def _as_ordered(line: Line, codes: set[str], kind: str) -> bool:
    """Whether a line that may not be written is taken just as it was ordered."""
    if kind not in ("AC", "AD", "AE", "AK", "AT", "NA") or not codes <= set(TAKES_AS_ORDERED):
        return False
    said = [part.quantity for part in line.parts]
    whole = _told(line) in (None, line.ordered) and (all(one is not None for one in said) or not any(said))
    late = any(part.day is not None and part.day > line.wanted for part in line.parts)
    return (
        whole
        and not late
        and line.repeated == line.ordered
        and line.said_price == line.price
        and (_units(line) <= {line.unit})
    )


# 997: what is plainly said of each set of a group (x12-procurement 10)

ACCEPTS, REFUSES = ("A", "E"), ("R", "M", "W", "X")


def sets_decided(group: str, named: Mapping[str, str], sent: Sequence[str]) -> dict[str, bool] | None:
    """Whether each set was accepted; None where the document does not say. named: code by set control."""
    known = (*ACCEPTS, *REFUSES)
    if group not in (*known, "P") or any(code not in known for code in named.values()) or set(named) - set(sent):
        return None
    if group == "P" and not any(code in REFUSES for code in named.values()):
        return None
    return {one: group not in REFUSES and named.get(one, "A") in ACCEPTS for one in sent}
