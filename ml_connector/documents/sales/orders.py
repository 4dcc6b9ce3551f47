"""A sales order as it is posted to an ERP, after a customer's order was matched to customers, places and items.

Neutral between ERPs: ids are the ERP's own, codes are unpadded, amounts are exact and in `currency`.
"""

import hashlib
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.common import DocumentPart, Record

#: Characters of a reference that every ERP keeps.
REFERENCE_LENGTH = 40


def reference_of(*parts: str) -> str:
    """What names an order among those of the customer's number; a longer one is cut and still its own."""
    whole = "/".join(one for one in parts if one)
    if len(whole) <= REFERENCE_LENGTH:
        return whole
    mark = "~" + hashlib.sha256(whole.encode()).hexdigest()[:8]
    return whole[: REFERENCE_LENGTH - len(mark)] + mark


class NewCustomer(Record):
    """A customer that the ERP does not have, to be created with its first order.

    code: its number there, as far as it is ours to choose. reference: by which it is found again, whoever created it.
    customer_class: the ERP's template that says everything else.
    """

    code: str = ""
    reference: str
    customer_class: str
    name: str
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    contact: str = ""


class SalesOrderKind(StrEnum):
    """What a customer's order is: for delivery, of a quantity that is agreed on, or out of such a one."""

    ORDER = "order"
    BLANKET = "blanket"
    RELEASE = "release"


class ShipToAddress(DocumentPart):
    """An address that overrides the customer's own for this order."""

    name: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""


class OrderCharge(Record):
    """An allowance (negative) or a charge (positive) of the order. code: SAC02, or whatever the customer has.

    item_id, item_code: of the item that is put on the order for it; empty: the ERP's own place for discounts, freight.
    """

    code: str
    amount: Decimal
    description: str = ""
    item_id: str = ""
    item_code: str = ""


class SalesOrderLine(Record):
    """One line. `number` counts the lines of this order; `customers_line` is the customer's own (PO101).

    price: what one `unit` costs by the customer's word, to be kept; None: the ERP's own price counts.
    ordered_quantity, ordered_unit: as the customer wrote them, in its own unit. location_id, location_code: where this
    line goes, where lines of one order go to several places.
    """

    added = frozenset({"cancel_date", "location_id", "location_code", "store"})

    number: int
    customers_line: str = ""
    item_id: str
    item_code: str
    customers_item: str = ""
    description: str = ""
    quantity: Decimal
    unit: str
    price: Decimal | None = None
    ordered_quantity: Decimal
    ordered_unit: str = ""
    requested_date: date | None = None
    ship_date: date | None = None
    cancel_date: date | None = None
    location_id: str = ""
    location_code: str = ""
    store: str = ""
    warehouse: str = ""
    notes: tuple[str, ...] = ()


class SalesOrder(Record):
    """A customer's order, ready to post.

    customer_order: the customer's number of it, as it is written into the ERP. reference: the same made unique among
    what the customer ordered under that number (its release, the store it is for). type_code: the ERP's kind of order
    by the settings; empty: its default. location_id, location_code: the customer's place that it goes to; empty: the
    customer's usual one. ship_to: overrides the address of that place. store: the customer's code of the place.
    order_date: the day that the customer wrote. cancel_date: what is not delivered by then is not wanted any more.
    total: of lines and charges, where all prices are the customer's. told: what was decided beside the values.
    changes: documents of the customer's whose changes are in it. new_customer: to be created before it.
    """

    added = frozenset({"attachment_sha256", "changes", "new_customer"})

    kind: SalesOrderKind = SalesOrderKind.ORDER
    type_code: str = ""
    customer_id: str
    customer_code: str
    customer_order: str
    reference: str
    release: str = ""
    contract: str = ""
    order_date: date | None
    requested_date: date | None = None
    ship_date: date | None = None
    cancel_date: date | None = None
    currency: str = ""
    location_id: str = ""
    location_code: str = ""
    store: str = ""
    ship_to: ShipToAddress | None = None
    warehouse: str = ""
    terms: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()
    charges: tuple[OrderCharge, ...] = ()
    total: Decimal | None = None
    told: tuple[str, ...] = ()
    attachment_sha256: str = ""
    changes: tuple[int, ...] = ()
    new_customer: NewCustomer | None = None
    lines: tuple[SalesOrderLine, ...]
