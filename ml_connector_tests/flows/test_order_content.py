"""What an order must carry is looked up before it ships: destination, GL account, cost center. Else it is held."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import changed
from ml_connector.documents.reference import CostCenter, GLAccount, Item, OpenOrder, OpenOrderLine, Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.flows.reference.coding_tables import CodingTables

ACCOUNTS = {
    "4000": GLAccount(id="a-4000", code="4000"),
    "4100": GLAccount(id="a-4100", code="4100"),
    "4900": GLAccount(id="a-4900", code="4900", blocked=True),
}
CENTERS = {
    "OPS": CostCenter(id="c-1", code="OPS"),
    "OLD": CostCenter(id="c-2", code="OLD", end_date=date(2026, 1, 1)),
}
ITEMS = {
    "RELAY": Item(id="i-1", code="RELAY", gl_account="a-4000"),
    "LAMP": Item(id="i-2", code="LAMP"),
    "FUSE": Item(id="i-3", code="FUSE", gl_account="a-4900"),
}
TABLES = CodingTables(
    gl_account=lambda key: ACCOUNTS.get(key.removeprefix("a-")),
    cost_center=CENTERS.get,
    cost_unit=lambda _: None,
    item=ITEMS.get,
    vat_code=lambda _: None,
)
US = {"qualifier": "ZZ", "id": "US"}


def partner(**orders: Any) -> Partner:
    rules = {"account_reference": "11", "cost_center_reference": "DP", **orders}
    return Partner.model_validate(
        {"name": "p", "vendor": "1", "identity": {"qualifier": "ZZ", "id": "P"}, "channels": {}, "orders": rules}
    )


def settings(**coding: Any) -> IntegrationSettings:
    flows = {"orders_out": {"units": {"pc": "EA"}}, "invoices_in": {"coding": coding}}
    raw = {"erp": "e", "network": "n", "environment": "production", "identity": US, "partners": "p", "flows": flows}
    return IntegrationSettings.model_validate(raw)


def order(item: str = "RELAY", cost_center: str = "OPS", warehouse: str = "1") -> OpenOrder:
    line = OpenOrderLine(
        id="l-1",
        number=1,
        item_code=item,
        quantity=Decimal(2),
        price=Decimal("1.50"),
        unit="pc",
        cost_center=cost_center,
    )
    return OpenOrder(
        id="o-1",
        number="4711",
        supplier_id="s",
        supplier_code="1",
        currency="EUR",
        order_date=date(2026, 11, 20),
        warehouse_code=warehouse,
        approved=True,
        lines=(line,),
    )


@pytest.mark.parametrize(
    ("item", "coding", "account"),
    [
        ("RELAY", {}, "4000"),
        ("RELAY", {"item_accounts": {"RELAY": "4100"}}, "4100"),
        ("LAMP", {"item_accounts": {"LAMP": "4100"}}, "4100"),
        ("LAMP", {"default_account": "4000"}, "4000"),
    ],
)
def test_account_and_cost_center_travel_in_the_references_that_the_partner_names(
    item: str, coding: dict[str, Any], account: str
) -> None:
    sent = resolve_order(order(item), partner(account_reference="IA"), settings(**coding), TABLES)
    assert {r.qualifier: r.value for r in sent.lines[0].references} == {"IA": account, "DP": "OPS"}


@pytest.mark.parametrize(
    ("source", "coding", "rules", "reason"),
    [
        (order("LAMP"), {}, {}, Reason.UNMAPPED_ACCOUNT),
        (order("LAMP"), {"item_accounts": {"LAMP": "9999"}}, {}, Reason.UNMAPPED_ACCOUNT),
        (order("FUSE"), {}, {}, Reason.BLOCKED_ACCOUNT),
        (order(cost_center=""), {}, {}, Reason.UNMAPPED_COST_CENTER),
        (order(cost_center="NEW"), {}, {}, Reason.UNMAPPED_COST_CENTER),
        (order(cost_center="OLD"), {}, {}, Reason.INACTIVE_COST_CENTER),
        (order(warehouse=""), {}, {}, Reason.UNRESOLVED_SHIP_TO),
        (order(warehouse="2"), {}, {"ship_to": {"1": "DC-1"}}, Reason.UNRESOLVED_SHIP_TO),
    ],
)
def test_what_cannot_be_resolved_never_ships(
    source: OpenOrder, coding: dict[str, Any], rules: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(NeedsCorrection) as held:
        resolve_order(source, partner(**rules), settings(**coding), TABLES)
    assert held.value.reason is reason
    assert held.value.remedy


def test_a_partner_without_references_gets_none() -> None:
    sent = resolve_order(
        order("LAMP", cost_center=""),
        partner(account_reference="", cost_center_reference="", ship_to={"1": "DC-1"}),
        settings(),
        replace(TABLES, gl_account=lambda _: None),
    )
    assert sent.lines[0].references == ()
    assert next(p.id for p in sent.parties if p.role == "ST") == "DC-1"


def ordered(**line: Any) -> OpenOrder:
    one = order()
    return changed(one, lines=(changed(one.lines[0], **line),))


def with_units(language: str = "", **units: str) -> IntegrationSettings:
    base = settings()
    rules = base.flows.orders_out.model_copy(update={"units": units, "units_language": language})
    return base.model_copy(update={"flows": base.flows.model_copy(update={"orders_out": rules})})


@pytest.mark.parametrize(
    ("unit", "rules", "sent"),
    [
        ("pc", with_units(), "EA"),
        ("KG", with_units(), "KG"),
        ("m²", with_units(), "SM"),
        ("st", with_units("nl"), "EA"),
        ("St", with_units("de"), "EA"),
        ("set", with_units("nl"), "ST"),
        ("st", with_units("de", st="PC"), "PC"),
        ("TN", with_units(tn="MP"), "MP"),
    ],
)
def test_only_mapped_units_leave(unit: str, rules: IntegrationSettings, sent: str) -> None:
    [line] = resolve_order(ordered(unit=unit), partner(), rules, TABLES).lines
    assert (line.unit, line.price_basis) == (sent, "PE" if sent == "EA" else "UM")


@pytest.mark.parametrize(
    ("unit", "language"), [("st", ""), ("st", "fr"), ("tn", "nl"), ("tn", "en"), ("CS", ""), ("", "")]
)
def test_a_unit_that_looks_like_one_of_x12_is_held(unit: str, language: str) -> None:
    with pytest.raises(NeedsCorrection) as held:
        resolve_order(ordered(unit=unit), partner(), with_units(language), TABLES)
    assert held.value.reason is Reason.UNIT_MISMATCH
    assert ("EA in nl" in held.value.remedy) == (unit == "st")


@pytest.mark.parametrize(
    ("barcode", "sent"),
    [
        ("4006381333931", ("EN", "4006381333931")),
        ("40170725", ("EN", "40170725")),
        ("036000291452", ("UP", "036000291452")),
        ("10036000291459", ("UK", "10036000291459")),
        ("ABC-12345678", None),
        ("12345", None),
    ],
)
def test_barcodes_leave_with_the_qualifier_of_their_length(barcode: str, sent: tuple[str, str] | None) -> None:
    [line] = resolve_order(ordered(barcode=barcode), partner(), settings(), TABLES).lines
    found = [(one.qualifier, one.value) for one in line.items if one.qualifier in {"EN", "UP", "UK"}]
    assert found == ([sent] if sent else [])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (ordered(quantity=Decimal(0)), Reason.BAD_VALUE),
        (ordered(quantity=Decimal(-1)), Reason.BAD_VALUE),
        (changed(order(), currency=""), Reason.CURRENCY_MISMATCH),
        (changed(order(), supplier_id="blocked"), Reason.SUPPLIER_BLOCKED),
    ],
)
def test_what_nobody_can_deliver_is_held(source: OpenOrder, reason: Reason) -> None:
    vendors = {"blocked": Vendor(id="blocked", code="1", blocked=True), "s": Vendor(id="s", code="1")}
    with pytest.raises(NeedsCorrection) as held:
        resolve_order(source, partner(), settings(), replace(TABLES, vendor=vendors.get))
    assert held.value.reason is reason
    assert held.value.remedy


@pytest.mark.parametrize(
    ("currency", "price", "total"),
    [("EUR", "1.12345", "2.25"), ("JPY", "10.3", "21"), ("KWD", "1.12345", "2.247"), ("USD", "1.00249", "2")],
)
def test_amounts_have_the_places_of_the_currency(currency: str, price: str, total: str) -> None:
    source = changed(ordered(price=Decimal(price)), currency=currency)
    sent = resolve_order(source, partner(), settings(), TABLES)
    assert str(sent.total) == total
    assert sent.lines[0].price == Decimal(price)
