"""Canonical JSON: equal documents have equal text; what was dumped loads to the same document."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import ValidationError
from msgspec.structs import fields

from ml_connector import documents
from ml_connector.documents.common import (
    Amounts,
    DocumentPart,
    KeptElement,
    Party,
    Purpose,
    Record,
    Reference,
    changed,
)
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.json import dump, kind_of, load
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.documents.records import in_words
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import WeAreWrong
from ml_connector_tests.support.examples import some

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


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18)


def plainly(value: Any) -> Any:
    """As Python's own encoder is to write it: the oracle of what is stored and hashed."""
    if isinstance(value, Record):
        return {
            one.name: plainly(getattr(value, one.name))
            for one in fields(type(value))
            if one.required or getattr(value, one.name) != one.default
        }
    if isinstance(value, Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if not value else text
    if isinstance(value, date):
        return value.isoformat()
    return [plainly(one) for one in value] if isinstance(value, tuple) else value


@settings(max_examples=some(200), deadline=None)
@given(TEXTS, st.lists(st.tuples(TEXTS, NUMBERS, NUMBERS), max_size=3), NUMBERS, st.none() | st.dates())
def test_the_text_is_what_pythons_own_encoder_writes(
    number: str, lines: list[tuple[str, Decimal | None, Decimal | None]], total: Decimal | None, day: date | None
) -> None:
    """Whatever letters and numbers: what earlier releases stored keeps its hash. And it comes back the same."""
    kept = KeptElement(segment_id="REF", position=4, value=f"{number}\x1f\x1e")
    made = tuple(
        InvoiceLine(description=text, quantity=quantity, price=price, kept=(kept,)) for text, quantity, price in lines
    )
    invoice = Invoice(number=number, invoice_date=day, total=total, lines=made, type="DI", purpose=Purpose("00"))
    values = {**plainly(invoice), "kind": "invoice"}
    assert dump(invoice) == json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert load("invoice", dump(invoice)) == invoice


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "sNaN", "1E+999", "1E-999"])
def test_what_is_no_number_of_a_document_is_refused_wherever_it_comes_from(number: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        InvoiceLine(quantity=Decimal(number))
    with pytest.raises(ValidationError, match="not a number"):
        load("invoice", f'{{"number":"1","invoice_date":null,"total":"{number}"}}')


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ('{"number":1,"invoice_date":null,"total":null}', "number"),
        ('{"number":"1","invoice_date":"2026-13-01","total":null}', "invoice_date"),
        ('{"number":"1","invoice_date":null,"total":"12,5"}', "total"),
        ('{"number":"1","invoice_date":null,"total":null,"lines":[{"price":true}]}', r"lines\[0\].price"),
        ('{"number":"1","invoice_date":null,"total":null,"lines":[{"pricing":"1"}]}', r"lines\[0\]"),
        ('{"number":"1","invoice_date":null}', "total"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_place(values: str, place: str) -> None:
    with pytest.raises(ValidationError, match=place):
        load("invoice", values)


def test_every_model_of_documents_that_has_decimals_makes_equal_ones_the_same() -> None:
    def below(model: type[Record]) -> Iterator[type[Record]]:
        yield model
        for one in model.__subclasses__():
            yield from below(one)

    for module in pkgutil.walk_packages(documents.__path__, "ml_connector.documents."):
        importlib.import_module(module.name)
    parts = {one for one in below(DocumentPart) if one.__module__.startswith("ml_connector.documents.")}
    numbered = {one for one in parts if any("Decimal" in str(field.type) for field in fields(one))}
    without = {one.__name__ for one in numbered if not issubclass(one, Amounts)}
    # what is agreed on is no document: its numbers stand as they were said
    assert without == {"AgreedLine"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ('{"number":1,"invoice_date":null,"total":null}', "number: expected text, got a number"),
        ('{"number":"1","invoice_date":null,"total":"NaN"}', "NaN is not a number that a document can hold"),
        (
            '{"number":"1","invoice_date":null,"total":null,"lines":[{"price":true}]}',
            "lines[0].price: expected a number, got true or false",
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_its_place_first(values: str, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        load("invoice", values)
    assert in_words(raised.value) == told
