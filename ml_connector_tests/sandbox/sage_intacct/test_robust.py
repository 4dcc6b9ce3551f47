"""Nothing that is sent brings the gateway down: bounded, without entities, always answered (sage-intacct 2, 9)."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ml_connector.sandbox.sage_intacct.functions.filters import like
from ml_connector.sandbox.sage_intacct.wire.errors import Refused
from ml_connector.sandbox.sage_intacct.wire.orders import check_order
from ml_connector.sandbox.sage_intacct.wire.values import Formats
from ml_connector.sandbox.sage_intacct.wire.xml import escaped, node, parse, render
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, errors, item, parsed, transaction
from ml_connector_tests.support.examples import some

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE request [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><request><control><senderid>&c;</senderid></control></request>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE request [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    "<request><control><senderid>&x;</senderid></control></request>"
)
INTO_ATTRIBUTE = '<?xml version="1.0"?><!DOCTYPE request [<!ENTITY x "harm">]><request a="&x;"><control/></request>'


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, INTO_ATTRIBUTE, "<!DOCTYPE request><request/>"])
def test_a_document_type_is_refused_and_no_entity_grows(intacct: IntacctBench, body: str) -> None:
    answer = intacct.post(body)
    root = parsed(answer)
    assert {number for number, _ in errors(root)} == {"XL03000003"}
    assert len(answer.content) < 4000
    assert b"harm" not in answer.content


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x01\x02", b"<", b"<request", b"<request></request>", b"<request>" * 5000, b"\xff\xfe<\x00r\x00",
        "<?xml version='1.0' encoding='UTF-16'?><request/>".encode("utf-16"), b"null", b"{}",
        b"<request>" + b"<operation/>" * 300_000 + b"</request>", b"<a>" * 300 + b"</a>" * 300,
    ],
)  # fmt: skip
def test_rubbish_is_answered_at_the_control_level(intacct: IntacctBench, body: bytes) -> None:
    answer = intacct.post(body)
    assert answer.status_code == 200
    assert parsed(answer).findtext("control/status") == "failure"


@pytest.mark.parametrize(
    "call",
    [
        "<query/>", "<query><object/></query>", "<readByQuery/>", "<read/>", "<readMore/>", "<create/>", "<update/>",
        "<delete/>", "<lookup/>", "<approve/>", "<readUserFormatting/>", '<get object="supdoc"/>',
        '<get_list object="x"/>', "<create><APBILL/></create>", "<create><APPYMT/></create>",
        "<create><GLBATCH/></create>", "<create><VENDOR>text</VENDOR></create>",
        "<create>" + "<VENDOR/>" * 101 + "</create>",
        "<create>" + "<VENDOR>" * 240 + "x" + "</VENDOR>" * 240 + "</create>",
        "<update><APBILL><RECORDNO>9e9</RECORDNO></APBILL></update>",
        "<query><object>VENDOR</object><select><sum>NAME</sum></select></query>",
        "<query><object>VENDOR</object><select><max>ONHOLD</max></select></query>",
        "<query><object>APBILL</object><select><field>VENDOR.VENDOR.NAME</field></select></query>",
        "<query><object>VENDOR</object><select><field>NAME</field></select><pagesize>-1</pagesize></query>",
        "<query><object>VENDOR</object><select><field>NAME</field></select><filter>" + "<and>" * 60 + "</and>" * 60
        + "</filter></query>",
        "<readByQuery><object>VENDOR</object><query>" + "(" * 500 + "</query></readByQuery>",
        "<readByQuery><object>VENDOR</object><query>" + "NAME = 'x' OR " * 3000 + "NAME = 'y'</query></readByQuery>",
        "<read><object>VENDOR</object><keys>" + "1," * 1500 + "</keys></read>",
        '<reverse_bill key="1e9"><datereversed><year>0</year><month>0</month><day>0</day></datereversed>'
        "</reverse_bill>",
        '<delete_potransaction key="' + "x" * 5000 + '"/>',
    ],
)  # fmt: skip
def test_a_call_that_makes_no_sense_fails_or_answers_but_never_crashes(intacct: IntacctBench, call: str) -> None:
    answer = intacct.post(intacct.document(call))
    assert answer.status_code == 200
    result = parsed(answer).find("operation/result")
    assert result is not None
    assert result.findtext("status") in {"success", "failure"}


@given(st.text(max_size=60))
@settings(max_examples=some(60))
def test_any_text_of_a_reply_is_xml_that_holds_it_without_what_xml_forbids(text: str) -> None:
    root = etree.fromstring(render(node("response", node("a", text), b=text)))
    allowed = (char for char in text if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff"))
    assert root.findtext("a") == "".join(allowed).replace("\r\n", "\n").replace("\r", "\n")
    assert escaped("\x00\x01\ufffe") == ""


@given(st.binary(max_size=200))
@settings(max_examples=some(80))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    try:
        root = parse(body)
    except Refused:
        return
    assert root.tag


_NAMES = st.sampled_from(
    ["itemid", "quantity", "unit", "price", "sourcelinekey", "locationid", "memo", "returnto", "x"]
)


@given(st.lists(_NAMES, max_size=8))
@settings(max_examples=some(100))
def test_the_order_of_a_line_is_taken_exactly_when_it_is_a_subsequence_with_what_is_needed(names: list[str]) -> None:
    line = node("potransitem", *(node(name) for name in names))
    order = ["itemid", "quantity", "unit", "price", "sourcelinekey", "locationid", "memo"]
    places = [order.index(name) if name in order else -1 for name in names]
    good = -1 not in places and places == sorted(set(places)) and {"itemid", "quantity"} <= set(names)
    try:
        check_order(line)
    except Refused:
        assert not good
    else:
        assert good


@given(st.dates(), st.sampled_from(["/mdY", "/dmY", ".dmY", "-Ymd"]))
@settings(max_examples=some(60))
def test_a_day_is_read_back_in_every_format(day: Any, form: str) -> None:
    if day.year >= 1000:
        assert Formats(form).day(Formats(form).show(day)) == day


@given(
    st.datetimes(min_value=datetime(1990, 1, 1)),  # noqa: DTZ001 - the zone is set below
    st.sampled_from(["-05:00", "+09:30", "+00:00"]),
    st.sampled_from(["12", "24"]),
)
@settings(max_examples=some(60))
def test_a_moment_is_read_back_in_every_offset(moment: Any, offset: str, clock: str) -> None:
    formats = Formats("/mdY", clock, offset)
    exact = moment.replace(microsecond=0, tzinfo=UTC)
    assert formats.moment(formats.show(exact)) == exact


@given(st.text(alphabet="ab%_", max_size=12), st.text(alphabet="ab", max_size=12))
@settings(max_examples=some(150))
def test_like_finds_what_a_plain_pattern_finds(pattern: str, text: str) -> None:
    plain = pattern.replace("%", ".*").replace("_", ".")
    assert like(pattern)(text) is bool(re.fullmatch(plain, text))


def test_like_takes_long_texts_and_patterns_in_their_length() -> None:
    assert not like("%a" * 2000 + "b%")("a" * 100_000)
    assert like("%A_%", fold=True)("xxab")


def test_long_texts_and_many_lines_are_taken(intacct: IntacctBench) -> None:
    many = transaction("PO Receiver", item() * 500)
    assert intacct.good(many).findtext("key")
    assert intacct.good(bill("L-1", DESCRIPTION="x" * 100_000)) is not None
