"""What an order must carry is looked up before it ships: destination, GL account, cost center. Else it is held."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.config.integrations import Integration
from ml_connector.config.partners import Partner
from ml_connector.documents.reference import CostCenter, GLAccount, Item, OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.coding import CodingTables
from ml_connector.flows.order_content import resolve_order

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


def settings(**coding: Any) -> Integration:
    flows = {"orders_out": {"units": {"pc": "EA"}}, "invoices_in": {"coding": coding}}
    raw = {"erp": "e", "network": "n", "environment": "production", "identity": US, "partners": "p", "flows": flows}
    return Integration.model_validate(raw)


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
    with pytest.raises(NeedsMending) as held:
        resolve_order(source, partner(**rules), settings(**coding), TABLES)
    assert held.value.reason is reason
    assert held.value.mend


def test_a_partner_without_references_gets_none() -> None:
    sent = resolve_order(
        order("LAMP", cost_center=""),
        partner(account_reference="", cost_center_reference="", ship_to={"1": "DC-1"}),
        settings(),
        replace(TABLES, gl_account=lambda _: None),
    )
    assert sent.lines[0].references == ()
    assert next(p.id for p in sent.parties if p.role == "ST") == "DC-1"
