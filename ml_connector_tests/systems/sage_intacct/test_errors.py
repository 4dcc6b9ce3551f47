"""Every error text of the sheet's section 4 falls into a family, and an accountant is told words, not numbers."""

from xml.sax.saxutils import escape

import pytest

from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.systems.sage_intacct.wire import errors, reply
from ml_connector.systems.sage_intacct.wire.client import answered, readable
from ml_connector.systems.sage_intacct.wire.errors import ErrorLevel, Family, GatewayError, Judged, error_of, judge
from ml_connector.systems.sage_intacct.wire.xml import UnreadableXmlError

ROLL_BACK = GatewayError(
    "XL03000009", description2="The entire transaction in this operation has been rolled back due to an error."
)


def of(level: ErrorLevel, number: str, text: str = "", description: str = "", correction: str = "") -> Judged:
    return judge(level, [GatewayError(number, description, text, correction)])


CONTROL, AUTHENTICATION, FUNCTION, GATEWAY = (
    ErrorLevel.CONTROL,
    ErrorLevel.AUTHENTICATION,
    ErrorLevel.FUNCTION,
    ErrorLevel.GATEWAY,
)
PASSING, PERSON, OURS, RECORDED = Family.PASSING, Family.PERSON, Family.OURS, Family.RECORDED
SENDER_REFUSED = "The sender ID 'snd' is not authorized to make Web Services requests to company ID 'acme'."
#: ErrorLevel, errorno, description2, description, family, what it is: section 4 from its first row to its last.
SECTION_4 = [
    (CONTROL, "XL03000003", "XML Parse schema error: Fatal Error 76: Opening and ending tag", "", OURS, "malformed"),
    (CONTROL, "XL03000006", "Incorrect Intacct XML Partner ID or password.", "", PERSON, "sender"),
    (CONTROL, "XL03000006", "test is not a valid transport policy.", "", OURS, "policy"),
    *(
        (CONTROL, "XL03000003", f"XML Parse schema error: Fatal Error {one}: x", "", OURS, "malformed")
        for one in (9, 8, 68, 26, 81, 1871)
    ),
    (AUTHENTICATION, "XL03000006", "Sign-in information is incorrect", "", PERSON, "sign_in"),
    (
        AUTHENTICATION,
        "XL03000006",
        SENDER_REFUSED,
        "Invalid Web Services Authorization",
        PERSON,
        "sender_not_allowed",
    ),
    (AUTHENTICATION, "XL03000006", "Invalid session AbC..", "", PASSING, "dead_session"),
    (FUNCTION, "XL03000006", "One or more fields cannot be queried: X", "", OURS, "bad_fields"),
    (FUNCTION, "XL03000006", "Whatever else it says of a query", "", OURS, "bad_fields"),
    (FUNCTION, "XL03000009", ROLL_BACK.description2, "", PASSING, "rolled_back"),
    (
        FUNCTION,
        "",
        "A successful transaction has already been recorded with the control id 810-1",
        "",
        RECORDED,
        "recorded",
    ),
    (FUNCTION, "", "Concurrent request in process", "", PASSING, "running"),
    (FUNCTION, "BL01001973", "Currently, we can't create the transaction 'INV-1'.", "", PERSON, "save_failed"),
    (FUNCTION, "BL03002128", "Enter a Bill number, and try again.", "", PERSON, "bill_number"),
    (
        FUNCTION,
        "BL03002101",
        "Remove the extra line item in the request, then reclassify the bill.",
        "",
        OURS,
        "line_without_amount",
    ),
    (
        FUNCTION,
        "BL01001973",
        "Tax details are either missing or don't belong to the tax solution",
        "",
        PERSON,
        "tax_details",
    ),
    (FUNCTION, "", "Invalid Vendor 'X' specified.", "", PERSON, "unknown_value"),
    (FUNCTION, "BL01001973", "Invalid GL Account '9' specified.", "", PERSON, "unknown_value"),
    (
        FUNCTION,
        "",
        "Use of empty Location is invalid. A valid Multi-Entity Location must be specified.",
        "",
        PERSON,
        "location_missing",
    ),
    (CONTROL, "GW-0011", "", "Invalid Request [Request ID: abc]", OURS, "invalid_request"),
    (GATEWAY, "GW-0010", "", "Too many requests [Request ID: abc]", PASSING, "too_many"),
    (GATEWAY, "XMLGW_JPP0002", "Sign-in information is incorrect", "", PASSING, "rejected_session"),
    (CONTROL, "PL04000055", "This company is a demo company and has expired.", "", PERSON, "company_expired"),
    (FUNCTION, "BL01001973", "Could not create apbill record!", "", PERSON, "save_failed"),
    (FUNCTION, "BL01001973", "Could not create GL Account record.", "", PERSON, "save_failed"),
    (FUNCTION, "BL01001973", "Error while saving the Vendor info", "", PERSON, "save_failed"),
    (
        FUNCTION,
        "BL01001973",
        "The account number '6100' already exists [Support ID: EB0%7Ex]",
        "Duplicate account number",
        PERSON,
        "exists",
    ),
    (FUNCTION, "BL34000061", "Another Vendor with the given value(s) V-1  already exists", "", PERSON, "exists"),
    (FUNCTION, "BL03002185", "A customer with this ID is there", "", PERSON, "exists"),
    (FUNCTION, "BL03000018", "Missing unit", "", PERSON, "field_missing"),
    (FUNCTION, "BL03000018", "Illegal format for WHENDUE: '2025-03-01'", "", OURS, "format"),
    (FUNCTION, "PL01000127", "Document Number is missing", "", PERSON, "document_number"),
    (FUNCTION, "DL02000001", "There was an error processing the request.", "", OURS, "bad_query"),
    (
        FUNCTION,
        "PL04000005",
        "You do not have permission for API operation READ_BY_QUERY on objects of type VENDOR",
        "",
        PERSON,
        "permission",
    ),
    (FUNCTION, "", "You do not have permission for API operation QUERY on AUDITHISTORY", "", PERSON, "permission"),
    (FUNCTION, "Query Failed", "Object definition BADOBJECT not found", "", PERSON, "no_such_object"),
    (FUNCTION, "Invalid fields list x,y", "", "", OURS, "bad_fields"),
    (CONTROL, "", "API rate limit exceeded", "", PASSING, "too_many"),
    (CONTROL, "", "The Service is Temporarily Off-line", "", PASSING, "off_line"),
    (GATEWAY, "invalidRequest", "", "", OURS, "invalid_request"),
]


