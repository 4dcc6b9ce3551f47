"""Files made to hurt: a clear error each, within bounds of time and memory, and nothing fetched."""

import resource
import threading
from pathlib import Path

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import NeedsCorrection, SenderMustCorrect
from ml_connector.layouts import load_layout, write_documents
from ml_connector_tests.layouts.files import HEAD, JSON_ONE, XML_ONE, changed, csv_rows, errors, read, row

BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)


@pytest.fixture(autouse=True)
def _memory() -> None:
    """What a test takes beyond what was taken before stays far below the machine's memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY e "I1">]>',
        "<!-- a --> <?p q?>\n<!DOCTYPE x PUBLIC 'a' 'b'\n[]>",
        "<!DOCTYPE x><!DOCTYPE x [<!ENTITY e 'I1'>]>",
        "<!DOCTYPE x SYSTEM>",
        '<!DOCTYPE x SYSTEM "a',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_whose_document_type_declares_something_is_refused(prolog: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{prolog}{XML_ONE.replace("I1", "&e;")}'
    with pytest.raises(SenderMustCorrect, match="DOCTYPE"):
        read(text.encode(encoding), "truecommerce_810_xml")


def test_xml_entities_without_a_document_type_are_refused() -> None:
    with pytest.raises(SenderMustCorrect):
        read(XML_ONE.replace("I1", "&e;"), "truecommerce_810_xml")


def test_includes_of_xml_fetch_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2", encoding="utf-8")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'
    [one] = read(XML_ONE.replace("I1", include), "truecommerce_810_xml")
    assert not one.accepted
    assert "hunter2" not in str(one)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (XML_ONE.replace("I1", "<a>" * 60 + "</a>" * 60), "nested deeper than 50"),
        (XML_ONE.replace("I1", "x" * 1_100_000), "more than 1000000 characters"),
        (XML_ONE.replace("I1", "<a/>" * 2_000), "more than 1000 elements"),
        (XML_ONE.replace("<Header>", "<Header " + " ".join(f'a{i}="1"' for i in range(2_100)) + ">"), "attributes"),
    ],
)
def test_xml_beyond_its_bounds_is_refused(text: str, said: str) -> None:
    rows = 1000 if "elements" in said else 1_000_000
    with pytest.raises(SenderMustCorrect, match=said):
        read(text, changed("truecommerce_810_xml", {"limits": {"rows": rows}}))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        JSON_ONE.replace("[]", "[" * 100 + "]" * 100),
        '["' + "[" * 5_000 + '"',
        "}" * 9,
    ],
)
def test_deep_or_broken_json_is_refused(text: str) -> None:
    with pytest.raises(SenderMustCorrect):
        read(text, "truecommerce_810_json")


@pytest.mark.parametrize("number", ["1E999999999", "1e-999999999", "9" * 100_000, "NaN", "Infinity", "-Infinity"])
def test_monstrous_json_numbers_are_told(number: str) -> None:
    try:
        [one] = read(JSON_ONE.replace("30", number), "truecommerce_810_json")
    except SenderMustCorrect:
        return
    assert len(errors(one)) == 1
    assert len(errors(one)[0]) < 300


def test_a_line_of_300_mb_is_refused_by_its_size() -> None:
    with pytest.raises(SenderMustCorrect, match="300000000 bytes"):
        read(bytes(1).replace(b"\x00", b"a") * 300_000_000)


@pytest.mark.parametrize("layout", ["truecommerce_810_csv", "truecommerce_810_parent_child", "truecommerce_850_fixed"])
def test_a_long_line_is_refused_with_its_row(layout: str) -> None:
    with pytest.raises(SenderMustCorrect, match="Row 2: 2000000 characters in one line"):
        read(HEAD + "\n" + "a" * 2_000_000 + "\n", layout)


def test_a_million_columns_are_refused() -> None:
    with pytest.raises(SenderMustCorrect, match="100000 columns; the layout takes at most 2000"):
        read("," * 99_999 + "\n")
    with pytest.raises(SenderMustCorrect, match="Row 2: 900018 columns; the layout takes at most 2000"):
        read(csv_rows(row() + "," * 900_000))
    with pytest.raises(SenderMustCorrect, match="Row 2: 1018 columns"):
        read(csv_rows(row() + "," * 1_000, *[","] * 40_000))


def test_too_many_rows_are_refused() -> None:
    layout = changed("truecommerce_810_csv", {"limits": {"rows": 100}})
    with pytest.raises(SenderMustCorrect, match="more than 100 rows"):
        read(csv_rows(*[row()] * 101), layout)


def test_a_quote_that_never_closes_is_told_with_its_row() -> None:
    with pytest.raises(SenderMustCorrect, match="Row 3: a quote that opens is never closed"):
        read(csv_rows(row(), row("I2", VendorItem='"A-1'), row("I3")))


@pytest.mark.parametrize("text", ['x"y', '"x"y', '""""x'])
def test_broken_quoting_never_becomes_a_value(text: str) -> None:
    if text.startswith('"'):
        with pytest.raises(SenderMustCorrect, match="Row 2"):
            read(csv_rows(row(VendorItem=text)))
        return
    [one] = read(csv_rows(row(VendorItem=text)))
    assert isinstance(one.document, Invoice)
    assert one.document.lines[0].vendors_item == text


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ufffe"])
def test_control_characters_are_no_text(char: str) -> None:
    good, bad = read(csv_rows(row(), row("I2", VendorItem=f"A{char}1")))
    assert good.accepted
    assert bad.accepted == (char == "\x85")
    if not bad.accepted:
        assert "holds control characters" in errors(bad)[0]
        assert char not in errors(bad)[0]


