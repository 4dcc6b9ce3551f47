"""856 to and from ShipNotice (x12-procurement 7): an HL tree of any shape as shipment, orders and items."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.mapping.common import DATES, PARTIES, REFERENCES, Contacts, currency
from ml_connector.edi.mapping.fields import DAY, NUMBER, TIME, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.notice_levels import NoticeLevel, link, loops_without_levels
from ml_connector.edi.mapping.scopes import One, Scope, Text, Unit, arranged, bring_back, keep
from ml_connector.edi.mapping.totals import Totals
from ml_connector.edi.validation.schema import LoopRule
from ml_connector.edi.validation.structure import Loop

_LEVEL = SegmentMap("HL", ignored=frozenset({1, 2, 3, 4}))

BSN = SegmentMap(
    "BSN",
    Field(1, "purpose", coded(Purpose)),
    Field(2, "number"),
    Field(3, "notice_date", DAY),
    Field(4, "notice_time", TIME),
    Field(5, "structure"),
)


def _line_number(values: dict[str, Any]) -> None:
    """LIN01, else SN101."""
    if not values.get("line_number"):
        for kept in values.get("kept", ()):
            if kept.segment_id == "SN1" and kept.position == 1:
                values["line_number"] = kept.value


SN1 = SegmentMap(
    "SN1", Field(2, "quantity", NUMBER), Field(3, "unit"), Field(5, "quantity_ordered", NUMBER), Field(8, "status")
)

ITEM = Scope(
    ShippedItem,
    _LEVEL,
    [
        One(SegmentMap("LIN", Field(1, "line_number"), pairs=Pairs(2, 32))),
        One(SN1),
        Text(),
    ],
    name="items",
    after_read=_line_number,
)

ORDER = Scope(
    ShippedOrder,
    _LEVEL,
    [
        One(SegmentMap("PRF", Field(1, "order_number"), Field(2, "release"), Field(4, "order_date", DAY))),
        REFERENCES,
        DATES,
        PARTIES,
    ],
    name="orders",
)

SHIPMENT = Scope(ShipNotice, BSN, [REFERENCES, Contacts(), DATES, PARTIES, currency("SE"), Totals()])


def read_ship_notice(root: Loop) -> ShipNotice | None:
    """The document of an 856; None when it has no BSN."""
    opening = root.find("BSN")
    if opening is None:
        return None
    loops = [loop for loop in root.loops if loop.loop_id == "HL"] or loops_without_levels(root.segments)
    levels = [NoticeLevel(loop) for loop in loops]
    link(levels, opening.elements)
    shipment = next((level.loop for level in levels if level.code == "S"), None)
    whole = Loop(shipment.rule if shipment else LoopRule("HL"))
    whole.segments = [opening, *(s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE"})]
    whole.loops = [loop for loop in root.loops if loop.loop_id != "HL"]
    if shipment is not None:
        whole.segments += shipment.segments[1:]
        whole.loops += shipment.loops
    notice: ShipNotice = SHIPMENT.read(whole)
    notice = changed(notice, orders=orders_of(levels))
    others = [s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE", "CTT"}]
    if not others and root.loops and _is_written_so(notice, root.loops):
        return notice
    tree = (*(keep(s) for s in others), *(keep(loop) for loop in root.loops))
    return changed(notice, tree=tree)


def write_ship_notice(notice: ShipNotice) -> Unit:
    """BSN with the HL loops inside: those of `tree` where it is there, else made of orders, packs and items."""
    head = Unit(BSN.write(notice))
    totals = Totals().give(notice)
    body = [bring_back(kept) for kept in notice.tree] if notice.tree else _generated(notice)
    head.inside = [*body, *totals]
    return head


def orders_of(levels: Sequence[NoticeLevel]) -> tuple[ShippedOrder, ...]:
    """One for each order number and release, in order of appearance, with the items that stand under it."""
    found: dict[tuple[str, str], ShippedOrder] = {}
    items: dict[tuple[str, str], list[ShippedItem]] = {}
    for level in levels:
        if level.prf is not None:
            order: ShippedOrder = ORDER.read(level.loop if level.code == "O" else _only_order(level.loop))
            found.setdefault((order.order_number, order.release), order)
        if level.is_item and level.counts():
            key = level.order_key()
            item: ShippedItem = ITEM.read(level.loop, packs=level.packs(), broken_down=level.broken_down())
            if not item.line_number and (number := level.order_line()):
                item = changed(item, line_number=number)
            items.setdefault(key, []).append(item)
            if key not in found:
                found[key] = ShippedOrder(order_number=key[0], release=key[1])
    return tuple(changed(order, items=tuple(items[key])) if key in items else order for key, order in found.items())


def _only_order(loop: Loop) -> Loop:
    """A loop of another level that names an order: its PRF alone."""
    alone = Loop(loop.rule)
    alone.segments = [loop.segments[0], *(s for s in loop.segments if s.elements[0] == "PRF")]
    return alone


class _Planned(msgspec.Struct, eq=False):
    """A level as it is written: its HL, and the record (or the mark of a pack) that its other segments say."""

    elements: list[str]
    says: ShipNotice | ShippedOrder | ShippedItem | str

    def inside(self) -> list[Unit]:
        """The segments behind its HL, not yet in the definition's order."""
        match self.says:
            case ShippedItem():
                return ITEM.write(self.says).inside
            case ShippedOrder():
                return ORDER.write(self.says).inside
            case str():
                return [_pack(self.says)]
            case notice:
                return [u for u in SHIPMENT.write(notice).inside if u.segment_id != "CTT"]


