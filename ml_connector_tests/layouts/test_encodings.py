"""What bytes mean: marks are believed, wrong encodings are named with their row, and nothing is guessed."""

import codecs

import pytest

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import NeedsCorrection, SenderMustCorrect
from ml_connector.layouts import load_layout, write_documents
from ml_connector_tests.layouts.files import XML_ONE, changed, csv_rows, read, row

TEXT = csv_rows(row(VendorItem="Schraube ø5")).decode()


def item(data: bytes, layout: str = "truecommerce_810_csv", encoding: str = "utf-8") -> str:
    [one] = read(data, changed(layout, {"text": {"encoding": encoding}}))
    assert isinstance(one.document, Invoice)
    return one.document.lines[0].vendors_item


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16-le", "utf-16-be", "cp1252", "cp850"])
def test_the_encoding_of_the_layout_is_used(encoding: str) -> None:
    assert item(TEXT.encode(encoding), encoding=encoding) == "Schraube ø5"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
@pytest.mark.parametrize("said", ["utf-8", "latin-1", "utf-16"])
def test_a_byte_order_mark_counts_more_than_the_layout(mark: bytes, encoding: str, said: str) -> None:
    assert item(mark + TEXT.encode(encoding), encoding=said) == "Schraube ø5"


def test_latin_1_read_as_utf_8_names_row_and_byte() -> None:
    with pytest.raises(SenderMustCorrect, match=r"Row 2: byte 0xF8 at offset \d+ is not utf-8\. It may be Latin-1"):
        read(TEXT.encode("latin-1"))


def test_utf_16_without_a_mark_is_recognised_and_not_guessed() -> None:
    with pytest.raises(SenderMustCorrect, match="looks like UTF-16"):
        read(TEXT.encode("utf-16-le"))


def test_text_that_is_no_utf_16_is_named() -> None:
    with pytest.raises(SenderMustCorrect, match="not UTF-16"):
        item(TEXT.replace("ø", "o").encode(), encoding="utf-16-le")


def test_utf_32_is_refused() -> None:
    with pytest.raises(SenderMustCorrect, match="UTF-32"):
        read(codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"))


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", codecs.BOM_UTF8, b"\x00\x00", b" \x1a"])
@pytest.mark.parametrize("layout", ["truecommerce_810_csv", "truecommerce_810_json", "truecommerce_810_xml"])
def test_nothing_is_no_file(data: bytes, layout: str) -> None:
    with pytest.raises(SenderMustCorrect, match="nothing in the file"):
        read(data, layout)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "UTF-8", "windows-1252"])
def test_what_xml_declares_is_believed(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + XML_ONE.replace("I1", "Ré")
    [one] = read(text.encode(encoding), "truecommerce_810_xml")
    assert isinstance(one.document, Invoice)
    assert one.document.number == "Ré"
    assert one.place.row == 2


@pytest.mark.parametrize("encoding", ["utf-7", "IBM037", "nonsense"])
def test_xml_in_other_encodings_is_refused(encoding: str) -> None:
    with pytest.raises(SenderMustCorrect, match="which is not read"):
        read(f'<?xml version="1.0" encoding="{encoding}"?>{XML_ONE}', "truecommerce_810_xml")


def test_what_cannot_be_written_is_named() -> None:
    [one] = read(csv_rows(row("漢1")))
    assert one.document is not None
    with pytest.raises(NeedsCorrection, match=r'"漢" \(U\+6F22, .*\) in .* cannot be written as iso8859-1'):
        write_documents([one.document], changed("truecommerce_810_csv", {"text": {"encoding": "latin-1"}}))
    assert write_documents([one.document], load_layout("truecommerce_810_csv")).startswith(b"TradingPartner")
