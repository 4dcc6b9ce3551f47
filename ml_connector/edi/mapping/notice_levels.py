"""The levels of an 856 (x12-procurement 7): which stands in which, which are items, and what breaks a quantity down."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ml_connector.documents.common import BUYERS_ITEM, GTIN, VENDORS_ITEM
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.fields import NUMBER
from ml_connector.edi.validation.schema import LoopRule
from ml_connector.edi.validation.structure import Loop

#: Higher levels first, for notices that leave HL02 empty; BSN05 says which way item and pack are nested.
_RANKS = {"0002": "SOIPTQ", "0003": "STPQOI"}
_RANK = "SOTPQI"

#: Levels that are packs, outermost first.
_PACKS = frozenset("TPQ")
#: By what an item is known (x12-procurement 4): its kind, not its lot or piece.
_ITEM_NUMBERS = frozenset((*BUYERS_ITEM, *VENDORS_ITEM, *GTIN)) - {"SN"}
#: What an item is made of: nothing that was ordered.
_COMPONENT = "F"
#: Levels in one another; a level that would stand deeper stands in none, and an item there is of no order.
MOST_DEEP = 60


class NoticeLevel:
    """One HL loop in the tree: its HL and PRF, whether it is an item, its marks, and its segments."""

    __slots__ = ("children", "depth", "elements", "is_item", "loop", "marks", "named", "parent", "prf")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.elements = [*loop.segments[0].elements, "", "", ""]
        self.prf: list[str] | None = None
        self.is_item = self.elements[3] == "I"
        self.marks: list[str] = []
        #: Orders that its REF*PO name.
        self.named: set[str] = set()
        for segment in loop.segments:
            elements = segment.elements
            if elements[0] == "PRF":
                self.prf = self.prf or elements
            elif elements[0] == "SN1":
                self.is_item = True
            elif elements[0] == "MAN" and len(elements) > 2:
                self.marks.append(elements[2])
            elif elements[:2] == ["REF", "PO"] and len(elements) > 2 and elements[2]:
                self.named.add(elements[2])
        self.parent: NoticeLevel | None = None
        self.children: list[NoticeLevel] = []
        self.depth = 0

    @property
    def code(self) -> str:
        """HL03."""
        return self.elements[3]

    def order_key(self) -> tuple[str, str]:
        """Order number and release of the nearest order above, or its own."""
        level: NoticeLevel | None = self
        while level is not None:
            if level.prf is not None:
                elements = [*level.prf, "", ""]
                return elements[1], elements[2]
            level = level.parent
        return self.named_order() or self.referenced_order(), ""

    def order_line(self) -> str:
        """The order's line number that the nearest order above names (PRF05), or its own."""
        level: NoticeLevel | None = self
        while level is not None and level.prf is None:
            level = level.parent
        return level.prf[5] if level is not None and level.prf is not None and len(level.prf) > 5 else ""

    def named_order(self) -> str:
        """The order number among the product ids of its LIN: notices without a level of orders name it there."""
        lin = self.loop.find("LIN")
        if lin is None:
            return ""
        pairs = zip(lin.elements[2::2], lin.elements[3::2], strict=False)
        return next((value for qualifier, value in pairs if qualifier == "PO"), "")

    def referenced_order(self) -> str:
        """The order number in the REF*PO of the nearest level that has one; none where that level names several."""
        level: NoticeLevel | None = self
        while level is not None:
            if level.named:
                return next(iter(level.named)) if len(level.named) == 1 else ""
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
        return self.code not in _PACKS or self.loop.find("LIN") is not None

    def item_above(self) -> "NoticeLevel | None":
        """The nearest level above it that is an item."""
        level = self.parent
        while level is not None and not level.names_item():
            level = level.parent
        return level

    def shipped(self) -> tuple[Decimal, str] | None:
        """Quantity and unit of its SN1; None where there is none that can be read."""
        found = self.loop.find("SN1")
        elements = [*(found.elements if found is not None else ()), "", "", "", ""]
        quantity = NUMBER.read(elements[2]) if elements[2] else None
        return (quantity, elements[3]) if isinstance(quantity, Decimal) else None

    def broken_down(self) -> Decimal | None:
        """What the levels below it that break its quantity down come to; None where none does, or not in its unit.

        A level of another item breaks nothing of this one down: what stands in it may be shipped beside it.
        """
        own = self.shipped()
        if own is None or not self.children:
            return None
        below = list(self._parts())
        of_it = [part for part in below if not self.is_another_item(part)]
        parts = [part.shipped() for part in of_it]
        if len(of_it) < len(below):
            return sum((part[0] for part in parts if part is not None), Decimal(0))
        known = [part for part in parts if part is not None]
        if not known or any(part[1] != own[1] for part in known):
            return None
        return sum((part[0] for part in known), Decimal(0))

    def _parts(self) -> "Iterator[NoticeLevel]":
        """The uppermost levels below it that have a quantity and are no components."""
        for child in self.children:
            if child.code == _COMPONENT:
                continue
            if child.is_item:
                yield child
            else:
                yield from child._parts()

    def is_another_item(self, other: "NoticeLevel") -> bool:
        """Whether their LIN name two items."""
        own, others = self.loop.find("LIN"), other.loop.find("LIN")
        return own is not None and others is not None and name_two_items(own.elements, others.elements)

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


def link(levels: Sequence[NoticeLevel], opening: list[str]) -> None:
    """Gives each level its parent: by id, else the nearest preceding one of a higher level. `opening` is the BSN."""
    structure = opening[5] if len(opening) > 5 else ""
    rank = {code: number for number, code in enumerate(_RANKS.get(structure, _RANK))}
    by_id: dict[str, NoticeLevel] = {}
    #: The last level of each rank so far, with its place.
    latest: dict[int, tuple[int, NoticeLevel]] = {}
    for number, level in enumerate(levels):
        above, own = level.elements[2], rank.get(level.code, len(rank))
        parent = by_id.get(above) if above else None
        if parent is None:
            higher = [found for of, found in latest.items() if of < own]
            parent = max(higher, key=lambda found: found[0])[1] if higher else None
        if parent is not None and parent.depth < MOST_DEEP:
            level.parent, level.depth = parent, parent.depth + 1
            parent.children.append(level)
        by_id[level.elements[1]] = level
        latest[own] = (number, level)


def loops_without_levels(segments: Sequence[Segment]) -> list[Loop]:
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


def name_two_items(lin: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two LIN are named by the same kind of number, and never by the same one."""
    own, others = _item_numbers(lin), _item_numbers(other)
    common = own.keys() & others.keys()
    return bool(common) and not any(own[one] == others[one] for one in common)


def _item_numbers(lin: Sequence[str]) -> dict[str, str]:
    pairs = zip(lin[2::2], lin[3::2], strict=False)
    return {name: value.strip().casefold() for name, value in pairs if name in _ITEM_NUMBERS and value}
