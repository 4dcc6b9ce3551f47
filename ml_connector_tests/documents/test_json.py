"""Canonical JSON: equal documents have equal text; what was dumped loads to the same document."""

import json
from datetime import date
from decimal import Decimal

import pytest
from msgspec import ValidationError

from ml_connector.documents.common import Party, Purpose, Reference, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.json import dump, kind_of, load
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import WeAreWrong

INVOICE = Invoice(
    number="INV-1",
    invoice_date=date(2026, 11, 21),
    total=Decimal("1276.00"),
    lines=(InvoiceLine(quantity=Decimal("1E+2"), unit="EA", price=Decimal("12.50")),),
)


def test_the_text_itself() -> None:
    assert dump(INVOICE) == (
        '{"invoice_date":"2026-11-21","kind":"invoice",'
        '"lines":[{"price":"12.5","quantity":"100","unit":"EA"}],"number":"INV-1","total":"1276"}'
    )


def test_equal_documents_have_equal_text() -> None:
    same = changed(INVOICE, total=Decimal("1276.0"), order_number="")
    assert dump(same) == dump(INVOICE)


def test_there_and_back() -> None:
    assert load("invoice", dump(INVOICE)) == INVOICE


def test_no_number_goes_through_a_float() -> None:
    document = changed(INVOICE, total=Decimal("0.1000000000000000000000001"))
    assert load("invoice", dump(document)) == document


def test_a_code_without_a_name_survives() -> None:
    order = PurchaseOrder(number="1", order_date=None, purpose=Purpose("18"))
    assert load("order", dump(order)) == order
    assert json.loads(dump(order))["purpose"] == "18"


def test_letters_stay_letters() -> None:
    order = PurchaseOrder(number="1", order_date=None, parties=(Party(role="ST", name="Größe 中"),))
    assert "Größe 中" in dump(order)


def test_kinds() -> None:
    assert kind_of(OrderAcknowledgment(number="1")).value == "order_acknowledgment"
    change = OrderAcknowledgment(number="1", answers_change=True)
    assert kind_of(change).value == "change_acknowledgment"
    assert load("change_acknowledgment", dump(change)) == change
    with pytest.raises(WeAreWrong):
        kind_of(Reference(qualifier="DP"))


def test_what_is_no_such_document_is_refused() -> None:
    with pytest.raises(WeAreWrong, match="invoice"):
        load("order", dump(INVOICE))
    with pytest.raises(ValidationError):
        load("invoice", '{"number": "1", "surprise": true}')


@pytest.mark.parametrize(
    ("value", "text"),
    [("12.50", "12.5"), ("1E+2", "100"), ("-0", "0"), ("0.00", "0"), ("-0.10", "-0.1"), ("1E-7", "0.0000001")],
)
def test_decimals(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text
