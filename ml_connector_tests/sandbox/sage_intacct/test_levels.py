"""Errors at each level, as the sheet spells them (sage-intacct 3, 4); what rejects a whole request (2)."""

import pytest
from lxml import etree

from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, bill, errors, item, parsed, transaction

LOOK = "<query><object>VENDOR</object><select><field>RECORDNO</field></select></query>"


def control_errors(intacct: IntacctBench, body: str | bytes) -> list[tuple[str, str]]:
    """Of a request that stops at the control level, with HTTP 200."""
    answer = intacct.post(body)
    assert answer.status_code == 200
    root = parsed(answer)
    assert root.findtext("control/status") == "failure"
    assert root.find("operation") is None
    return errors(root)


def test_the_sender_is_refused_at_the_control_level(intacct: IntacctBench) -> None:
    body = intacct.document(LOOK).replace(intacct.login["sender_password"], "Wrong")
    assert control_errors(intacct, body) == [("XL03000006", "Incorrect Intacct XML Partner ID or password.")]
    policy = intacct.document(LOOK).replace(
        "<dtdversion>3.0</dtdversion>", "<dtdversion>3.0</dtdversion><policyid>test</policyid>"
    )
    assert control_errors(intacct, policy) == [("XL03000006", "test is not a valid transport policy.")]


@pytest.mark.parametrize(
    ("spoil", "number"),
    [
        (lambda text: text.replace("<object>VENDOR", "<object>VENDOR & SON"), 68),
        (lambda text: text.replace("<object>VENDOR", "<object>VENDOR&nbsp;"), 26),
        (lambda text: text.replace("<object>VENDOR", "<object>VENDOR\x01"), 9),
        (lambda text: text.replace("<object>VENDOR", "<object>VENDOR&#1;"), 8),
        (lambda text: text.replace("</object>", "</objekt>"), 76),
        (lambda text: text.replace("<userid>", "<password>x</password><userid>"), 1871),
        (lambda text: text.replace("<controlid>", "<dtdversion>3.0</dtdversion><controlid>"), 1871),
        (lambda text: text.replace("<query>", "<create_nothing/><query>"), 1871),
        (lambda text: text.replace("<query>", "<nothing/>").replace(LOOK[7:], ""), 1871),
        (lambda text: text.replace(' controlid="f-', ' id="f-'), 1824),
        (lambda text: text.replace("<uniqueid>false", "<uniqueid>maybe"), 1824),
        (lambda text: text.replace("<dtdversion>3.0", "<dtdversion>9.9"), 1824),
    ],
)  # fmt: skip
def test_what_the_schema_does_not_take_rejects_the_whole_request_with_the_parsers_number(
    intacct: IntacctBench, spoil: object, number: int
) -> None:
    found = control_errors(intacct, spoil(intacct.document(LOOK)))  # type: ignore[operator]
    assert {one for one, _ in found} == {"XL03000003"}
    assert any(f"Fatal Error {number}:" in text for _, text in found), found


def test_a_text_that_is_not_utf_8_is_refused(intacct: IntacctBench) -> None:
    body = intacct.document(LOOK).encode().replace(b"VENDOR", b"VENDOR\xe9")
    assert "Fatal Error" in control_errors(intacct, body)[0][1]


def test_one_function_that_stands_wrong_stops_those_beside_it(intacct: IntacctBench) -> None:
    wrong = transaction("Vendor Invoice", item()).replace("<vendorid>V-17</vendorid>", "")
    number = "BESIDE-1"
    assert control_errors(intacct, intacct.document(bill(number), wrong))[0][0] == "XL03000003"
    assert not [row for row in intacct.state.main.tables["APBILL"] if row.text("RECORDID") == number]


