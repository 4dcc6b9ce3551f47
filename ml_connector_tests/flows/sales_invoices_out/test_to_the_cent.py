"""Amounts of sales invoices are right to the cent, or the invoice is held."""

from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.sales.invoices import SalesTax
from ml_connector_tests.flows.builders import D
from ml_connector_tests.flows.sales_invoices_out.invoice_words import held, own
from ml_connector_tests.flows.selling import SalesOffice, invoice, line


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (invoice(total=D("141.55")), "comes to 141.54 USD (lines 125.00, discounts -5.00, charges 10.00, taxes 11.54),"
         " and the ERP says 141.55: a difference of 0.01"),
        (invoice(line(amount=D("125.01")), total=D("141.55")), "10 x 12.50 is 125.00 USD, and the ERP has 125.01"),
        (invoice(total=D("-141.54")), "has a total of -141.54 USD"),
        (invoice(line(amount=D("125.001")), total=D("141.541")), "more than 2 decimals"),
        (invoice(line(quantity=D(0))), "has an amount of 125.00 and no quantity"),
        (invoice(line(unit="TRAY")), "Unit TRAY of line 1, invoice AR001, is mapped to no X12 unit"),
        (invoice(charges=(changed(invoice().charges[0], code="ice"),)), "Charge ice"),
        (invoice(taxes=tuple(changed(t, code="NJ") for t in invoice().taxes)), "Tax NJ"),
        (invoice(line(item_code="", customers_item="", gtin="", description="")), "neither an item nor"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_or_has_no_code_is_held_and_never_sent_otherwise(
    office: SalesOffice, wrong: Any, words: str
) -> None:
    office.books.save(wrong)
    office.run()
    reason, message = held(office)
    assert words in message, (reason, message)
    assert office.mailbox.sent == []
    office.books.save(invoice())
    office.run()
    assert [one.total for one in office.sets()] == [D("141.54")], "mended in the ERP, it leaves by itself"


def test_amounts_stand_in_the_places_of_their_currency(office: SalesOffice) -> None:
    plain = {"discounts": (), "charges": (), "taxes": ()}
    yen = line(price=D("12.5"), amount=D(125))
    office.books.save(
        invoice(yen, currency="JPY", total=D(125), **plain),
        invoice(
            line(amount=D("125.5"), price=D("12.55")), id="2", number="AR002", currency="JPY", total=D("125.5"), **plain
        ),
        invoice(line(amount=D("125.005")), id="3", number="AR003", currency="KWD", total=D("125.005"), **plain),
    )
    office.run()
    assert [(one.number, one.currency, one.total) for one in office.sets()] == [("AR001", "JPY", D(125))]
    assert "more than 0 decimals" in held(office, "AR002")[1]
    assert "more than 2 decimals" in held(office, "AR003")[1]


def test_a_line_is_rounded_in_the_places_of_its_currency(office: SalesOffice) -> None:
    """Ten at 12.53 yen are 125 yen in the ERP's books, and 125.30 nowhere."""
    plain = {"discounts": (), "charges": (), "taxes": ()}
    office.books.save(invoice(line(price=D("12.53"), amount=D(125)), currency="JPY", total=D(125), **plain))
    office.run()
    assert [(one.currency, one.total, one.lines[0].price) for one in office.sets()] == [("JPY", D(125), D("12.53"))]


def test_taxes_that_prices_hold_are_told_and_not_added(office: SalesOffice) -> None:
    office.books.save(invoice(taxes_included=True, total=D("130.00")))
    office.run()
    (sent,) = office.sets()
    assert (sent.total, [tax.relationship for tax in sent.taxes]) == (D("130"), ["O", "O"])


def test_more_taxes_than_an_810_has_room_for_are_held(office: SalesOffice) -> None:
    """TXI of the summary comes ten times at most (x12-procurement 8)."""
    many = tuple(SalesTax(code="NYSTATE", amount=D("1.00")) for _ in range(11))
    office.books.save(invoice(taxes=many, total=D("141.00")))
    office.run()
    assert held(office)[0] == "bad_value"
    assert office.mailbox.sent == []


@pytest.mark.parametrize("customer", [own(line_prices="from_amount")], indirect=True)
def test_a_price_that_comes_to_the_amount_is_sent_where_the_file_says_so(office: SalesOffice) -> None:
    office.books.save(invoice(line(quantity=D(3000), price=D("3.3333"), amount=D("10000.00")), discounts=(), charges=(),
                              taxes=(), total=D("10000.00")))  # fmt: skip
    office.run()
    (sent,) = office.sets()
    price = sent.lines[0].price or D(0)
    assert round(price * 3000, 2) == D("10000.00")
