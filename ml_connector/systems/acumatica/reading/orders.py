"""Purchase orders: what changed since the last poll, orders by id, and the table of open ones (acumatica 7, 8, 8.1).

An order's id is its type and number, a line's its order's and its number: keys that the API takes back everywhere.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ml_connector.documents.dimensions import as_fields
from ml_connector.documents.reference import DeliveryAddress, Named, OpenOrder, OpenOrderLine
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import ReferenceRead
from ml_connector.systems.acumatica.reading.polling import Polled, at_midnight, document_id
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import all_of, equals
from ml_connector.systems.acumatica.wire.values import (
    Row,
    custom,
    day,
    details,
    flag,
    linked,
    number,
    plain,
    text,
    whole,
)

ENTITY = "PurchaseOrder"
SUBACCOUNT = "subaccount"
#: Kinds of orders whose goods go to a customer of ours.
_DROP_SHIP = frozenset({"Drop-Ship", "Project Drop-Ship"})
#: Where goods go without an address of their own.
_OUR_PLACES = frozenset({"", "Branch", "Warehouse", "Site", "Company Location"})
_ENDED = ("Closed", "Canceled")

HEADER = (
    *("Type", "OrderNbr", "Status", "VendorID", "VendorRef", "Date", "PromisedOn", "CurrencyID", "Terms", "Branch"),
    *("Description", "Owner", "OrderTotal", "LastModifiedDateTime"),
)
LINE = (
    *("LineNbr", "InventoryID", "AlternateID", "LineType", "LineDescription", "OrderQty", "UOM", "UnitCost"),
    *("Promised", "Requested", "Cancelled", "Completed", "QtyOnReceipts", "Account", "Subaccount", "WarehouseID"),
    *("TaxCategory", "MaxReceiptPercent", "ReceiptAction"),
)
_PLACE = ("ShippingDestinationType", "ShipTo", "ShippingLocation", "Warehouse", "ShipToAddressOverride")
_ADDRESS = ("AddressLine1", "AddressLine2", "City", "State", "PostalCode", "Country")
SELECT = (
    *HEADER,
    *(f"Details/{name}" for name in LINE),
    *(f"ShippingInstructions/{name}" for name in _PLACE),
    *(f"ShippingInstructions/ShipToAddress/{name}" for name in _ADDRESS),
)
EXPAND = ("Details", "ShippingInstructions", "ShippingInstructions/ShipToAddress")
NEED = Need("orders out and invoices matched to orders", ENTITY, SELECT)


def line_id(kind: str, number: str, line: int) -> str:
    """Of a line of an order."""
    return f"{kind}|{number}|{line}"


@dataclass(frozen=True)
class LineKey:
    """What a line's id says."""

    kind: str
    number: str
    line: int

    @classmethod
    def of(cls, text_: str) -> "LineKey":
        """Raises WeAreWrong: it is not a line of a purchase order here."""
        parts = text_.split("|")
        if len(parts) != 3 or not all(parts) or not parts[2].isdecimal():
            raise WeAreWrong(f"{text_[:60]!r} is not a line of a purchase order")
        return cls(parts[0], parts[1], int(parts[2]))

    @property
    def order(self) -> str:
        """The id of its order."""
        return document_id(self.kind, self.number)


def order_of(row: Row, settings: AcumaticaConnection) -> OpenOrder:
    """The order in a whole record."""
    kind, order_number, status = key(row, "Type"), key(row, "OrderNbr"), text(row, "Status")
    billed = settings.billed_field
    lines = [_line(kind, order_number, line, billed) for line in details(row, "Details") if _is_wanted(line)]
    place = linked(row, "ShippingInstructions")
    warehouse = text(place, "Warehouse") or next((text(line, "WarehouseID") for line in details(row, "Details")), "")
    return OpenOrder(
        id=document_id(kind, order_number),
        number=order_number,
        order_date=day(row, "Date"),
        supplier_id=text(row, "VendorID"),
        supplier_code=text(row, "VendorID"),
        currency=text(row, "CurrencyID"),
        warehouse_id=warehouse,
        warehouse_code=warehouse,
        description=text(row, "Description"),
        your_reference=text(row, "VendorRef"),
        remarks=text(row, "note"),
        receipt_date=day(row, "PromisedOn"),
        payment_condition=text(row, "Terms"),
        buyer=Named(id=text(row, "Owner"), name=text(row, "Owner")),
        drop_shipment=kind in _DROP_SHIP,
        delivery=_delivery(place, drop_ship=kind in _DROP_SHIP),
        approved=status in settings.sent_statuses,
        cancelled=status in {"Canceled", "Cancelled"},
        complete=status == "Closed",
        lines=tuple(lines),
    )