@pytest.mark.parametrize(
    "swap",
    [
        ("<quantity>1</quantity><unit>Each</unit>", "<unit>Each</unit><quantity>1</quantity>"),
        ("<returnto><contactname></contactname></returnto>", ""),
        ("<year>2025</year><month>03</month>", "<month>03</month><year>2025</year>"),
        ("<potransitems>", "<colour>red</colour><potransitems>"),
    ],
)
def test_the_older_functions_have_a_strict_order(intacct: IntacctBench, swap: tuple[str, str]) -> None:
    good = transaction("Vendor Invoice", item())
    assert swap[0] in good
    assert control_errors(intacct, intacct.document(good.replace(*swap, 1)))[0][0] == "XL03000003"


def test_an_empty_request_is_a_gateway_error_with_a_bare_control(intacct: IntacctBench) -> None:
    for body in ("", '<?xml version="1.0"?><wrong/>'):
        root = parsed(intacct.post(body))
        assert [one.tag for one in root.find("control")] == ["status"]
        (error,) = root.iter("error")
        assert error.findtext("errorno") == "GW-0011"
        assert error.find("description2") is None, "errorno and description alone"


@pytest.mark.parametrize(
    "login",
    [
        {"user": "nobody"},
        {"password": "wrong"},
        {"company": "Elsewhere"},
        {"entity": "999"},
        {"company": "AcmeMfg|999"},
    ],
)
def test_a_wrong_log_in_fails_at_the_authentication_level_in_one_text(
    intacct: IntacctBench, login: dict[str, str]
) -> None:
    root = intacct.ask("<getAPISession/>", **login)
    assert root.findtext("control/status") == "success"
    assert root.findtext("operation/authentication/status") == "failure"
    assert root.find("operation/result") is None
    assert errors(root) == [("XL03000006", "Sign-in information is incorrect")]


def test_a_company_must_list_the_sender_and_must_not_have_expired(intacct: IntacctBench) -> None:
    intacct.switch(unauthorized_companies=["AcmeMfg"])
    root = intacct.ask("<getAPISession/>")
    (error,) = root.iter("error")
    assert error.findtext("description") == "Invalid Web Services Authorization"
    assert "is not authorized to make Web Services requests to company ID 'AcmeMfg'." in error.findtext("description2")
    assert error.findtext("correction")
    intacct.switch(unauthorized_companies=[], expired_companies=["AcmeMfg"])
    root = intacct.ask("<getAPISession/>")
    assert root.findtext("control/status") == "failure"
    assert errors(root) == [("PL04000055", "This company is a demo company and has expired.")]


def test_a_dead_session_fails_before_any_function(intacct: IntacctBench) -> None:
    session, url = intacct.session()
    intacct.clock.move(6 * 3600 - 60)
    assert intacct.good(LOOK, session=session, url=url) is not None, "it slides with every call"
    intacct.clock.move(6 * 3600 + 1)
    root = intacct.ask(bill("DEAD-1"), session=session, url=url)
    assert root.find("operation/result") is None
    assert root.findtext("operation/authentication/userid") == ""
    ((number, text),) = errors(root)
    assert (number, text.startswith("Invalid session ")) == ("XL03000006", True)
    intacct.switch(dead_session="401")
    answer = intacct.post(intacct.document(LOOK, session=session))
    assert (answer.status_code, errors(parsed(answer))[0][0]) == (401, "XMLGW_JPP0002")


def test_a_session_has_its_endpoint_entity_and_end(intacct: IntacctBench) -> None:
    root = intacct.ask("<getAPISession/>", entity="100")
    api = root.find("operation/result/data/api")
    assert api.findtext("locationid") == "100"
    session, url = api.findtext("sessionid"), api.findtext("endpoint")
    assert url != intacct.url
    assert root.findtext("operation/authentication/sessiontimeout").endswith("+00:00")
    stays = intacct.good("<getAPISession/>", session=session, url=url)
    assert stays.findtext("data/api/locationid") == "100"
    top = intacct.good("<getAPISession><locationid></locationid></getAPISession>", session=session, url=url)
    assert top.findtext("data/api/locationid") == ""
    assert intacct.good(LOOK, session=session) is not None, "the general address takes it too"
    intacct.switch(session_elsewhere="refused")
    assert intacct.ask(LOOK, session=session).find("operation/result") is None
    assert intacct.good(LOOK, session=session, url=url) is not None


