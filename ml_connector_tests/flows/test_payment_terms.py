"""When an invoice is due by its terms, and what is told where the ERP's own terms apply."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import DateReference, KeptElement, PaymentTerms
from ml_connector.flows.invoices_in.payment_terms import terms_of
from ml_connector_tests.flows.builders import invoice

DAY = date(2026, 11, 20)


def terms(*dates: tuple[str, date], **given: Any) -> Any:
    told = tuple(DateReference(qualifier=code, day=day) for code, day in dates)
    return terms_of(invoice(terms=(PaymentTerms(**given),), dates=told))


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"kind": "05", "basis": "3", "net_days": 60}, date(2027, 1, 19)),
        ({"kind": "", "basis": "3", "net_days": 0}, DAY),
        ({"kind": "08", "basis": "3", "net_days": 30, "discount_percent": Decimal(2)}, date(2026, 12, 20)),
        ({"kind": "02", "net_due": date(2026, 12, 31), "net_days": 30}, date(2026, 12, 31)),
    ],
)
def test_a_due_date_that_the_terms_say(given: dict[str, Any], due: date) -> None:
    assert terms(**given).due == due


@pytest.mark.parametrize(
    ("basis", "qualifier", "other"), [("1", "011", "035"), ("2", "035", "011"), ("15", "050", "011")]
)
def test_days_count_from_the_date_that_is_named_if_the_invoice_has_it(basis: str, qualifier: str, other: str) -> None:
    given = {"kind": "01", "basis": basis, "net_days": 30}
    assert terms((qualifier, date(2026, 11, 25)), **given).due == date(2026, 12, 25)
    without = terms((other, date(2026, 11, 25)), **given)
    assert without.due is None
    assert any("the ERP's own terms apply" in told for told in without.told)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "02", "basis": "3", "net_days": 30},
        {"kind": "09", "basis": "3", "net_days": 10},
        {"kind": "ZZ", "basis": "3", "net_days": 10},
        {"kind": "01", "basis": "", "net_days": 30},
        {"kind": "01", "basis": "5", "net_days": 30},
        {"kind": "01", "basis": "Q", "net_days": 30},
        {"net_due": date(2036, 1, 1)},
        {"net_due": date(2026, 11, 1)},
        {"kind": "01", "basis": "3", "net_days": 9_999_999},
    ],
)
def test_what_the_terms_leave_open_is_the_erps_and_is_told(given: dict[str, Any]) -> None:
    found = terms(**given)
    assert found.due is None
    assert found.told


def itd(**at: str) -> tuple[KeptElement, ...]:
    """Elements of ITD that have no field of their own: itd(at13="10")."""
    return tuple(KeptElement(segment_id="ITD", position=int(name[2:]), value=value) for name, value in at.items())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "23", "basis": "5"}, "on receipt of the invoice"),
        ({"kind": "09", "basis": "3", "kept": itd(at13="10")}, "proximo"),
        ({"kind": "10", "basis": "3"}, "at once"),
        ({"kind": "01", "basis": "3", "net_days": 30, "kept": itd(at13="25")}, "day of the month 25"),
        ({"kind": "01", "basis": "3", "kept": itd(at09="20270201", at10="17848")}, "deferred until 20270201"),
        ({"kind": "01", "basis": "3", "net_days": 30, "kept": itd(at11="50")}, "for 50 % of the amount"),
        ({"kind": "01", "net_due": date(2026, 12, 20), "kept": itd(at11="50")}, "for 50 % of the amount"),
    ],
)
def test_terms_that_say_no_due_date_for_the_whole_amount_are_told(given: dict[str, Any], says: str) -> None:
    found = terms(**given)
    assert found.due is None
    assert any(says in told and "the ERP's own terms apply" in told for told in found.told), found.told


def test_the_whole_amount_and_previously_agreed_terms_say_nothing_else() -> None:
    assert terms(kind="01", basis="3", net_days=30, kept=itd(at11="100")).due == date(2026, 12, 20)
    assert terms(kind="01", net_due=date(2026, 12, 20), kept=itd(at13="20")).due == date(2026, 12, 20)
    assert terms(kind="14").told == ()


def test_a_discount_that_is_not_applicable_is_none() -> None:
    found = terms(kind="05", basis="3", discount_percent=Decimal(2), discount_days=10, net_days=30)
    assert (found.due, found.discount_percent, found.discount_until) == (date(2026, 12, 20), None, None)
    assert "not applicable" in found.told[0]


def test_two_due_dates_are_none() -> None:
    both = (PaymentTerms(basis="3", net_days=30), PaymentTerms(basis="3", net_days=60))
    found = terms_of(invoice(terms=both))
    assert found.due is None
    assert "several due dates" in found.told[0]


def test_a_discount_is_shown_with_its_last_day_and_the_suppliers_words() -> None:
    found = terms(
        kind="08", basis="3", discount_percent=Decimal("2.0"), discount_days=10, net_days=30, description="2% 10 NET 30"
    )
    assert (found.discount_percent, found.discount_until) == (Decimal(2), date(2026, 11, 30))
    assert found.told == ("Discount of 2 % until 2026-11-30.", "Terms as the supplier writes them: 2% 10 NET 30")