def _is_wanted(line: Row) -> bool:
    """A cancelled line is none any more, unless something of it came."""
    return not flag(line, "Cancelled") or number(line, "QtyOnReceipts") > 0


def _line(kind: str, order_number: str, line: Row, billed_field: str) -> OpenOrderLine:
    at = whole(line, "LineNbr")
    if at is None:
        raise WeAreWrong(f"a line of purchase order {order_number} has no LineNbr")
    received = number(line, "QtyOnReceipts")
    quantity = received if flag(line, "Cancelled") else number(line, "OrderQty")
    return OpenOrderLine(
        id=line_id(kind, order_number, at),
        number=at,
        item_id=text(line, "InventoryID"),
        item_code=text(line, "InventoryID"),
        suppliers_item=text(line, "AlternateID"),
        description=text(line, "LineDescription"),
        unit=text(line, "UOM"),
        quantity=quantity,
        received=received,
        invoiced=_billed(line, billed_field),
        price=number(line, "UnitCost"),
        vat_code="",
        gl_account=text(line, "Account"),
        receipt_date=day(line, "Promised"),
        notes=text(line, "note"),
        **as_fields({SUBACCOUNT: text(line, "Subaccount")}),
    )


def _billed(line: Row, path: str) -> Decimal:
    value = custom(line, path)
    return (
        plain(Decimal(str(value))) if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal(0)
    )


def _delivery(place: Row, *, drop_ship: bool) -> DeliveryAddress | None:
    """An address of its own: a customer's, or one that was written over ours."""
    kind = text(place, "ShippingDestinationType")
    address = linked(place, "ShipToAddress")
    street = tuple(one for one in (text(address, "AddressLine1"), text(address, "AddressLine2")) if one)
    elsewhere = drop_ship or kind not in _OUR_PLACES or flag(place, "ShipToAddressOverride")
    if not elsewhere or not (street or text(address, "City")):
        return None
    return DeliveryAddress(
        id=text(place, "ShippingLocation"),
        account=text(place, "ShipTo"),
        street=street,
        postal_code=text(address, "PostalCode"),
        city=text(address, "City"),
        region=text(address, "State"),
        country=text(address, "Country"),
        warehouse_code=text(place, "Warehouse"),
    )


class Orders(Polled[OpenOrder]):
    """Purchase orders to read."""

    entity = ENTITY
    what = "purchase order"
    number = "OrderNbr"

    @property
    def which(self) -> str:
        """Orders of the configured type."""
        return equals("Type", self._settings.order_type)

    def query(self, condition: str = "") -> Query:
        """Header, lines, delivery address, and how it is billed."""
        custom_fields = [one for one in (self._settings.bill_flag, self._settings.billed_field) if one]
        return Query(filter=condition, select=SELECT, expand=EXPAND, custom=custom_fields)

    def document(self, row: Row) -> OpenOrder:
        """The order in a whole record."""
        return order_of(row, self._settings)

    def entered(self, record: str) -> datetime | None:
        """The day of the order, as orders tell no moment of their entry."""
        return at_midnight(day(json.loads(record or "{}", parse_float=Decimal), "Date"))

    def table(self) -> ReferenceRead:
        """The open orders, whole: what is received and billed of a line moves without moving the order (assumed)."""
        before = self._client.calls
        ended = [f"Status ne '{status}'" for status in _ENDED]
        with readable(self._client.connection, "a purchase order"):
            orders = [self.document(row) for row in self.read(all_of(ended))]
        return ReferenceRead(orders, None, complete=True, calls=self._client.calls - before)
