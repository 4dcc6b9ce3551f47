"""Shipments to customers: lines by order, packages with what is in them, lots (acumatica 7)."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ml_connector.documents.sales.shipments import Package, PackedItem, SentLine, SentShipment, ShippedLot
from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.reading.lists import read_by_keys
from ml_connector.systems.acumatica.reading.polling import Polled, at_midnight
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.reading.sales_invoices import address_of
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import equals
from ml_connector.systems.acumatica.wire.values import (
    Row,
    day,
    details,
    linked,
    maybe_number,
    moment,
    number,
    text,
    whole,
)

ENTITY = "Shipment"
#: Statuses of a shipment whose goods have left, and of one that is none any more. Of any other they have not.
_LEFT = frozenset({"Confirmed", "Partially Invoiced", "Invoiced", "Completed", "Receipted"})
_GONE = frozenset({"Canceled", "Cancelled", "Voided"})
#: Digits of a serial shipping container code, and with its application identifier 00 before it.
_SSCC, _WITH_IDENTIFIER = 18, 20
HEADER = (
    *("ShipmentNbr", "Type", "Status", "CustomerID", "ShipmentDate", "ShipVia", "ShippingTerms", "ShippedWeight"),
    *("PackageCount", "CreatedDateTime", "LastModifiedDateTime"),
)
LINE = (
    *("LineNbr", "OrderType", "OrderNbr", "OrderLineNbr", "InventoryID", "Description", "ShippedQty", "UOM"),
    *("LotSerialNbr", "ExpirationDate"),
)
_ALLOCATION = ("SplitLineNbr", "LotSerialNbr", "ExpirationDate", "Qty", "UOM")
_ORDER = ("OrderType", "OrderNbr", "OrderNoteID")
_PACKAGE = ("LineNbr", "TrackingNbr", "Weight", "UOM", "CustomRefNbr1", "CustomRefNbr2")
_CONTENT = ("ShipmentSplitLineNbr", "InventoryID", "LotSerialNbr", "Quantity", "UOM", "OrigOrderType", "OrigOrderNbr")
_ADDRESS = ("AddressLine1", "AddressLine2", "City", "State", "PostalCode", "Country")
_CONTACT = ("BusinessName", "Attention", "Phone1", "Email")
SELECT = (
    *HEADER,
    *(f"Details/{name}" for name in LINE),
    *(f"Details/Allocations/{name}" for name in _ALLOCATION),
    *(f"Orders/{name}" for name in _ORDER),
    *(f"Packages/{name}" for name in _PACKAGE),
    *(f"Packages/PackageContents/{name}" for name in _CONTENT),
    *(f"ShippingSettings/ShipToAddress/{name}" for name in _ADDRESS),
    *(f"ShippingSettings/ShipToContact/{name}" for name in _CONTACT),
)
EXPAND = (
    *("Details", "Details/Allocations", "Orders", "Packages", "Packages/PackageContents", "ShippingSettings"),
    *("ShippingSettings/ShipToAddress", "ShippingSettings/ShipToContact"),
)
NEED = Need("ship notices out", ENTITY, SELECT)


class Shipments(Polled[SentShipment]):
    """Shipments to read. A shipment's id is its number."""

    entity = ENTITY
    what = "shipment"
    number = "ShipmentNbr"

    @property
    def keys(self) -> tuple[str, ...]:
        """Its number alone."""
        return (self.number,)

    @property
    def which(self) -> str:
        """Those to customers; goods that only move between warehouses are told to nobody."""
        return equals("Type", "Shipment")

    def query(self, condition: str = "") -> Query:
        """Header, lines with lots, orders, packages with what is in them, where it goes."""
        named = (self._settings.package_sscc, self._settings.package_pallet)
        more = (f"Packages/{name}" for name in named if name and name not in _PACKAGE)
        return Query(filter=condition, select=(*SELECT, *more), expand=EXPAND)

    def rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """The records, by number."""
        wanted = list(dict.fromkeys(one for one in keys if one))
        size = self._settings.page_size
        with readable(self._client.connection, f"a {self.what}"):
            read = read_by_keys(self._client, self.entity, self.number, wanted, self.query(self.which), size=size)
            found = {text(row, self.number): self._whole(row) for row in read}
        return {one: found[one] for one in wanted if one in found}

    def _whole(self, row: Row) -> Row:
        """Packages can be missing in a list as lines can (acumatica 10, claim): a count without any tells."""
        if details(row, "Details") and (whole(row, "PackageCount") or 0) > 0 and not details(row, "Packages"):
            row = self._client.record(self.entity, [key(row, self.number)], self.query()) or row
        return super()._whole(row)

    def document(self, row: Row) -> SentShipment:
        """The shipment in a whole record."""
        return shipment_of(row, self._settings)

    def entered(self, record: str) -> datetime | None:
        """When it was made."""
        row: Row = json.loads(record or "{}", parse_float=Decimal)
        return moment(row, "CreatedDateTime") or at_midnight(day(row, "ShipmentDate"))


