"""What makes an invoice doubtful by itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import (
    AllowanceCharge,
    AllowanceKind,
    KeptElement,
    KeptSegment,
    Party,
    Reference,
    changed,
)
from ml_connector.documents.invoices import Invoice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.invoices_in.invoice_doubts import check_itself
from ml_connector_tests.flows.builders import VENDOR, invoice, invoice_line, partner

TODAY = date(2026, 11, 21)
USD = (KeptSegment(segment_id="CUR", elements=("SE", "USD")),)


def reason_of(one: Invoice, **settings: Any) -> Reason | None:
    vendor = changed(VENDOR, vat_number="NL 123.456.789 B01")
    held = attempt(check_itself, one, partner(**settings), vendor, TODAY, 31)
    return held.reason if isinstance(held, NeedsCorrection) else None


def seller(role: str = "SE", scheme: str = "92", number: str = "20011", *references: tuple[str, str]) -> Party:
    told = tuple(Reference(qualifier=code, value=value) for code, value in references)
    return Party(role=role, id_scheme=scheme, id=number, references=told)


def test_an_invoice_of_zero_is_held() -> None:
    assert reason_of(invoice(total=Decimal("0.00"))) is Reason.ZERO_INVOICE


@pytest.mark.parametrize(("day", "held"), [(date(2026, 12, 22), False), (date(2026, 12, 23), True)])
def test_a_date_far_ahead_is_held(day: date, held: bool) -> None:
    assert (reason_of(invoice(invoice_date=day)) is Reason.INVOICE_DATE_AHEAD) is held


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": (invoice_line(1, extras=USD),)},
        {"extras": USD},
        {"kept": (KeptElement(segment_id="CUR", position=5, value="USD"),)},
        {"allowances": (AllowanceCharge(kind=AllowanceKind.CHARGE, code="D240", extras=USD),)},
        {"lines": (invoice_line(1, allowances=(AllowanceCharge(kind=AllowanceKind.CHARGE, extras=USD),)),)},
        {"extras": (KeptSegment(segment_id="N9", elements=("ZZ", "1"), inside=USD),)},
    ],
)
def test_two_currencies_wherever_they_stand_are_held(changes: dict[str, Any]) -> None:
    assert reason_of(invoice(**changes)) is Reason.CURRENCY_MISMATCH
    assert reason_of(invoice(**{**changes, "currency": "usd"})) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"parties": (seller(number="20012"),)},
        {"parties": (seller("VN", number="20012"),)},
        {"parties": (seller("SU", "", "", ("VR", "20012")),)},
        {"parties": (seller("SE", "", "", ("ZA", "20012")),)},
        {"references": (Reference(qualifier="VR", value="20012"),)},
        {"references": (Reference(qualifier="IA", value="20012"),)},
        {"parties": (seller("SE", "", "", ("VX", "NL987654321B01")),)},
        {"lines": (invoice_line(1, parties=(seller(number="20012"),)),)},
    ],
)
def test_another_suppliers_number_is_held(changes: dict[str, Any]) -> None:
    assert reason_of(invoice(**changes)) is Reason.SUPPLIER_CONTRADICTED


@pytest.mark.parametrize(
    "changes",
    [
        {"parties": (seller(number="0020011"),)},
        {"parties": (seller("SE", "91", "4711"),)},
        {"parties": (seller("RE", "92", "20099"),)},
        {"parties": (seller("SE", "", "", ("VX", "NL123456789B01")),)},
        {"references": (Reference(qualifier="VR", value="NORTHWIND"),)},
        {"references": (Reference(qualifier="VN", value="SO-1"),)},
    ],
)
def test_the_suppliers_own_numbers_and_those_of_others_roles_are_not(changes: dict[str, Any]) -> None:
    assert reason_of(invoice(**changes)) is None


def test_a_partner_file_names_further_numbers() -> None:
    one = invoice(references=(Reference(qualifier="VR", value="V-77"),))
    assert reason_of(one) is Reason.SUPPLIER_CONTRADICTED
    assert reason_of(one, supplier_numbers=("V-77",)) is None


def po(*numbers: str) -> tuple[Reference, ...]:
    return tuple(Reference(qualifier="PO", value=number) for number in numbers)


@pytest.mark.parametrize(
    ("header", "references", "lines", "held"),
    [
        ("26000001", po("26000001"), ("",), False),
        ("26000001", po(" 0026000001"), ("",), False),
        ("26000001", po("26000009"), ("",), True),
        ("26000001", po("26000001", "26000009"), ("",), True),
        ("26000001", po("26000001", "26000009"), ("26000009",), False),
        ("26000001", po("26000001", "26000009"), ("26000009", ""), False),
        ("26000001", po("26000001", "26000008"), ("26000009", ""), True),
        ("", po("26000001", "26000009"), ("26000001", "26000009"), False),
        ("26000001", (Reference(qualifier="DP", value="26000009"),), ("",), False),
    ],
)
def test_another_order_in_a_reference_is_held_where_lines_do_not_say_theirs(
    header: str, references: tuple[Reference, ...], lines: tuple[str, ...], held: bool
) -> None:
    given = tuple(invoice_line(at, order_number=number) for at, number in enumerate(lines, 1))
    found = reason_of(invoice(order_number=header, references=references, lines=given))
    assert (found is Reason.ORDER_LINE_CONTRADICTED) is held


@pytest.mark.parametrize(("reference", "held"), [("26000001", False), ("26000009", True), ("", False)])
def test_a_line_that_names_two_orders_is_held(reference: str, held: bool) -> None:
    line = invoice_line(1, order_number="26000001", references=po(reference))
    assert (reason_of(invoice(lines=(line,))) is Reason.ORDER_LINE_CONTRADICTED) is held


@pytest.mark.parametrize(
    ("code", "actions", "held"),
    [
        ("1", {}, False),
        ("3", {}, True),
        ("2", {}, True),
        ("rx", {}, True),
        ("5", {"5": "first"}, False),
        ("1", {"1": "held"}, True),
    ],
)
def test_an_action_that_does_not_say_a_first_invoice_is_held(code: str, actions: dict[str, str], held: bool) -> None:
    kept = (KeptElement(segment_id="BIG", position=9, value=code),)
    found = reason_of(invoice(kept=kept), invoice_actions=actions)
    assert (found is Reason.UNSUPPORTED_DOCUMENT) is held