def _planned(notice: ShipNotice) -> list[_Planned]:
    """Levels S, O, then I, or P with its I, or I with its P where an item stands in several packs."""
    levels: list[_Planned] = []

    def add(code: str, parent: _Planned | None, says: ShipNotice | ShippedOrder | ShippedItem | str) -> _Planned:
        above = parent.elements[1] if parent is not None else ""
        if parent is not None:
            parent.elements[4] = "1"
        level = _Planned(["HL", str(len(levels) + 1), above, code, "0"], says)
        levels.append(level)
        return level

    top = add("S", None, notice)
    for order in notice.orders:
        below = add("O", top, order)
        pack: _Planned | None = None
        marks: tuple[str, ...] = ()
        for item in order.items:
            if len(item.packs) == 1 and (pack is None or item.packs != marks):
                pack, marks = add("P", below, item.packs[0]), item.packs
            own = add("I", pack if len(item.packs) == 1 else below, item)
            if len(item.packs) > 1:
                for mark in item.packs:
                    add("P", own, mark)
    return levels


def _generated(notice: ShipNotice) -> list[Unit]:
    """The HL loops that say what the notice says."""
    return [Unit(level.elements, level.inside()) for level in _planned(notice)]


def _pack(number: str) -> Unit:
    return Unit(["MAN", mark_kind(number), number])


#: By the digits of the mark: the SSCC with its application identifier, and without.
_MARK_KINDS = {20: "GM", 18: "AA"}


def mark_kind(number: str) -> str:
    """MAN01: GM with application identifier 00 (20 digits), AA for the bare SSCC, CP for anything else."""
    if not is_digits(number):
        return "CP"
    return _MARK_KINDS.get(len(number), "CP")


def _is_written_so(notice: ShipNotice, loops: list[Loop]) -> bool:
    """Whether what would be written is what was read."""
    levels = _planned(notice)
    if len(levels) != len(loops):
        return False
    if any(level.elements != loop.segments[0].elements for level, loop in zip(levels, loops, strict=True)):
        return False
    for level, loop in zip(levels, loops, strict=True):
        if _is_plain(level.says, loop):
            continue
        unit = Unit(level.elements, arranged(level.inside(), loops[0].rule))
        if not _equal(unit, loop):
            return False
    return True


def _is_plain(says: ShipNotice | ShippedOrder | ShippedItem | str, loop: Loop) -> bool:
    """Whether a look at a pack's MAN, or an item's LIN, SN1 and PID, shows that it would be written as it was read.

    Most are that plain; writing every level of a notice again is a third of what opening one costs.
    """
    segments = loop.segments
    if loop.loops:
        return False
    if isinstance(says, str):
        return len(segments) == 2 and segments[1].elements == ["MAN", mark_kind(says), says]
    if not isinstance(says, ShippedItem) or not 3 <= len(segments) <= 4 or says.quantity is None:
        return False
    lin, sn1 = segments[1].elements, segments[2].elements
    if lin[0] != "LIN" or len(lin) % 2 or len(lin) > 32 or not all(lin):
        return False
    if sn1[0] != "SN1" or len(sn1) != 4 or not sn1[3] or NUMBER.write(says.quantity) != sn1[2]:
        return False
    return len(segments) == 3 or (says.description != "" and segments[3].elements == _pid(says.description))


def _pid(description: str) -> list[str]:
    return ["PID", "F", "", "", "", description]


def _equal(unit: Unit, loop: Loop) -> bool:
    """The loop's own segments and the loops in it stand in the order of its definition, as a writer has them."""
    if unit.elements != loop.segments[0].elements or len(unit.inside) != len(loop.segments) - 1 + len(loop.loops):
        return False
    if not loop.loops:
        return all(
            not inner.inside and inner.elements == segment.elements
            for inner, segment in zip(unit.inside, loop.segments[1:], strict=True)
        )
    order = loop.rule.order
    found: list[Segment | Loop] = [*loop.segments[1:], *loop.loops]
    found.sort(key=lambda one: order(one.elements[0] if isinstance(one, Segment) else one.loop_id))
    for inner, one in zip(unit.inside, found, strict=True):
        if isinstance(one, Loop):
            if not _equal(inner, one):
                return False
        elif inner.inside or inner.elements != one.elements:
            return False
    return True
