"""A wrong file says which row, which column, what stands there and what was expected: all of it at once."""

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.documents.shipments import ShipNotice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts import load_layout
from ml_connector_tests.layouts.files import HEAD, JSON_ONE, XML_ONE, changed, csv_rows, errors, read, row


def test_every_wrong_value_is_told_with_its_row_and_column() -> None:
    [one] = read(csv_rows(row(), row(line="2", Quantity="three", UnitPrice=""), row(line="3", UnitPrice="1.2.3")))
    told = [(f.place.row, f.column, f.value, f.code) for f in one.findings if f.is_error]
    assert told == [
        (3, "Quantity", "three", "not_a_number"),
        (3, "UnitPrice", "", "missing"),
        (4, "UnitPrice", "1.2.3", "not_a_number"),
    ]
    assert errors(one)[0] == ('row 3, column Quantity: is not a number, found "three", expected a number like 1234.55.')
    assert not one.accepted


def test_one_bad_document_takes_no_neighbour_along() -> None:
    good, bad, last = read(csv_rows(row("I1"), row("I2", InvoiceDate="21.11.2026"), row("I3")))
    assert (good.accepted, bad.accepted, last.accepted) == (True, False, True)
    assert isinstance(good.document, Invoice)
    assert good.document.number == "I1"
    assert bad.findings[0].expected == "a date like yyyy-MM-dd"


def test_rows_of_a_document_are_found_wherever_they_stand() -> None:
    first, second = read(csv_rows(row("I1"), row("I2"), row("I1", line="2")))
    assert isinstance(first.document, Invoice)
    assert [line.number for line in first.document.lines] == ["1", "2"]
    assert (first.place.row, first.place.last_row) == (2, 4)
    assert second.accepted


def test_header_columns_that_differ_in_one_document_are_told() -> None:
    [one] = read(csv_rows(row(), row(line="2", Currency="USD")))
    assert errors(one) == [
        'row 3, column Currency: differs from row 2, which belongs to the same document, found "USD", expected "EUR".'
    ]


def test_all_missing_and_double_headings_are_named_at_once() -> None:
    heads = HEAD.replace("InvoiceNumber", "Invoice No").replace("Quantity", "Qty").replace("Terms", "Total")
    with pytest.raises(SenderMustCorrect) as caught:
        read(f"{heads}\r\n{row()}\r\n")
    assert 'column "InvoiceNumber" is missing' in caught.value.message
    assert 'column "Quantity" is missing' in caught.value.message
    assert 'column "Total" stands 2 times' in caught.value.message
    assert '"Invoice No"' in caught.value.message


def test_headings_may_come_in_any_order_case_and_with_others_between() -> None:
    order = HEAD.split(",")[::-1]
    cells = dict(zip(HEAD.split(","), row().split(","), strict=True))
    text = ",".join([*map(str.upper, order), "Mood"]) + "\n" + ",".join([*(cells[name] for name in order), "good"])
    [one] = read(text)
    assert one.accepted
    assert [f.code for f in one.findings] == ["unknown_column"]
    assert '"Mood"' in one.findings[0].message


@pytest.mark.parametrize(
    ("cells", "said"),
    [("ACME,I1,2026-11-21,4711", "ends after 4 columns; it may be cut off"), (f"{row()},x,y,z", "has more columns")],
)
def test_rows_of_another_length_are_told(cells: str, said: str) -> None:
    documents = read(csv_rows(cells))
    assert any(f"row 2: {said}" in message for message in errors(documents[0]))


def test_values_are_told_cut_and_without_control_characters() -> None:
    [one] = read(csv_rows(row(VendorItem="A\x1b[31m" + "x" * 500)))
    assert "\x1b" not in errors(one)[0]
    assert len(errors(one)[0]) < 250


def test_codes_are_translated_and_unknown_ones_told() -> None:
    layout = changed(
        "truecommerce_810_csv",
        {"document": {"repeats": {"lines": {"fields": {"UOM": {"codes": {"PCE": "EA", "KRT": "CT"}}}}}}},
    )
    good, bad = read(csv_rows(row(UOM="PCE"), row("I2", UOM="BOX")), layout)
    assert isinstance(good.document, Invoice)
    assert good.document.lines[0].unit == "EA"
    assert errors(bad) == [
        'row 3, column UOM: is not a code that the layout knows, found "BOX", expected one of PCE, KRT.'
    ]


