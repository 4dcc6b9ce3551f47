"""When an invoice is due by its terms, and what is told where the ERP's own terms apply."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import DateReference, KeptElement, KeptSegment, PaymentTerms
from ml_connector.flows.invoices_in.payment_terms import terms_of
from ml_connector_tests.flows.builders import invoice, invoice_line

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


def at_line(*elements: str) -> Any:
    return invoice_line(1, extras=(KeptSegment(segment_id="ITD", elements=elements),))


NET_60, NET_30 = ("01", "3", "", "", "", "", "60"), ("01", "3", "", "", "", "", "30")


@pytest.mark.parametrize(
    ("header", "lines", "due", "told"),
    [
        ((), (at_line(*NET_60),), date(2027, 1, 19), ""),
        ((), (at_line(*NET_60), at_line(*NET_60)), date(2027, 1, 19), ""),
        ((), (at_line(*NET_60), at_line(*NET_30)), None, "several due dates"),
        ((), (at_line(*NET_60), invoice_line(2)), None, "others none"),
        (
            (PaymentTerms(kind="01", basis="3", net_days=60),),
            (at_line(*NET_60), invoice_line(2)),
            date(2027, 1, 19),
            "",
        ),
        ((PaymentTerms(kind="01", basis="3", net_days=30),), (at_line(*NET_60),), None, "several due dates"),
    ],
)
def test_terms_of_lines_count_as_those_of_the_header(header: Any, lines: Any, due: date | None, told: str) -> None:
    found = terms_of(invoice(terms=header, lines=lines))
    assert found.due == due
    assert told in " ".join(found.told)
    assert bool(found.told) is bool(told)


@pytest.mark.parametrize(("position", "name"), [(6, "net due date"), (4, "discount due date")])
def test_a_day_of_the_terms_that_is_none_is_told(position: int, name: str) -> None:
    kept = (KeptElement(segment_id="ITD", position=position, value="20261131"),)
    found = terms(kind="01", basis="3", kept=kept)
    assert any(f"The {name} 20261131" in told for told in found.told)
    assert found.due is None


@pytest.mark.parametrize(("days", "told"), [(60, True), (34, False)])
def test_net_days_that_come_to_another_day_than_the_net_due_date_are_told(days: int, told: bool) -> None:
    found = terms(kind="01", basis="3", net_due=date(2026, 12, 24), net_days=days)
    assert found.due == date(2026, 12, 24)
    assert bool(found.told) is told


def test_a_discount_that_the_total_alone_says_is_told() -> None:
    assert any("2.95" in told for told in terms_of(invoice(terms_discount=Decimal("2.95"))).told)
    assert terms_of(invoice()).told == ()
