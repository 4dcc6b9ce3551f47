"""856 to and from ShipNotice (x12-procurement 7): an HL tree of any shape as shipment, orders and items."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.mapping.common import DATES, PARTIES, REFERENCES, Contacts, currency
from ml_connector.edi.mapping.fields import DAY, NUMBER, TIME, Field, Pairs, SegmentMap, coded
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

#: Higher levels first, for notices that leave HL02 empty; BSN05 says which way item and pack are nested.
_RANKS = {"0002": "SOIPTQ", "0003": "STPQOI"}
_RANK = "SOTPQI"

#: Levels that are packs, outermost first.
_PACKS = frozenset("TPQ")
#: What an item is made of: nothing that was ordered.
_COMPONENT = "F"


class Level(ABC):
    """One HL loop in the tree: its HL and PRF, whether it is an item, its marks, and what reads the rest of it."""

    __slots__ = ("children", "elements", "is_item", "marks", "parent", "prf")

    def __init__(self, elements: list[str], prf: list[str] | None, is_item: bool, marks: Sequence[str]) -> None:
        self.elements = elements
        self.prf = prf
        self.is_item = is_item
        self.marks = marks
        self.parent: Level | None = None
        self.children: list[Level] = []

    @abstractmethod
    def loop(self) -> Loop:
        """Its segments."""

    @abstractmethod
    def item(self, packs: tuple[str, ...]) -> ShippedItem:
        """The item that it is, in these packs."""

    @property
    def code(self) -> str:
        """HL03."""
        return self.elements[3]

    def order_key(self) -> tuple[str, str]:
        """Order number and release of the nearest order above, or its own."""
        level: Level | None = self
        while level is not None:
            if level.prf is not None:
                elements = [*level.prf, "", ""]
                return elements[1], elements[2]
            level = level.parent
        return self.named_order() or self.referenced_order(), ""

    def named_order(self) -> str:
        """The order number among the product ids of its LIN: notices without a level of orders name it there."""
        lin = self.loop().find("LIN")
        if lin is None:
            return ""
        pairs = zip(lin.elements[2::2], lin.elements[3::2], strict=False)
        return next((value for qualifier, value in pairs if qualifier == "PO"), "")

    def referenced_order(self) -> str:
        """The order number in the REF*PO of the nearest level that has one; none where that level names several."""
        level: Level | None = self
        while level is not None:
            references = (s.elements for s in level.loop().segments if s.elements[:2] == ["REF", "PO"])
            numbers = {elements[2] for elements in references if len(elements) > 2 and elements[2]}
            if numbers:
                return numbers.pop() if len(numbers) == 1 else ""
            level = level.parent
        return ""

    def counts(self) -> bool:
        """Whether it says what was shipped: no component, no pack that only tells how many packs there are, and not
        below an item that has a quantity of its own, which it breaks down.
        """
        if not self.names_item() or self.is_share():
            return False
        above = self.item_above()
        return above is None or above.shipped() is None

    def names_item(self) -> bool:
        """Whether it is an item that may have been ordered: no component, no pack that counts only packs."""
        if not self.is_item or self.code == _COMPONENT:
            return False
        return self.code not in _PACKS or self.loop().find("LIN") is not None

    def item_above(self) -> "Level | None":
        """The nearest level above it that is an item."""
        level = self.parent
        while level is not None and not level.names_item():
            level = level.parent
        return level

    def shipped(self) -> tuple[Decimal, str] | None:
        """Quantity and unit of its SN1; None where there is none that can be read."""
        found = self.loop().find("SN1")
        elements = [*(found.elements if found is not None else ()), "", "", "", ""]
        quantity = NUMBER.read(elements[2]) if elements[2] else None
        return (quantity, elements[3]) if isinstance(quantity, Decimal) else None

    def broken_down(self) -> Decimal | None:
        """What the levels below it that break its quantity down come to; None where none does in its unit."""
        own = self.shipped()
        if own is None or not self.children:
            return None
        parts = [part.shipped() for part in self._parts()]
        known = [part[0] for part in parts if part is not None and part[1] == own[1]]
        return sum(known, Decimal(0)) if known and len(known) == len(parts) else None

    def _parts(self) -> "Iterator[Level]":
        """The uppermost levels below it that have a quantity and are no components."""
        for child in self.children:
            if child.code == _COMPONENT:
                continue
            if child.is_item:
                yield child
            else:
                yield from child._parts()

    def is_share(self) -> bool:
        """Whether it is a pack that tells how much of the item above stands in it: no item of its own."""
        above = self.parent
        return self.code in _PACKS and above is not None and (above.code == "I" or above.is_share())

    def packs(self) -> tuple[str, ...]:
        """Marks of the packs an item stands in, outermost first, or of those that stand below it."""
        found: list[str] = []
        level = self.parent
        while level is not None:
            if level.marks and level.code in _PACKS:
                found[:0] = level.marks
            level = level.parent
        for child in self.children:
            if child.code in _PACKS:
                found += child.marks
        return tuple(found)


def read_ship_notice(root: Loop) -> ShipNotice | None:
    """The document of an 856; None when it has no BSN."""
    opening = root.find("BSN")
    if opening is None:
        return None
    loops = [loop for loop in root.loops if loop.loop_id == "HL"] or _without_levels(root.segments)
    levels: list[Level] = [_Grown(loop) for loop in loops]
    link(levels, opening.elements)
    shipment = next((level.loop() for level in levels if level.code == "S"), None)
    whole = Loop(shipment.rule if shipment else LoopRule("HL"))
    whole.segments = [opening, *(s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE"})]
    whole.loops = [loop for loop in root.loops if loop.loop_id != "HL"]
    if shipment is not None:
        whole.segments += shipment.segments[1:]
        whole.loops += shipment.loops
    notice: ShipNotice = SHIPMENT.read(whole)
    notice = changed(notice, orders=orders_of(levels))
    others = [s for s in root.segments if s.elements[0] not in {"ST", "BSN", "SE", "CTT"}]
    if not others and root.loops and _same(_generated(notice), root.loops):
        return notice
    tree = (*(keep(s) for s in others), *(keep(loop) for loop in root.loops))
    return changed(notice, tree=tree)


def _without_levels(segments: Sequence[Segment]) -> list[Loop]:
    """The loops that a notice without any HL means: an order where PRF stands, an item from each LIN on."""
    loops: list[Loop] = []
    for segment in segments:
        segment_id = segment.elements[0]
        if segment_id in {"PRF", "LIN"}:
            loop = Loop(LoopRule("HL"))
            loop.segments.append(Segment(["HL", "", "", "O" if segment_id == "PRF" else "I"], segment.number))
            loops.append(loop)
        if loops and segment_id not in {"CTT", "SE"}:
            loops[-1].segments.append(segment)
    return loops


class _Grown(Level):
    """A level whose segments are there."""

    __slots__ = ("_loop",)

    def __init__(self, loop: Loop) -> None:
        prf = loop.find("PRF")
        elements = [*loop.segments[0].elements, "", "", ""]
        super().__init__(
            elements,
            prf.elements if prf is not None else None,
            loop.find("SN1") is not None or elements[3] == "I",
            [s.elements[2] for s in loop.segments if s.elements[0] == "MAN" and len(s.elements) > 2],
        )
        self._loop = loop

    def loop(self) -> Loop:
        return self._loop

    def item(self, packs: tuple[str, ...]) -> ShippedItem:
        item: ShippedItem = ITEM.read(self._loop)
        return changed(item, packs=packs) if packs else item


def write_ship_notice(notice: ShipNotice) -> Unit:
    """BSN with the HL loops inside: those of `tree` where it is there, else made of orders, packs and items."""
    head = Unit(BSN.write(notice))
    totals = Totals().give(notice)
    body = [bring_back(kept) for kept in notice.tree] if notice.tree else _generated(notice)
    head.inside = [*body, *totals]
    return head


def link(levels: Sequence[Level], opening: list[str]) -> None:
    """Gives each level its parent: by id, else the nearest preceding one of a higher level. `opening` is the BSN."""
    structure = opening[5] if len(opening) > 5 else ""
    rank = {code: number for number, code in enumerate(_RANKS.get(structure, _RANK))}
    by_id: dict[str, Level] = {}
    for number, level in enumerate(levels):
        above = level.elements[2]
        parent = by_id.get(above) if above else None
        if parent is None:
            own = rank.get(level.code, len(rank))
            before = (levels[at] for at in range(number - 1, -1, -1))
            parent = next((p for p in before if rank.get(p.code, len(rank)) < own), None)
        level.parent = parent
        if parent is not None:
            parent.children.append(level)
        by_id[level.elements[1]] = level


def orders_of(levels: Sequence[Level]) -> tuple[ShippedOrder, ...]:
    """One for each order number and release, in order of appearance, with the items that stand under it."""
    found: dict[tuple[str, str], ShippedOrder] = {}
    items: dict[tuple[str, str], list[ShippedItem]] = {}
    for level in levels:
        if level.prf is not None:
            loop = level.loop()
            order: ShippedOrder = ORDER.read(loop if level.code == "O" else _only_order(loop))
            found.setdefault((order.order_number, order.release), order)
        if level.is_item and level.counts():
            key = level.order_key()
            item = level.item(level.packs())
            parts = level.broken_down() if level.children else None
            items.setdefault(key, []).append(item if parts is None else changed(item, broken_down=parts))
            if key not in found:
                found[key] = ShippedOrder(order_number=key[0], release=key[1])
    return tuple(changed(order, items=tuple(items[key])) if key in items else order for key, order in found.items())


def _only_order(loop: Loop) -> Loop:
    """A loop of another level that names an order: its PRF alone."""
    alone = Loop(loop.rule)
    alone.segments = [loop.segments[0], *(s for s in loop.segments if s.elements[0] == "PRF")]
    return alone


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

    top = add("S", None, [u for u in SHIPMENT.write(notice).inside if u.segment_id != "CTT"])
    for order in notice.orders:
        below = add("O", top, ORDER.write(order).inside)
        pack: Unit | None = None
        marks: tuple[str, ...] = ()
        for item in order.items:
            if len(item.packs) == 1 and (pack is None or item.packs != marks):
                pack, marks = add("P", below, [_pack(item.packs[0])]), item.packs
            own = add("I", pack if len(item.packs) == 1 else below, ITEM.write(item).inside)
            if len(item.packs) > 1:
                for mark in item.packs:
                    add("P", own, [_pack(mark)])
    return levels


def _pack(number: str) -> Unit:
    return Unit(["MAN", mark_kind(number), number])


def mark_kind(number: str) -> str:
    """MAN01: GM with application identifier 00 (20 digits), AA for the bare SSCC, CP for anything else."""
    if not is_digits(number):
        return "CP"
    return {20: "GM", 18: "AA"}.get(len(number), "CP")


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
