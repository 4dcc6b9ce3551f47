"""Purchase orders: what changed since the last poll, orders by id, and the table of open ones (acumatica 7, 8, 8.1).

An order's id is its type and number, a line's its order's and its number: keys that the API takes back everywhere.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from ml_connector.clock import Clock
from ml_connector.documents.dimensions import as_fields
from ml_connector.documents.reference import DeliveryAddress, Named, OpenOrder, OpenOrderLine
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, Deleted, Notices, ReferenceRead, SourceOrder
from ml_connector.systems.acumatica.reading.lists import read_by_keys, read_list
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import all_of, equals, since
from ml_connector.systems.acumatica.wire.values import (
    Row,
    custom,
    day,
    details,
    flag,
    linked,
    moment,
    number,
    plain,
    text,
    to_json,
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


def order_id(kind: str, number: str) -> str:
    """Of an order."""
    return f"{kind}|{number}"


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
        """Raises WeAreWrong: it is no line of a purchase order here."""
        parts = text_.split("|")
        if len(parts) != 3 or not all(parts) or not parts[2].isdecimal():
            raise WeAreWrong(f"{text_[:60]!r} is no line of a purchase order")
        return cls(parts[0], parts[1], int(parts[2]))

    @property
    def order(self) -> str:
        """The id of its order."""
        return order_id(self.kind, self.number)


def order_of(row: Row, settings: AcumaticaConnection) -> OpenOrder:
    """The order in a whole record."""
    kind, order_number, status = key(row, "Type"), key(row, "OrderNbr"), text(row, "Status")
    lines = [_line(kind, order_number, line) for line in details(row, "Details") if _is_wanted(line)]
    place = linked(row, "ShippingInstructions")
    warehouse = text(place, "Warehouse") or next((text(line, "WarehouseID") for line in details(row, "Details")), "")
    return OpenOrder(
        id=order_id(kind, order_number),
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


def _line(kind: str, order_number: str, line: Row) -> OpenOrderLine:
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
        invoiced=_billed(line),
        price=number(line, "UnitCost"),
        vat_code="",
        gl_account=text(line, "Account"),
        receipt_date=day(line, "Promised"),
        notes=text(line, "note"),
        **as_fields({SUBACCOUNT: text(line, "Subaccount")}),
    )


#: Not in the contract: what stands on bills (source; View.Field, assumed).
BILLED = "Transactions.BilledQty"


def _billed(line: Row) -> Decimal:
    value = custom(line, BILLED)
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


@dataclass(frozen=True)
class Cursor:
    """Where polling goes on. given: somebody set it to begin there, so that nothing before it is looked at.

    taken: up to where a poll that has not ended has come; what was changed later is still to be given.
    """

    newest: datetime
    given: bool = False
    taken: datetime | None = None

    @staticmethod
    def of(stored: str) -> "Cursor":
        """Also takes a plain ISO day or moment: where somebody wants polling to begin."""
        try:
            if not stored.startswith("{"):
                found = datetime.fromisoformat(stored)
                return Cursor(found if found.tzinfo else found.replace(tzinfo=UTC), given=True)
            value = json.loads(stored)
            taken = value.get("taken")
            return Cursor(
                datetime.fromisoformat(value["newest"]), taken=None if taken is None else datetime.fromisoformat(taken)
            )
        except (ValueError, KeyError, TypeError) as error:
            raise WeAreWrong("the stored position of polling Acumatica's orders is unreadable") from error

    def text(self) -> str:
        """As it is stored."""
        value = {"newest": self.newest.isoformat()}
        return json.dumps({**value, "taken": self.taken.isoformat()} if self.taken else value)


class Orders:
    """Purchase orders to read. heard: told of every record that is read, for what else it says."""

    notices: Notices | None = None
    deletions: Callable[[str | None], Deleted] | None = None

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        clock: Clock,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.heard: Callable[[Row], None] | None = None

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[OpenOrder]:
        """Orders modified since the cursor, oldest first, at most about `limit`.

        Each poll reaches back over the overlap, so an order may come again: flows tell by content what is new.
        """
        position = Cursor.of(cursor) if cursor else Cursor(self._beginning(), given=True)
        overlap = timedelta(0) if position.given else timedelta(seconds=self._settings.poll_overlap_seconds)
        begin = position.taken or position.newest - overlap
        with readable(self._client.connection, "a changed purchase order"):
            rows = self._read(since("LastModifiedDateTime", begin))
            dated = sorted(((moment(row, "LastModifiedDateTime") or begin, row) for row in rows), key=_when)
            dated = [one for one in dated if position.taken is None or one[0] > position.taken]
            taken = dated[:limit]
            # All of one moment come together: the next poll begins after it.
            taken += [one for one in dated[limit:] if taken and one[0] == taken[-1][0]]
            records = [SourceOrder(to_json(row), order_of(row, self._settings)) for _, row in taken]
        newest = max([position.newest, *(at for at, _ in taken)])
        more = len(taken) < len(dated)
        return Changed(records, Cursor(newest, taken=taken[-1][0] if more else None).text(), more=more)

    def begin(self, day: date) -> str:
        """The position from which all that moved on that day or later is read."""
        return f"{day.isoformat()}T00:00:00"

    def _beginning(self) -> datetime:
        return datetime.combine(self._clock.now().date(), time.min, UTC)

    def by_id(self, keys: Sequence[str]) -> list[SourceOrder]:
        """Orders by type and number in batched look-ups, in the order asked; what is gone is left out."""
        return [SourceOrder(to_json(row), order_of(row, self._settings)) for row in self.rows(keys).values()]

    def rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """The records, by id of the order."""
        wanted = [one for one in dict.fromkeys(keys) if one.count("|") == 1 and all(one.split("|"))]
        numbers: dict[str, list[str]] = {}
        for one in wanted:
            kind, _, order_number = one.partition("|")
            numbers.setdefault(kind, []).append(order_number)
        found: dict[str, Row] = {}
        with readable(self._client.connection, "a purchase order"):
            for kind, of_kind in numbers.items():
                query = self._query(equals("Type", kind))
                size = self._settings.page_size
                for row in read_by_keys(self._client, ENTITY, "OrderNbr", of_kind, query, size=size):
                    found[order_id(text(row, "Type"), text(row, "OrderNbr"))] = self._whole(row)
        return {one: found[one] for one in wanted if one in found}

    def from_record(self, record: str) -> OpenOrder:
        """The order in a stored record."""
        return order_of(json.loads(record, parse_float=Decimal), self._settings)

    def entered(self, record: str) -> datetime | None:
        """The day of the order, as orders tell no moment of their entry."""
        found: date | None = day(json.loads(record or "{}", parse_float=Decimal), "Date")
        return None if found is None else datetime.combine(found, time.min, UTC)

    def table(self) -> ReferenceRead:
        """The open orders, whole: what is received and billed of a line moves without moving the order (assumed)."""
        before = self._client.calls
        ended = [f"Status ne '{status}'" for status in _ENDED]
        with readable(self._client.connection, "a purchase order"):
            orders = [order_of(row, self._settings) for row in self._read(all_of(ended))]
        return ReferenceRead(orders, None, complete=True, calls=self._client.calls - before)

    def _read(self, condition: str) -> list[Row]:
        query = self._query(all_of([equals("Type", self._settings.order_type), condition]))
        size = self._settings.page_size
        return [self._whole(row) for row in read_list(self._client, ENTITY, "OrderNbr", query, size=size)]

    def _query(self, condition: str) -> Query:
        return Query(filter=condition, select=SELECT, expand=EXPAND, custom=(self._settings.bill_flag, BILLED))

    def _whole(self, row: Row) -> Row:
        """A record whose lines are missing in a list is read by itself (acumatica 10, claim)."""
        if not details(row, "Details"):
            keys = [key(row, "Type"), key(row, "OrderNbr")]
            query = Query(select=SELECT, expand=EXPAND, custom=(self._settings.bill_flag, BILLED))
            row = self._client.record(ENTITY, keys, query) or row
        if self.heard is not None:
            self.heard(row)
        return row


def _when(one: tuple[datetime, Row]) -> datetime:
    return one[0]
