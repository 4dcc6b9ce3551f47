"""JSON as programs really write it: floats, names that stand twice, values one behind the other, what nobody reads."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts import load_layout
from ml_connector_tests.layouts.files import JSON_ONE, changed, errors, read

LAYOUT = "truecommerce_810_json"
LINE = '{"LineNumber": 1, "Quantity": 3, "UOM": "EA", "UnitPrice": 10, "VendorItem": "A-1"}'


def one(text: str, layout: Any = LAYOUT, **options: Any) -> tuple[Invoice, list[str]]:
    """The invoice, and the codes of what was told."""
    [found] = read(text, layout, **options)
    assert errors(found) == []
    assert isinstance(found.document, Invoice)
    return found.document, [note.code for note in found.findings]


def total(text: str) -> str:
    return JSON_ONE.replace("30", text)


# ---------------------------------------------------------------------- amounts


@pytest.mark.parametrize("text", ["17.849999999", "17.849999999999998", "17.851", "1784.9999e-2", '"17.849999999"'])
def test_an_amount_finer_than_a_coin_is_refused(text: str) -> None:
    [found] = read(total(text), LAYOUT)
    assert not found.accepted
    (problem,) = errors(found)
    assert problem.startswith("/header/Total: is finer than a coin of its currency")
    assert "round_to: 2" in problem


def with_quantity(text: str) -> str:
    line = f'{{"LineNumber": "1", "Quantity": {text}, "UOM": "EA", "UnitPrice": 1}}'
    return JSON_ONE.replace('"lines": []', f'"lines": [{line}]')


@pytest.mark.parametrize("text", ["0.30000000000000004", "2.9999999999999996", '"1.1000000000000001"'])
def test_a_quantity_that_a_program_computed_is_refused(text: str) -> None:
    [found] = read(with_quantity(text), LAYOUT)
    assert not found.accepted
    assert any("has more digits than a quantity is counted in" in problem for problem in errors(found)), errors(found)


@pytest.mark.parametrize("text", ["2.5", "0.333333", "12345678901234567", "2.000000000000000000"])
def test_other_quantities_are_read_exactly(text: str) -> None:
    [found] = read(with_quantity(text), LAYOUT)
    assert isinstance(found.document, Invoice)
    assert found.document.lines[0].quantity == Decimal(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("17.849999999", "17.85"),
        ("17.845", "17.85"),
        ("17.8449999", "17.84"),
        ("-17.845", "-17.85"),
        ("17.85", "17.85"),
    ],
)
def test_or_rounded_and_told_where_the_layout_says_so(text: str, amount: str) -> None:
    layout = changed(LAYOUT, {"values": {"number": {"round_to": 2}}})
    invoice, told = one(total(text), layout)
    assert (str(invoice.total), told) == (amount, ["rounded"] * (text != amount))


@pytest.mark.parametrize("text", ["17.85", "17.850", "17.8500000000", "1785e-2", '"17.85"', "18", "-0.0", "1.785E1"])
def test_what_is_a_number_of_coins_is_read_exactly(text: str) -> None:
    invoice, told = one(total(text))
    assert (invoice.total, told) == (Decimal(text.strip('"')), [])


@pytest.mark.parametrize(
    ("currency", "text", "fits"),
    [("KWD", "17.125", True), ("KWD", "17.1255", False), ("JPY", "1785.00", True), ("JPY", "17.85", False)],
)
def test_coins_are_those_of_the_currency(currency: str, text: str, fits: bool) -> None:
    [found] = read(total(text).replace("EUR", currency), LAYOUT)
    assert found.accepted == fits


def test_prices_and_quantities_may_be_as_fine_as_they_are() -> None:
    """Whatever the whole layout says of amounts: what it says of money is not said of prices."""
    line = LINE.replace('"UnitPrice": 10', '"UnitPrice": 14.33333333333').replace('"Quantity": 3', '"Quantity": 2.9999')
    for layout in (LAYOUT, changed(LAYOUT, {"values": {"number": {"round_to": 2}}})):
        invoice, _ = one(JSON_ONE.replace("[]", f"[{line}]"), layout)
        assert (str(invoice.lines[0].price), str(invoice.lines[0].quantity)) == ("14.33333333333", "2.9999")


def test_a_field_that_says_so_is_rounded_whatever_it_is() -> None:
    fields = {"fields": {"UnitPrice": {"number": {"round_to": 4}}}}
    layout = changed(LAYOUT, {"document": {"repeats": {"lines": fields}}})
    line = LINE.replace('"UnitPrice": 10', '"UnitPrice": 14.33333333333')
    invoice, told = one(JSON_ONE.replace("[]", f"[{line}]"), layout)
    assert (str(invoice.lines[0].price), told) == ("14.3333", ["rounded"])


def test_numbers_of_a_file_are_read_as_json_whatever_the_layout_says_of_texts() -> None:
    layout = changed(LAYOUT, {"values": {"number": {"decimal": ",", "thousands": "."}}})
    assert one(total("1234.5"), layout)[0].total == Decimal("1234.5")
    assert one(total('"1.234,5"'), layout)[0].total == Decimal("1234.5")


# ---------------------------------------------------------------------- numbers that are names


@pytest.mark.parametrize(
    ("text", "number"), [("4711", "4711"), ("4711.0", "4711"), ("4711.00", "4711"), ('"4711.0"', "4711.0"), ("0", "0")]
)
def test_a_number_that_is_a_name_is_the_same_however_a_program_keeps_it(text: str, number: str) -> None:
    assert one(JSON_ONE.replace('"I1"', text))[0].number == number


@pytest.mark.parametrize("text", ["4.711e3", "1E22", "9" * 90])
def test_a_number_that_is_no_name_is_told(text: str) -> None:
    [found] = read(JSON_ONE.replace('"I1"', text), LAYOUT)
    assert len(errors(found)) == 1


# ---------------------------------------------------------------------- several documents


@pytest.mark.parametrize("between", ["\n", "", "\r\n\r\n", "  \t"])
def test_values_one_behind_the_other_are_all_read(between: str) -> None:
    texts = [JSON_ONE, JSON_ONE.replace("I1", "I2"), f"[{JSON_ONE.replace('I1', 'I3')}]"]
    found = read("\ufeff" + between.join(texts) + "\n", LAYOUT)
    assert [one.document.number for one in found if isinstance(one.document, Invoice)] == ["I1", "I2", "I3"]
    assert [one.place.path for one in found] == ["[0]", "[1]", "[2][0]"]


@pytest.mark.parametrize("tail", ["x", ",", "]", "}", '{"header"', "\x00", '"', "nul"])
def test_of_a_file_that_does_not_end_well_nothing_is_taken(tail: str) -> None:
    with pytest.raises(SenderMustCorrect):
        read(f"{JSON_ONE}\n{tail}", LAYOUT)


# ---------------------------------------------------------------------- names


def test_names_that_stand_twice_are_no_value_where_they_are_read() -> None:
    [found] = read(JSON_ONE.replace('"Total": 30', '"Total": 30, "Total": 31'), LAYOUT)
    assert not found.accepted
    assert "stands there twice" in errors(found)[0]
    assert one(JSON_ONE.replace('"Total": 30', '"Total": 30, "X": 1, "X": 2'))[1] == ["unknown_field"]


def test_what_nobody_reads_is_told_once() -> None:
    text = JSON_ONE.replace('"lines"', '"meta": {"by": "us", "empty": null, "list": [1, {"a": 2}]}, "lines"')
    first, second = read(f"[{text}, {text}]", LAYOUT)
    (note,) = first.findings
    assert (note.code, note.is_error) == ("unknown_field", False)
    assert "not read: meta/by, meta/list, meta/list/a." in note.message
    assert second.findings == ()


def test_names_made_to_hurt_are_told_in_bounds() -> None:
    names = ", ".join(f'"\\u001b[31m{i}{"x" * 500}": 1' for i in range(3_000))
    [found] = read(JSON_ONE.replace('"lines"', f'{names}, "lines"'), LAYOUT)
    assert found.accepted
    (note,) = found.findings
    assert len(note.message) < 3_000
    assert note.message.isprintable()
    assert "and 2980 more" in note.message


@pytest.mark.parametrize("places", ["header/InvoiceNumber | header/Nr", "header/Nr | header/InvoiceNumber"])
def test_the_first_place_that_holds_something_is_read(places: str) -> None:
    layout = changed(LAYOUT, {"document": {"fields_in": "", "fields": {
        one.name: {"path": f"header/{one.name}"} for one in load_layout(LAYOUT).document.fields
    } | {"InvoiceNumber": {"path": places}}}})  # fmt: skip
    assert one(JSON_ONE, layout)[0].number == "I1"
    assert one(JSON_ONE.replace("InvoiceNumber", "Nr"), layout)[0].number == "I1"


# ---------------------------------------------------------------------- lists of charges


def test_allowances_and_charges_are_lists_in_json_too() -> None:
    level = {"at": "charges", "fields": {"Amount": {"to": "amount", "path": "amount"}}, "constants": {"kind": "C"}}
    other = level | {"to": "allowances", "at": "allowances", "constants": {"kind": "A"}}
    fields = {"fields": {"Freight": None}, "repeats": {"charges": level | {"to": "allowances"}, "off": other}}
    layout = changed(LAYOUT, {"document": fields})
    text = JSON_ONE.replace(
        '"lines"', '"charges": [{"amount": 1}, {"amount": 2.5}], "allowances": {"amount": 3}, "lines"'
    )
    invoice, told = one(text, layout)
    found = [(str(c.kind), str(c.amount)) for c in invoice.allowances]
    assert (found, told) == ([("C", "1"), ("C", "2.5"), ("A", "3")], [])


@pytest.mark.parametrize("at", ["all[type=C] | all[type=D]", "groups/all[type=C]"])
def test_every_member_that_a_level_picks_is_read(at: str) -> None:
    """Of two charges that a name in brackets picks, none is lost."""
    level = {"at": at, "to": "allowances", "fields": {"Amount": {"to": "amount", "path": "amount"}}}
    fields = {"fields": {"Freight": None}, "repeats": {"charges": level | {"constants": {"kind": "C"}}}}
    layout = changed(LAYOUT, {"document": fields})
    members = '[{"type": "C", "amount": 1}, {"type": "A", "amount": 9}, {"type": "C", "amount": 2}]'
    text = f'"all": {members}' if at.startswith("all") else f'"groups": [{{"all": {members}}}, {{"all": []}}]'
    [found] = read(JSON_ONE.replace('"lines"', f'{text}, "lines"'), layout)
    assert isinstance(found.document, Invoice)
    assert [str(charge.amount) for charge in found.document.allowances] == ["1", "2"]
    assert [note.code for note in found.findings] == ["unknown_field"]
    assert "all (not [type=C]" in found.findings[0].message


@pytest.mark.parametrize(("path", "times"), [("/refs[type=PO]/value", 2), ("/refs/value", 3)])
def test_of_several_members_none_is_chosen(path: str, times: int) -> None:
    layout = changed(LAYOUT, {"document": {"fields": {"PONumber": {"path": path}}}})
    members = ['{"type": "PO", "value": "4711"}', '{"type": "PO", "value": "4712"}', '{"type": "CT", "value": "9"}']
    [found] = read(JSON_ONE.replace('"lines"', f'"refs": [{", ".join(members)}], "lines"'), layout)
    assert f"expected it once, it stands {times} times" in errors(found)[0]
    assert one(JSON_ONE.replace('"lines"', f'"refs": [{members[0]}], "lines"'), layout)[0].order_number == "4711"


def test_an_array_of_one_is_what_it_holds() -> None:
    assert one(JSON_ONE.replace('{"InvoiceNumber"', '[{"InvoiceNumber"').replace("30}", "30}]"))[0].number == "I1"
    [found] = read(
        JSON_ONE.replace('{"InvoiceNumber"', '[{}, {"InvoiceNumber": "I0"}, {"InvoiceNumber"').replace("30}", "30}]"),
        LAYOUT,
    )
    assert "InvoiceNumber: cannot be read, expected it once" in errors(found)[0]
