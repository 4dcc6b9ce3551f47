"""Numbers are read to what they plainly say, or refused with row and column; never one of two readings.

The oracle is written from the rules in docs/layouts.md and imports nothing of the package.
"""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.invoices import Invoice
from ml_connector.documents.shipments import ShipNotice
from ml_connector.layouts.values.converters import WrongText
from ml_connector.layouts.values.numbers import NumberForm, number
from ml_connector_tests.layouts.files import changed, csv_rows, errors, read, row

GERMAN = NumberForm(decimal=",", thousands=".")
NOTICE = "TradingPartner,ShipmentNumber,ShipDate,PONumber,QuantityShipped,UOM"
FORMS = [
    NumberForm(decimal, thousands, implied, decimals, sign)
    for decimal, thousands in ((".", ""), (".", ","), (",", "."), (",", " "), (".", "'"), (",", ""))
    for implied, decimals in ((0, None), (0, 3), (2, None))
    for sign in ("leading", "trailing", "parentheses")
    if not (implied and thousands)
]


def said(text: str, form: NumberForm) -> Decimal | None:
    """What a text plainly says in a form; None where it says nothing or could say two things."""
    sign, body = 1, text
    if form.sign == "parentheses" and body[:1] == "(" and body[-1:] == ")":
        sign, body = -1, body[1:-1]
    elif body[:1] and body[0] in "+-":
        sign, body = (-1 if body[0] == "-" else 1), body[1:]
    elif form.sign == "trailing" and body[-1:] and body[-1] in "+-":
        sign, body = (-1 if body[-1] == "-" else 1), body[:-1]
    digits = set("0123456789")
    if form.implied_decimals:
        if not body or not set(body) <= digits:
            return None
        return sign * Decimal(int(body)).scaleb(-form.implied_decimals)
    whole, mark, after = body.partition(form.decimal)
    if mark and (not after or not set(after) <= digits):
        return None
    groups = whole.split(form.thousands) if form.thousands else [whole]
    bad = not 1 <= len(groups[0]) <= 3 or groups[0][0] == "0" or any(len(one) != 3 for one in groups[1:])
    if len(groups) > 1 and bad:
        return None
    plain = "".join(groups)
    if not set(plain) <= digits or not (plain or mark):
        return None
    return sign * Decimal(f"{plain or '0'}.{after or '0'}")


def got(text: str, form: NumberForm) -> Decimal | None:
    try:
        return number(form).read(text)
    except WrongText:
        return None


@pytest.mark.parametrize("form", FORMS, ids=str)
@settings(max_examples=25, deadline=None)
@given(value=st.decimals(-9_999_999, 9_999_999, places=2, allow_nan=False, allow_infinity=False))
def test_what_is_written_says_and_is_read_as_the_same(form: NumberForm, value: Decimal) -> None:
    text = number(form).write(value)
    assert said(text, form) == value == got(text, form)


@pytest.mark.parametrize("form", FORMS, ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_mutated_number_is_read_to_what_it_says_or_refused(form: NumberForm, data: st.DataObject) -> None:
    text = number(form).write(data.draw(st.decimals(-99_999, 99_999, places=2)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.sampled_from([*"0123456789.,' -+()%e€", "000", "00", ""]))
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 1)) :]
    assert got(text, form) == said(text, form)


REFUSED = "0.500|00.500|000.500|-0.500|01.500|1.50|12.5|1.5000|1.234.5|1,234.5|1..234|.500|1.234,|5,|1,2,3|1'234|1 234"
REFUSED += "|1.23.456|1234.567|5-|(5)|5%|€5|5 EUR|1e3|--5|- 5|–5|‐5|٣|３|1٫5|5 STK|½|0x10|1_000|NaN|∞"


@pytest.mark.parametrize("text", REFUSED.split("|"))
def test_what_has_no_or_two_readings_is_refused(text: str) -> None:
    assert got(text, GERMAN) is None


ONE = {"1.500": "1500", "0,500": "0.500", "1.234.567,8": "1234567.8", "-1.500": "-1500", "+3": "3", ",5": "0.5"}
ONE |= {"0001": "1", "\u22123": "-3", "0": "0", "1500,000": "1500"}