def test_constants_tell_another_kind_of_file() -> None:
    layout = changed("truecommerce_810_csv", {"document": {"fields": {"Terms": {"to": None, "constant": "INV"}}}})
    good, bad = read(csv_rows(row(Terms="INV"), row("I2", Terms="ORD")), layout)
    assert good.accepted
    assert errors(bad) == [
        'row 3, column Terms: is not what stands there in this kind of document, found "ORD", expected "INV".'
    ]


def test_computed_totals_that_do_not_agree_are_noted_not_refused() -> None:
    [one] = read(csv_rows(row(Extended="31", SubTotal="30.02")))
    assert one.accepted
    assert [(f.column, f.value, f.expected) for f in one.findings] == [
        ("Extended", "31", "30"),
        ("SubTotal", "30.02", "30"),
    ]


@pytest.mark.parametrize("found", ["", "eur", "EURO", "€"])
def test_amounts_without_a_currency_are_refused(found: str) -> None:
    [one] = read(csv_rows(row(Currency=found)))
    assert len(errors(one)) == 1
    assert "column Currency" in errors(one)[0]


def test_the_currency_may_come_from_a_constant_the_caller_or_the_order() -> None:
    taken = {"document": {"fields": {"Currency": None}}}
    text = csv_rows(row())
    for rule, given, wanted in (
        ({"constant": "CHF", "from": None}, "", "CHF"),
        ({"from": "caller"}, "SEK", "SEK"),
        ({"from": "order"}, "", ""),
    ):
        [one] = read(text, changed("truecommerce_810_csv", {**taken, "currency": rule}), currency=given)
        assert isinstance(one.document, Invoice)
        assert one.document.currency == wanted
        assert one.accepted
    [one] = read(text, changed("truecommerce_810_csv", {**taken, "currency": {"from": "caller"}}))
    assert not one.accepted


def test_records_that_stand_under_nothing_are_told() -> None:
    text = "L|1|A-1|3|EA|10|30\nH|ACME|I1|2026-11-21|4711||EUR||\nX|1\nL|1|A-1|3|EA|10|30\nT|30|||30\nT|30|||30\n"
    stray, one = read(text, "truecommerce_810_parent_child")
    assert (stray.document, stray.accepted) == (None, False)
    assert errors(stray) == ['row 1: record "L" stands under no document.']
    assert 'row 3: unknown record, found "X", expected one of H, L, T.' in errors(one)
    assert 'row 6: record "T" stands twice for one document.' in errors(one)


def test_a_parent_child_document_without_its_trailer_is_told() -> None:
    [one] = read("H|ACME|I1|2026-11-21|4711||EUR||\nL|1|A-1|3|EA|10|30\n", "truecommerce_810_parent_child")
    assert any("Total" in message for message in errors(one))


def test_the_trailers_values_are_told_at_its_own_row() -> None:
    [one] = read("H|ACME|I1|2026-11-21|4711||EUR||\nL|1|A-1|3|EA|10|30\nT|30|||x\n", "truecommerce_810_parent_child")
    assert [(f.place.row, f.value) for f in one.findings] == [(3, "x")]


def test_json_is_told_by_path() -> None:
    text = (
        '[{"header": {"InvoiceNumber": "I1", "InvoiceDate": "2026-11-21", "Currency": "EUR", "Total": 30}, "lines": ['
    )
    text += '{"Quantity": 3, "UnitPrice": true}, {"Quantity": {"a": 1}, "UnitPrice": 1}]}, 7]'
    one, other = read(text, "truecommerce_810_json")
    assert [(f.place.path, f.column, f.code) for f in one.findings] == [
        ("[0]/lines[0]", "UnitPrice", "not_a_number"),
        ("[0]/lines[1]", "Quantity", "not_a_value"),
    ]
    assert any("is not an object" in message for message in errors(other))


