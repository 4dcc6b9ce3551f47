"""Small builders for flow tests: an order, its invoice, the reference data around them. Tests state what differs."""

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.config.integrations import Coding, VatRule
from ml_connector.config.partners import Channels, MatchTolerances, Partner, Tolerance, X12Identity
from ml_connector.documents.common import ItemId, Tax
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.reference import (
    CostCenter,
    GLAccount,
    Item,
    OpenOrder,
    OpenOrderLine,
    Requirement,
    VatCode,
    Vendor,
)
from ml_connector.flows.invoices_in.matching import MatchRules, OrderBook
from ml_connector.flows.reference.coding_tables import CodingTables

D = Decimal
VENDOR = Vendor(id="v1", code="20011", name="Northwind", currency="EUR", country="NL")


def order_line(position: int = 1, /, **changes: Any) -> OpenOrderLine:
    values: dict[str, Any] = {
        "id": f"line{position}",
        "number": position,
        "item_id": f"item{position}",
        "item_code": f"A-{position}",
        "suppliers_item": f"NW-{position}",
        "unit": "pc",
        "quantity": D(100),
        "received": D(100),
        "price": D("12.50"),
        "vat_code": "2",
        "cost_center": "OPS",
    }
    return OpenOrderLine(**{**values, **changes})


def order(*lines: OpenOrderLine, **changes: Any) -> OpenOrder:
    values: dict[str, Any] = {
        "id": "o1",
        "number": "26000017",
        "order_date": date(2026, 11, 1),
        "supplier_id": "v1",
        "supplier_code": "20011",
        "currency": "EUR",
        "warehouse_id": "w1",
        "warehouse_code": "1",
        "lines": lines or (order_line(),),
    }
    return OpenOrder(**{**values, **changes})


def invoice_line(position: int = 1, /, **changes: Any) -> InvoiceLine:
    values: dict[str, Any] = {
        "number": str(position),
        "quantity": D(100),
        "unit": "EA",
        "price": D("12.50"),
        "items": (ItemId(qualifier="VP", value=f"NW-{position}"), ItemId(qualifier="BP", value=f"A-{position}")),
    }
    return InvoiceLine(**{**values, **changes})


def vat(amount: str, percent: str = "21") -> Tax:
    return Tax(kind="VA", amount=D(amount), percent=D(percent))


def invoice(*lines: InvoiceLine, **changes: Any) -> Invoice:
    values: dict[str, Any] = {
        "number": "INV-1",
        "invoice_date": date(2026, 11, 20),
        "order_number": "26000017",
        "currency": "EUR",
        "lines": lines or (invoice_line(),),
        "taxes": (vat("262.50"),),
        "total": D("1512.50"),
    }
    return Invoice(**{**values, **changes})


def rules(**changes: Any) -> MatchRules:
    values: dict[str, Any] = {
        "mode": "auto",
        "three_way": True,
        "tolerances": MatchTolerances(price=Tolerance(percent=D(2))),
        "order_units": {"pc": "EA"},
    }
    return MatchRules(**{**values, **changes})


def book(*orders: OpenOrder) -> OrderBook:
    by_number = {o.number: o for o in orders or (order(),)}
    return OrderBook(order=by_number.get)


def partner(**changes: Any) -> Partner:
    values: dict[str, Any] = {
        "name": "northwind",
        "vendor": "20011",
        "identity": X12Identity(qualifier="ZZ", id="NORTHWIND"),
        "channels": Channels(receive=("/in",), send="/out"),
    }
    return Partner(**{**values, **changes})


def coding(**changes: Any) -> Coding:
    values: dict[str, Any] = {
        "charge_items": {"D240": "FREIGHT"},
        "charge_accounts": {"D240": "4400"},
        "vat": (
            VatRule(kind="VA", percent="21", code="2"),
            VatRule(kind="VA", percent="9", code="3"),
            VatRule(percent="0", code="0"),
        ),
    }
    return Coding(**{**values, **changes})


def tables(**more: dict[str, Any]) -> CodingTables:
    accounts = {
        a.code: a
        for a in (
            GLAccount(id="g4400", code="4400"),
            GLAccount(id="g4000", code="4000"),
            GLAccount(id="g4406", code="4406", cost_center=Requirement.MANDATORY),
            GLAccount(id="g9", code="4999", blocked=True),
        )
    }
    centers = {
        "OPS": CostCenter(id="c1", code="OPS"),
        "OLD": CostCenter(id="c2", code="OLD", end_date=date(2026, 1, 1)),
    }
    items = {"FREIGHT": Item(id="ifr", code="FREIGHT"), "A-1": Item(id="item1", code="A-1", gl_account="4000")}
    codes = {
        "2": VatCode(id="x2", code="2", percentage=D(21)),
        "3": VatCode(id="x3", code="3", percentage=D(9)),
        "0": VatCode(id="x0", code="0"),
    }
    return CodingTables(
        gl_account={**accounts, **more.get("accounts", {})}.get,
        cost_center={**centers, **more.get("centers", {})}.get,
        cost_unit={}.get,
        item={**items, **more.get("items", {})}.get,
        vat_code={**codes, **more.get("codes", {})}.get,
    )
