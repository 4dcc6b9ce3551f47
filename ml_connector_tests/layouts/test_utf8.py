"""Text that is UTF-8 though the layout says something else: read as such, and told once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.invoices import Invoice
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.values.encodings import detected
from ml_connector_tests.layouts.files import changed, csv_rows, errors, read, row

TEXT = "Größe 5 – Ø8 mm"


def layout(encoding: str, **text: object) -> object:
    return changed("truecommerce_810_csv", {"text": {"encoding": encoding, **text}})


def terms(data: bytes, used: object) -> tuple[list[str], list[str]]:
    """Terms of the invoices, and what was told of encodings."""
    found = read(data, used)  # type: ignore[arg-type]
    assert [errors(one) for one in found] == [[] for _ in found]
    told = [note.message for one in found for note in one.findings if note.code == "encoding"]
    return [one.document.terms[0].description for one in found if isinstance(one.document, Invoice)], told


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859-15", "cp850", "mac-roman"])
def test_utf8_is_read_as_what_it_is_and_told_once(encoding: str) -> None:
    data = csv_rows(row("I1", Terms=TEXT), row("I2", Terms="plain"), row("I3", Terms=TEXT))
    found, told = terms(data, layout(encoding))
    assert found == [TEXT, "plain", TEXT]
    assert told == [f"row 2: the text is UTF-8, not {encoding} as was said: it was read as UTF-8."]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859-15", "cp850"])
def test_text_of_the_said_encoding_is_left_alone(encoding: str) -> None:
    text = "Größe 5, ÄÖÜ, ½"[: 13 if encoding == "iso8859-15" else None]
    assert terms(csv_rows(row(Terms=f'"{text}"')).decode().encode(encoding), layout(encoding)) == ([text], [])


def test_rows_of_one_file_may_differ() -> None:
    data = b"\r\n".join(
        [
            csv_rows(row("I1", Terms="Größe")).rstrip(),
            row("I2", Terms="Maß").encode("cp1252"),
            row("I3", Terms="plain").encode(),
        ]
    )
    found, (told,) = terms(data, layout("cp1252"))
    assert found == ["Größe", "Maß", "plain"]
    assert told.startswith("row 2: some of the text is UTF-8")


def test_a_setting_keeps_to_what_is_said() -> None:
    data = csv_rows(row(Terms="Größe"))
    [found] = read(data, layout("cp1252", detect_utf8=False))  # type: ignore[arg-type]
    assert isinstance(found.document, Invoice)
    assert found.document.terms[0].description == "GrÃ¶ÃŸe"


def test_where_utf8_is_said_nothing_else_is_read() -> None:
    assert terms(csv_rows(row(Terms=TEXT)), "truecommerce_810_csv") == ([TEXT], [])
    with pytest.raises(SenderMustCorrect, match="is not utf-8"):
        read(csv_rows(row(Terms="Maß")).decode().encode("cp1252"))


@given(st.lists(st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=8), max_size=4))
def test_no_text_is_lost_or_made_up(lines: list[str]) -> None:
    """Each line is what either encoding says of it: UTF-8 where it can be, else what was said."""
    data = "\n".join(["x", *lines]).encode("latin-1")
    expected = []
    for line in data.split(b"\n"):
        try:
            expected.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            expected.append(line.decode("latin-1"))
    found = detected(data, "latin-1", most=10_000)
    assert found.text == "\n".join(expected).replace("\x00", "\x01")
    assert bool(found.note) == any(not one.isascii() and one.encode() in data for one in expected)


@pytest.mark.parametrize("column", ["TradingPartner", "InvoiceNumber", "PONumber", "VendorItem", "UOM", "LineNumber"])
def test_a_key_of_which_a_character_was_lost_is_refused(column: str) -> None:
    """Gr\ufffd\ufffde and Gr\ufffd\ufffde may be two numbers."""
    good, bad = read(csv_rows(row("I1"), row(**{"InvoiceNumber": "I2", column: "Gr\ufffd\ufffde"})))
    assert good.accepted
    (problem,) = errors(bad)
    assert problem.startswith(f"row 3, column {column}: cannot be read: U+FFFD stands where a character was lost")


def test_texts_for_people_are_read_with_what_is_left_of_them() -> None:
    assert terms(csv_rows(row(Terms="Gr\ufffde")), "truecommerce_810_csv") == (["Gr\ufffde"], [])
