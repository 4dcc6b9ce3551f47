"""Ship notices (856)."""

from datetime import date, time
from decimal import Decimal

from ml_connector.documents.common import (
    Amounts,
    DateReference,
    Document,
    Itemized,
    KeptSegment,
    Party,
    Purpose,
    Record,
    Reference,
    Segmented,
)


class ShippedItem(Itemized, Amounts):
    """One item of an order in a shipment. quantity in `unit` (SN1); marks are the packs it stands in (MAN).

    broken_down: what the levels below it (lots, packs) come to in the same unit, where they say.
    """

    line_number: str = ""
    quantity: Decimal | None
    unit: str = ""
    quantity_ordered: Decimal | None = None
    broken_down: Decimal | None = None
    status: str = ""
    description: str = ""
    packs: tuple[str, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class ShippedPack(Record):
    """A pack with what is in it. marks are its own and those of the packs around it, outermost first; none: loose."""

    marks: tuple[str, ...] = ()
    items: tuple[ShippedItem, ...] = ()


class ShippedOrder(Segmented):
    """All that the shipment carries for one purchase order."""

    order_number: str
    order_date: date | None = None
    release: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    parties: tuple[Party, ...] = ()
    items: tuple[ShippedItem, ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    @property
    def packs(self) -> tuple[ShippedPack, ...]:
        """The items by the packs they stand in, in order of appearance."""
        found: dict[tuple[str, ...], list[ShippedItem]] = {}
        for item in self.items:
            found.setdefault(item.packs, []).append(item)
        return tuple(ShippedPack(marks=marks, items=tuple(items)) for marks, items in found.items())


class ShipNotice(Document):
    """856 flattened to shipment -> orders -> items.

    `tree` is empty where orders, items and packs say all there is. Where the HL tree as read holds more (other
    levels, weights of a carton, loose numbering), its segments are kept there as read, and a writer follows them.
    """

    number: str
    notice_date: date | None
    notice_time: time | None = None
    purpose: Purpose = Purpose.ORIGINAL
    structure: str = ""
    orders: tuple[ShippedOrder, ...] = ()
    tree: tuple[KeptSegment, ...] = ()

    @property
    def shipped_date(self) -> date | None:
        return self.date_of("011")
