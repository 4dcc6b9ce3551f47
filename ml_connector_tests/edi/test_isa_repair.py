"""An ISA or GS with an element too few or too many does not take its documents along."""

import pytest

from ml_connector_tests.edi.odd import Style, spell
from ml_connector_tests.edi.samples import ends, group_ends, group_starts, read, sets, starts
from ml_connector_tests.edi.test_odd_files import clean

KINDS = ("850", "810")
DOCUMENTS = clean(KINDS)
STYLES = [Style(), Style(suffixes=("\n",)), Style(header="trimmed"), Style(terminator="\n"), Style(element="|")]


def with_isa(style: Style, change: object) -> bytes:
    data = spell(style, KINDS)
    mark = style.element.encode()
    end = data.index(b"GS" + mark)
    behind = data[:end].rindex(mark) + 1
    elements = data[:behind].rstrip(mark).split(mark)
    change(elements)  # type: ignore[operator]
    return mark.join([*elements, b""]) + data[behind:]


@pytest.mark.parametrize("style", STYLES, ids=range(len(STYLES)))
@pytest.mark.parametrize("left_out", [1, 2, 3, 4, 11, 12, 14, 15])
def test_an_isa_element_left_out(style: Style, left_out: int) -> None:
    items = read(with_isa(style, lambda elements: elements.pop(left_out)))
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert all(s.accepted for s in sets(items))
    start = starts(items)[0]
    assert (start.sender_id, start.receiver_id, start.control_number) == ("SELLER", "BUYER", "000000077")
    assert [(f.code, f.segment_id) for f in ends(items)[0].findings] == [("022", "ISA")]
    assert "15 elements" in ends(items)[0].findings[0].message


@pytest.mark.parametrize("style", STYLES, ids=range(len(STYLES)))
@pytest.mark.parametrize("place", [11, 13, 14, 15, 16])
def test_an_empty_isa_element_too_many(style: Style, place: int) -> None:
    items = read(with_isa(style, lambda elements: elements.insert(place, b"")))
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert starts(items)[0].usage == "P"
    assert [f.code for f in ends(items)[0].findings] == ["022"]


def test_three_elements_left_out_and_a_word_between_component_separator_and_terminator() -> None:
    data = spell(Style(suffixes=("\n",)), KINDS).replace(b"*U*00401*", b"*").replace(b"*0*P*>~", b"*P* :?~", 1)
    items = read(data)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert (starts(items)[0].separators.component, starts(items)[0].separators.segment) == (":", "~")


@pytest.mark.parametrize("left_out", [b"*20261121", b"*0215", b"*78"])
def test_a_gs_element_left_out(left_out: bytes) -> None:
    data = spell(Style(), ("850",))
    start = data.index(b"~GS*") + 1
    header = data[start : data.index(b"~", start)]
    assert header.count(left_out) == 1
    items = read(data.replace(header, header.replace(left_out, b"")))
    group = group_starts(items)[0]
    assert (group.sender, group.receiver, group.version) == ("SELLER", "BUYER", "004010")
    assert [s.document for s in sets(items)] == clean(("850",))
    told = {(f.segment_id, f.element) for f in group_ends(items)[0].findings}
    assert told >= {("GS", {b"*20261121": 4, b"*0215": 5, b"*78": 6}[left_out])}


@pytest.mark.parametrize("indent", ["", "    ", "\t"])
def test_one_character_for_elements_and_components_is_no_element_too_many(indent: str) -> None:
    data = spell(Style(terminator="\n"), KINDS).replace(b">\n", b"*\n").replace(b"\n", b"\n" + indent.encode())
    items = read(data)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert [f.code for f in ends(items)[0].findings] == ["027"]


@pytest.mark.parametrize("style", STYLES, ids=range(len(STYLES)))
def test_version_and_repetition_separator_without_the_mark_between_them(style: Style) -> None:
    def together(elements: list[bytes]) -> None:
        elements[11:13] = [b"!" + elements[12]]

    items = read(with_isa(style, together))
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert (starts(items)[0].version, starts(items)[0].control_number) == ("00401", "000000077")
    assert [f.code for f in ends(items)[0].findings] == ["022"]


@pytest.mark.parametrize("left", [b"ISA*00*~", b"ISA*00*          *00*          *ZZ*SELLER*>~", b"ISA*SELLER*BUYER~\n"])
def test_an_isa_that_was_cut_short(left: bytes) -> None:
    data = spell(Style(), KINDS)
    items = read(left + data[data.index(b"GS*") :])
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert all(s.accepted for s in sets(items))
    assert [f.code for f in ends(items)[0].findings] == ["022"]
    assert starts(items)[0].separators.component == ">"


def test_a_text_that_says_isa_before_the_real_one_is_no_isa_cut_short() -> None:
    data = spell(Style(), KINDS)
    items = read(b"Our ISA*GS*PO*~ as agreed: " + data)
    assert [s.document for s in sets(items)] == DOCUMENTS
    assert starts(items)[0].sender_id == "SELLER"
