"""Which line of an order a line of another document means: one rule for 810, 856, 855 and 865. Pure functions.

The item decides; the number only where no item is named. Suppliers number their own lines, so a number that leads to
one line while the item stands on another is a question, and never believed; a number that is no line of the order says
nothing. `PL` among the product ids is the buyer's own line number (x12-procurement 4) and goes before IT101, LIN01,
PO101.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ml_connector.documents.common import BUYERS_ITEM, GTIN, VENDORS_ITEM, ItemId
from ml_connector.documents.orders import OrderLine
from ml_connector.documents.reference import OpenOrderLine
from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import NeedsCorrection, Reason

LineT = TypeVar("LineT")

#: The buyer's own line number among product ids.
BUYERS_LINE = "PL"
#: Qualifiers of product ids that name no product (element 235): texts, orders, lots, serials, sizes, customs codes.
#: SN is the serial number (x12-procurement 4).
NAMES_NO_ITEM = frozenset({"PL", "PO", "ON", "PD", "LT", "SN", "EC", "HD", "CG", "IZ", "BO", "SZ", "SE", "BL", "B8"})
_BUYERS = frozenset(BUYERS_ITEM)
#: Those that are the buyer's number and nothing else; SK and CB stand for a supplier's number often enough.
_SURELY_BUYERS = frozenset({"BP", "IN", "PI"})
_VENDORS = frozenset(VENDORS_ITEM) - NAMES_NO_ITEM
_GTINS = frozenset(GTIN)


@dataclass(frozen=True)
class NamedLine:
    """What a document says of the line it means. position: the place of the line in its document, where it has one."""

    number: str
    items: tuple[ItemId, ...]
    position: int | None = None
    what: str = "Line"

    @property
    def numbers(self) -> tuple[str, ...]:
        """The line numbers it gives, the buyer's own first."""
        given = [*(one.value for one in self.items if one.qualifier == BUYERS_LINE), self.number]
        return tuple(dict.fromkeys(number for number in map(_bare, given) if number))

    @property
    def named(self) -> tuple[ItemId, ...]:
        """The ids that name a product."""
        return tuple(one for one in self.items if one.value.strip() and one.qualifier not in NAMES_NO_ITEM)

    @property
    def item_text(self) -> str:
        """The item as people know it: the buyer's number, the supplier's, the GTIN, whatever there is."""
        for wanted in (_BUYERS, _VENDORS, _GTINS):
            found = next((one.value for one in self.named if one.qualifier in wanted), "")
            if found:
                return found
        return self.named[0].value if self.named else ""


@dataclass(frozen=True, eq=False)
class KnownLine(Generic[LineT]):
    """A line of the order, with its number and the numbers its item is known by. Each is only the same as itself."""

    line: LineT
    number: str
    item_text: str
    buyers: frozenset[str] = frozenset()
    vendors: frozenset[str] = frozenset()
    gtins: frozenset[str] = frozenset()


def _named_by(one: ItemId, lines: Sequence[KnownLine[LineT]]) -> list[KnownLine[LineT]]:
    """The lines whose item a product id names; ids that are neither buyer's, seller's nor GTIN may be either."""
    value = _folded(one.value)
    if one.qualifier in _BUYERS:
        return [line for line in lines if value in line.buyers]
    if one.qualifier in _VENDORS:
        return [line for line in lines if value in line.vendors]
    gtin = _bare(value)
    if one.qualifier in _GTINS:
        return [line for line in lines if gtin in line.gtins]
    return [line for line in lines if value in line.buyers or value in line.vendors or gtin in line.gtins]


def of_erp(line: OpenOrderLine) -> KnownLine[OpenOrderLine]:
    """A line as the ERP has it."""
    return KnownLine(
        line,
        _bare(str(line.number)),
        line.item_code or line.suppliers_item or line.barcode or line.description or "without an item",
        _set(line.item_code),
        _set(line.suppliers_item),
        _set(_bare(line.barcode.strip())),
    )


def of_order(line: OrderLine) -> KnownLine[OrderLine]:
    """A line as the partner was sent it."""

    def values(wanted: frozenset[str], form: Callable[[str], str] = _folded) -> frozenset[str]:
        return frozenset(form(one.value) for one in line.items if one.qualifier in wanted and form(one.value))

    return KnownLine(
        line,
        _bare(line.number),
        NamedLine(line.number, line.items).item_text or line.description or "without an item",
        values(_BUYERS),
        values(_VENDORS),
        values(_GTINS, _bare),
    )


