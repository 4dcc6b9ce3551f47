"""Files that were edited, wrapped, forwarded, re-encoded or cut: what can be read is read, and what is odd is told."""

import pytest

from ml_connector_tests.edi.odd import Style, spell
from ml_connector_tests.edi.samples import ends, read, sets, strays
from ml_connector_tests.edi.test_odd_files import clean

KINDS = ("850", "810", "856")
DOCUMENTS = clean(KINDS)
PLAIN = spell(Style(), KINDS)
LINES = spell(Style(suffixes=("\n",)), KINDS)
ISA_END = LINES.index(b"~") + 1


def padded(data: bytes) -> bytes:
    """Blanks around every element but the ISA's."""
    return data[:106] + data[106:].replace(b"*", b" * ")


def set_codes(data: bytes) -> set[str]:
    return {f.code for s in sets(read(data)) for f in s.findings}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(
            LINES[:ISA_END] + LINES[ISA_END:].replace(b"~\n", b"\n"),
            {"missing_terminator"},
            id="all others lost",
        ),
        pytest.param(LINES[: ISA_END - 1] + LINES[ISA_END:], set(), id="only the ISA's terminator lost"),
        pytest.param(LINES.replace(b"WIDGET~\n", b"WIDGET\n", 1), {"missing_terminator"}, id="lost in a PID"),
        pytest.param(LINES.replace(b"SE*18*0001~\n", b"SE*18*0001\n"), set(), id="lost in an SE"),
        pytest.param(LINES.replace(b"*004010~\n", b"*004010\n", 1), set(), id="lost in a GS"),
        pytest.param(LINES.replace(b"PID*F", b"# a remark\nPID*F", 1), {"stray_text"}, id="a remark between segments"),
        pytest.param(LINES.replace(b"~\n", b"~ \r\n", 7), set(), id="line ends of two kinds"),
        pytest.param(LINES.replace(b"~\n", b"~\x0c\n"), set(), id="form feeds"),
        pytest.param(PLAIN.replace(b"~", b"~~"), set(), id="terminators doubled"),
        pytest.param(PLAIN.replace(b"~", b"|~"), set(), id="terminators of two characters"),
        pytest.param(PLAIN.replace(b"~", b"~\xc2\xa0\xc2\xa0"), set(), id="no-break spaces between, UTF-8"),
        pytest.param(PLAIN.replace(b"~", b"~\xa0\xa0"), set(), id="no-break spaces between, Latin-1"),
        pytest.param(PLAIN.replace(b"WIDGET~", b"WIDGET\xc2\xa0~"), set(), id="no-break space behind a value"),
        pytest.param(PLAIN.replace(b"~GS", b"~\xef\xbb\xbfGS"), set(), id="byte-order mark inside"),
        pytest.param(PLAIN.replace(b"~", b"\\n"), set(), id="line ends escaped"),
        pytest.param(PLAIN.replace(b"~", b"~\\r\\n"), set(), id="escaped line ends behind terminators"),
        pytest.param(PLAIN.replace(b"~", b"~<br>\n"), set(), id="from a web page"),
        pytest.param(LINES.replace(b"~\n", b"~\n> "), set(), id="from a reply by mail"),
        pytest.param(LINES.replace(b"~\n", b'~"\n"'), set(), id="quoted lines"),
        pytest.param(padded(PLAIN), {"blanks"}, id="blanks around elements"),
        pytest.param(PLAIN.replace(b"~ST*8", b"~st*8").replace(b"PO1*", b"po1*"), set(), id="small letters"),
        pytest.param(PLAIN.decode().encode("utf-16"), set(), id="UTF-16"),
        pytest.param(PLAIN.decode().encode("utf-16-be"), set(), id="UTF-16 without a mark"),
        pytest.param(PLAIN.replace(b"*P*>~", b"*P~"), set(), id="ISA16 left out with its separator"),
        pytest.param(b"0123X" + PLAIN, set(), id="letters stuck to the ISA"),
        pytest.param(b"x" * 70_000 + b"\n" + PLAIN, set(), id="long text before"),
        pytest.param(b"".join((p + b"~").ljust(80) for p in PLAIN.split(b"~") if p), set(), id="records of 80"),
        pytest.param(PLAIN.replace(b"*100*EA", b"* 100*EA"), {"blanks"}, id="blanks before a number"),
        pytest.param(PLAIN.replace(b"*EA*", b"* EA *"), {"blanks"}, id="blanks around a code"),
        pytest.param(PLAIN.replace(b"*100*EA", b"*+100*EA"), {"6"}, id="plus"),
        pytest.param(PLAIN.replace(b"*100*EA", b"*1E2*EA"), {"6"}, id="exponent"),
        pytest.param(PLAIN.replace(b"*100*EA", b"*0000100.00*EA"), set(), id="zeros"),
        pytest.param(PLAIN.replace(b"**20261121~", b"**2026-11-21~"), {"8"}, id="hyphens in a date"),
        pytest.param(PLAIN.replace(b"*004010~", b"*4010~"), set(), id="version of four digits"),
        pytest.param(PLAIN.replace(b"*0003~", b"*3~"), {"7"}, id="short control number"),
        pytest.param(PLAIN.replace(b"000000077", b"77"), set(), id="short interchange number"),
        pytest.param(PLAIN.replace(b"*261121*0215*U", b"*20261121*021500*U"), set(), id="long date and time"),
    ],
)
def test_the_documents_are_read_and_accepted(data: bytes, told: set[str]) -> None:
    items = read(data)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert all(s.accepted for s in sets(items)), [f.message for s in sets(items) for f in s.findings]
    assert all(end.complete for end in ends(items))
    assert set_codes(data) == told


