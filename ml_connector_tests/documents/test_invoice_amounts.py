"""What an invoice adds up to: signs, repeats, rates, percentages, taxes wherever they stand, and rounding."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Tax, changed
from ml_connector.documents.invoice_amounts import Sum, add_up
from ml_connector.documents.invoices import Invoice, InvoiceLine

D = Decimal


def line(quantity: str = "10", price: str = "14.75", **more: Any) -> InvoiceLine:
    return InvoiceLine(quantity=D(quantity), price=D(price), unit="EA", **more)


def charge(kind: str, amount: str | None = None, code: str = "D240", **more: Any) -> AllowanceCharge:
    return AllowanceCharge(kind=AllowanceKind(kind), code=code, amount=None if amount is None else D(amount), **more)


def tax(amount: str, percent: str | None = None, **more: Any) -> Tax:
    return Tax(kind="VA", amount=D(amount), percent=None if percent is None else D(percent), **more)


def added(total: str, *lines: InvoiceLine, **more: Any) -> Sum:
    one = Invoice(number="1", invoice_date=date(2026, 11, 20), total=D(total), lines=lines or (line(),), **more)
    return add_up(one)


@pytest.mark.parametrize(
    ("total", "given"),
    [
        # signs of charges: as written; by the code alone; in a credit, against it
        ("162.50", {"allowances": (charge("C", "15.00"),)}),
        ("132.50", {"allowances": (charge("A", "15.00"),)}),
        ("132.50", {"allowances": (charge("A", "-15.00"),)}),
        ("132.50", {"allowances": (charge("a", "15.00"),)}),
        ("97.50", {"allowances": (charge("C", "50.00"),), "type": "CR"}),
        ("197.50", {"allowances": (charge("C", "50.00"),), "type": "CR"}),
        # never part of it; apart from it as the total tells
        ("147.50", {"allowances": (charge("N", "50.00"),)}),
        ("147.50", {"allowances": (charge("C", "50.00", handling="15"),)}),
        ("147.50", {"allowances": (charge("C", "50.00", handling="CC"),)}),
        ("197.50", {"allowances": (charge("C", "50.00", handling="CC"),)}),
        # rate and percent
        ("162.50", {"allowances": (charge("C", rate=D("1.5"), rate_quantity=D(10)),)}),
        ("140.12", {"allowances": (charge("A", percent=D(5)),)}),
        # two percentages: of the goods, or of what is left (SAC06, else as the total tells)
        ("125.37", {"allowances": (charge("A", percent=D(10)), charge("A", percent=D(5), code="C310"))}),
        ("126.11", {"allowances": (charge("A", percent=D(10)), charge("A", percent=D(5), code="C310"))}),
        (
            "126.11",
            {
                "allowances": (
                    charge("A", percent=D(10)),
                    charge("A", percent=D(5), code="C310", percent_basis="4"),
                )
            },
        ),
        # taxes: once wherever they are repeated, together where they differ, information never
        ("178.48", {"taxes": (tax("30.98", "21"),)}),
        ("178.48", {"taxes": (tax("30.98"),), "allowances": (charge("C", "30.98", "H850"),)}),
        ("178.48", {"allowances": (charge("C", "30.98", "H850"),)}),
        ("179.48", {"taxes": (tax("30.98"),), "allowances": (charge("C", "1.00", "H770"),)}),
        ("147.50", {"taxes": (tax("30.98", relationship="O"),)}),
    ],
)
def test_what_comes_to_the_total(total: str, given: dict[str, Any]) -> None:
    found = added(total, **given)
    assert (found.fits, found.difference) == (True, 0)


@pytest.mark.parametrize(
    ("total", "lines", "more"),
    [
        ("162.50", (line(allowances=(charge("C", "15.00"),)),), {}),
        # the summary repeats what the lines charge
        ("162.50", (line(allowances=(charge("C", "15.00"),)),), {"allowances": (charge("C", "15.00"),)}),
        ("177.50", (line(allowances=(charge("C", "15.00"),)),), {"allowances": (charge("C", "15.00"),)}),
        ("178.48", (line(allowances=(charge("C", "30.98", "D360"),)),), {}),
        ("178.48", (line(taxes=(tax("30.98"),)),), {}),
        ("178.48", (line(taxes=(tax("30.98"),)),), {"taxes": (tax("30.98"),)}),
        # the rate of a line without a quantity of its own is per unit of the line
        ("162.50", (line(allowances=(charge("C", rate=D("1.5")),)),), {}),
        # credits sent negative: charges and taxes with signs, or without
        ("-97.50", (line("-10"),), {"allowances": (charge("C", "50.00"),)}),
        ("-97.50", (line("-10"),), {"allowances": (charge("C", "-50.00"),)}),
        ("-197.50", (line("-10"),), {"allowances": (charge("C", "50.00"),)}),
        ("-178.48", (line("-10"),), {"taxes": (tax("-30.98"),)}),
        ("-178.48", (line("-10"),), {"taxes": (tax("30.98"),)}),
        ("-178.48", (line("10", "-14.75"),), {"taxes": (tax("30.98"),)}),
        # a percentage of the whole: of the goods, or of what the lines come to with their own allowances
        (
            "118.00",
            (line(allowances=(charge("A", percent=D(10)),)),),
            {"allowances": (charge("A", percent=D(10), code="C300"),)},
        ),
        (
            "119.47",
            (line(allowances=(charge("A", percent=D(10)),)),),
            {"allowances": (charge("A", percent=D(10), code="C300"),)},
        ),
        # per hundred
        ("1.48", (line("10", "14.75", price_basis="HP"),), {}),
    ],
)
def test_what_comes_to_the_total_with_lines(total: str, lines: tuple[InvoiceLine, ...], more: dict[str, Any]) -> None:
    assert added(total, *lines, **more).difference == 0


@pytest.mark.parametrize(
    ("total", "given"),
    [
        ("148.50", {}),
        ("-147.50", {}),
        ("147.51", {}),
        ("97.50", {"allowances": (charge("C", "50.00"),)}),
        ("178.48", {"taxes": (tax("30.98", relationship="O"),)}),
    ],
)
def test_what_does_not_come_to_the_total(total: str, given: dict[str, Any]) -> None:
    assert not added(total, **given).fits


THIRDS = (line("1", "14.3333"),) * 3


@pytest.mark.parametrize(
    ("total", "lines", "fits"),
    [
        ("42.99", THIRDS, True),
        ("43.00", THIRDS, True),
        ("43.01", THIRDS, False),
        ("42.97", THIRDS, False),
        # one amount that was rounded explains no cent
        ("14.34", THIRDS[:1], False),
        ("14.33", THIRDS[:1], True),
        # amounts that were not rounded explain nothing
        ("43.00", (line("1", "14.33"),) * 3, False),
    ],
)
def test_half_a_cent_for_every_amount_that_was_rounded(total: str, lines: tuple[InvoiceLine, ...], fits: bool) -> None:
    assert added(total, *lines).fits is fits


def rate(percent: str, **more: Any) -> Tax:
    return Tax(kind="VA", percent=D(percent), **more)


@pytest.mark.parametrize(
    ("total", "lines", "more", "taxes"),
    [
        ("178.48", (line(),), {"taxes": (rate("21"),)}, "30.98"),
        ("178.48", (line(),), {"taxes": (rate(".21"),)}, "30.98"),
        ("178.48", (line(),), {"allowances": (charge("C", code="D360", percent=D(21)),)}, "30.98"),
        ("178.48", (line(allowances=(charge("C", code="D360", percent=D(21)),)),), {}, "30.98"),
        ("178.48", (line(taxes=(rate("21"),)),), {}, "30.98"),
        ("-178.48", (line("-10"),), {"taxes": (rate("21"),)}, "-30.98"),
        ("184.53", (line(),), {"taxes": (rate("21"),), "allowances": (charge("C", "5.00"),)}, "32.03"),
        ("184.53", (line(),), {"allowances": (charge("C", "5.00", taxes=(rate("21"),)),)}, "32.03"),
        ("183.48", (line(),), {"taxes": (rate("21"),), "allowances": (charge("C", "5.00"),)}, "30.98"),
        ("339.26", (line(taxes=(rate("21"),)), line(taxes=(rate("9"),))), {}, "44.26"),
        # nothing of it is in the total, or it is information, or another tax has its amount
        ("147.50", (line(),), {"taxes": (rate("21"),)}, "0.00"),
        ("147.50", (line(),), {"taxes": (rate("21", relationship="O"),)}, "0.00"),
        ("178.48", (line(),), {"taxes": (tax("30.98"), rate("21"))}, "30.98"),
    ],
)
def test_a_tax_that_is_a_rate_alone_is_worked_out_where_the_total_has_it(
    total: str, lines: tuple[InvoiceLine, ...], more: dict[str, Any], taxes: str
) -> None:
    found = added(total, *lines, **more)
    assert (found.fits, found.taxes) == (True, D(taxes))


def test_a_tax_that_is_a_rate_alone_does_not_explain_any_total() -> None:
    assert not added("178.50", taxes=(rate("21"),)).fits
    assert not added("178.48", taxes=(rate("21", relationship="O"),)).fits


def test_what_comes_to_it_exactly_goes_before_what_rounding_explains() -> None:
    """A charge that is settled apart would leave a cent to rounding; counting it leaves none."""
    found = added("43.00", *THIRDS, allowances=(charge("C", "0.01", handling="CC"),))
    assert (found.difference, [c.amount for c in found.charges]) == (0, [D("0.01")])


@pytest.mark.parametrize(
    ("currency", "total", "lines", "lines_are", "fits"),
    [
        # each line in whole yen, as its sender rounds; a total of the exact sum is explained by that
        ("JPY", "201", (line("3", "33.4"), line("2", "50.4")), ("100", "101"), True),
        ("JPY", "100", (line("3", "33.4"),), ("100",), True),
        ("jpy", "100", (line("3", "33.4"),), ("100",), True),
        ("JPY", "101", (line("3", "33.4"),), ("100",), False),
        ("JPY", "102", (line("3", "33.4"),), ("100",), False),
        # who reckons in cents all the same says so by the total
        ("JPY", "100.20", (line("3", "33.4"),), ("100.20",), True),
        # thousandths, of which TDS01 has room for two
        ("KWD", "2.468", (line("1", "1.234"),) * 2, ("1.234", "1.234"), True),
        ("KWD", "2.47", (line("1", "1.234"),) * 2, ("1.234", "1.234"), True),
        ("KWD", "2.46", (line("1", "1.234"),) * 2, ("1.23", "1.23"), True),
        ("KWD", "2.48", (line("1", "1.234"),) * 2, ("1.234", "1.234"), False),
        ("KWD", "2.471", (line("1", "1.234"),) * 2, ("1.234", "1.234"), False),
        # two places as ever
        ("USD", "100", (line("3", "33.4"),), ("100.20",), False),
        ("", "100", (line("3", "33.4"),), ("100.20",), False),
    ],
)
def test_amounts_are_rounded_in_the_places_of_their_currency(
    currency: str, total: str, lines: tuple[InvoiceLine, ...], lines_are: tuple[str, ...], fits: bool
) -> None:
    found = added(total, *lines, currency=currency)
    assert (found.lines, found.fits) == (tuple(map(D, lines_are)), fits)


def test_an_invoice_that_names_no_currency_is_rounded_in_that_of_its_order() -> None:
    one = Invoice(number="1", invoice_date=date(2026, 11, 20), total=D(100), lines=(line("3", "33.4"),))
    assert (add_up(one).fits, add_up(one, "JPY").fits, add_up(changed(one, currency="USD"), "JPY").fits) == (
        False,
        True,
        False,
    )


def test_percentages_and_taxes_are_rounded_in_the_places_of_their_currency() -> None:
    """A tenth of 1003 yen is 100; a tenth of what is left, 90."""
    more = {"allowances": (charge("A", percent=D(10)),), "taxes": (rate("10"),), "currency": "JPY"}
    found = added("993", line("1", "1003"), **more)
    assert (found.difference, found.extra, found.taxes) == (0, D(-100), D(90))
