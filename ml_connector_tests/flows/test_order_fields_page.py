"""The page of fields tells of every field of Exact's order where it goes, as the code has it: in X12 and each layout.

Each field is changed by itself, and what would be sent is compared.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ml_connector.config.partners import Partner
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.orders_out.order_changes import header_with_lines
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.layouts import WriteContext, load_layout, write_documents
from ml_connector.sandbox.exact.wire.entities import ENTITIES
from ml_connector.systems.exact_online.reading.orders import LINES, order_from_record
from ml_connector.systems.exact_online.reading.records import ADDRESS
from ml_connector_tests.flows.test_order_content import TABLES, partner, settings

PAGE = Path(__file__).parents[2] / "docs" / "integrations" / "exact-order-fields.md"
HEADER, LINE = "purchaseorder/PurchaseOrders", "purchaseorder/PurchaseOrderLines"
LAYOUTS = ("csv", "csv_full", "fixed", "json", "parent_child", "xml", "eu_order_xml", "860_csv")
COLUMNS = ("850", "860", *LAYOUTS)
NAMES = {
    one: f"truecommerce_{one}" if one in {"eu_order_xml", "860_csv"} else f"truecommerce_850_{one}" for one in LAYOUTS
}
NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = "/Date(1782345600000)/"
GUID = "11111111-2222-3333-4444-{:012d}"

BASE_LINE: dict[str, Any] = {
    "ID": GUID.format(11), "LineNumber": 1, "Item": GUID.format(12), "ItemCode": "RELAY", "ItemDescription": "Relay",
    "SupplierItemCode": "R-1", "ItemBarcode": "4006381333931", "Description": "Relay 24 V", "Unit": "pc",
    "QuantityInPurchaseUnits": 10, "ReceivedQuantity": 0, "InvoicedQuantity": 0, "NetPrice": 12.5, "UnitPrice": 12.5,
    "VATCode": "2", "CostCenter": "OPS", "CostUnit": None, "ReceiptDate": DAY, "Notes": None, "Discount": 0,
}  # fmt: skip
BASE: dict[str, Any] = {
    "PurchaseOrderID": GUID.format(1), "OrderNumber": 26000001, "OrderDate": DAY, "Supplier": GUID.format(2),
    "SupplierCode": "1", "SupplierName": "Northwind", "Currency": "EUR", "Warehouse": GUID.format(3),
    "WarehouseCode": "1", "ApprovalStatus": 2, "OrderStatus": 10, "ReceiptDate": DAY, "Discount": 0,
    "AmountDiscountExclVat": 0, "DropShipment": False, "PaymentCondition": "30", "IncotermCode": "DAP",
    "ShippingMethodCode": "D", "PurchaseAgent": GUID.format(4), "SupplierContact": GUID.format(5),
    LINES: [BASE_LINE],
}  # fmt: skip
PLACE = {
    "ID": GUID.format(6), "AddressLine1": "Kade 1", "Postcode": "1234 AB", "City": "Breda", "AccountName": "Baker",
}  # fmt: skip
DELIVERED = {"DeliveryAddress": GUID.format(6), "DeliveryAccountCode": "40012", ADDRESS: PLACE}
#: Fields that need others to be seen, with those.
TOGETHER: dict[str, dict[str, Any]] = {
    "DeliveryAddress": {ADDRESS: PLACE},
    "DropShipment": {},
    "ShippingMethodCode": {},
    "CostCenter": {"CostCenter": "LAB"},
    "ItemCode": {"ItemCode": "LAMP"},
    "ItemBarcode": {"ItemBarcode": "4006381333948"},
    "Unit": {"Unit": "kg"},
    "Currency": {"Currency": "USD"},
    "ApprovalStatus": {"ApprovalStatus": 0},
    "OrderStatus": {"OrderStatus": 20},
    "IncotermCode": {"IncotermCode": "EXW"},
    "Discount": {"Discount": 0.05},
    "AmountDiscountExclVat": {"AmountDiscountExclVat": 2},
    "UnitPrice": {"UnitPrice": 13},
    "NetPrice": {"NetPrice": 13},
}
TABLES_HERE = TABLES.__class__(**{
    **TABLES.__dict__,
    "cost_center": lambda code: TABLES.cost_center("OPS"),
    "item": lambda code: TABLES.item("RELAY"),
})  # fmt: skip


def value_of(field: str, kind: str) -> Any:
    """Another value of a type."""
    if kind == "Guid":
        return GUID.format(99)
    if kind == "DateTime":
        return "/Date(1783036800000)/"
    if kind == "Boolean":
        return True
    return "Other" if kind == "String" else 7


def varied(entity: str, field: str) -> tuple[str, str]:
    """Two records that differ in that field alone."""
    base = {**BASE, **(DELIVERED if field.startswith("Delivery") and field != "DeliveryAddress" else {})}
    kind = ENTITIES[entity].fields[field].type
    change = {field: value_of(field, kind), **TOGETHER.get(field, {})}
    if field == "DropShipment":
        base = {**base, **DELIVERED}
    if entity == LINE:
        change = {LINES: [{**BASE_LINE, **change}]}
    return json.dumps(base), json.dumps({**base, **change})


def resolved(record: str, to: Partner) -> PurchaseOrder:
    return resolve_order(order_from_record(record), to, settings(), TABLES_HERE)


def segments(document: PurchaseOrder | OrderChange) -> Counter[str]:
    envelope = Envelope(
        sender_qualifier="ZZ", sender_id="US", receiver_qualifier="ZZ", receiver_id="PP", group_sender="US",
        group_receiver="PP", version="004010", usage="T",
    )  # fmt: skip
    data = write_interchange(envelope, ControlNumbers(1, 1, 1), [document], NOW).data.decode("latin-1")
    body = data.partition("~ST*")[2].partition("~SE*")[0]
    return Counter(body.split("~"))


def in_x12(old: str, new: str, form: Callable[[PurchaseOrder], PurchaseOrder | OrderChange]) -> str:
    before, after = (segments(form(resolved(record, partner()))) for record in (old, new))
    names = {segment.split("*")[0] for segment in (before - after) + (after - before)}
    return ", ".join(sorted(names - {"AMT", "CTT"})) or "-"


def as_860(order: PurchaseOrder) -> OrderChange:
    return header_with_lines(order, order, {}, date(2026, 11, 29), 1)


def in_layout(old: str, new: str, layout: str) -> str:
    """yes; held: an order that says it does not leave in this layout; or - where it says nothing."""
    loaded = load_layout(NAMES[layout], Path())
    asked = "" if layout == "eu_order_xml" else "DP"  # it has no place for it
    base = partner(account_reference="", cost_center_reference=asked, changes="850")
    to = Partner.model_validate({**base.model_dump(by_alias=True), "layouts": {"send": {"order": NAMES[layout]}}})

    def written(record: str) -> bytes:
        order = resolved(record, to)
        document = as_860(order) if layout == "860_csv" else order
        context = WriteContext(partner="PP", revision="1", at=NOW)
        if layout == "eu_order_xml":  # does not say its currency
            context = replace(context, currency="EUR")
        return write_documents([document], loaded, context)

    before = written(old)
    try:
        after = written(new)
    except NeedsCorrection:
        return "held"
    return "yes" if after != before else "-"


def row(entity: str, field: str) -> tuple[str, ...]:
    """The cells of a field: where it goes."""
    old, new = varied(entity, field)
    if order_from_record(old) == order_from_record(new):
        return ("-",) * len(COLUMNS)  # all that is sent is made of that record
    x12 = (in_x12(old, new, lambda order: order), in_x12(old, new, as_860))
    return (*x12, *(in_layout(old, new, layout) for layout in LAYOUTS))


def on_page(heading: str) -> dict[str, tuple[str, ...]]:
    """The rows of a section's tables: what is sent with its cells, what is not with none."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: tuple(cell.strip() for cell in cells.split("|")) for name, cells in rows}


@pytest.mark.parametrize(("entity", "heading"), [(HEADER, "Header"), (LINE, "Lines")])
def test_the_page_tells_where_every_field_of_an_order_goes(entity: str, heading: str) -> None:
    told = on_page(heading)
    fields = [name for name, one in ENTITIES[entity].fields.items() if not one.collection]
    assert set(told) == set(fields)
    nowhere = ("-",) * len(COLUMNS)
    for field in fields:
        cells = row(entity, field)
        expected = told[field][:1] if cells == nowhere else (told[field][0], *cells)
        assert told[field] == expected, f"| `{field}` | {' | '.join(expected)} |"
