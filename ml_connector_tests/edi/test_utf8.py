"""Text that is UTF-8 though the partner's encoding says otherwise: read as such, and told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.invoices import Invoice
from ml_connector.edi import ReadOptions, ReceivedSet, read_interchanges
from ml_connector_tests.edi.building import group, interchange, transaction

TEXT = "Kabelschuh größe 5 – Ø8 mm"


def _file(*texts: bytes) -> bytes:
    lines = "".join(f"IT1*{n}*1*EA*1**VP*A~PID*F****@{n}@~" for n in range(len(texts)))
    data = interchange(group("IN", transaction("810", f"BIG*20261120*A-1~{lines}TDS*{len(texts)}00~CTT*{len(texts)}~")))
    for n, text in enumerate(texts):
        data = data.replace(b"@%d@" % n, text)
    return data


def _read(data: bytes, **options: object) -> tuple[list[str], list[str]]:
    """Descriptions, and the codes of findings about encodings."""
    [found] = [
        one
        for one in read_interchanges(data, ReadOptions(**options))  # type: ignore[arg-type]
        if isinstance(one, ReceivedSet)
    ]
    assert found.accepted
    assert isinstance(found.document, Invoice)
    codes = [one.message for one in found.findings if one.code == "encoding"]
    return [line.description for line in found.document.lines], codes


def test_it_is_read_as_what_it_is_with_a_finding() -> None:
    texts, told = _read(_file(TEXT.encode()))
    assert texts == [TEXT]
    assert told == ["Its text is UTF-8, which is not the encoding that was said: it was read as UTF-8."]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859-15"])
def test_text_of_the_said_encoding_is_left_alone(encoding: str) -> None:
    text = "Kabelschuh größe 5, Ø8 mm, ÄÖÜ"
    assert _read(_file(text.encode(encoding)), encoding=encoding) == ([text], [])


def test_segments_of_one_set_may_differ() -> None:
    texts, told = _read(_file(TEXT.encode(), "Maß".encode("latin-1"), b"plain"))
    assert texts == [TEXT, "Maß", "plain"]
    assert len(told) == 1


def test_a_setting_keeps_to_what_is_said() -> None:
    assert _read(_file("größe".encode()), detect_utf8=False) == (["gröÃ\x9fe".replace("ö", "Ã¶")], [])


def test_where_it_is_said_nothing_is_told() -> None:
    assert _read(_file(TEXT.encode()), encoding="utf-8") == ([TEXT], [])


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "S")), min_size=1, max_size=20))
def test_whatever_the_letters(text: str) -> None:
    plain = text.translate(dict.fromkeys(map(ord, "*~>^|\xa0"), "x"))
    assert _read(_file(f"[{plain}]".encode()))[0] == [f"[{plain}]"]
