"""What a sales invoice says beside its amounts: characters, terms, notes, and what master data complete."""

from datetime import date

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.sales.invoices import Address, SalesTerms
from ml_connector.documents.sales.reference import CrossReference, Customer, CustomerLocation, ItemFacts
from ml_connector.flows.reference.syncing import sync_table
from ml_connector_tests.flows.american import Table
from ml_connector_tests.flows.builders import VENDOR, D
from ml_connector_tests.flows.sales_invoices_out.invoice_words import held
from ml_connector_tests.flows.selling import SalesOffice, invoice, line


@pytest.mark.parametrize("customer", [{"x12": {"character_set": "basic"}}], indirect=True)
def test_characters_are_spelled_where_they_say_the_same_and_held_where_not(office: SalesOffice) -> None:
    office.books.save(
        invoice(line(description="Crème 1½ kg")), invoice(id="2", number="AR-Ω2"), invoice(id="3", number="AR003")
    )
    office.run()
    assert [(one.number, one.lines[0].description) for one in office.by_number()] == [
        ("AR001", "CREME 1 1/2 KG"),
        ("AR003", "CANNED TOMATOES"),
    ]
    assert held(office, "AR-Ω2")[0] == "character_not_sendable"


def test_what_is_neither_plainly_an_invoice_nor_a_credit_memo_is_held(office: SalesOffice) -> None:
    office.books.save(invoice(other_type="Debit Memo"))
    office.run()
    assert held(office) == (
        "unsupported_document", "AR001 is of type Debit Memo: neither plainly an invoice nor a credit memo."
    )  # fmt: skip


@pytest.mark.parametrize(
    "flow", [{"terms": {"2%10N30": {"discount_percent": 2, "discount_days": 10, "net_days": 30}}}], indirect=True
)
def test_what_a_code_of_terms_means_stands_in_settings(office: SalesOffice) -> None:
    office.books.save(invoice(terms=SalesTerms(code="2%10N30", discount_amount=D("2.50"))))
    office.books.save(invoice(id="2", number="AR002", terms=SalesTerms(code="COD")))
    office.run()
    first, second = office.by_number()
    (terms,) = first.terms
    assert (terms.discount_percent, terms.discount_days, terms.net_days, terms.discount_amount) == (
        D(2), 10, 30, D("2.5")
    )  # fmt: skip
    assert (terms.description, first.terms_discount) == ("2%10N30", D("2.5"))
    (terms,) = second.terms
    assert (terms.discount_percent, terms.net_due, terms.description) == (None, date(2026, 12, 20), "COD")


def test_master_data_complete_what_the_invoice_does_not_repeat(office: SalesOffice) -> None:
    number = CrossReference
    facts = ItemFacts(
        id="i1",
        code="FOOD-1",
        numbers=(
            number(number="BR-EACH", kind="customer", party="C100", unit="EACH"),
            number(number="BR-CASE", kind="customer", party="C100", unit="CASE"),
            number(number="X-9", kind="customer", party="C200"),
            number(number="00012345678905", kind="gtin", unit="CASE"),
            number(number="012345678905", kind="barcode", unit="EACH"),
        ),
    )
    place = CustomerLocation(
        id="p1", code="MAIN", customer="c1", their_code="0042", street=("1 Main St",), city="Troy", postal_code="12180"
    )
    office.books.tables = {
        "vendors": Table(VENDOR),
        "item_facts": Table(facts),
        "customers": Table(Customer(id="c1", code="C100")),
        "customer_locations": Table(place, changed(place, id="p2", street=("2 Main St",))),
    }
    for table in office.books.tables:
        sync_table(office.deployment.ledger, office.integration.erp, table)
    went = Address(name="Store 42", street=("1 MAIN ST",), city="Troy", postal_code="12180")
    office.books.save(invoice(line(customers_item="", gtin=""), ship_to=went))
    office.run()
    (sent,) = office.sets()
    assert {(item.qualifier, item.value) for item in sent.lines[0].items} == {
        ("VP", "FOOD-1"), ("BP", "BR-CASE"), ("UK", "00012345678905")
    }  # fmt: skip
    ship_to = sent.party("ST")
    assert ship_to is not None
    assert (ship_to.id_scheme, ship_to.id) == ("92", "0042")
    assert {"item_facts", "customers", "customer_locations"} <= set(office.row().snapshots or {})
    renamed = changed(facts, numbers=())
    office.books.tables = {**office.books.tables, "item_facts": Table(renamed)}
    sync_table(office.deployment.ledger, office.integration.erp, "item_facts")
    office.books.save(invoice(line(customers_item="", gtin=""), ship_to=went, unsent=("Project",)))
    office.run()
    assert len(office.rows()) == 1, "master data that changed make no news of what was sent"


def test_lines_that_only_say_something_become_notes(office: SalesOffice) -> None:
    text = line(2, quantity=D(0), price=D(0), amount=D(0), description="Thank you for your order")
    office.books.save(invoice(line(), text, description="Week 47"))
    office.run()
    (sent,) = office.sets()
    assert (len(sent.lines), sent.notes) == (1, ("Week 47", "Thank you for your order"))


@pytest.mark.parametrize(
    ("customer", "named"),
    [({"title": "HillMart"}, "HillMart"), ({"title": ""}, "big_retail")],
    indirect=["customer"],
)
def test_an_address_without_name_and_code_leaves_under_the_customers_name(office: SalesOffice, named: str) -> None:
    """An ERP may know where it went and not what that place is called; N1 needs a name or a code."""
    place = Address(street=("12 Dock Rd",), city="Austin", region="TX", postal_code="73301")
    office.books.save(invoice(customer_name="", ship_to=place, remit_to=place))
    office.run()
    (sent,) = office.by_number()
    names = {party.role: (party.name, party.id) for party in sent.parties}
    assert names["ST"] == (named, "")
    assert names["RE"] == ("Voltwerk Industries BV", "")