@pytest.mark.parametrize(("text", "value"), ONE.items())
def test_what_has_one_reading_is_read(text: str, value: str) -> None:
    assert got(text, GERMAN) == Decimal(value)


@pytest.mark.parametrize("mark", [" ", "\u00a0", "\u202f", "\u2009", "\u2007"])
def test_blanks_between_thousands_are_alike(mark: str) -> None:
    assert got(f"1{mark}234,5", NumberForm(decimal=",", thousands=" ")) == Decimal("1234.5")
    assert got(f"1{mark}23,5", NumberForm(decimal=",", thousands=" ")) is None


def test_apostrophes_between_thousands_are_alike() -> None:
    assert got("1\u2019234.5", NumberForm(thousands="'")) == Decimal("1234.5")
    assert got("1'234.5", NumberForm(thousands="\u2019")) == Decimal("1234.5")


def test_a_number_with_implied_decimals_has_no_marks() -> None:
    layout = changed("truecommerce_810_csv", {"values": {"number": {"implied_decimals": 2, "thousands": ","}}})
    [one] = read(csv_rows(row(Total='"3,000"', UnitPrice="1000", Quantity="300", SubTotal="", Extended="")), layout)
    assert [f.column for f in one.findings if f.is_error] == ["Total"]


def notice(*quantities: str, **number_form: str) -> list[object]:
    layout = changed(
        "truecommerce_856_csv",
        {"csv": {"delimiter": ";", "missing_columns": "ignore"}, "values": {"number": number_form}},
    )
    rows = [f"ACME;LS-{n};2026-11-28;4711;{text};EA" for n, text in enumerate(quantities)]
    return read("\r\n".join([NOTICE.replace(",", ";"), *rows, ""]), layout)


@pytest.mark.parametrize("written", ["0.500", "12.5", "1.50", "0.25"])
def test_in_a_file_that_writes_both_ways_a_number_of_two_readings_is_refused(written: str) -> None:
    """Nothing adds up a ship notice: where one of them writes 0.500, 1.500 of another is no 1500."""
    doubtful, wrong, plain = notice("1.500", written, "1.500,0", decimal=",", thousands=".")
    assert errors(wrong)[0].startswith("row 3, column QuantityShipped: is not a number")
    assert errors(doubtful) == [
        'row 2, column QuantityShipped: can be read in two ways, found "1.500", expected a number that reads one way '
        f"only: the file also writes {written} in row 3, column QuantityShipped."
    ]
    assert isinstance(plain.document, ShipNotice)
    assert plain.document.orders[0].items[0].quantity == Decimal(1500)


@pytest.mark.parametrize("written", ["1.234,5", "1.234.567", "0,5"])
def test_a_decimal_point_is_doubted_where_the_file_has_it_between_thousands(written: str) -> None:
    doubtful, wrong, plain = notice("1.500", written, "1.5", decimal=".")
    assert not wrong.accepted
    assert "can be read in two ways" in errors(doubtful)[0]
    assert plain.accepted


@pytest.mark.parametrize("quantity", ["1.500", "160.000", "-1.500"])
def test_a_quantity_of_two_readings_that_nothing_decides_is_never_read(quantity: str) -> None:
    """A ship notice has no total: here nothing shows that the point does not stand before decimals."""
    for others in ((), ("3",), ("1,500",), ("2.000", "12")):
        one, *_ = notice(quantity, *others, decimal=",", thousands=".")
        assert "can be read in two ways" in errors(one)[0]
        assert "lone_group: read" in errors(one)[0]


@pytest.mark.parametrize("shows", ["0,5", "12,50", "1.234,5", "1.234.567", "1.234,567"])
def test_a_number_of_one_reading_shows_how_the_others_are_meant(shows: str) -> None:
    one, other = notice("1.500", shows, decimal=",", thousands=".")
    assert other.accepted
    assert isinstance(one.document, ShipNotice)
    assert one.document.orders[0].items[0].quantity == Decimal(1500)


def test_the_layout_may_say_that_thousands_are_written_so() -> None:
    [one] = notice("1.500", decimal=",", thousands=".", lone_group="read")
    assert isinstance(one.document, ShipNotice)
    assert one.document.orders[0].items[0].quantity == Decimal(1500)


