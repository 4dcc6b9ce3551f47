"""Damaged files: whatever was done to one, reading ends in documents with findings or in the one typed error."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.json import dump
from ml_connector.errors import NeedsCorrection, SenderMustCorrect
from ml_connector.layouts import WriteContext, read_documents, write_documents
from ml_connector_tests.layouts.made import documents
from ml_connector_tests.layouts.test_round_trip import LAYOUTS
from ml_connector_tests.support.examples import some

#: Pieces that mean something to one format or another.
PIECES = [b",", b'"', b"\r\n", b"\n", b"\x00", b"|", b"<", b">", b"</", b"&", b"&amp;", b"<!--", b"]]>", b"<![CDATA["]
PIECES += [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"null",
    b"\\u0000",
    b"\\ud800",
    b"H|",
    b"L",
    b"T|",
    b"=",
    b"-",
    b"1e9",
    b"\xff",
]
PIECES += [
    "\ufeff".encode(),
    "漢".encode(),
    b"<?xml version='1.0'?>",
    b"<!DOCTYPE x>",
    b"\x1a",
    b"'",
    b"~",
    b"\t",
    b";",
]
#: One of each format and dialect that has rules of its own.
SOME = ("truecommerce_855_csv", "truecommerce_850_fixed", "truecommerce_810_parent_child", "truecommerce_810_fixed")
SOME += ("truecommerce_856_json", "truecommerce_856_xml", "attributes", "picked objects", "semicolons and commas")
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with some pieces put in, taken out, doubled or exchanged."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 1, 3, 10, 50]))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.just(b""), st.just(data[at : at + length])))
        data = data[:at] + piece + data[at + length :]
    return data


@pytest.mark.parametrize("name", SOME)
@settings(max_examples=some(30), deadline=None, suppress_health_check=QUIET)
@given(data=st.data())
def test_damage_ends_in_findings_or_in_the_typed_error(name: str, data: st.DataObject) -> None:
    layout = LAYOUTS[name]
    whole = write_documents(data.draw(documents(layout, 2)), layout, WriteContext(partner="A", currency="EUR"))
    bad = data.draw(damaged(whole))
    try:
        read = list(read_documents(bad, layout, currency="EUR"))
    except SenderMustCorrect as error:
        refused = error.message
        read = []
    if not read:
        assert 0 < len(refused) < 6_000
        assert refused.isprintable()
    for one in read:
        assert one.accepted == (one.document is not None and not any(f.is_error for f in one.findings))
        assert all(f.message.isprintable() for f in one.findings)
        if one.document is not None:
            dump(one.document)


@pytest.mark.parametrize("name", SOME)
@settings(max_examples=some(15), deadline=None, suppress_health_check=QUIET)
@given(data=st.binary(max_size=300))
def test_rubbish_ends_in_findings_or_in_the_typed_error(name: str, data: bytes) -> None:
    try:
        read = list(read_documents(data, LAYOUTS[name], currency="EUR"))
    except SenderMustCorrect:
        return
    assert read


@pytest.mark.parametrize("name", SOME)
@settings(max_examples=some(15), deadline=None, suppress_health_check=QUIET)
@given(data=st.data())
def test_what_a_damaged_file_was_read_as_can_be_written_or_is_refused_in_words(name: str, data: st.DataObject) -> None:
    layout = LAYOUTS[name]
    context = WriteContext(partner="A", currency="EUR")
    whole = write_documents(data.draw(documents(layout, 1)), layout, context)
    try:
        read = list(read_documents(data.draw(damaged(whole)), layout, currency="EUR"))
    except SenderMustCorrect:
        return
    for one in read:
        if one.document is None or not one.accepted:
            continue
        try:
            again = write_documents([one.document], layout, context)
        except NeedsCorrection:
            continue
        [back] = read_documents(again, layout, currency="EUR")
        assert back.accepted
