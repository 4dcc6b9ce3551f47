"""Dates: a layout whose patterns read one text as two days is refused when it is loaded; impossible days never pass."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import ConfigError
from ml_connector.layouts import load_layout
from ml_connector.layouts.spec.ambiguity import two_days
from ml_connector.layouts.values.converters import WrongText
from ml_connector.layouts.values.values import day
from ml_connector_tests.layouts.files import csv_rows, layout_file, read, row

PATTERNS = [
    "yyyy-MM-dd",
    "dd.MM.yyyy",
    "d.M.yyyy",
    "MM/dd/yyyy",
    "M/d/yy",
    "dd/MM/yyyy",
    "d/M/yy",
    "yyyyMMdd",
    "ddMMyyyy",
]
PATTERNS += ["yyMMdd", "ddMMyy", "MMddyy", "yy-MM-dd", "dd-MM-yy", "yyyy/dd/MM", "yyyyddMM"]


def spelled(pattern: str, one: date, *, long: bool) -> str:
    """A day in a pattern, written here by hand: the oracle."""
    text = pattern.replace("yyyy", f"{one.year:04d}").replace("yy", f"{one.year % 100:02d}")
    for letter, value in (("M", one.month), ("d", one.day)):
        text = text.replace(letter * 2, f"{value:02d}").replace(letter, f"{value:02d}" if long else str(value))
    return text


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=25, deadline=None)
@given(one=st.dates(date(1970, 1, 1), date(2069, 12, 31)), long=st.booleans())
def test_days_are_read_and_written_as_the_pattern_says(pattern: str, one: date, long: bool) -> None:
    assert day((pattern,)).read(spelled(pattern, one, long=long)) == one
    assert day((pattern,)).write(one) == spelled(pattern, one, long=False)


@settings(max_examples=60, deadline=None)
@given(
    pair=st.permutations(PATTERNS).map(lambda names: tuple(names[:2])),
    one=st.dates(date(1970, 1, 1), date(2069, 12, 31)),
    long=st.booleans(),
)
def test_patterns_that_are_let_through_agree_on_every_text(pair: tuple[str, str], one: date, long: bool) -> None:
    if two_days(pair):
        return
    assert day(pair).read(spelled(pair[0], one, long=long)) == one
    assert day(pair).read(spelled(pair[1], one, long=long)) == one


TWO_DAYS = ["[MM/dd/yyyy, dd/MM/yyyy]", "[yyMMdd, ddMMyy]", "[M/d/yy, d/M/yy]", "[yy-MM-dd, dd-MM-yy]", "yyyy-Md"]
TWO_DAYS += ["[yyyyMMdd, yyyyddMM]", "[dd.MM.yyyy, yyyy-MM-dd, MM.dd.yyyy]", "[M/d/yyyy, dd/MM/yyyy]"]


@pytest.mark.parametrize("patterns", TWO_DAYS)
@pytest.mark.parametrize("where", ["values", "field"])
def test_a_layout_that_reads_one_text_as_two_days_is_refused_when_it_is_loaded(
    tmp_path: Path, patterns: str, where: str
) -> None:
    text = "name: mine\nextends: truecommerce_810_csv\n"
    text += f"values: {{date: {patterns}}}\n" if where == "values" else ""
    text += f"document: {{fields: {{InvoiceDate: {{date: {patterns}}}}}}}\n" if where == "field" else ""
    with pytest.raises(ConfigError, match=r"date: one text can be two days: .* is 20\d\d-\d\d-\d\d"):
        load_layout(layout_file(tmp_path, text))


TOGETHER = ["yyyy-MM-dd dd.MM.yyyy", "d.M.yyyy dd.MM.yyyy", "yyyyMMdd ddMMyyyy", "yyMMdd yyyyMMdd"]
TOGETHER += ["dd.MM.yy dd.MM.yyyy", "MM/dd/yyyy dd.MM.yyyy yyyy-MM-dd"]


@pytest.mark.parametrize("patterns", TOGETHER)
def test_patterns_that_never_disagree_go_together(patterns: str) -> None:
    assert two_days(tuple(patterns.split())) == ""


IMPOSSIBLE = "2026-02-29 2026-13-01 2026-11-31 2026-00-10 2026-11-00 0026-11-28 0203-01-20 2206-11-28 9999-12-31"
IMPOSSIBLE += " 0000-00-00 2026-11-8 26-11-28 ２０２６-11-28 2026-11-28T10:00 2026-11-288"


@pytest.mark.parametrize("text", IMPOSSIBLE.split())
def test_impossible_days_are_refused(text: str) -> None:
    with pytest.raises(WrongText):
        day(("yyyy-MM-dd",)).read(text)


@pytest.mark.parametrize(("text", "year"), [("00", 2000), ("69", 2069), ("70", 1970), ("99", 1999)])
def test_two_digit_years_are_decided(text: str, year: int) -> None:
    assert day(("dd.MM.yy",)).read(f"28.11.{text}") == date(year, 11, 28)


def test_what_nobody_sees_is_no_part_of_a_date() -> None:
    [one] = read(csv_rows(row(InvoiceDate="2026-11\u200b-21")))
    assert isinstance(one.document, Invoice)
    assert one.document.invoice_date == date(2026, 11, 21)
    assert [f.code for f in one.findings] == ["unseen"]
