"""Numbers, dates and times that are only spelled otherwise are read and told; what may mean two things is not read."""

from datetime import date, time
from decimal import Decimal

import pytest

from ml_connector.edi.framing.values import read_cents, read_date, read_decimal, read_time
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, invoice, one, order


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,000.00", "1000"), ("1,234,567.5", "1234567.5"), ("1,234,567", "1234567"), ("12,50", "12.5"),
        ("1.000,50", "1000.5"), ("1.234.567", "1234567"), ("0,1234", "0.1234"), ("12.50-", "-12.5"),
        ("$12.50", "12.5"), ("-$12.50", "-12.5"), ("$-1,000.00", "-1000"), ("(5)", "-5"), ("€5", "5"), (" 5 ", "5"),
    ],
)  # fmt: skip
def test_numbers_that_can_only_mean_one_thing(text: str, value: str) -> None:
    assert read_decimal(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1,000", "12,500", "1,00,000.5x", "1.000.00", "TEN", "1O", "--5", "5--", "", "$", "-", "1,2,3", "1 000"]
)
def test_numbers_that_may_mean_two_things_or_none(text: str) -> None:
    assert read_decimal(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("365.00", "365"), ("365,00", "365"), ("$365.00", "365"), ("36500-", "-365"), ("+36500", "365"), ("36500", "365")],
)
def test_amounts_with_implied_decimals(text: str, value: str) -> None:
    assert read_cents(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-21", date(2026, 11, 21)), ("2026/11/21", date(2026, 11, 21)), ("2026.11.21", date(2026, 11, 21)),
        ("11/21/2026", date(2026, 11, 21)), ("21.11.2026", date(2026, 11, 21)), ("5/5/2026", date(2026, 5, 5)),
        ("2026-11-21T10:15:00Z", date(2026, 11, 21)), ("202611211015", date(2026, 11, 21)),
        ("20261121101500", date(2026, 11, 21)), ("04/05/2026", None), ("2026-13-01", None), ("31/31/2026", None),
        ("00000000", None), ("2026-11/21", None), ("1121", None),
    ],
)  # fmt: skip
def test_dates(text: str, value: date | None) -> None:
    assert read_date(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("10:30", time(10, 30)), ("10:30:05", time(10, 30, 5)), ("25:00", None), ("1:30", None)]
)
def test_times(text: str, value: time | None) -> None:
    assert read_time(text) == value


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("*100*EA", "*1,000.00*EA", ("element", "6", "PO102")),
        ("*100*EA", "*100-*EA", ("element", "6", "PO102")),
        ("*12.5*PE", "*$12.50*PE", ("element", "6", "PO104")),
        ("**20261121", "**11/21/2026", ("element", "8", "BEG05")),
        ("**20261121", "**202611211015", ("element", "5", "BEG05")),
    ],
)
def test_the_value_is_read_the_spelling_is_told_once_and_the_set_is_accepted(
    before: str, after: str, finding: tuple[str, str, str]
) -> None:
    assert before in ORDER
    received = one(order(ORDER.replace(before, after, 1).replace("CTT*2*160~", "CTT*2~")))
    assert codes(received) == [finding]
    assert received.accepted


def test_an_amount_with_a_comma_where_decimals_are_implied_cannot_be_trusted() -> None:
    received = one(invoice(INVOICE.replace("TDS*127600", "TDS*1276,00")))
    assert codes(received) == [("element", "6", "TDS01")]
    assert not received.accepted
    assert received.document.total == Decimal(1276)  # type: ignore[union-attr]
