"""A supplier who follows 850 and 860 to the letter, with a parser of its own: what it would deliver at any time.

The oracle of what leaves: it imports nothing of this project.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

Segment = list[str]
GONE = "no longer appl"
#: Where free text stands: MSG in 004010, MTX in 005010.
_TEXT = {"MSG": 1, "MTX": 2}


class NotLiteralError(AssertionError):
    """What cannot be followed: a change of what is not there, a second order of the same number."""


@dataclass(frozen=True)
class Wanted:
    """A line as the supplier has it. quantity: ordered in all."""

    quantity: Decimal
    unit: str
    price: Decimal
    items: frozenset[tuple[str, str]]
    text: str = ""
    day: str = ""


@dataclass
class Held:
    """An order as the supplier has it."""

    currency: str
    ship_to: tuple[str, ...]
    day: str = ""
    notes: str = ""
    lines: dict[str, Wanted] = field(default_factory=dict)


def segments(data: str) -> list[Segment]:
    """The segments of an interchange of one set, by the separators that ISA declares."""
    element, terminator = data[3], data[105]
    return [one.strip("\r\n").split(element) for one in data.split(terminator) if one.strip()]


def receiver(data: str) -> str:
    return segments(data)[0][8].strip()


@dataclass
class Supplier:
    """What one supplier has, and has delivered of each line: by order, and by order and line number."""

    orders: dict[str, Held] = field(default_factory=dict)
    delivered: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    def take(self, data: str) -> None:
        """Follow one document."""
        body = segments(data)
        begin = next(one for one in body if one[0] in {"BEG", "BCH"})
        purpose, number = begin[1], begin[3]
        head, lines = _parts(body)
        if purpose == "01":
            if number not in self.orders:
                raise NotLiteralError(f"{number} is cancelled, and was not ordered")
            del self.orders[number]
        elif begin[0] == "BEG":
            self._ordered(number, purpose, head, lines)
        else:
            self._changed(number, purpose, head, lines)

    def _ordered(self, number: str, purpose: str, head: Sequence[Segment], lines: Sequence[Sequence[Segment]]) -> None:
        if purpose not in {"00", "05"}:
            raise NotLiteralError(f"BEG01 {purpose}")
        if purpose == "00":
            if number in self.orders:
                raise NotLiteralError(f"{number} is ordered a second time")
            for key in [one for one in self.delivered if one[0] == number]:
                del self.delivered[key]
        known = Held("", ())
        self.orders[number] = _with_header(known, head)
        for line in lines:
            if line[0][1] in self.orders[number].lines:
                raise NotLiteralError(f"two lines {line[0][1]}")
            self.orders[number].lines[line[0][1]] = _line(line, 2, None)

    def _changed(self, number: str, purpose: str, head: Sequence[Segment], lines: Sequence[Sequence[Segment]]) -> None:
        if purpose != "04" or number not in self.orders:
            raise NotLiteralError(f"a change ({purpose}) of {number}, which was not ordered")
        order = self.orders[number] = _with_header(self.orders[number], head)
        for line in lines:
            poc = line[0]
            key, code = poc[1], poc[2]
            if (code == "AI") == (key in order.lines):
                raise NotLiteralError(f"POC {code} of line {key}")
            if code == "DI":
                del order.lines[key]
                continue
            order.lines[key] = _line(line, 3, order.lines.get(key))
            left, told = self.left(number, key), Decimal(poc[4])
            if left != told:
                raise NotLiteralError(f"line {key}: {left} is left to deliver, POC04 says {told}")

    def left(self, number: str, line: str) -> Decimal:
        """What of a line is still to be delivered."""
        wanted = self.orders[number].lines[line].quantity
        return max(wanted - self.delivered.get((number, line), Decimal(0)), Decimal(0))

    def deliver(self, number: str, line: str, quantity: Decimal) -> None:
        key = (number, line)
        self.delivered[key] = self.delivered.get(key, Decimal(0)) + quantity

    def open_lines(self, number: str) -> Mapping[str, Wanted]:
        """The lines that it would deliver, with what is left of each."""
        order = self.orders.get(number)
        left = {key: self.left(number, key) for key in order.lines} if order is not None else {}
        return {key: replace(order.lines[key], quantity=left[key]) for key in left if left[key]} if order else {}


def _parts(body: Sequence[Segment]) -> tuple[list[Segment], list[list[Segment]]]:
    """The header's segments and those of each line."""
    head: list[Segment] = []
    lines: list[list[Segment]] = []
    for one in body:
        if one[0] in {"ISA", "GS", "ST", "BEG", "BCH"}:
            continue
        if one[0] in {"CTT", "AMT", "SE", "GE", "IEA"}:
            break
        if one[0] in {"PO1", "POC"}:
            lines.append([])
        (lines[-1] if lines else head).append(one)
    return head, lines


def _with_header(order: Held, head: Sequence[Segment]) -> Held:
    """An order with what a header says; what it does not name stays."""
    new = replace(order)
    said: list[str] = []
    for one in head:
        if one[0] == "CUR":
            new.currency = one[2]
        elif one[0] == "DTM" and one[1] == "002":
            new.day = one[2]
        elif one[0] == "N1" and one[1] == "ST":
            new.ship_to = tuple(one[2:])
        elif one[0] in _TEXT:
            said.append(one[_TEXT[one[0]]])
    text = " ".join(said)
    if "(002) " + GONE in text:
        new.day = ""
    kept = " ".join(one for one in said if GONE not in one)
    new.notes = kept if said and (kept or "notes" in text) else new.notes
    return new


def _line(line: Sequence[Segment], at: int, before: Wanted | None) -> Wanted:
    """A line of PO1 (quantity at 2) or POC (at 3): restated, but for what it does not name."""
    first = line[0]
    unit = at + 1 if first[0] == "PO1" else at + 2
    pairs = first[unit + 3 :]
    day, text, said = before.day if before else "", before.text if before else "", []
    for one in line[1:]:
        if one[0] == "DTM" and one[1] == "002":
            day = one[2]
        elif one[0] == "PID":
            said.append(one[5])
        elif one[0] in _TEXT and "(002) " + GONE in one[_TEXT[one[0]]]:
            day = ""
    return Wanted(
        quantity=Decimal(first[at]),
        unit=first[unit],
        price=Decimal(first[unit + 1]),
        items=frozenset(zip(pairs[::2], pairs[1::2], strict=True)),
        text=" ".join(said) or text,
        day=day,
    )
