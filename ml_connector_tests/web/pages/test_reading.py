"""How the bytes of a document are shown."""

import pytest

from ml_connector.edi.tools.names import element_name, segment_name, value_meaning
from ml_connector.web.pages.reading import ROWS, _text


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_separated_values_are_rows_and_columns(separator: str) -> None:
    lines = [["number", "amount", "text"], ["INV-1", "12.50", f'"a{separator}b"'], ["INV-2", "3", "x"]]
    data = "\r\n".join(separator.join(line) for line in lines).encode()
    assert _text(data).table == [
        ["number", "amount", "text"],
        ["INV-1", "12.50", f"a{separator}b"],
        ["INV-2", "3", "x"],
    ]


@pytest.mark.parametrize(
    "data", [b"", b"one line; only", b"<a>\n<b/>\n</a>", b"no separator\nin all; lines", b"\xff\xfe"]
)
def test_what_is_no_table_is_lines(data: bytes) -> None:
    shown = _text(data)
    assert shown.table == ()
    assert len(shown.rows) == len(data.splitlines())


def test_a_long_file_is_cut_and_that_is_told() -> None:
    shown = _text(b"line\n" * (ROWS + 7))
    assert (len(shown.rows), shown.left_out) == (ROWS, 7)


@pytest.mark.parametrize(
    ("segment", "position", "value", "name", "meaning"),
    [
        ("N1", 1, "ST", "role", "ship to"),
        ("BIG", 2, "INV-1", "invoice number", ""),
        ("IT1", 3, "EA", "unit", "each"),
        ("AK5", 1, "R", "answer to the document", "rejected"),
        ("ZZZ", 1, "x", "", ""),
        ("N1", 99, "x", "", ""),
        ("N1", 0, "x", "", ""),
    ],
)
def test_elements_and_codes_have_names(segment: str, position: int, value: str, name: str, meaning: str) -> None:
    assert element_name(segment, position) == name
    assert value_meaning(segment, position, value) == meaning


def test_a_segment_without_a_name_has_none() -> None:
    assert segment_name("BIG") == "invoice header"
    assert segment_name("ZZZ") == ""
