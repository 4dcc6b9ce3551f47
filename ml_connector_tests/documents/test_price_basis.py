"""For how many units a price is: codes of X12 and numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.invoices import InvoiceLine
from ml_connector.documents.values.price_basis import basis_of, is_known, pieces

MANY = {"": 1, "PE": 1, "HP": 100, "hp": 100, "TP": 1000, "12": 12, "0.5": Decimal("0.5")}
#: What says nothing, or nothing known.
ONE = ("ZZ", "0", "-3", "NaN", "Infinity", "1_0", "1E2")


@pytest.mark.parametrize(("basis", "many"), [*MANY.items(), *((text, 1) for text in ONE)])
def test_a_basis_is_so_many_units(basis: str, many: Decimal) -> None:
    assert pieces(basis) == many


@pytest.mark.parametrize(("code", "known"), [("HP", True), ("", True), ("CT", True), ("ZZ", False), ("12", False)])
def test_codes_are_those_of_the_sheet(code: str, known: bool) -> None:
    assert is_known(code) == known


@given(st.decimals("0.0001", "1000000", places=4))
def test_every_number_of_units_comes_back(many: Decimal) -> None:
    assert pieces(basis_of(many)) == many


@pytest.mark.parametrize(("price", "basis"), [("1475", "HP"), ("177", "12"), ("14.75", ""), ("14750", "TP")])
def test_the_amount_of_a_line_is_divided_by_it(price: str, basis: str) -> None:
    line = InvoiceLine(quantity=Decimal(160), price=Decimal(price), price_basis=basis)
    assert line.amount == Decimal(2360)
