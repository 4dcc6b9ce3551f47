"""One call to the gateway: what is sent, and what each kind of reply comes to."""

from typing import Any
from xml.sax.saxutils import escape

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.wire import reply, xml
from ml_connector.systems.sage_intacct.wire.client import AlreadyRecorded
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, all_of, any_of, chunks, equals, one_of
from ml_connector_tests.systems.sage_intacct.gateway import PASSWORD, Wire, bad, error, good, refused, response

CALL = xml.built("create", [("APBILL", [("VENDORID", "V-1")])])
MADE = '<data listtype="objects" count="1"><apbill><RECORDNO>118</RECORDNO></apbill></data>'
DEAD = refused("authentication", error("XL03000006", "Invalid session abc.."))


def do(wire: Wire, control_id: str = "k") -> Any:
    return wire.gateway.do(CALL, "create APBILL", control_id)


def ask(wire: Wire) -> Any:
    return wire.gateway.ask(CALL, "query APBILL")


# ---------------------------------------------------------------- what is sent


def test_a_request_has_its_parts_in_the_order_of_the_schema() -> None:
    wire = Wire(good(MADE, "k", "create"))
    assert do(wire).made() == "118"
    (root,) = wire.sent
    assert [one.tag for one in root] == ["control", "operation"]
    control = [(one.tag, one.text) for one in root[0]]
    assert control == [
        ("senderid", "snd"),
        ("password", PASSWORD),
        ("controlid", "k"),
        ("uniqueid", "true"),
        ("dtdversion", "3.0"),
        ("includewhitespace", "false"),
    ]
    assert root.findtext("operation/authentication/sessionid") == "session-0-of-many"
    assert root.find("operation/content/function").get("controlid") == "k"
    assert root.find("operation").get("transaction") == "false"


def test_a_read_asks_for_no_uniqueness() -> None:
    wire = Wire(good('<data count="0"/>'))
    ask(wire)
    assert wire.sent[0].findtext("control/uniqueid") == "false"


FORBIDDEN = "\x00\x01\x0b\x1f\x7f\x9f\ufffe\ud800"


@given(st.text(st.characters(), max_size=60))
def test_whatever_text_is_sent_can_be_read_as_xml_again(text: str) -> None:
    built = xml.document_of(xml.built("a", [("b", text)]))
    read = xml.words(xml.parsed(built), "b")
    assert read == xml.stripped(text).strip()
    assert not set(FORBIDDEN) & set(read)


def test_what_xml_forbids_is_left_out_and_told() -> None:
    assert xml.stripped("A\x0bB & <C>\x00") == "AB & <C>"
    assert xml.told_of({"description": "A\x0bB\x00", "number": "fine"}) == [
        "description: left out U+000B, U+0000, which XML cannot hold"
    ]
    assert xml.stripped("two\r\nlines\tand more") == "two lines and more"


def test_values_of_an_older_function_go_into_its_schemas_order() -> None:
    element = functions.purchase(
        {"vendorid": "V", "transactiontype": "Vendor Invoice", "message": "m", "createdfrom": "PO-1", "state": None},
        [{"price": "1", "quantity": "2", "itemid": "I", "sourcelinekey": "7", "locationid": "100"}],
    )
    assert [one.tag for one in element] == [
        *("transactiontype", "createdfrom", "vendorid", "message", "returnto", "payto", "potransitems")
    ]
    assert [one.tag for one in element[-1][0]] == ["itemid", "quantity", "price", "sourcelinekey", "locationid"]


def test_an_element_that_a_function_does_not_have_is_a_defect_of_ours() -> None:
    with pytest.raises(WeAreWrong, match="nonsense"):
        functions.purchase({"nonsense": "1"}, [])


def test_conditions_have_at_least_two_parts_where_they_join_any() -> None:
    assert all_of([None, equals("A", "1")]) == equals("A", "1")
    assert any_of([]) is None
    where = all_of([equals("A", "1"), any_of([equals("B", "2"), one_of("C", ["3", "4"])])])
    assert where is not None
    text = etree.tostring(where.element(), encoding="unicode")
    assert text == (
        "<and><equalto><field>A</field><value>1</value></equalto><or><equalto><field>B</field><value>2</value>"
        "</equalto><in><field>C</field><value>3</value><value>4</value></in></or></and>"
    )