@pytest.mark.parametrize(("text", "form"), [("1.500", {"decimal": "."}), ("1 500", {"thousands": " "})])
def test_a_quantity_whose_mark_the_layout_has_for_one_thing_only_is_read(text: str, form: dict[str, str]) -> None:
    [one] = notice(text, **form)
    assert one.accepted


def test_an_invoice_is_read_as_the_layout_says_for_its_total_decides() -> None:
    layout = changed("truecommerce_810_csv", {"values": {"number": {"decimal": ",", "thousands": "."}}})
    [one] = read(csv_rows(row(Quantity="1.500", Extended="", SubTotal="")), layout)
    assert isinstance(one.document, Invoice)
    assert one.document.lines[0].quantity == Decimal(1500)


UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u061c\u180e\u2066\u2069\ufe0f\u3164"


@pytest.mark.parametrize("char", [*UNSEEN, "\u00ad"])
def test_what_nobody_sees_is_no_part_of_a_number_and_told(char: str) -> None:
    [one] = read(csv_rows(row(Quantity=f"1{char}6", Extended="", SubTotal="")))
    assert isinstance(one.document, Invoice)
    assert one.document.lines[0].quantity == 16
    assert [(f.code, f.column, f.is_error) for f in one.findings] == [("unseen", "Quantity", False)]
    assert f"U+{ord(char):04X}" in one.findings[0].message


@pytest.mark.parametrize("text", ["\u202e61", "1\u20636", "1\u20646", "\u00ad5", "5\u00ad"])
def test_what_changes_how_a_number_is_shown_refuses_it(text: str) -> None:
    """A right-to-left override shows 61 as 16; a soft hyphen before a number may be its sign."""
    [one] = read(csv_rows(row(Quantity=text, Extended="", SubTotal="")))
    assert not one.accepted


@pytest.mark.parametrize("char", [*UNSEEN, "\u00ad", "\u202e"])
def test_what_nobody_sees_is_no_part_of_a_key_and_told(char: str) -> None:
    """Of one number with and without it come one document of two rows, not two documents."""
    [one] = read(
        csv_rows(row("NG-6", VendorItem=f"A{char}-1"), row(f"NG{char}-6", line=f"2{char}", PONumber=f"47{char}11"))
    )
    assert isinstance(one.document, Invoice)
    assert (one.document.number, one.document.order_numbers) == ("NG-6", ("4711",))
    assert [line.vendors_item for line in one.document.lines] == ["A-1", "A-1"]
    assert [line.number for line in one.document.lines] == ["1", "2"]
    assert {f.code for f in one.findings} == {"unseen", "control_total"}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("NG\u00a06", "NG 6"),
        ("NG\u20116", "NG-6"),
        ("NG\u202f6", "NG 6"),
        ("A\u0308-6", "\u00c4-6"),
        ("\uff16", "\uff16"),
    ],
)
def test_keys_that_look_the_same_are_the_same(text: str, seen: str) -> None:
    """Blanks that do not break, hyphens of word processors, letters in parts; digits of other scripts are seen."""
    [one] = read(csv_rows(row(text)))
    assert isinstance(one.document, Invoice)
    assert one.document.number == seen


def test_what_joins_letters_stays_in_texts_for_people() -> None:
    layout = changed(
        "truecommerce_810_csv", {"document": {"repeats": {"lines": {"fields": {"UOM": {"to": "description"}}}}}}
    )
    [one] = read(csv_rows(row(UOM="می\u200cخواهم")), layout)
    assert isinstance(one.document, Invoice)
    assert one.document.lines[0].description == "می\u200cخواهم"
    assert one.findings == ()


def test_a_number_of_json_has_one_reading_whatever_the_layout_says_of_texts() -> None:
    german = {"values": {"number": {"decimal": ",", "thousands": "."}}}
    layout = changed("truecommerce_856_json", german)
    text = (
        '[{"header": {"ShipmentNumber": "1", "ShipDate": "2026-11-28"}, "orders": [{"PONumber": "1", "lines": '
        '[{"QuantityShipped": 1500}, {"QuantityShipped": 1.500}]}]}]'
    )
    [one] = read(text, layout)
    assert isinstance(one.document, ShipNotice), one.findings
    assert [item.quantity for item in one.document.orders[0].items] == [Decimal(1500), Decimal("1.5")]
    assert one.accepted