@pytest.mark.parametrize("behind", [b"<br>\n", b"\r\n> ", b"\\n", b'"\r\n"', b"\xe2\x80\xa6\n"])
def test_what_stands_behind_every_terminator_is_no_stray_text(behind: bytes) -> None:
    assert strays(read(PLAIN.replace(b"~", b"~" + behind).removesuffix(behind))) == []


def test_a_file_whose_isa_was_cut_off_is_read_and_told() -> None:
    for data in (PLAIN[PLAIN.index(b"GS*") :], LINES[LINES.index(b"GS*") :]):
        items = read(data)
        assert [s.document for s in sets(items)] == DOCUMENTS
        assert [f.code for f in ends(items)[0].findings][:1] == ["022"]
    start = PLAIN.index(b"ST*")
    items = read(PLAIN[start : PLAIN.index(b"GE*")])
    assert [s.document for s in sets(items)] == DOCUMENTS[:1]


def test_a_blank_can_be_a_separator_where_the_data_has_none() -> None:
    for style in (Style(element=" "), Style(terminator=" ")):
        assert [s.document for s in sets(read(spell(style, ("997",))))] == clean(("997",))


def test_the_word_isa_in_a_text_before_is_no_interchange() -> None:
    for text in (b"ISA*is the first*segment\n", b"%PDF ISA*", b"ISA ISA ISA\n"):
        items = read(text + PLAIN)
        assert [s.document for s in sets(items)] == DOCUMENTS
        assert len(strays(items)) == 1


def test_a_damaged_terminator_does_not_take_the_next_interchange_along() -> None:
    """Found by the fuzzer: an ISB behind an ISA whose terminator comes nowhere else went on to the end of the file."""
    lost = spell(Style(services=True, control=1), ("850",)).replace(b"*P*>~ISB", b"*P*>\xffISB")
    items = read(lost + b"\r\n" + PLAIN)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert [end.complete for end in ends(items)] == [False, True]


BY_LINE = spell(Style(terminator="\n"), KINDS)


@pytest.mark.parametrize("some", [b"PO1*", b"ST*", b"SE*", b"GS*", b"GE*", b"IEA*", b"N1*", b"TDS*"])
def test_some_lines_end_in_a_tilde_where_the_line_end_ends_segments(some: bytes) -> None:
    lines = [line + b"~" if line.startswith(some) else line for line in BY_LINE.split(b"\n")]
    items = read(b"\n".join(lines))
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert all(s.accepted for s in sets(items))
    assert all(end.complete and not end.findings for end in ends(items))


def test_segments_that_end_in_a_tilde_where_another_terminator_ends_the_others() -> None:
    data = spell(Style(terminator="$", suffixes=("\n",)), KINDS).replace(
        b"N3*1 MAIN ST*SUITE 4$", b"N3*1 MAIN ST*SUITE 4~"
    )
    items = read(data)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert {f.code for s in sets(items) for f in s.findings} == {"missing_terminator"}
