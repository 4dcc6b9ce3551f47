"""Whatever separators, line ends and paddings a file uses, the same documents come out."""

import pytest

from ml_connector.edi.framing.separators import discover
from ml_connector.edi.interchange import InterchangeStart
from ml_connector_tests.edi.building import one, order
from ml_connector_tests.edi.samples import ends, read, sets, starts, strays

PLAIN = order()
DOCUMENT = one(PLAIN).document


def translated(element: bytes = b"*", component: bytes = b">", segment: bytes = b"~", suffix: bytes = b"") -> bytes:
    """The plain order with other separators."""
    marks = {ord("*"): element, ord(">"): component, ord("~"): segment + suffix}
    return b"".join(marks.get(byte, bytes([byte])) for byte in PLAIN)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(translated(segment=b"\n"), id="LF"),
        pytest.param(translated(segment=b"\r"), id="CR"),
        pytest.param(translated(segment=b"\r", suffix=b"\n"), id="CR LF"),
        pytest.param(translated(suffix=b"\r\n"), id="tilde CR LF"),
        pytest.param(translated(suffix=b"\r"), id="tilde CR"),
        pytest.param(translated(suffix=b"\n\n\n"), id="blank lines"),
        pytest.param(translated(segment=b"\\"), id="backslash"),
        pytest.param(translated(segment=b"'"), id="apostrophe"),
        pytest.param(translated(segment=b"\x15"), id="control character"),
        pytest.param(translated(segment=b"\x1c"), id="file separator"),
        pytest.param(translated(segment=b"\x85"), id="next line, Latin-1"),
        pytest.param(translated(segment=b"\xc2\x85"), id="next line, UTF-8"),
        pytest.param(translated(segment=b"\xa7"), id="section sign, Latin-1"),
        pytest.param(translated(segment=b"\xc2\xa7"), id="section sign, UTF-8"),
        pytest.param(translated(segment=b"\xe2\x80\xa6", suffix=b"\n"), id="ellipsis, UTF-8"),
        pytest.param(translated(segment=b"\xf0\x9f\x9b\x91"), id="four bytes, UTF-8"),
        pytest.param(translated(segment=b" ", suffix=b"\r\n"), id="blank CR LF"),
        pytest.param(translated(segment=b" ", suffix=b"  \n"), id="blanks LF"),
        pytest.param(translated(segment=b"^"), id="caret"),
        pytest.param(translated(element=b"|", component=b":"), id="bar and colon"),
        pytest.param(translated(element=b"~", segment=b"*"), id="tilde between elements"),
        pytest.param(translated(element=b"\x1d", component=b"\x1f", segment=b"\x1c"), id="control characters"),
        pytest.param(translated(element=b"\xa6", component=b"\xb7"), id="Latin-1 signs"),
        pytest.param(translated(element=b"+", component=b":", segment=b"'"), id="EDIFACT's"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN, id="byte-order mark"),
        pytest.param(b"\r\n  \t" + PLAIN, id="blanks before"),
        pytest.param(PLAIN[:-1], id="last terminator missing"),
        pytest.param(PLAIN + b"\r\n\x1a", id="end-of-file sign"),
        pytest.param(PLAIN.replace(b"~", b"~\r\n\t  "), id="indented"),
        pytest.param(PLAIN.replace(b"          ", b" ").replace(b"SELLER         ", b"SELLER"), id="ISA trimmed"),
        pytest.param(PLAIN.replace(b"          ", b"").replace(b"BUYER          ", b"BUYER"), id="ISA blanks gone"),
        pytest.param(PLAIN.replace(b"*          *", b"*" + b"\xc2\xa0" * 10 + b"*"), id="no-break spaces, UTF-8"),
        pytest.param(PLAIN.replace(b"*          *", b"*" + b"\xa0" * 10 + b"*"), id="no-break spaces, Latin-1"),
        pytest.param(PLAIN.replace(b"~", b"***~").replace(b">***~", b">~"), id="trailing element separators"),
        pytest.param(PLAIN.replace(b"~", b">~").replace(b">>~", b">~"), id="trailing component separators"),
        pytest.param(PLAIN.replace(b"*P*>~", b"*P*~"), id="component separator left out"),
        pytest.param(b"".join(PLAIN[i : i + 80] + b"\r\n" for i in range(0, len(PLAIN), 80)), id="wrapped at 80"),
        pytest.param(PLAIN.replace(b"*U*00401*", b"*^*00501*"), id="repetition separator"),
        pytest.param(PLAIN.replace(b"*U*00401*", b"*U*00501*"), id="U in a later version"),
    ],
)
def test_the_same_document_comes_out(data: bytes) -> None:
    items = read(data)
    found = sets(items)
    assert [s.document for s in found] == [DOCUMENT]
    assert found[0].accepted, found[0].findings
    assert (starts(items)[0].sender_id, starts(items)[0].control_number) == ("SELLER", "000000077")
    assert [(e.complete, e.findings) for e in ends(items)] == [(True, ())]
    assert strays(items) == []


def test_a_blank_as_terminator_splits_at_blanks_and_is_reported_as_such() -> None:
    data = translated(segment=b" ")
    # blanks inside of values are terminators now: the sender's mistake, but no exception
    start = starts(read(data))[0]
    assert start.separators.segment == " "


def test_a_blank_as_terminator_with_data_without_blanks() -> None:
    data = translated().replace(b"ACME PLANT", b"ACME").replace(b"1 MAIN ST", b"MAIN")
    head, body = data[:105], data[105:].replace(b"~", b" ")
    found = sets(read(head + body))
    assert [s.accepted for s in found] == [True]


@pytest.mark.parametrize(
    ("eleven", "twelve", "expected"),
    [
        ("^", "00501", "^"),
        ("^", "00402", "^"),
        ("^", "00401", ""),
        ("U", "00501", ""),
        (" ", "00501", ""),
        ("7", "00501", ""),
    ],
)
def test_repetition_separator_by_version(eleven: str, twelve: str, expected: str) -> None:
    data = PLAIN.replace(b"*U*00401*", f"*{eleven}*{twelve}*".encode())
    assert starts(read(data))[0].separators.repetition == expected


def test_encodings_lose_nothing() -> None:
    for encoding in ("latin-1", "utf-8"):
        data = PLAIN.replace(b"ACME PLANT", "Straße Ünique".encode(encoding))
        document = one(data, encoding=encoding).document
        assert document is not None
        assert document.parties[0].name == "Straße Ünique"  # type: ignore[attr-defined]


def test_bytes_that_are_not_of_the_encoding_come_as_latin1_and_are_reported() -> None:
    data = PLAIN.replace(b"ACME PLANT", b"Stra\xdfe").replace(b"1 MAIN ST", "Ünique".encode())
    received = one(data, encoding="utf-8")
    assert received.document is not None
    party = received.document.parties[0]  # type: ignore[attr-defined]
    assert (party.name, party.street) == ("Straße", ("Ünique",))
    assert "encoding" in [f.code for f in received.findings]


def test_data_that_says_isa_is_no_interchange() -> None:
    assert discover(b"ISA is not always a header, it may be a word as well" * 3) is None
    items = read(PLAIN.replace(b"1 MAIN ST", b"ISA*1 MAIN").replace(b"ACME PLANT", b"ISA ROAD"))
    assert len([i for i in items if isinstance(i, InterchangeStart)]) == 1
