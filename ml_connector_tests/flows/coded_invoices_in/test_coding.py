"""A coded line's tax is taken out of its amount in the places of its currency, and the two come to the amount again."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.documents.values.currencies import places, rounded
from ml_connector.flows.coded_invoices_in.coding import bill_of
from ml_connector.flows.coded_invoices_in.settings import CodedInvoicesIn
from ml_connector_tests.flows import builders as b
from ml_connector_tests.support.examples import some

RULES = CodedInvoicesIn(vat_code="2")
CODES = (LineCode(group="Accounting Codes", value="4406"), LineCode(group="Cost Center", value="OPS"))


def bill(currency: str, *amounts: Decimal) -> Bill:
    lines = tuple(CodedLine(number=at, amount=amount, codes=CODES) for at, amount in enumerate(amounts, 1))
    invoice = NetworkInvoice(
        number="AC-1",
        total=sum(amounts, Decimal(0)),
        vendor=b.VENDOR.id,
        invoice_date=date(2026, 11, 2),
        currency=currency,
        lines=lines,
    )
    return bill_of(invoice, replace(b.tables(), vendor=lambda _id: b.VENDOR), RULES)


@pytest.mark.parametrize(
    ("currency", "amount", "net", "tax"),
    [
        ("EUR", "100.00", "82.64", "17.36"),
        ("JPY", "1000", "826", "174"),
        ("KWD", "100.000", "82.645", "17.355"),
    ],
)
def test_tax_has_the_places_of_the_currency(currency: str, amount: str, net: str, tax: str) -> None:
    made = bill(currency, Decimal(amount))
    assert (made.lines[0].amount, made.vat_total) == (Decimal(net), Decimal(tax))


@given(
    st.sampled_from(["EUR", "JPY", "KWD", "CLP", "BHD"]),
    st.lists(st.decimals("0.001", "99999", places=3), min_size=1, max_size=4),
)
@settings(max_examples=some(100))
def test_lines_and_tax_come_to_the_total_in_every_currency(currency: str, drawn: list[Decimal]) -> None:
    amounts = [max(rounded(one, currency), Decimal(1).scaleb(-places(currency))) for one in drawn]
    made = bill(currency, *amounts)
    assert sum((line.amount for line in made.lines), made.vat_total) == made.total == sum(amounts)
    for money in (made.vat_total, *(line.amount for line in made.lines)):
        assert money == rounded(money, currency)