def lines_meant(
    named: NamedLine, lines: Sequence[KnownLine[LineT]], order: str, *, numbers_are_ours: bool = True
) -> tuple[LineT, ...]:
    """The lines of the order that may be meant: one, or several of the same item that no number tells apart.

    numbers_are_ours: false for a partner that numbers its lines its own way: then only PL is a number of the order.

    Raises:
        NeedsCorrection: the item is not of the order, item and number (or two ids of the item) lead to different lines,
            or neither leads to one.
    """
    numbers = named.numbers
    if not numbers_are_ours:
        numbers = tuple(_bare(one.value) for one in named.items if one.qualifier == BUYERS_LINE)
    by_number = _of_first_number(numbers, lines)
    if not named.named:
        if not by_number:
            raise _not_on_order(named, lines, order, by_number)
        return tuple(one.line for one in by_number)
    by_item = _by_item(named, lines, order)
    if not by_item:
        raise _not_on_order(named, lines, order, by_number)
    if not by_number:
        return tuple(one.line for one in by_item)
    both = tuple(one.line for one in by_item if one in by_number)
    if not both:
        raise _contradiction(
            f"{_place(named)} gives line number {by_number[0].number}, which is {by_number[0].item_text} on purchase"
            f" order {order}, and item {named.item_text}, which is line {_numbers(by_item)} there.",
            named,
            order,
            [*by_number, *by_item],
            remedy="Ask the supplier which line is meant. Where the partner numbers its lines its own way, set"
            " `line_numbers: theirs` in its file: then the item alone decides.",
        )
    return both


def _of_first_number(numbers: Iterable[str], lines: Sequence[KnownLine[LineT]]) -> list[KnownLine[LineT]]:
    for number in numbers:
        found = [one for one in lines if one.number == number]
        if found:
            return found
    return []


def _by_item(named: NamedLine, lines: Sequence[KnownLine[LineT]], order: str) -> list[KnownLine[LineT]]:
    """The lines whose item all ids name that name any; two ids that name different items are a question."""
    told = [(one, _named_by(one, lines)) for one in named.named]
    telling = [(one, found) for one, found in told if found]
    if not telling:
        return []
    common = [line for line in telling[0][1] if all(line in found for _, found in telling)]
    if not common:
        shown = " and ".join(f"{one.qualifier} {one.value} (line {_numbers(found)})" for one, found in telling)
        raise _contradiction(
            f"{_place(named)} names items of different lines of purchase order {order}: {shown}.",
            named,
            order,
            [line for _, found in telling for line in found],
            remedy="Ask the supplier which item is meant, or mend the item's numbers in the ERP.",
        )
    foreign = next((one for one, found in told if not found and one.qualifier in _SURELY_BUYERS), None)
    if foreign is not None and not any(one.qualifier in _SURELY_BUYERS for one, _ in telling) and common[0].buyers:
        raise _contradiction(
            f"{_place(named)} names our item {foreign.value}, which is not on purchase order {order}, and"
            f" {telling[0][0].qualifier} {telling[0][0].value}, which is {common[0].item_text} of line"
            f" {_numbers(common)} there.",
            named,
            order,
            common,
            remedy="Ask the supplier which item is meant, or mend the item's numbers in the ERP.",
        )
    return common


def _contradiction(
    message: str, named: NamedLine, order: str, lines: Sequence[KnownLine[LineT]], *, remedy: str
) -> NeedsCorrection:
    shown = {one.number: one.item_text for one in lines}
    return NeedsCorrection(
        Reason.ORDER_LINE_CONTRADICTED,
        message,
        remedy=remedy,
        data={"order": order, **_said(named), "order_lines": shown},
    )


def _not_on_order(
    named: NamedLine, lines: Sequence[KnownLine[LineT]], order: str, by_number: Sequence[KnownLine[LineT]]
) -> NeedsCorrection:
    shown = named.item_text or f"number {next(iter(named.numbers), '?')}"
    there = f"; line {by_number[0].number} there is {by_number[0].item_text}" if by_number else ""
    return NeedsCorrection(
        Reason.NO_SUCH_ORDER_LINE,
        f"{_place(named)} ({shown}) is not on purchase order {order}{there}.",
        remedy="Add the item to the order, or settle it with the supplier.",
        data={
            "order": order,
            "item": shown,
            **_said(named),
            "ordered": [one.item_text for one in lines][:20],
            "order_lines": {one.number: one.item_text for one in by_number},
        },
    )


def _said(named: NamedLine) -> dict[str, object]:
    return {
        **({"line": named.position} if named.position is not None else {}),
        "line_number": named.number,
        "items": [f"{one.qualifier} {one.value}" for one in named.items],
    }


def _place(named: NamedLine) -> str:
    if named.position is not None:
        return f"{named.what} {named.position}"
    return f"{named.what} {named.number}" if named.number else named.what


def _numbers(lines: Sequence[KnownLine[LineT]]) -> str:
    return ", ".join(one.number for one in lines)


def _bare(number: str) -> str:
    """A number without the zeros and blanks around it that say nothing."""
    return number.strip().lstrip("0")


def _folded(value: str) -> str:
    return as_key(value).strip().casefold()


def _set(value: str) -> frozenset[str]:
    folded = _folded(value)
    return frozenset({folded}) if folded else frozenset()
