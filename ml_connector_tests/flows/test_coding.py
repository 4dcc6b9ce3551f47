"""Coding gives every line its account, cost center and VAT code, or says which is missing."""

from dataclasses import replace

import pytest

from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Tax
from ml_connector.documents.reference import GLAccount, Item, Requirement
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.coding import code_invoice
from ml_connector.flows.invoices_in.matching import match_invoice
from ml_connector_tests.flows import builders as b
from ml_connector_tests.flows.builders import D


def bill_of(one=None, *, ordered=None, partner=None, coding=None, tables=None, rules=None):  # type: ignore[no-untyped-def]
    one = one or b.invoice()
    rules = rules or b.rules()
    matched = match_invoice(one, b.VENDOR, b.book(ordered or b.order()), rules)
    return code_invoice(
        one,
        matched,
        b.VENDOR,
        partner or b.partner(),
        coding or b.coding(),
        tables or b.tables(),
        rules.tolerances,
    )


def reason_of(*args, **kwargs) -> Reason:  # type: ignore[no-untyped-def]
    with pytest.raises(NeedsCorrection) as held:
        bill_of(*args, **kwargs)
    assert held.value.remedy
    return held.value.reason


def test_a_matched_bill_links_order_lines_and_leaves_the_account_to_the_item() -> None:
    bill = bill_of()
    (line,) = bill.lines
    assert (line.order_line_id, line.gl_account_id, line.vat_code, line.cost_center) == ("line1", "", "2", "OPS")
    assert line.vat_amount == D("262.50")


def test_a_coded_bill_has_accounts_and_keeps_its_order_lines_for_counting() -> None:
    bill = bill_of(rules=b.rules(mode="coded"))
    (line,) = bill.lines
    assert (line.order_line_id, line.item_id, line.gl_account_code) == ("line1", "", "4000")
    assert bill.order_number == "26000017"


def test_an_item_mapping_wins_over_the_items_own_account() -> None:
    bill = bill_of(rules=b.rules(mode="coded"), coding=b.coding(item_accounts={"A-1": "4400"}))
    assert bill.lines[0].gl_account_code == "4400"


def freight(**tax: object) -> AllowanceCharge:
    return AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=D("10.00"))


def test_freight_becomes_a_charge_item_when_matched_and_an_account_when_coded() -> None:
    one = b.invoice(allowances=(freight(),), taxes=(b.vat("264.60"),), total=D("1524.60"))
    assert bill_of(one).lines[1].item_id == "ifr"
    coded = bill_of(one, rules=b.rules(mode="coded"), partner=b.partner(cost_center="OPS"))
    assert (coded.lines[1].item_id, coded.lines[1].gl_account_code) == ("", "4400")


def test_the_lines_and_vat_come_to_the_total() -> None:
    one = b.invoice(allowances=(freight(),), taxes=(b.vat("264.60"),), total=D("1524.60"))
    bill = bill_of(one)
    assert sum(line.amount for line in bill.lines) + bill.vat_total == bill.total


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"coding": b.coding(charge_items={})}, Reason.UNMAPPED_CHARGE),
        ({"coding": b.coding(charge_items={"D240": "NOPE"})}, Reason.UNMAPPED_CHARGE),
        ({"coding": b.coding(vat=())}, Reason.MISSING_VAT_CODE),
    ],
)
def test_what_is_not_mapped_is_named(changes: dict[str, object], wanted: Reason) -> None:
    one = b.invoice(allowances=(freight(),), taxes=(b.vat("264.60"),), total=D("1524.60"))
    assert reason_of(one, **changes) is wanted


def test_cost_centers_must_exist_be_open_and_be_given_where_wanted() -> None:
    assert reason_of(ordered=b.order(b.order_line(cost_center="NOPE"))) is Reason.UNMAPPED_COST_CENTER
    assert reason_of(ordered=b.order(b.order_line(cost_center="OLD"))) is Reason.INACTIVE_COST_CENTER
    strict = b.tables(items={"A-1": Item(id="item1", code="A-1", gl_account="4406")})
    assert reason_of(ordered=b.order(b.order_line(cost_center="")), tables=strict) is Reason.UNMAPPED_COST_CENTER


def test_accounts_must_exist_and_be_open_when_coded() -> None:
    coded = b.rules(mode="coded")
    assert reason_of(rules=coded, coding=b.coding(item_accounts={"A-1": "4999"})) is Reason.BLOCKED_ACCOUNT
    assert reason_of(rules=coded, coding=b.coding(item_accounts={"A-1": "0"})) is Reason.UNMAPPED_ACCOUNT
    bare = replace(b.tables(), item={}.get)
    assert reason_of(rules=coded, tables=bare) is Reason.UNMAPPED_ACCOUNT


def test_an_account_that_wants_a_cost_unit_is_not_satisfied_by_a_cost_center() -> None:
    account = GLAccount(id="g1", code="4000", cost_unit=Requirement.MANDATORY)
    assert reason_of(tables=b.tables(accounts={"4000": account})) is Reason.UNMAPPED_COST_CENTER


@pytest.mark.parametrize("stated", ["112.50", "262.44", "262.56", "300.00"])
def test_vat_that_does_not_follow_from_its_rate_is_held(stated: str) -> None:
    one = b.invoice(taxes=(b.vat(stated, "21"),), total=D(1250) + D(stated))
    assert reason_of(one) is Reason.VAT_DIFFERENCE


@pytest.mark.parametrize("stated", ["262.45", "262.55"])
def test_vat_may_be_rounded_otherwise(stated: str) -> None:
    bill = bill_of(b.invoice(taxes=(b.vat(stated, "21"),), total=D(1250) + D(stated)))
    assert bill.vat_total == D(stated)


def test_no_tax_at_all_needs_a_rule_for_zero_percent() -> None:
    assert bill_of(b.invoice(taxes=(), total=D("1250.00"))).lines[0].vat_code == "0"
    no_zero = b.coding(vat=b.coding().vat[:2])
    assert reason_of(b.invoice(taxes=(), total=D("1250.00")), coding=no_zero) is Reason.MISSING_VAT_CODE


def test_several_rates_need_taxes_on_the_lines() -> None:
    two_rates = (b.vat("262.50"), Tax(kind="VA", amount=D(0), percent=D(9)))
    assert reason_of(b.invoice(taxes=two_rates)) is Reason.MISSING_VAT_CODE
    line = b.invoice_line(1, taxes=(Tax(kind="VA", percent=D(21)),))
    assert bill_of(b.invoice(line, taxes=two_rates)).lines[0].vat_code == "2"
