"""Names, numbers and addresses that people would call the same are the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.flows.vendors_in.folding import (
    LEGAL_FORMS,
    address_key,
    bank_key,
    name_key,
    name_words,
    number_key,
    tax_key,
)
from ml_connector_tests.support.examples import some

WORDS = st.lists(
    st.sampled_from(["lakeside", "ironworks", "müller", "søn", "forge", "delta", "noord", "3m"]), min_size=1, max_size=4
)


@pytest.mark.parametrize(
    "names",
    [
        ("Lakeside Ironworks, Inc.", "LAKESIDE IRONWORKS INC", "Lakeside Iron-works", "The Lakeside Ironworks Company"),
        ("Jansen & Zonen B.V.", "JANSEN EN ZONEN BV", "Jansen Zonen b.v."),
        ("Müller GmbH & Co. KG", "MULLER GMBH", "Müller G.m.b.H."),
        ("Søndergård ApS", "SONDERGARD"),
        ("Groß Straßenbau AG", "GROSS STRASSENBAU"),
        ("Łódź Metal Sp. z o.o.", "LODZ METAL"),
        ("Société Générale S.A.", "Societe Generale SA"),
        ("O'Brien Tooling LLC", "OBRIEN TOOLING"),
        ("A.B. Castings", "AB Castings"),
    ],
)
def test_names_of_one_company(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1, {name: name_words(name) for name in names}


def test_names_of_two_companies_stay_two() -> None:
    names = ("Lakeside Ironworks", "Lakeside Iron", "Lakeview Ironworks", "Ironworks of Lakeside East", "AG", "Co")
    assert len({name_key(name) for name in names}) == len(names)


def test_a_name_of_nothing_but_a_legal_form_keeps_it() -> None:
    assert name_words("SE") == ("se",)
    assert name_words("The Company") == ("company",)
    assert name_key("") == name_key(" . - ") == ""


@settings(max_examples=some(200), deadline=None)
@given(
    WORDS,
    st.sampled_from(sorted(LEGAL_FORMS)),
    st.sampled_from(["{}", " {} ", "{}.", "{},"]),
    st.booleans(),
)
def test_legal_form_case_and_punctuation_tell_nothing(parts: list[str], form: str, frame: str, upper: bool) -> None:
    name = " ".join(parts)
    other = frame.format(f"{name}, {form}")
    assert name_key(other.upper() if upper else other) == name_key(name)


@settings(max_examples=some(100), deadline=None)
@given(st.text(max_size=40))
def test_folding_is_done_once_and_for_all(text: str) -> None:
    key = name_key(text)
    assert number_key(number_key(text)) == number_key(text)
    assert bank_key(bank_key(text)) == bank_key(text)
    assert key == key.strip()


@pytest.mark.parametrize(
    ("written", "country", "key"),
    [
        ("NL001234567B01", "", ("NL", "001234567B01")),
        ("NL 0012.34.567.B01", "NL", ("NL", "001234567B01")),
        ("001234567B01", "NL", ("NL", "001234567B01")),
        ("38-1234567", "US", ("US", "381234567")),
        ("38 1234567", "", ("", "381234567")),
        ("EL123456783", "", ("GR", "123456783")),
        ("ATU12345675", "", ("AT", "U12345675")),
        ("U12345675", "at", ("AT", "U12345675")),
        ("U12345675", "AUT", ("", "U12345675")),
        ("U12345675", "Austria", ("", "U12345675")),
    ],
)
def test_tax_numbers(written: str, country: str, key: tuple[str, str]) -> None:
    assert tax_key(written, country) == key


@pytest.mark.parametrize(
    "text", ["", "n/a", "N.A.", "none", "000000000", "99-9999999", "123456789", "1234", "APPLIED FOR", "-"]
)
def test_what_stands_there_instead_of_a_number_is_none(text: str) -> None:
    assert tax_key(text, "US") == ("", "")
    assert bank_key(text) == ""


def test_bank_accounts() -> None:
    assert bank_key("nl91 abna 0417 1643 00") == bank_key("NL91ABNA0417164300") == "NL91ABNA0417164300"
    assert bank_key("071000013/9988 7766") == "071000013/99887766"
    assert bank_key("071000013/") == ""


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ((("1 Foundry Rd",), "46402", "Gary"), (("1 Foundry Road",), "46402-1234", "GARY")),
        ((("Hauptstraße 5",), "10115", "Berlin"), (("Hauptstr. 5",), "10115", "")),
        ((("5 North Main Street",), "46402", ""), (("5 N. Main St",), "46402", "")),
        ((("Keizersgracht 12",), "1015 CS", "Amsterdam"), (("Keizersgracht 12",), "1015cs", "A'dam")),
    ],
)
def test_addresses_of_one_place(one: tuple[tuple[str, ...], str, str], two: tuple[tuple[str, ...], str, str]) -> None:
    assert address_key(*one) == address_key(*two) != ""


def test_an_address_without_street_or_place_is_none() -> None:
    assert address_key((), "46402", "Gary") == address_key(("1 Foundry Rd",), "", "") == ""
    assert address_key(("1 Foundry Rd",), "46402", "") != address_key(("11 Foundry Rd",), "46402", "")
