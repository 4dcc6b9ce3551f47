"""How single values are written in flat files: each by its pattern, and told where it does not fit."""

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.layouts.values import values
from ml_connector.layouts.values.converters import WrongText
from ml_connector_tests.support.examples import some


@pytest.mark.parametrize(
    ("patterns", "text", "meant"),
    [
        (("HHmm",), "0930", time(9, 30)),
        (("HH:mm",), "23:59", time(23, 59)),
        (("HHmmss",), "093015", time(9, 30, 15)),
        (("HHmm", "HH:mm:ss"), "09:30:15", time(9, 30, 15)),
    ],
)
def test_a_time_is_read_by_any_of_its_patterns(patterns: tuple[str, ...], text: str, meant: time) -> None:
    assert values.clock(patterns).read(text) == meant


@pytest.mark.parametrize("text", ["2460", "2400", "0960", "930", "09:30", "093015", "", "１２３０", "09 30"])
def test_what_is_no_time_is_told_with_what_would_be(text: str) -> None:
    with pytest.raises(WrongText, match="a time like HHmm") as refused:
        values.clock(("HHmm",)).read(text)
    assert refused.value.code == "not_a_time"


@settings(max_examples=some(50))
@given(st.times().map(lambda one: one.replace(microsecond=0)), st.sampled_from(["HH:mm:ss", "HHmmss"]))
def test_a_time_that_is_written_is_read_as_it_was(meant: time, pattern: str) -> None:
    converter = values.clock((pattern,))
    assert converter.read(converter.write(meant)) == meant


@pytest.mark.parametrize(
    ("pattern", "value", "said"),
    [("HHmm", time(9, 30, 15), "without seconds"), ("HHmmss", time(9, 30, 15, 1), "without fractions")],
)
def test_a_time_is_never_written_shorter_than_it_is(pattern: str, value: time, said: str) -> None:
    with pytest.raises(WrongText, match=said):
        values.clock((pattern,)).write(value)


@pytest.mark.parametrize("pattern", ["HH", "mmHH", "HHmmHH", "HHss", "", "hours"])
def test_a_pattern_of_no_time_is_refused_when_the_layout_is_read(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.check_time_pattern(pattern)
    assert values.check_time_pattern("HH:mm") == "HH:mm"


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("Y", True), ("1", True), ("No", False), ("0", False)])
def test_yes_and_no_are_read_as_people_write_them(text: str, meant: bool) -> None:
    converter = values.flag()
    assert converter.read(text) is meant
    assert converter.read(converter.write(meant)) is meant


@pytest.mark.parametrize("text", ["maybe", "2", "ja", "", "truee"])
def test_what_is_neither_yes_nor_no_is_told(text: str) -> None:
    with pytest.raises(WrongText, match="true or false") as refused:
        values.flag().read(text)
    assert refused.value.code == "not_a_flag"


def test_a_text_is_held_to_its_length_and_to_characters_that_can_be_shown() -> None:
    converter = values.text(5)
    assert converter.read("a\tb\n") == "a\tb\n"
    with pytest.raises(WrongText, match="at most 5 characters"):
        converter.read("abcdef")
    for damage in ("a\x00b", "a\x1bb", "a\x85\x9fb"):
        with pytest.raises(WrongText, match="without control characters"):
            converter.write(damage)


@pytest.mark.parametrize(("pattern", "far"), [("yyyyMMdd", date(1899, 12, 31)), ("yyyyMMdd", date(2100, 1, 1))])
def test_a_day_of_another_century_is_not_written(pattern: str, far: date) -> None:
    with pytest.raises(WrongText, match="a year from 1900 to 2099"):
        values.day((pattern,)).write(far)
