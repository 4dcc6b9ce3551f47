"""A customer's own reading of 855 and 856: what holds together is understood, what does not is named."""

from decimal import Decimal

import pytest

from ml_connector.sandbox.partner.documents.heard import Heard, hear, is_sscc
from ml_connector.sandbox.partner.documents.validation import check
from ml_connector.sandbox.partner.documents.x12 import TransactionSet

ORDERS = {"PO-9": {"1": Decimal(3), "2": Decimal(10)}}
ACK = (
    "BAK*00*AC*PO-9*20261120****SO100*20261129",
    "PO1*1*3*CA*90**IN*BR-1",
    "ACK*IQ*2*CA*068*20261201",
    "ACK*ID*1*CA",
    "PO1*2*10*EA*4.25**IN*BR-2",
    "ACK*IA*10*EA",
    "CTT*2",
)
NOTICE = (
    "BSN*00*SH1*20261129*1230*0001",
    "HL*1**S*1",
    "DTM*011*20261129",
    "N1*ST**92*0012",
    "HL*2*1*O*1",
    "PRF*PO-9",
    "HL*3*2*T*1",
    "MAN*GM*00061414100000000090",
    "HL*4*3*P*1",
    "REF*CN*1Z1",
    "MAN*GM*00061414100000000014",
    "HL*5*4*I*0",
    "LIN*1*IN*BR-1*LT*L7",
    "SN1**3*CA",
    "CTT*5*3",
)


def heard(kind: str, *segments: str) -> Heard:
    found = hear(transaction(kind, *segments), ORDERS)
    assert found is not None
    return found


def transaction(kind: str, *segments: str) -> TransactionSet:
    body = [one.split("*") for one in segments]
    return TransactionSet(kind, "0001", [["ST", kind, "0001"], *body, ["SE", str(len(body) + 2), "0001"]])


def test_an_acknowledgment_is_understood_line_by_line() -> None:
    found = heard("855", *ACK)
    assert (found.number, found.purpose, found.problems) == ("PO-9", "00", [])
    assert (found.said["type"], found.said["their_order"]) == ("AC", "SO100")
    assert [[(a["code"], a["quantity"], a["day"]) for a in line["answers"]] for line in found.said["lines"]] == [
        [("IQ", Decimal(2), "20261201"), ("ID", Decimal(1), "")],
        [("IA", Decimal(10), "")],
    ]


@pytest.mark.parametrize(
    ("was", "now", "problem"),
    [
        ("BAK*00", "BAK*99", "not a purpose"),
        ("*PO-9*", "*PO-8*", "was never placed"),
        ("BAK*00*AC", "BAK*00*AD", "BAK02 AD says that none is"),
        ("BAK*00*AC", "BAK*00*RD", "BAK02 RD says that none is"),
        ("PO1*1*3", "PO1*7*3", "line 7 was never ordered"),
        ("PO1*1*3", "PO1*1*4", "is not the 3 that were ordered"),
        ("ACK*ID*1*CA", "MSG*nothing", "do not come to what was ordered"),
        ("ACK*IA*10*EA", "MSG*nothing", "line 2 is not answered"),
        ("ACK*IA*10", "ACK*ZZ*10", "means nothing here"),
    ],
)
def test_what_is_wrong_with_an_acknowledgment_is_named(was: str, now: str, problem: str) -> None:
    found = heard("855", *(one.replace(was, now) for one in ACK))
    assert problem in "; ".join(found.problems)


def test_a_notice_is_understood_with_what_stands_in_what() -> None:
    found = heard("856", *NOTICE)
    assert (found.number, found.problems) == ("SH1", [])
    assert (found.said["ship_to"], found.said["shipped"], found.said["tracking"]) == ("0012", "20261129", ["1Z1"])
    (item,) = found.said["items"]
    assert (item["order"], item["line"], item["quantity"], item["lot"]) == ("PO-9", "1", Decimal(3), "L7")
    assert item["marks"] == ["00061414100000000090", "00061414100000000014"]


@pytest.mark.parametrize(
    ("was", "now", "problem"),
    [
        ("BSN*00", "BSN*77", "not a purpose"),
        ("PRF*PO-9", "PRF*PO-8", "was never placed"),
        ("SN1**3", "SN1**4", "are more than were ordered"),
        ("HL*5*4", "HL*6*4", "stands at place 5"),
        ("HL*4*3*P", "HL*4*1*P", "HL 4 (P) stands below S"),
        ("HL*5*4*I*0", "HL*5*4*I*1", "HL04 says 1"),
        ("00061414100000000014", "00061414100000000015", "is not an SSCC"),
        ("CTT*5", "CTT*4", "is not the number of levels"),
        ("CTT*5*3", "CTT*5*9", "is not the sum"),
    ],
)
def test_what_is_wrong_with_a_notice_is_named(was: str, now: str, problem: str) -> None:
    found = heard("856", *(one.replace(was, now) for one in NOTICE))
    assert problem in "; ".join(found.problems)


@pytest.mark.parametrize(
    ("code", "good"),
    [("00061414100000000014", True), ("061414100000000014", False), ("00061414100000000019", False), ("", False)],
)
def test_an_sscc_has_its_identifier_and_its_check_digit(code: str, good: bool) -> None:
    assert is_sscc(code) is good


@pytest.mark.parametrize(
    ("kind", "segments", "was", "now"),
    [
        ("855", ACK, "BAK*00", "BAK*000"),
        ("855", ACK, "*20261120*", "*20261340*"),
        ("855", ACK, "ACK*IQ", "ACK*"),
        ("855", ACK, "CTT*2", "CTT*3"),
        ("855", ACK, "IN*BR-2", "IN"),
        ("856", NOTICE, "*1230*", "*2530*"),
        ("856", NOTICE, "HL*2*1*O", "HL*2*1*"),
        ("856", NOTICE, "SN1**3*CA", "SN1**3*"),
        ("856", NOTICE, "LIN*1*IN*BR-1", "LIN*1*IN"),
        ("856", NOTICE, "CTT*5", "CTT*6"),
        ("856", NOTICE, "PRF*PO-9", "PRF*" + "9" * 23),
    ],
)
def test_strictly_read_each_is_refused_for_one_wrong_element(
    kind: str, segments: tuple[str, ...], was: str, now: str
) -> None:
    assert check(transaction(kind, *segments), "004010") == []
    assert check(transaction(kind, *(one.replace(was, now) for one in segments)), "004010") != []
