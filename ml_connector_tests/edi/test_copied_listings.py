"""Files copied out of listings and web pages: line numbers and entities are taken off, however the text is cut."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.edi.framing.copied_listings import Cleaner, cleaner_for, plain
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.edi.tools.anonymize import anonymize
from ml_connector_tests.edi.odd import Style, spell
from ml_connector_tests.edi.samples import ends, read, sets, strays
from ml_connector_tests.edi.test_odd_files import clean

KINDS = ("850", "810", "856")
LINES = spell(Style(suffixes=("\n",)), KINDS)
NUMBERS = ["%d %s", "%04d %s", "%d. %s", "%5d: %s", "(%d) %s", "%d\t%s"]


def numbered(style: str, end: str = "\n") -> bytes:
    lines = LINES.decode().splitlines()
    return end.join(style % (number, line) for number, line in enumerate(lines, start=1)).encode()


@pytest.mark.parametrize("style", NUMBERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_numbers_before_every_line(style: str, end: str) -> None:
    items = read(numbered(style, end))
    assert [s.document for s in sets(items)] == clean(KINDS)
    assert all(s.accepted for s in sets(items))
    assert all(e.complete and not e.findings for e in ends(items))
    assert not strays(items)


def test_entities_of_a_web_page() -> None:
    data = LINES.replace(b"ACME PLANT", b"A & B <C>")
    escaped = data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    assert [s.document for s in sets(read(escaped))] == [s.document for s in sets(read(data))]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_it_does_not_matter_how_the_text_comes(sizes: list[int]) -> None:
    for data in (numbered("%d %s"), LINES.replace(b">", b"&gt;")):
        cleaner = cleaner_for(data)
        assert cleaner is not None
        made, at = b"", 0
        for size in sizes:
            made += cleaner.clean(data[at : at + size])
            at += size
        assert made + cleaner.clean(data[at:]) + cleaner.rest() == plain(data)


def test_a_file_that_is_none_stays_as_it_is() -> None:
    assert cleaner_for(LINES) is None
    assert cleaner_for(b"") is None
    assert plain(LINES) is LINES


def test_long_files_are_cleaned_piece_by_piece() -> None:
    lines = LINES.decode().splitlines()
    body = lines[1:-1] * 400
    text = "\n".join(f"{n} {line}" for n, line in enumerate([lines[0], *body, lines[-1]], start=1))
    items = list(read_interchanges(io.BytesIO(text.encode())))
    assert sum(isinstance(item, ReceivedSet) for item in items) == 1200


def test_such_a_file_can_be_anonymized() -> None:
    masked = anonymize(numbered("%d %s"), key=b"k")
    assert [s.accepted for s in sets(read(masked))] == [True, True, True]
    assert b"WIDGET" not in masked


def test_an_entity_is_held_back_until_it_is_whole() -> None:
    cleaner = Cleaner(numbered=False)
    assert (cleaner.clean(b"A&a"), cleaner.clean(b"mp;B&"), cleaner.rest()) == (b"A", b"&B", b"&")