@pytest.mark.parametrize(
    ("level", "number", "text", "description", "family", "what"), SECTION_4, ids=lambda one: str(one)[:40]
)
def test_each_text_of_section_4_has_its_family(
    level: ErrorLevel, number: str, text: str, description: str, family: Family, what: str
) -> None:
    found = of(level, number, text, description)
    assert (found.family, found.meaning.what) == (family, what)


#: What each family is to flows: nothing was done and it passes; a person must act; it is held.
TYPES: dict[tuple[Family, bool], type[ConnectorError]] = {
    (PASSING, False): TryAgain,
    (PERSON, False): RefusedBySystem,
    (PERSON, True): AuthorizationNeeded,
    (OURS, False): RefusedBySystem,
}


@pytest.mark.parametrize(
    ("level", "number", "text", "description", "family", "what"), SECTION_4, ids=lambda one: str(one)[:40]
)
def test_an_error_is_typed_by_its_family_and_tells_what_to_do(
    level: ErrorLevel, number: str, text: str, description: str, family: Family, what: str
) -> None:
    del what
    judged = of(level, number, text, description)
    read, write = (error_of("acme: create APBILL", judged, write=one) for one in (False, True))
    if family is RECORDED or judged.meaning.unknown:
        assert type(write) is OutcomeUnknown
    else:
        assert type(read) is type(write) is TYPES[family, judged.meaning.authorize]
    assert write.message.startswith("acme: create APBILL was refused: ")
    assert write.data["family"] == str(family)
    if judged.meaning not in (errors.DEAD_SESSION, errors.REJECTED_SESSION):
        assert write.remedy.strip()
    if text or description:
        assert number == "" or number not in write.message, "numbers are for us, words for people"