@given(st.lists(st.text(min_size=0, max_size=4), max_size=30), st.integers(1, 7))
def test_values_are_asked_for_once_each_in_groups(values: list[str], most: int) -> None:
    groups = list(chunks(values, most))
    assert [one for group in groups for one in group] == [one for one in dict.fromkeys(values) if one]
    assert all(0 < len(group) <= most for group in groups)


# ---------------------------------------------------------------- what comes back


def test_a_dead_session_is_renewed_and_this_request_alone_is_made_again() -> None:
    wire = Wire(DEAD, good(MADE, "k", "create"))
    assert do(wire).made() == "118"
    assert [one.findtext("operation/authentication/sessionid") for one in wire.sent] == [
        "session-0-of-many",
        "session-1-of-many",
    ]
    first, second = (etree.tostring(one.find("operation/content")) for one in wire.sent)
    assert first == second


def test_a_session_that_the_gateway_rejects_with_401_is_renewed_too() -> None:
    body = refused("control", error("XMLGW_JPP0002", "Sign-in information is incorrect"))
    wire = Wire(httpx.Response(401, content=body.encode()), good(MADE, "k", "create"))
    assert do(wire).made() == "118"
    assert wire.sessions.made == 1


def test_sessions_that_end_at_once_are_not_asked_for_for_ever() -> None:
    wire = Wire(DEAD)
    with pytest.raises(TryAgain, match="ends each session at once"):
        do(wire)
    assert len(wire.sent) == 3


@pytest.mark.parametrize("status", ["failure", "aborted", ""])
def test_whatever_is_not_success_is_a_failure(status: str) -> None:
    wire = Wire(bad(error("", "Invalid Vendor 'V-1' specified."), "k", status))
    with pytest.raises(RefusedBySystem, match="Invalid Vendor 'V-1' specified"):
        do(wire)


def test_a_call_that_was_done_before_says_so() -> None:
    text = "A successful transaction has already been recorded with the control id k"
    with pytest.raises(AlreadyRecorded):
        do(Wire(bad(error("BL01001973", text), "k")))


def test_a_first_try_that_is_still_running_is_waited_for() -> None:
    with pytest.raises(OutcomeUnknown, match="Concurrent request in process"):
        do(Wire(bad(error("BL01001973", "Concurrent request in process"), "k")))


def test_a_rolled_back_call_is_sent_again_under_the_same_number() -> None:
    rolled_back = error("XL03000009", "The entire transaction in this operation has been rolled back due to an error.")
    wire = Wire(bad(rolled_back, "k", "aborted"), good(MADE, "k", "create"))
    assert do(wire).made() == "118"
    assert wire.bodies[0] == wire.bodies[1]


