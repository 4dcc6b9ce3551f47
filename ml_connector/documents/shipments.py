"""Ship notices (856)."""

from datetime import date, time
from decimal import Decimal

from ml_connector.documents.common import (
    DateReference,
    Document,
    Itemized,
    KeptSegment,
    Party,
    Purpose,
    Reference,
    Segmented,
)


class ShippedItem(Itemized):
    """One item of an order in a shipment. quantity in `unit` (SN1); marks are the packs it stands in (MAN)."""

    line_number: str = ""
    quantity: Decimal | None
    unit: str = ""
    quantity_ordered: Decimal | None = None
    status: str = ""
    description: str = ""
    packs: tuple[str, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


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
