"""Taxes as the ERP wants them: VAT codes, amounts as invoiced, or none. A US bill needs no VAT code."""

from dataclasses import replace

import pytest

from ml_connector.config.integrations import Coding, VatRule
from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Tax
from ml_connector.documents.reference import VatCode
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector_tests.flows import builders as b
from ml_connector_tests.flows.american import US, code, tables, us_invoice
from ml_connector_tests.flows.builders import D

NONE = replace(US, taxes="none")
STATE = Tax(kind="ST", percent=D("6.25"), amount=D("78.13"), jurisdiction="NY")
CITY = Tax(kind="ST", percent=D(2), amount=D("25.00"), jurisdiction="NYC")


def test_a_us_bill_is_coded_without_any_vat_rule() -> None:
    bill = code()
    (line,) = bill.lines
    assert (line.vat_code, line.vat_amount) == ("", None)
    assert [(tax.kind, tax.amount, tax.tax_id) for tax in bill.taxes] == [("ST", D("103.13"), "")]
    assert line.amount + bill.vat_total == bill.total


def test_each_tax_is_posted_as_invoiced_with_its_id_where_one_is_mapped() -> None:
    coding = Coding(vat=(VatRule(kind="ST", percent="6.25", code="NYSTATE"),))
    known = tables(codes={"NYSTATE": VatCode(id="t1", code="NYSTATE")})
    bill = code(us_invoice(taxes=(STATE, CITY)), coding=coding, tables=known)
    assert [(tax.jurisdiction, tax.amount, tax.tax_id) for tax in bill.taxes] == [
        ("NY", D("78.13"), "NYSTATE"),
        ("NYC", D("25.00"), ""),
    ]
    assert bill.vat_total == D("103.13")


def test_a_tax_mapped_to_what_the_erp_lacks_is_held() -> None:
    with pytest.raises(NeedsCorrection, match="NOPE") as held:
        code(us_invoice(taxes=(STATE, CITY)), coding=Coding(vat=(VatRule(kind="ST", code="NOPE"),)))
    assert held.value.reason is Reason.MISSING_VAT_CODE


def test_a_tax_written_as_a_charge_is_a_tax() -> None:
    written = AllowanceCharge(kind=AllowanceKind.CHARGE, code="H770", amount=D("103.13"))
    (tax,) = code(us_invoice(taxes=(), allowances=(written,))).taxes
    assert (tax.kind, tax.amount) == ("H770", D("103.13"))


def test_taxes_of_lines_that_the_summary_repeats_count_once() -> None:
    line = b.invoice_line(taxes=(Tax(kind="ST", amount=D("103.13")),))
    assert [tax.amount for tax in code(us_invoice(line)).taxes] == [D("103.13")]


def test_a_credit_sent_negative_has_positive_taxes() -> None:
    line = b.invoice_line(quantity=D(-100))
    one = us_invoice(line, type="CR", taxes=(Tax(kind="ST", amount=D("-103.13")),), total=D("-1353.13"))
    bill = code(one)
    assert (bill.credit, bill.total, [tax.amount for tax in bill.taxes]) == (True, D("1353.13"), [D("103.13")])


def test_parts_of_cents_come_to_the_total_on_the_largest_tax() -> None:
    parts = (Tax(kind="ST", amount=D("1.004")), Tax(kind="CS", amount=D("2.004")), Tax(kind="LS", amount=D("3.004")))
    bill = code(us_invoice(taxes=parts, total=D("1256.01")))
    assert [tax.amount for tax in bill.taxes] == [D("1.00"), D("2.00"), D("3.01")]


@pytest.mark.parametrize("traits", [US, NONE])
def test_a_bill_without_taxes_needs_no_rule_for_zero_percent(traits: object) -> None:
    bill = code(us_invoice(taxes=(), total=D("1250.00")), traits=traits)
    assert (bill.taxes, bill.vat_total, len(bill.lines)) == ((), 0, 1)


def test_where_the_erp_takes_no_taxes_they_are_a_charge_or_hold_the_bill() -> None:
    """They are owed all the same: a bill without them would not come to the document's total."""
    with pytest.raises(NeedsCorrection, match="Charge TAX") as held:
        code(traits=NONE)
    assert held.value.reason is Reason.UNMAPPED_CHARGE
    bill = code(traits=NONE, coding=Coding(charge_accounts={"TAX": "4400"}))
    assert [(line.charge_code, line.gl_account_code, line.amount) for line in bill.lines] == [
        ("", "4000", D("1250.00")),
        ("TAX", "4400", D("103.13")),
    ]
    assert bill.vat_total == 0


@pytest.mark.parametrize("traits", [US, NONE])
def test_a_difference_is_held_whatever_the_policy(traits: object) -> None:
    with pytest.raises(NeedsCorrection) as held:
        code(us_invoice(total=D("1353.12")), traits=traits, coding=Coding(charge_accounts={"TAX": "4400"}))
    assert held.value.reason is Reason.TOTAL_DIFFERENCE


def test_a_charge_of_a_matched_bill_goes_to_an_account_where_lines_carry_them_else_to_an_item() -> None:
    freight = AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", amount=D("10.00"))
    one = us_invoice(allowances=(freight,), total=D("1363.13"))
    line = code(one, coding=b.coding()).lines[1]
    assert (line.item_id, line.gl_account_id) == ("", "g4400")
    line = code(one, coding=b.coding(charge_accounts={})).lines[1]
    assert (line.item_id, line.gl_account_id) == ("ifr", "")
    line = code(one, coding=b.coding(), traits=replace(US, codes_matched_lines=False)).lines[1]
    assert (line.item_id, line.gl_account_id) == ("ifr", "")
