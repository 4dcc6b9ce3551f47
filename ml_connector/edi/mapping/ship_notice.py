"""856 to and from ShipNotice (x12-procurement 7): an HL tree of any shape as shipment, orders and items."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.edi.mapping.common import DATES, PARTIES, REFERENCES, Contacts, currency
from ml_connector.edi.mapping.fields import DAY, NUMBER, TIME, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.scopes import One, Scope, Text, Unit, arranged, bring_back, keep
from ml_connector.edi.mapping.totals import Totals
from ml_connector.edi.schema import LoopRule
from ml_connector.edi.segments import Segment
from ml_connector.edi.structure import Loop
from ml_connector.edi.values import is_digits

_LEVEL = SegmentMap("HL", ignored=frozenset({1, 2, 3, 4}))

_BSN = SegmentMap(
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


_ITEM = Scope(
    ShippedItem,
    _LEVEL,
    [
        One(SegmentMap("LIN", Field(1, "line_number"), pairs=Pairs(2, 32))),
        One(
            SegmentMap(
                "SN1",
                Field(2, "quantity", NUMBER),
                Field(3, "unit"),
                Field(5, "quantity_ordered", NUMBER),
                Field(8, "status"),
            )
        ),
        Text(),
    ],
    name="items",
    after_read=_line_number,
)

_ORDER = Scope(
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

_SHIPMENT = Scope(ShipNotice, _BSN, [REFERENCES, Contacts(), DATES, PARTIES, currency("SE"), Totals()])

#: Higher levels first, for notices that leave HL02 empty; BSN05 says which way item and pack are nested.
_RANKS = {"0002": "SOIPTQ", "0003": "STPQOI"}
_RANK = "SOTPQI"

#: Levels that are packs, outermost first.
_PACKS = frozenset("TPQ")


@dataclass(slots=True, eq=False)
class _Level:
    """One HL loop in the tree."""

    loop: Loop
    code: str
    parent: "_Level | None" = None
    children: list["_Level"] = field(default_factory=list)

    def upward(self) -> Iterator["_Level"]:
        """Itself, its parent, and so on."""
        level: _Level | None = self
        while level is not None:
            yield level
            level = level.parent

    def marks(self) -> list[str]:
        return [s.elements[2] for s in self.loop.segments if s.elements[0] == "MAN" and len(s.elements) > 2]


def read_ship_notice(root: Loop) -> ShipNotice | None:
    """The document of an 856; None when it has no BSN."""
    opening = root.find("BSN")
    if opening is None:
        return None
    levels = _tree(root)
    shipment = next((level for level in levels if level.code == "S"), None)
    whole = Loop(shipment.loop.rule if shipment else LoopRule("HL"))
    whole.segments = [opening, *(s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE"})]
    whole.loops = [loop for loop in root.loops if loop.loop_id != "HL"]
    if shipment is not None:
        whole.segments += shipment.loop.segments[1:]
        whole.loops += shipment.loop.loops
    notice: ShipNotice = _SHIPMENT.read(whole)
    notice = changed(notice, orders=_orders(levels))
    others = [s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE", "CTT"}]
    if not others and root.loops and _same(_generated(notice), root.loops):
        return notice
    tree = (*(keep(s) for s in others), *(keep(loop) for loop in root.loops))
    return changed(notice, tree=tree)


def write_ship_notice(notice: ShipNotice) -> Unit:
    """BSN with the HL loops inside: those of `tree` where it is there, else made of orders, packs and items."""
    head = Unit(_BSN.write(notice))
    totals = Totals().give(notice)
    body = [bring_back(kept) for kept in notice.tree] if notice.tree else _generated(notice)
    head.inside = [*body, *totals]
    return head


def _tree(root: Loop) -> list[_Level]:
    """Levels in order of appearance, each with its parent: by id, else the nearest preceding one of a higher level."""
    opening = root.find("BSN")
    structure = opening.elements[5] if opening is not None and len(opening.elements) > 5 else ""
    rank = {code: number for number, code in enumerate(_RANKS.get(structure, _RANK))}
    by_id: dict[str, _Level] = {}
    levels: list[_Level] = []
    for loop in root.loops:
        if loop.loop_id != "HL":
            continue
        elements = [*loop.segments[0].elements, "", "", ""]
        level = _Level(loop, elements[3])
        parent = by_id.get(elements[2]) if elements[2] else None
        if parent is None:
            own = rank.get(level.code, len(rank))
            parent = next((p for p in reversed(levels) if rank.get(p.code, len(rank)) < own), None)
        level.parent = parent
        if parent is not None:
            parent.children.append(level)
        levels.append(level)
        by_id[elements[1]] = level
    return levels


def _orders(levels: list[_Level]) -> tuple[ShippedOrder, ...]:
    """One for each order number and release, in order of appearance, with the items that stand under it."""
    found: dict[tuple[str, str], ShippedOrder] = {}
    items: dict[tuple[str, str], list[ShippedItem]] = {}
    for level in levels:
        if level.loop.find("PRF") is not None:
            order: ShippedOrder = _ORDER.read(level.loop if level.code == "O" else _only_order(level.loop))
            found.setdefault((order.order_number, order.release), order)
        if level.loop.find("SN1") is not None or level.code == "I":
            key = _order_key(level)
            item: ShippedItem = _ITEM.read(level.loop)
            packs = _packs(level)
            items.setdefault(key, []).append(changed(item, packs=packs) if packs else item)
            if key not in found:
                found[key] = ShippedOrder(order_number=key[0], release=key[1])
    return tuple(changed(order, items=tuple(items[key])) if key in items else order for key, order in found.items())


def _only_order(loop: Loop) -> Loop:
    """A loop of another level that names an order: its PRF alone."""
    alone = Loop(loop.rule)
    alone.segments = [loop.segments[0], *(s for s in loop.segments if s.elements[0] == "PRF")]
    return alone


def _order_key(level: _Level) -> tuple[str, str]:
    for above in level.upward():
        segment = above.loop.find("PRF")
        if segment is not None:
            elements = [*segment.elements, "", ""]
            return elements[1], elements[2]
    return "", ""


def _packs(level: _Level) -> tuple[str, ...]:
    """Marks of the packs an item stands in, outermost first, or of those that stand below it."""
    above = [mark for p in level.upward() if p is not level and p.code in _PACKS for mark in reversed(p.marks())]
    below = [mark for child in level.children if child.code in _PACKS for mark in child.marks()]
    return (*reversed(above), *below)


def _generated(notice: ShipNotice) -> list[Unit]:
    """HL loops S, O, then I, or P with its I, or I with its P where an item stands in several packs."""
    levels: list[Unit] = []

    def add(code: str, parent: Unit | None, inside: list[Unit]) -> Unit:
        above = parent.elements[1] if parent is not None else ""
        if parent is not None:
            parent.elements[4] = "1"
        unit = Unit(["HL", str(len(levels) + 1), above, code, "0"], inside)
        levels.append(unit)
        return unit

    top = add("S", None, [u for u in _SHIPMENT.write(notice).inside if u.segment_id != "CTT"])
    for order in notice.orders:
        below = add("O", top, _ORDER.write(order).inside)
        pack: Unit | None = None
        marks: tuple[str, ...] = ()
        for item in order.items:
            if len(item.packs) == 1 and (pack is None or item.packs != marks):
                pack, marks = add("P", below, [_mark(item.packs[0])]), item.packs
            own = add("I", pack if len(item.packs) == 1 else below, _ITEM.write(item).inside)
            if len(item.packs) > 1:
                for mark in item.packs:
                    add("P", own, [_mark(mark)])
    return levels


def _mark(number: str) -> Unit:
    """GM with application identifier 00 (20 digits), AA for the bare SSCC, CP for anything else."""
    form = is_digits(number) and len(number)
    qualifier = "GM" if form == 20 else "AA" if form == 18 else "CP"
    return Unit(["MAN", qualifier, number])


def _same(generated: list[Unit], loops: list[Loop]) -> bool:
    """Whether what would be written is what was read."""
    if len(generated) != len(loops):
        return False
    for unit in generated:
        unit.inside = arranged(unit.inside, loops[0].rule)
    return all(_equal(unit, loop) for unit, loop in zip(generated, loops, strict=True))


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
