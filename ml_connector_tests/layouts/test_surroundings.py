"""What stands around a table: titles, `sep=`, totals, empty rows and columns, headings that come again, line ends."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts import Layout, ReadDocument
from ml_connector_tests.layouts.files import HEAD, changed, csv_rows, errors, read, row

BODY = csv_rows(row("I1"), row("I1", line="2"), row("I2")).decode()
PLAIN = read(BODY)


def layout(**csv: object) -> Layout:
    return changed("truecommerce_810_csv", {"csv": csv})


def same(found: list[ReadDocument]) -> bool:
    """Whether these are the documents of the plain file, all accepted."""
    return [one.document for one in found] == [one.document for one in PLAIN] and all(one.accepted for one in found)


@pytest.mark.parametrize(
    ("above", "at"),
    [
        ("Invoices November\r\n\r\n", 3),
        ("a,b\r\nc\r\n", 3),
        ("Lieferant;ACME\r\n", 2),
        (",,,\r\nTitle,,,\r\n,,\r\n", 4),
    ],
)
def test_where_a_title_stands_above_the_headings_the_message_says_where_they_are(above: str, at: int) -> None:
    with pytest.raises(SenderMustCorrect) as caught:
        read(above + BODY)
    assert f"They seem to stand in row {at}: `csv: {{skip_rows: {at - 1}}}`" in caught.value.message


@pytest.mark.parametrize("above", ["Invoices November\r\n\r\n", "a,b\r\nc\r\n", "\ufeff\r\n", "", "x\r\n" * 60])
def test_a_title_can_be_skipped_by_number_or_up_to_the_headings(above: str) -> None:
    count = above.count("\n")
    for skipped in {count, "to_headings"}:
        found = read(above + BODY, layout(skip_rows=skipped))
        assert same(found)
        assert found[0].place.row == count + 2


def test_a_file_that_comes_without_its_title_is_told() -> None:
    with pytest.raises(SenderMustCorrect, match="They seem to stand in row 1"):
        read(BODY, layout(skip_rows=2))


def test_headings_that_stand_nowhere_are_told_as_such() -> None:
    with pytest.raises(SenderMustCorrect) as caught:
        read("a,b\r\n1,2\r\n", layout(skip_rows="to_headings"))
    assert "seem" not in caught.value.message
    with pytest.raises(SenderMustCorrect, match="no headings in the file"):
        read("a,b\r\n,,\r\n", layout(skip_rows=1))


@pytest.mark.parametrize("sep", ["sep=,", '"sep=,"', "SEP=,", "\ufeffsep=,", "sep=,,,,"])
@pytest.mark.parametrize("skipped", [0, 1, "to_headings"])
def test_the_line_of_a_spreadsheet_that_names_its_delimiter_is_no_data(sep: str, skipped: object) -> None:
    assert same(read(f"{sep}\r\n{BODY}", layout(skip_rows=skipped)))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_that_is_not_the_layouts_is_told(delimiter: str) -> None:
    with pytest.raises(SenderMustCorrect, match="the file says that its columns are parted by"):
        read(f"sep={delimiter}\r\n{BODY.replace(',', delimiter)}")
    with pytest.raises(SenderMustCorrect, match="They seem to stand in row 1, parted by"):
        read(BODY.replace(",", delimiter))
    assert same(read(f"sep={delimiter}\r\n{BODY.replace(',', delimiter)}", layout(delimiter=delimiter)))


@pytest.mark.parametrize("behind", [",", ",,,,", ", ,", ',"",'])
def test_empty_cells_behind_rows_are_nothing(behind: str) -> None:
    lines = BODY.splitlines()
    assert same(read("\r\n".join([lines[0], *(line + behind for line in lines[1:])])))
    assert same(read("\r\n".join(line + behind for line in lines)))
    assert same(read("\r\n".join([lines[0] + behind, *lines[1:]])))


@pytest.mark.parametrize("empty", ["", ",,,,", " , ,", "," * 17, '"",""', "\u00a0,"])
@pytest.mark.parametrize("times", [1, 500])
def test_empty_rows_are_nothing(empty: str, times: int) -> None:
    rows = f"{empty}\r\n" * times
    lines = BODY.splitlines(keepends=True)
    assert same(read("".join([rows, lines[0], rows, *lines[1:3], rows, *lines[3:], rows])))


@pytest.mark.parametrize("again", [HEAD, HEAD.upper(), f"\ufeff{HEAD}", f"{HEAD},,"])
def test_headings_that_come_again_are_left_out_and_told(again: str) -> None:
    found = read(f"{BODY}{again}\r\n{row('I3')}\r\n")
    assert same(found[:2])
    assert found[2].accepted
    assert [(f.code, f.place.row) for f in found[0].findings if f.code == "left_out"] == [("left_out", 5)]
    assert not read(f"{BODY}{again}\r\n", layout(repeated_headings="refuse"))[2].accepted


@pytest.mark.parametrize("written", ['"Invoice\nNumber"', '" Invoice   Number"', "invoice\u00a0NUMBER"])
def test_headings_are_read_over_two_lines_and_with_blanks_of_any_kind(written: str) -> None:
    named = {"document": {"fields": {"InvoiceNumber": {"column": "Invoice Number"}}}}
    found = read(BODY.replace("InvoiceNumber", written), changed("truecommerce_810_csv", named))
    assert [one.document for one in found] == [one.document for one in PLAIN]


def test_headings_that_come_again_in_another_order_refuse_the_file() -> None:
    with pytest.raises(SenderMustCorrect, match="Row 5: headings come again in another order than in row 1"):
        read(BODY + ",".join(HEAD.split(",")[::-1]) + "\r\n" + ",".join(row("I3").split(",")[::-1]))


@pytest.mark.parametrize("total", ["Total,,,,,,,,60,,,90,,,9,,,90", "TOTAL:,,,,,,,,60", "Grand total", "Summe;"])
def test_rows_of_totals_are_told_and_can_be_left_out(total: str) -> None:
    *good, bad = read(BODY + total + "\r\n")
    assert same(good)
    assert not bad.accepted
    assert any("looks like a row of totals; `csv: {ignored_rows: [" in one.message for one in bad.findings)
    found = read(BODY + total + "\r\n", layout(ignored_rows=["Total*", "grand TOTAL", "summe;"]))
    assert same(found)
    assert [f.place.row for f in found[0].findings if f.code == "left_out"] == [5]


SUMS = ["Total", "SUM:", "Zwischensumme", "grand total", "Totaal", "Subtotaal", "Sous-total", "Totale", "Total général"]
SUMS += ["Somme", "Endsumme :", "Razem", "Итого"]


@pytest.mark.parametrize("text", SUMS)
@pytest.mark.parametrize("column", ["LineNumber", "VendorItem"])
def test_a_row_of_totals_is_no_line_also_where_it_repeats_the_key(text: str, column: str) -> None:
    cells = {"LineNumber": "", "VendorItem": "", "QuantityShipped": "320", "UOM": "EA", column: text}
    heads = "TradingPartner,ShipmentNumber,ShipDate,PONumber,LineNumber,VendorItem,QuantityShipped,UOM"
    lines = [heads, "ACME,LS-1,2026-11-28,4711,1,NW-1,160,EA", "ACME,LS-1,2026-11-28,4711,2,NW-2,160,EA"]
    total = ",".join({"a": "ACME", "b": "LS-1", "c": "2026-11-28", "d": "4711", **cells}.values())
    layout = changed("truecommerce_856_csv", {"csv": {"missing_columns": "ignore"}})
    [one] = read("\n".join([*lines, total, ""]), layout)
    assert errors(one) == [f'row 4, column {column}: this is a row of totals, no line, found "{text}".']
    [one] = read("\n".join([*lines, ""]), layout)
    assert one.accepted


def test_a_last_row_of_totals_without_a_line_end_takes_no_document_along() -> None:
    *good, bad = read(BODY + "3 rows")
    assert same(good)
    assert not bad.accepted


def test_rows_without_a_key_can_be_left_out() -> None:
    text = BODY + ",,,,,,,,60,,,90,,,9,,,90\r\n"
    assert not read(text)[2].accepted
    assert same(read(text, layout(rows_without_key="ignore")))


def test_a_partner_whose_name_begins_like_a_total_is_no_total() -> None:
    [one] = read(csv_rows(row("I1", TradingPartner="Total Energies")))
    assert (one.accepted, one.findings) == (True, ())


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n", "\r\r\n"])
def test_line_ends_are_all_read(ends: str) -> None:
    assert same(read(BODY.replace("\r\n", ends)))
    assert same(read(BODY.replace("\r\n", ends).rstrip()))
    [one] = read(csv_rows(row("I1", Terms='"net\r\n30"')).decode().replace("\r\n", ends))
    assert isinstance(one.document, Invoice)
    assert one.document.terms[0].description.split() == ["net", "30"]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF8 * 2])
def test_byte_order_marks_are_no_text(mark: bytes) -> None:
    assert same(read(mark + BODY.encode()))
    joined = mark + BODY.encode() + mark + csv_rows(row("I3"))
    assert [one.accepted for one in read(joined)] == [True, True, True]


def test_quotes_behind_blanks() -> None:
    text = "\r\n".join(", ".join(f'"{cell}"' for cell in line.split(",")) for line in BODY.splitlines())
    with pytest.raises(SenderMustCorrect, match="skip_blanks: true"):
        read(text)
    assert same(read(text, layout(skip_blanks=True)))


def test_the_same_surroundings_of_records() -> None:
    text = "sep=|\nH|ACME|I1|2026-11-21|4711||EUR||\n\ufeffL|1|A-1|3|EA|10|30\n||||\nT|30|||30||||\n"
    [one] = read(text, "truecommerce_810_parent_child")
    assert one.accepted
    [one] = read("Title\nx|\n" + text[6:], changed("truecommerce_810_parent_child", {"csv": {"skip_rows": 2}}))
    assert one.accepted


@pytest.mark.parametrize("csv", [{"skip_rows": -1}, {"skip_rows": "x"}, {"skip_rows": "to_headings", "header": False}])
def test_wrong_settings_are_refused(csv: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        layout(**csv)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_stands_around_a_table_it_is_read_as_it_is_or_refused(data: st.DataObject) -> None:
    """Never do its surroundings become documents of their own that are accepted, or change one."""
    lines = BODY.splitlines()
    extras = [
        "",
        ",,,",
        "Title",
        "sep=,",
        HEAD,
        "Total,,,,,,,,60,,,90",
        ",,,,,,,,,,,9",
        "x,y,z",
        '"q"',
        "\ufeff",
        "1;2;3",
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(extras)))
    text = data.draw(st.sampled_from(["\r\n", "\n", "\r"])).join(lines)
    skipped = data.draw(st.sampled_from([0, 1, "to_headings"]))
    try:
        found = read(text, layout(skip_rows=skipped, ignored_rows=data.draw(st.sampled_from([[], ["Total"]]))))
    except SenderMustCorrect:
        return
    good = [one.document for one in found if one.accepted]
    assert all(document in [one.document for one in PLAIN] for document in good), errors(found[0])


SHIPPED_HEADINGS = (
    "TradingPartner,ShipmentNumber,ShipDate,EstimatedDelivery,CarrierCode,TrackingNumber,BOL,ShipToCode,PONumber,"
    "CartonSSCC,LineNumber,VendorItem,UPC,QuantityShipped,Lot\n"
)


@pytest.mark.parametrize(
    ("rest", "reads"),
    [
        ("5,L7", True),
        ("5,L7,", True),  # an empty cell behind each row is a habit
        ("5,,", True),
        ("5,123", True),  # as many cells as headings: a lot of digits
        ("1,000,", False),
        ("1,5,", False),
        ("1000,77,", True),
    ],
)
def test_a_quantity_that_its_own_comma_may_have_parted_is_refused(rest: str, reads: bool) -> None:
    """1,000 without quotes, in a layout without a unit that would tell: no total would show the 1."""
    items = {"items": {"fields": {"UOM": None}}}
    without_units = changed("truecommerce_856_csv", {"document": {"repeats": {"orders": {"repeats": items}}}})
    shipped = f"P,S-1,2026-11-28,,,,,01,26000008,,1,LU-1,,{rest}\n"
    [found] = read(SHIPPED_HEADINGS + shipped, without_units)
    assert found.accepted is reads, found.findings
    assert ("two_readings" in [one.code for one in found.findings]) is not reads