def shipment_of(row: Row, settings: AcumaticaConnection) -> SentShipment:
    """The shipment in a whole record."""
    shipment, status = key(row, "ShipmentNbr"), text(row, "Status")
    on = day(row, "ShipmentDate")
    if on is None:
        raise WeAreWrong(f"shipment {shipment} has no date")
    orders = {
        (text(one, "OrderType"), text(one, "OrderNbr")): text(one, "OrderNoteID").lower()
        for one in details(row, "Orders")
    }
    place = linked(row, "ShippingSettings")
    lines = details(row, "Details")
    return SentShipment(
        id=shipment,
        number=shipment,
        confirmed=status in _LEFT,
        gone=status in _GONE,
        ship_date=on,
        customer_code=text(row, "CustomerID"),
        ship_via=text(row, "ShipVia"),
        terms=text(row, "ShippingTerms"),
        ship_to=address_of(linked(place, "ShipToAddress"), linked(place, "ShipToContact"), ""),
        weight=maybe_number(row, "ShippedWeight") or None,
        moved_at=moment(row, "LastModifiedDateTime"),
        lines=tuple(_line(shipment, line, orders) for line in lines if number(line, "ShippedQty")),
        packages=tuple(_package(at, one, lines, settings) for at, one in enumerate(details(row, "Packages"), 1)),
    )


def _line(shipment: str, line: Row, orders: dict[tuple[str, str], str]) -> SentLine:
    at = whole(line, "LineNbr")
    if at is None:
        raise WeAreWrong(f"a line of shipment {shipment} has no LineNbr")
    return SentLine(
        number=at,
        order_id=orders.get((text(line, "OrderType"), text(line, "OrderNbr")), ""),
        order_number=text(line, "OrderNbr"),
        order_line=whole(line, "OrderLineNbr"),
        item_code=text(line, "InventoryID"),
        description=text(line, "Description"),
        quantity=number(line, "ShippedQty"),
        unit=text(line, "UOM"),
        lots=_lots(line),
    )


def _lots(line: Row) -> tuple[ShippedLot, ...]:
    """Those of its allocations, where each has one; else the line's own."""
    parts = [
        ShippedLot(lot=text(one, "LotSerialNbr"), quantity=number(one, "Qty"), expires=day(one, "ExpirationDate"))
        for one in details(line, "Allocations")
        if text(one, "LotSerialNbr") and text(one, "UOM") in {"", text(line, "UOM")}
    ]
    if parts and sum((one.quantity for one in parts), Decimal(0)) == number(line, "ShippedQty"):
        return tuple(parts)
    lot = text(line, "LotSerialNbr")
    if not lot:
        return ()
    return (ShippedLot(lot=lot, quantity=number(line, "ShippedQty"), expires=day(line, "ExpirationDate")),)


def _package(at: int, package: Row, lines: Sequence[Row], settings: AcumaticaConnection) -> Package:
    return Package(
        number=whole(package, "LineNbr") or at,
        sscc=sscc_of(text(package, settings.package_sscc)) if settings.package_sscc else "",
        pallet=sscc_of(text(package, settings.package_pallet)) if settings.package_pallet else "",
        tracking=text(package, "TrackingNbr"),
        weight=maybe_number(package, "Weight") or None,
        weight_unit=text(package, "UOM"),
        contents=tuple(_packed(one, lines) for one in details(package, "PackageContents")),
    )


def _packed(content: Row, lines: Sequence[Row]) -> PackedItem:
    """What stands in a package: by the split of a line where it names one, else by its order and item."""
    split, item = whole(content, "ShipmentSplitLineNbr"), text(content, "InventoryID")
    order = (text(content, "OrigOrderType"), text(content, "OrigOrderNbr"))

    def fits(line: Row) -> bool:
        of_order = not order[1] or (text(line, "OrderType"), text(line, "OrderNbr")) == order
        return text(line, "InventoryID") == item and of_order

    named = [
        line
        for line in lines
        if fits(line) and any(whole(one, "SplitLineNbr") == split for one in details(line, "Allocations"))
    ]
    found = named if split is not None and len(named) == 1 else [line for line in lines if fits(line)]
    return PackedItem(
        line=(whole(found[0], "LineNbr") or 0) if len(found) == 1 else 0,
        item_code=item,
        quantity=number(content, "Quantity"),
        unit=text(content, "UOM"),
        lot=text(content, "LotSerialNbr"),
    )


def sscc_of(code: str) -> str:
    """The 18 digits of a serial shipping container code; empty for anything else, and for a wrong check digit."""
    digits = code[2:] if len(code) == _WITH_IDENTIFIER and code.startswith("00") else code
    if len(digits) != _SSCC or not (digits.isascii() and digits.isdigit()):
        return ""
    # Weights 3 and 1 from the right, without the check digit (x12-procurement 7).
    weighed = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits[:-1])))
    return digits if -weighed % 10 == int(digits[-1]) else ""