def test_json_numbers_are_exact() -> None:
    text = JSON_ONE.replace("30", "12345678901234567890.12")
    [one] = read(text, "truecommerce_810_json")
    assert isinstance(one.document, Invoice)
    assert str(one.document.total) == "12345678901234567890.12"
    [one] = read(JSON_ONE.replace("30", "3.05E1"), "truecommerce_810_json")
    assert isinstance(one.document, Invoice)
    assert str(one.document.total) == "30.5"


def test_json_names_that_stand_twice_are_told() -> None:
    [one] = read(JSON_ONE.replace('"Total": 30', '"Total": 30, "Total": 40'), "truecommerce_810_json")
    assert any("stands there twice" in message for message in errors(one))


def test_xml_is_told_by_element_and_line() -> None:
    text = XML_ONE.replace("<Total>30", "\n<Total>thirty")
    [one] = read(text, "truecommerce_810_xml")
    assert errors(one) == [
        '/Invoice[1]/Header/Total (line 1): is not a number, found "thirty", expected a number like 1234.55.'
    ]


def test_xml_elements_that_stand_twice_are_told() -> None:
    [one] = read(XML_ONE.replace("<Total>30</Total>", "<Total>30</Total><Total>40</Total>"), "truecommerce_810_xml")
    assert any("stands 2 times" in message for message in errors(one))


@pytest.mark.parametrize("cut", range(20, len(XML_ONE), 7))
def test_of_xml_that_was_cut_off_nothing_is_taken(cut: int) -> None:
    with pytest.raises(SenderMustCorrect):
        read(XML_ONE[:cut], "truecommerce_810_xml")


@pytest.mark.parametrize("cut", range(1, len(JSON_ONE), 7))
def test_of_json_that_was_cut_off_nothing_is_taken(cut: int) -> None:
    with pytest.raises(SenderMustCorrect):
        read(JSON_ONE[:cut], "truecommerce_810_json")


def test_another_root_is_named() -> None:
    with pytest.raises(SenderMustCorrect, match='"PurchaseOrders", expected "Invoices"'):
        read(XML_ONE.replace("Invoices>", "PurchaseOrders>"), "truecommerce_810_xml")


@pytest.mark.parametrize("base", ["truecommerce_856_parent_child", "truecommerce_856_csv", "no headings"])
@pytest.mark.parametrize("lines", [1, 2])
def test_of_a_notice_cut_anywhere_no_other_quantity_is_read(base: str, lines: int) -> None:
    """Nothing adds up a ship notice. Where the last column is cut, which is no quantity here, nobody can tell."""
    heads = "TradingPartner,ShipmentNumber,ShipDate,EstimatedDelivery,CarrierCode,TrackingNumber,BOL,ShipToCode"
    heads += ",PONumber,CartonSSCC,LineNumber,VendorItem,UPC,QuantityShipped,UOM,Lot\n"
    layout = changed("truecommerce_856_csv", {"csv": {"header": False}}) if base == "no headings" else load_layout(base)
    if base == "truecommerce_856_parent_child":
        data = "H|ACME|LS-1|2026-11-28||||||01\nO|4711\n" + "L||1|NW-R48||160|EA|L-77\n" * lines
    else:
        data = "ACME,LS-1,2026-11-28,,,,,01,4711,,1,NW-R48,,160,EA,L-77\n" * lines
        data = data if base == "no headings" else heads + data
    [whole] = read(data, layout)
    assert isinstance(whole.document, ShipNotice)
    items = whole.document.orders[0].items
    for at in range(len(data)):
        try:
            found = [one.document for one in read(data[:at], layout) if one.accepted]
        except SenderMustCorrect:
            continue
        for document in found:
            assert isinstance(document, ShipNotice)
            got = [item for order in document.orders for item in order.items]
            assert [item.quantity for item in got] in ([], [item.quantity for item in items[: len(got)]]), data[:at]
            begun = [line for line in data[:at].split("\n") if line.startswith(("L", "ACME"))]
            assert len(got) in {0, len(begun)}, data[:at]