MALFORMED = [
    b"",
    b"<html><body>Sorry</body></html>",
    b"<response><control><status>success</status></control>",
    b"<response/>",
    b"<response><control><status>success</status></control></response>",
    b"<something/>",
    b"{}",
    b"\xff\xfe<\x00",
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><response>&a;</response>',
    b"<response><control><status>&nbsp;</status></control></response>",
    ('<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
     + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
     + "]><response><control><status>&l9;</status></control></response>").encode(),
    b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><response><control><status>&x;</status></control></response>',
    b"<response>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</response>",
    response("").encode(),
    response("<result><status>success</status></result>", "k").encode(),
    good(MADE, "another").encode(),
    response(
        "<result><status>success</status><controlid>k</controlid></result>"
        "<result><status>success</status><controlid>k2</controlid></result>",
        "k",
    ).encode(),
    response("<result><status>success</status><controlid>k</controlid></result>", "k", outer="other").encode(),
    response("<result><status>success</status><controlid>k</controlid></result>", "k", company="rival").encode(),
    b"<response>" + b"x" * 1_100_000 + b"</response>",
]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED, ids=lambda one: repr(one[:40]))
def test_of_a_write_whose_reply_cannot_be_used_nobody_knows(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        do(Wire(body))
    assert raised.value.remedy
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("body", MALFORMED, ids=lambda one: repr(one[:40]))
def test_a_read_whose_reply_cannot_be_used_is_made_again_and_then_told(body: bytes) -> None:
    wire = Wire(body)
    with pytest.raises(TryAgain):
        ask(wire)
    assert len(wire.sent) > 1


@pytest.mark.parametrize("status", [500, 502, 524, 503, 408, 302])
def test_a_page_of_a_proxy_leaves_a_write_open(status: int) -> None:
    wire = Wire(httpx.Response(status, content=b"<html>Sorry</html>", headers={"content-type": "text/html"}))
    with pytest.raises(OutcomeUnknown, match="HTML page"):
        do(wire)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_a_proxy_does_not_let_through_was_not_done(status: int) -> None:
    wire = Wire(httpx.Response(status, content=b"<html>No</html>", headers={"content-type": "text/html"}))
    with pytest.raises(TryAgain):
        do(wire)


def test_an_error_of_the_gateway_inside_a_500_is_read() -> None:
    """It ran nothing, whatever the status says."""
    body = refused("control", error("GW-0011", "Invalid Request"))
    wire = Wire(httpx.Response(500, content=body.encode(), headers={"content-type": "text/xml"}))
    with pytest.raises(RefusedBySystem):
        do(wire)


def test_a_write_is_never_sent_again_by_itself_when_its_answer_is_lost() -> None:
    wire = Wire(httpx.ReadError("gone"), good(MADE, "k"))
    with pytest.raises(OutcomeUnknown):
        do(wire)
    assert len(wire.sent) == 1


@pytest.mark.parametrize("level", ["control", "authentication"])
def test_no_secret_that_is_quoted_is_told(level: str) -> None:
    quoted = error("XX", escape(f"you sent {PASSWORD} and session-0-of-many"))
    with pytest.raises(ConnectorError) as raised:
        do(Wire(refused(level, quoted)))
    shown = f"{raised.value} {raised.value.data}"
    assert PASSWORD not in shown
    assert "session-0-of-many" not in shown
    assert "(...)" in shown


# ---------------------------------------------------------------- lists


def rows(*numbers: int, remaining: int = 0) -> str:
    inner = "".join(f"<VENDOR><RECORDNO>{one}</RECORDNO><NAME>N{one}</NAME></VENDOR>" for one in numbers)
    return good(f'<data listtype="VENDOR" count="{len(numbers)}" numremaining="{remaining}">{inner}</data>')


def test_a_list_goes_on_after_the_last_record_number_that_it_has() -> None:
    wire = Wire(rows(3, 5, remaining=2), rows(7, 9))
    found = whole_list(wire.gateway, Query("VENDOR", ("NAME",), equals("STATUS", "active"), page_size=2))
    assert [row["RECORDNO"] for row in found] == ["3", "5", "7", "9"]
    second = wire.sent[1].find("operation/content/function/query")
    above = second.find("filter/and/greaterthan")
    assert (above.findtext("field"), above.findtext("value")) == ("RECORDNO", "5")
    assert [one.text for one in second.findall("select/field")] == ["RECORDNO", "NAME"]
    assert second.findtext("orderby/order/field") == "RECORDNO"


@pytest.mark.parametrize(
    "body",
    [
        rows(remaining=2),
        good('<data listtype="VENDOR" count="3" numremaining="0"><VENDOR><RECORDNO>1</RECORDNO></VENDOR></data>'),
        good("<data/>"),
        good('<data count="-1"/>'),
        good(""),
    ],
)
def test_a_list_that_contradicts_itself_is_not_taken(body: str) -> None:
    with pytest.raises(xml.UnreadableXmlError):
        whole_list(Wire(body).gateway, Query("VENDOR", ("NAME",)))


def test_a_page_that_repeats_itself_does_not_go_on_for_ever() -> None:
    with pytest.raises(xml.UnreadableXmlError, match="does not go on"):
        whole_list(Wire(rows(3, 5, remaining=2)).gateway, Query("VENDOR", ("NAME",)))


def test_nested_fields_have_dotted_names() -> None:
    body = good(
        '<data count="1"><VENDOR><RECORDNO>1</RECORDNO><DISPLAYCONTACT><MAILADDRESS><CITY>Oslo</CITY></MAILADDRESS>'
        "</DISPLAYCONTACT></VENDOR></data>"
    )
    (row,) = reply.read(body.encode()).results[0].rows()
    assert row["DISPLAYCONTACT.MAILADDRESS.CITY"] == "Oslo"