def test_the_cause_is_told_and_not_the_general_line_after_it() -> None:
    cause = GatewayError("BL01001973", description2="Invalid Vendor 'V-9' specified. [Support ID: EB0%7Ex]")
    general = GatewayError(
        "BL01001973",
        description2="Currently, we can't create the transaction 'INV-1'.",
        correction="Check the transaction for errors or inconsistencies, then try again.",
    )
    for found in ([cause, general], [general, cause], [ROLL_BACK, cause, general]):
        judged = judge(FUNCTION, found)
        assert judged.meaning.what == "unknown_value"
        assert judged.said == "Invalid Vendor 'V-9' specified"


def test_all_causes_are_told() -> None:
    found = [
        GatewayError("BL03000018", description2="Missing unit"),
        GatewayError("", description2="Invalid Item 'W9' specified."),
    ]
    assert judge(FUNCTION, found).said == "Missing unit; Invalid Item 'W9' specified"


def test_a_failure_to_save_with_nothing_but_a_roll_back_passes() -> None:
    """Intacct's own trouble: the same request succeeds later."""
    failed = GatewayError("BL01001973", description2="Could not create Document record!")
    assert judge(FUNCTION, [failed, ROLL_BACK]).meaning.what == "save_failed_for_now"
    assert judge(FUNCTION, [failed, ROLL_BACK]).family is PASSING
    assert judge(FUNCTION, [failed]).family is PERSON


def test_the_correction_that_intacct_proposes_is_told() -> None:
    judged = of(FUNCTION, "BL34000061", "Another Vendor ... already exists", correction="Use a unique value instead.")
    assert judged.remedy.endswith("Sage Intacct proposes: Use a unique value instead.")


@pytest.mark.parametrize(
    ("level", "family"), [(FUNCTION, PERSON), (CONTROL, PASSING), (AUTHENTICATION, PASSING), (GATEWAY, PASSING)]
)
def test_what_nobody_has_seen_before_is_a_persons_once_it_is_about_a_document(
    level: ErrorLevel, family: Family
) -> None:
    assert of(level, "BL99999999", "Something new").family is family


def test_no_error_at_all_still_says_something() -> None:
    judged = judge(FUNCTION, [])
    assert judged.family is PERSON
    assert judged.said == "nothing that could be read"


def test_texts_are_read_from_a_reply_at_each_level() -> None:
    """As the gateway sends them: the session that has died, in the sheet's own form."""
    body = f"""<response><control><status>success</status><senderid>snd</senderid><controlid>run-43</controlid>
      <uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control><operation><authentication>
      <status>failure</status><userid></userid><companyid></companyid></authentication><errormessage><error>
      <errorno>XL03000006</errorno><description></description>
      <description2>{escape("Invalid session AbC..")}</description2><correction></correction>
      </error></errormessage></operation></response>"""
    found = reply.read(body.encode())
    assert found.level is AUTHENTICATION
    assert judge(found.level, found.errors).meaning is errors.DEAD_SESSION


def test_a_reply_that_is_no_list_is_the_other_sides_and_says_nothing_of_a_write() -> None:
    with pytest.raises(TryAgain, match="bills cannot be read: a list that never ends"), readable("books", "bills"):
        raise UnreadableXmlError("a list that never ends")
    with pytest.raises(OutcomeUnknown, match="bills cannot be read"), answered("books", "bills"):
        raise UnreadableXmlError("a list that never ends")
