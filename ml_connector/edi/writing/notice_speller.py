"""Ship notices by made functions: the HL loops that `ship_notice.write_ship_notice` makes, without their units."""

from collections.abc import Callable
from typing import Any

from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.mapping.scopes import Many, Scope, Slot
from ml_connector.edi.mapping.ship_notice import BSN, ITEM, ORDER, SHIPMENT, mark_kind
from ml_connector.edi.mapping.totals import Totals
from ml_connector.edi.validation.schema import LoopRule
from ml_connector.edi.writing.generated import Speller, Spellers
from ml_connector.edi.writing.spelling import Odd

_Add = Callable[[str], None]

#: What stands before the levels, and in the first of them.
_HEAD = Many("", ShipNotice, BSN)
_INSIDE = Scope(ShipNotice, BSN, [slot for slot in SHIPMENT.slots if not isinstance(slot, Totals)])
_TOTALS = next(slot for slot in SHIPMENT.slots if isinstance(slot, Totals))

#: The longest MAN02.
_LONGEST_MARK = 48


def notice_speller(
    spellers: Spellers,
    letters: dict[str, str],
    root: LoopRule,
    separator: str,
    otherwise: Callable[[Any, _Add, _Add], int],
) -> Callable[[Any, _Add, _Add], int]:
    """What writes all of a ship notice between ST and SE; `otherwise` writes those that keep their tree."""
    level = root.first["HL"].loop

    def made(slot: Slot) -> Speller | None:
        return spellers.speller(slot, level, head=slot is _HEAD)

    head, shipment, order, item = made(_HEAD), made(_INSIDE), made(ORDER), made(ITEM)
    if head is None or shipment is None or order is None or item is None:
        return otherwise
    write = _Writer(letters, separator, head, shipment, order, item, spellers.asked(_TOTALS, root)).write
    return lambda notice, add, mark: (otherwise if notice.__dict__["tree"] else write)(notice, add, mark)


class _Writer:
    """Writes the levels of notices, counting them."""

    def __init__(
        self,
        letters: dict[str, str],
        separator: str,
        head: Speller,
        shipment: Speller,
        order: Speller,
        item: Speller,
        totals: Callable[[Any, _Add, _Add], int],
    ) -> None:
        self._hl, self._man = letters["HL"], letters["MAN"]
        self._mark = separator
        self._head, self._shipment, self._order, self._item, self._totals = head, shipment, order, item, totals

    def write(self, notice: ShipNotice, add: _Add, mark: _Add) -> int:
        one, hl, spell = self._mark, self._hl, self._item
        alone, orders = (notice,), notice.__dict__["orders"]
        marks = self._head(alone, add, mark)
        add(f"HL{one}1{one}{one}S{one}{'1' if orders else '0'}")
        mark(hl)
        marks += self._shipment(alone, add, mark)
        level = 1
        for order in orders:
            level += 1
            above = level
            items = order.__dict__["items"]
            add(f"HL{one}{level}{one}1{one}O{one}{'1' if items else '0'}")
            mark(hl)
            marks += self._order((order,), add, mark)
            pack, inside = 0, ()
            for item in items:
                packs = item.__dict__["packs"]
                level += 1
                if len(packs) != 1:
                    add(f"HL{one}{level}{one}{above}{one}I{one}{'1' if packs else '0'}")
                    mark(hl)
                    marks += spell((item,), add, mark)
                    own = level
                    for number in packs:
                        level += 1
                        add(f"HL{one}{level}{one}{own}{one}P{one}0")
                        mark(hl)
                        marks += self._pack(number, add, mark)
                    continue
                if not pack or packs != inside:
                    add(f"HL{one}{level}{one}{above}{one}P{one}1")
                    mark(hl)
                    marks += self._pack(packs[0], add, mark)
                    pack, inside = level, packs
                    level += 1
                add(f"HL{one}{level}{one}{pack}{one}I{one}0")
                mark(hl)
                marks += spell((item,), add, mark)
        return marks + 4 * level + self._totals(notice, add, mark)

    def _pack(self, number: str, add: _Add, mark: _Add) -> int:
        if not 0 < len(number) <= _LONGEST_MARK:
            raise Odd
        add(f"MAN{self._mark}{mark_kind(number)}{self._mark}{number}")
        mark(self._man)
        return 2
