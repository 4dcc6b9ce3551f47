"""What a customer understands of an acknowledgment (855) and a ship notice (856) of its orders, read with its own eyes
(x12-procurement 6, 7), and what of it does not hold together. Nothing here is the connector's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.partner.documents.orders import decimal
from ml_connector.sandbox.partner.documents.x12 import Segment, TransactionSet, get

#: ACK01: the line is taken, or a part of it is, as it is or otherwise; waits; is not.
TAKEN = frozenset({"IA", "AC", "AR", "IC", "IQ", "DR", "IP", "IE", "IS"})
WAITS = frozenset({"IB", "BP"})
NOT_TAKEN = frozenset({"IR", "ID", "R1", "R2", "R3", "R4"})
#: BAK02 that say that no line is otherwise; that none is taken.
UNCHANGED, REFUSED = frozenset({"AD", "AK", "AT"}), frozenset({"RD", "RJ"})
PURPOSES = frozenset({"00", "01", "04", "05", "06", "14"})

#: The lines of an order: number -> quantity.
Ordered = Mapping[str, Decimal]


@dataclass
class Heard:
    """One document as it was understood. said: its content in plain values. problems: what does not hold together."""

    kind: str
    number: str
    purpose: str
    said: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def hear(transaction: TransactionSet, orders: Mapping[str, Ordered]) -> Heard | None:
    """What an 855 or 856 says; None for any other set. orders: what this customer has ordered, by number."""
    if transaction.kind == "855":
        return _acknowledgment(transaction, orders)
    return _notice(transaction, orders) if transaction.kind == "856" else None


def _acknowledgment(transaction: TransactionSet, orders: Mapping[str, Ordered]) -> Heard:
    begin = _first(transaction, "BAK")
    heard = Heard("855", get(begin, 3), get(begin, 1))
    kind, lines = get(begin, 2), list(_lines(transaction))
    heard.said = {"type": kind, "our_order": get(begin, 3), "their_order": get(begin, 8), "lines": lines}
    heard.problems += [] if heard.purpose in PURPOSES else [f"BAK01 {heard.purpose} is not a purpose"]
    ordered = orders.get(heard.number)
    if ordered is None:
        heard.problems.append(f"order {heard.number} was never placed")
    for line in lines:
        heard.problems += _line_problems(line, kind, ordered or {})
    return heard


def _lines(transaction: TransactionSet) -> Iterator[dict[str, Any]]:
    """Each PO1 with the ACK below it."""
    line: dict[str, Any] | None = None
    for segment in transaction.segments:
        if segment[0] == "PO1":
            if line is not None:
                yield line
            line = {
                "line": get(segment, 1),
                "ordered": decimal(get(segment, 2)),
                "price": get(segment, 4),
                "answers": [],
            }
        elif segment[0] == "ACK" and line is not None:
            answer = {"code": get(segment, 1), "quantity": decimal(get(segment, 2)), "day": get(segment, 5)}
            line["answers"].append({**answer, "item": get(segment, 8)})
    if line is not None:
        yield line


def _line_problems(line: Mapping[str, Any], kind: str, ordered: Ordered) -> Iterator[str]:
    name, answers = line["line"], line["answers"]
    if ordered and name not in ordered:
        yield f"line {name} was never ordered"
    elif ordered and ordered[name] != line["ordered"]:
        yield f"line {name}: {line['ordered']} is not the {ordered[name]} that were ordered"
    if not answers:
        yield f"line {name} is not answered"
        return
    codes = {one["code"] for one in answers}
    if unknown := codes - TAKEN - WAITS - NOT_TAKEN:
        yield f"line {name}: {', '.join(sorted(unknown))} means nothing here"
    if sum((one["quantity"] for one in answers), Decimal(0)) < line["ordered"]:
        yield f"line {name}: its answers do not come to what was ordered"
    if kind in UNCHANGED and codes != {"IA"}:
        yield f"line {name} is otherwise, and BAK02 {kind} says that none is"
    if kind in REFUSED and codes - NOT_TAKEN:
        yield f"line {name} is taken, and BAK02 {kind} says that none is"


def _notice(transaction: TransactionSet, orders: Mapping[str, Ordered]) -> Heard:
    begin = _first(transaction, "BSN")
    heard = Heard("856", get(begin, 2), get(begin, 1))
    levels = list(_levels(transaction))
    heard.problems += [] if heard.purpose in PURPOSES else [f"BSN01 {heard.purpose} is not a purpose"]
    heard.problems += _tree_problems(levels, transaction)
    items = [_item(level, levels) for level in levels if level.code == "I"]
    heard.said = {
        "structure": get(begin, 5),
        "shipped": _element(levels[:1], "DTM", "011", 2),
        "ship_to": _element(levels[:1], "N1", "ST", 4),
        "tracking": sorted({get(one, 2) for level in levels for one in level.segments if one[:2] == ["REF", "CN"]}),
        "items": items,
    }
    shipped: dict[tuple[str, str], Decimal] = {}
    for item in items:
        key = (item["order"], item["line"])
        shipped[key] = shipped.get(key, Decimal(0)) + item["quantity"]
        if item["order"] not in orders:
            heard.problems.append(f"order {item['order'] or '(none)'} was never placed")
    for (order, line), quantity in shipped.items():
        if order in orders and quantity > orders[order].get(line, Decimal(0)):
            heard.problems.append(f"order {order}, line {line}: {quantity} are more than were ordered")
    return heard


@dataclass
class _Level:
    number: str
    parent: str
    code: str
    children: str
    segments: list[Segment] = field(default_factory=list)


def _levels(transaction: TransactionSet) -> Iterator[_Level]:
    level: _Level | None = None
    for segment in transaction.segments:
        if segment[0] == "HL":
            if level is not None:
                yield level
            level = _Level(get(segment, 1), get(segment, 2), get(segment, 3), get(segment, 4))
        elif level is not None and segment[0] not in {"CTT", "SE"}:
            level.segments.append(segment)
    if level is not None:
        yield level


#: Below which levels a level may stand, where packs are below orders.
_BELOW = {"O": {"S"}, "T": {"O"}, "P": {"O", "T"}, "I": {"O", "P"}}


def _tree_problems(levels: list[_Level], transaction: TransactionSet) -> Iterator[str]:
    codes = {level.number: level.code for level in levels}
    parents = {level.parent for level in levels}
    for at, level in enumerate(levels, 1):
        if level.number != str(at):
            yield f"HL {level.number} stands at place {at}"
        if level.code != "S" and codes.get(level.parent) not in _BELOW.get(level.code, set()):
            yield f"HL {level.number} ({level.code}) stands below {codes.get(level.parent, 'nothing')}"
        if (level.children == "1") != (level.number in parents):
            yield f"HL {level.number} has children or not, and HL04 says {level.children or 'nothing'}"
        yield from _mark_problems(level)
    total = sum((decimal(get(one, 2)) for level in levels for one in level.segments if one[0] == "SN1"), Decimal(0))
    end = _first(transaction, "CTT")
    if get(end, 1) != str(len(levels)):
        yield f"CTT01 {get(end, 1)} is not the number of levels, {len(levels)}"
    if get(end, 2) and decimal(get(end, 2)) != total:
        yield f"CTT02 {get(end, 2)} is not the sum of what is shipped, {total}"


def _mark_problems(level: _Level) -> Iterator[str]:
    for segment in level.segments:
        if segment[:2] == ["MAN", "GM"] and not is_sscc(get(segment, 2)):
            yield f"HL {level.number}: {get(segment, 2)} is not an SSCC"


def is_sscc(code: str) -> bool:
    """20 digits: application identifier 00, seventeen digits, and their check digit."""
    if len(code) != 20 or not code.isdigit() or not code.startswith("00"):
        return False
    weighed = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(code[2:-1]))
    return (weighed + int(code[-1])) % 10 == 0


def _item(level: _Level, levels: list[_Level]) -> dict[str, Any]:
    lin = next((one for one in level.segments if one[0] == "LIN"), [])
    sn1 = next((one for one in level.segments if one[0] == "SN1"), [])
    pairs = {get(lin, at): get(lin, at + 1) for at in range(2, len(lin), 2)}
    above = list(_above(level, levels))
    order = next((get(one, 1) for up in above for one in up.segments if one[0] == "PRF"), "")
    marks = [get(one, 2) for up in reversed(above) for one in up.segments if one[0] == "MAN"]
    return {
        "order": order, "line": get(lin, 1), "quantity": decimal(get(sn1, 2)), "unit": get(sn1, 3),
        "lot": pairs.get("LT", ""), "marks": marks,
    }  # fmt: skip


def _above(level: _Level, levels: list[_Level]) -> Iterator[_Level]:
    by_number = {one.number: one for one in levels}
    here = by_number.get(level.parent)
    while here is not None:
        yield here
        here = by_number.get(here.parent)


def _first(transaction: TransactionSet, name: str) -> Segment:
    return next((segment for segment in transaction.segments if segment[0] == name), [name])


def _element(levels: list[_Level], name: str, qualifier: str, at: int) -> str:
    found = (one for level in levels for one in level.segments if one[:2] == [name, qualifier])
    return next((get(one, at) for one in found), "")