def test_the_company_id_can_name_the_entity(intacct: IntacctBench) -> None:
    for company in ("AcmeMfg|200", "console|AcmeMfg|200"):
        api = intacct.good("<getAPISession/>", company=company).find("data/api")
        assert api.findtext("locationid") == "200"


def test_get_api_session_stands_alone(intacct: IntacctBench) -> None:
    assert control_errors(intacct, intacct.document("<getAPISession/>", LOOK))[0][0] == "XL03000003"


def test_only_post_is_taken_and_only_at_the_gateway(intacct: IntacctBench) -> None:
    assert intacct.http.get(intacct.url).status_code == 405
    assert intacct.http.post(intacct.url + "x", content=b"").status_code == 404
    assert intacct.post(b" " * (16 * 1024 * 1024 + 1)).status_code == 413


def test_more_about_an_error_comes_when_it_is_asked_for(intacct: IntacctBench) -> None:
    more = "<showadditionalerrorinfo>true</showadditionalerrorinfo>"
    result = intacct.call(bill("MORE-1", vendor="NOBODY"), extra=more)
    info = result.find("errormessage/error/additionalinfo")
    assert info.findtext("errorid").startswith("BL-")
    assert info.find("correction/placeholders/placeholder") is not None
    assert intacct.call(bill("MORE-1", vendor="NOBODY")).find(".//additionalinfo") is None


def test_texts_end_with_a_support_id_that_can_be_switched_off(intacct: IntacctBench) -> None:
    assert "Invalid Vendor 'NOBODY' specified. [Support ID: " in intacct.bad(bill("S-1", vendor="NOBODY"))[0][1]
    intacct.switch(support_ids=False)
    assert intacct.bad(bill("S-1", vendor="NOBODY"))[0] == ("BL01001973", "Invalid Vendor 'NOBODY' specified.")


def test_the_general_line_is_the_last_in_its_newer_or_older_words(intacct: IntacctBench) -> None:
    intacct.switch(support_ids=False)
    assert intacct.bad(bill("G-1", vendor="NOBODY"))[-1][1] == "Currently, we can't create the transaction 'G-1'."
    intacct.switch(general_line="old")
    assert intacct.bad(bill("G-1", vendor="NOBODY"))[-1] == ("BL01001973", "Could not create apbill record!")


def test_what_the_user_may_not_do(intacct: IntacctBench) -> None:
    intacct.switch(support_ids=False, forbidden=["VENDOR", "AUDITHISTORY"])
    text = "You do not have permission for API operation READ_BY_QUERY on objects of type VENDOR"
    by_query = "<readByQuery><object>VENDOR</object><fields>*</fields><query></query></readByQuery>"
    assert intacct.bad(by_query) == [("PL04000005", text)]
    audit = "<query><object>AUDITHISTORY</object><select><field>ID</field></select></query>"
    assert intacct.bad(audit)[0][0] == ""
    assert intacct.good("<lookup><object>VENDOR</object></lookup>").find("data/Type") is not None
    assert intacct.bad("<read><object>BADOBJECT</object><keys>1</keys></read>")[0] == (
        "Query Failed", "Object definition BADOBJECT not found",
    )  # fmt: skip


def test_whitespace_is_the_requests_choice(intacct: IntacctBench) -> None:
    body = intacct.document(LOOK)
    assert b"\n  <" not in intacct.post(body).content
    spaced = body.replace("<includewhitespace>false</includewhitespace>", "")
    root = etree.fromstring(intacct.post(spaced).content)
    assert b"\n  <" in intacct.post(spaced).content
    assert root.findtext("operation/result/status") == "success"