@pytest.mark.parametrize("formula", ["=1+1", "+cmd", "-2", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_cells_like_formulas_are_data(formula: str) -> None:
    """Read as they are; written as they are, for machines read these files, or refused where the layout says so."""
    quoted = '"' + formula.replace('"', '""') + '"'
    [one] = read(csv_rows(row(VendorItem=quoted)))
    assert isinstance(one.document, Invoice)
    assert one.document.lines[0].vendors_item == formula
    assert quoted.encode() in write_documents([one.document], load_layout("truecommerce_810_csv")) or (
        formula.encode() in write_documents([one.document], load_layout("truecommerce_810_csv"))
    )
    with pytest.raises(NeedsCorrection, match="begins like a formula"):
        write_documents([one.document], changed("truecommerce_810_csv", {"csv": {"formulas": "refuse"}}))


def test_other_digits_than_ours_are_no_numbers() -> None:
    [one] = read(csv_rows(row(Quantity="٣"), row(line="2", Quantity="3")))
    assert "Quantity" in errors(one)[0]


def test_a_thousand_wrong_rows_are_told_in_bounds() -> None:
    [one] = read(csv_rows(*[row(Quantity="x", UnitPrice="y")] * 1_000))
    assert len(one.findings) == 201
    assert one.findings[-1].message == "row 2: and 1800 more findings."


def test_a_file_of_nothing_but_stray_records_is_no_file_of_the_layout() -> None:
    with pytest.raises(SenderMustCorrect, match=r"No record in the file begins a document\. row 1: .*L"):
        read("L|1\n" * 10_000, "truecommerce_810_parent_child")


def test_twenty_megabytes_are_read() -> None:
    """In bounded memory (the fixture looks), while other work goes on."""
    rows = [row(f"I{i // 50}", str(i % 50 + 1), VendorItem="x" * 150) for i in range(95_000)]
    data = csv_rows(*rows)
    assert len(data) > 19_000_000
    found = sum(one.accepted for one in read(data))
    assert found == 1_900
    assert threading.active_count() < 20


def test_many_notes_do_not_refuse_a_document_and_do_not_hide_an_error() -> None:
    rows = [row(line=str(i), Extended="31") for i in range(1, 301)]
    [one] = read(csv_rows(*rows))
    assert (one.accepted, len(one.findings)) == (True, 201)
    [one] = read(csv_rows(*rows, row(line="301", Quantity="x")))
    assert not one.accepted


def test_a_document_of_a_hundred_thousand_lines_takes_no_time_for_each_of_the_others() -> None:
    """Would not end within the suite's patience if a line looked at all lines before it."""
    [one] = read(csv_rows(*[row(line=str(i), Extended="31") for i in range(60_000)]))
    assert one.accepted


def test_rows_that_contradict_each_other_by_the_thousand_are_told_in_bounds() -> None:
    [one] = read(csv_rows(row(), *[row(line="2", Terms=f"T{i}", PODate="x", Tax=str(i)) for i in range(20_000)]))
    assert not one.accepted
    assert len(one.findings) == 201
    [one] = read("H|ACME|I1|2026-11-21|4711||EUR||\n" + "X|1\n" * 20_000, "truecommerce_810_parent_child")
    assert not one.accepted
    assert len(one.findings) <= 201
