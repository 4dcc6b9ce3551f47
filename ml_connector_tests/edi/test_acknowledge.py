"""Groups are answered as x12-procurement 10 says, and answers that come decide by AK501."""

import re
from datetime import UTC, datetime

import pytest

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, SetAnswer
from ml_connector.edi.acknowledge import verdicts
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector_tests.edi.building import INVOICE, ORDER, group, interchange, order, transaction
from ml_connector_tests.edi.samples import ends, group_ends, read, sets

ENVELOPE = Envelope("ZZ", "BUYER", "ZZ", "SELLER")
AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)


def answers(data: bytes, mode: str = "standard", **options: object) -> list[FunctionalAcknowledgment | None]:
    return [end.acknowledgment for end in group_ends(read(data, mode, **options))]


def wire(data: bytes, mode: str = "standard", version: str = "004010") -> str:
    """The 997 of the first group as it is sent, without its envelope."""
    answer = answers(data, mode)[0]
    assert answer is not None
    envelope = Envelope("ZZ", "BUYER", "ZZ", "SELLER", version=version)
    text = write_interchange(envelope, ControlNumbers(1, 1), [answer], AT).data.decode()
    return text[text.index("AK1") : text.rindex("SE*")]


def test_an_accepted_group() -> None:
    assert wire(order()) == "AK1*PO*77~AK2*850*0001~AK5*A~AK9*A*1*1*1~"


def test_accepted_sets_may_be_left_out() -> None:
    answer = answers(order(), acknowledge_accepted=False)[0]
    assert answer is not None
    assert (answer.code, answer.sets, answer.sets_accepted) == ("A", (), 1)


def test_the_answer_of_the_sheet() -> None:
    """x12-procurement 14: PO103 too long; strict rejects."""
    data = order(ORDER.replace("*EA*12.5", "*EACH*12.5"))
    # an accepted element may not be rejected in standard mode: then it is noted
    assert wire(data, "strict") == "AK1*PO*77~AK2*850*0001~AK3*PO1*7**8~AK4*3*355*5*EACH~AK5*R*5~AK9*R*1*1*0~"
    assert wire(data) == "AK1*PO*77~AK2*850*0001~AK3*PO1*7**8~AK4*3*355*5*EACH~AK5*E*5~AK9*E*1*1*1~"


def test_two_errors_in_a_segment_stand_under_one_ak3() -> None:
    data = order(ORDER.replace("PO1*1*100*EA*12.5*PE", "PO1*1*100*EACH*12.5*PEE"))
    assert "AK3*PO1*7**8~AK4*3*355*5*EACH~AK4*5*639*5*PEE~AK5" in wire(data)


def test_a_missing_segment() -> None:
    data = order(ORDER.replace("BEG*00*SA*4500000042**20261121~", ""))
    assert wire(data).startswith("AK1*PO*77~AK2*850*0001~AK3*BEG*2**3~AK5*R*5~AK9*R*1*1*0~")


def test_a_component_in_error() -> None:
    body = "BCH*04*SA*PO-1***20261101~POC*1*QD*80**EACH>1*1~CTT*1~"
    data = interchange(group("PC", transaction("860", body)))
    assert "AK4*5>1*355*5*EACH~" in wire(data)


def test_partial_acceptance() -> None:
    bad = transaction("850", ORDER, "0002", count=99)
    data = interchange(group("PO", transaction("850", ORDER), bad, transaction("850", ORDER, "0003")))
    expected = "AK1*PO*77~AK2*850*0001~AK5*A~AK2*850*0002~AK5*R*4~AK2*850*0003~AK5*A~AK9*P*3*3*2~"
    assert wire(data) == expected


def test_announced_received_accepted() -> None:
    data = order().replace(b"GE*1*77", b"GE*3*77")
    assert wire(data).endswith("AK9*E*3*1*1*5~")


def test_an_unknown_set_gets_its_answer() -> None:
    data = interchange(group("SC", transaction("832", "BCT*PC*1~")))
    assert wire(data) == "AK1*SC*77~AK2*832*0001~AK5*R*1~AK9*R*1*1*0~"


def test_acknowledgments_are_never_acknowledged() -> None:
    body = "AK1*PO*77~AK9*A*1*1*1~"
    assert answers(interchange(group("FA", transaction("997", body)))) == [None]


def test_a_group_of_005010_is_named_with_its_version() -> None:
    data = order(version="005010")
    assert wire(data, version="005010").startswith("AK1*PO*77*005010~")
    # 004010 has no place for it
    assert wire(data, version="004010").startswith("AK1*PO*77~")


def test_bad_values_are_copied_unless_their_characters_are_bad() -> None:
    assert "AK4*1*166*6~" in wire(order(ORDER.replace("1 MAIN ST", "1 MAIN\x01")))


@pytest.mark.parametrize("number", ["7", "0002*X", "00 02", "000Ü2"])
def test_a_set_that_cannot_be_named_is_still_counted(number: str) -> None:
    bad = transaction("850", ORDER).replace("0001", number)
    data = interchange(group("PO", transaction("850", ORDER), bad))
    text = wire(data)
    assert re.search(r"AK9\*[APE]\*2\*2\*[12]~", text)


def test_control_numbers_keep_their_text() -> None:
    data = order().replace(b"*77*X*", b"*000077*X*").replace(b"GE*1*77", b"GE*1*77")
    assert wire(data).startswith("AK1*PO*000077~")


def test_ta1_only_when_asked_for() -> None:
    quiet = interchange(group("PO", transaction("850", ORDER)))
    asked = interchange(group("PO", transaction("850", ORDER)), ta1=True)
    assert [e.acknowledgment for e in ends(read(quiet))] == [None]
    answer = ends(read(asked))[0].acknowledgment
    assert answer is not None
    assert (answer.control_number, answer.date, answer.time) == ("000000077", "261121", "0215")
    assert (answer.code, answer.note) == ("A", "000")


@pytest.mark.parametrize(
    ("before", "after", "code", "note"),
    [
        ("IEA*1*000000077", "IEA*1*000000078", "E", "001"),
        ("IEA*1*", "IEA*4*", "E", "021"),
        ("IEA*1*000000077~", "", "R", "023"),
        ("*261121*0215*U", "*261321*0215*U", "R", "014"),
        ("*0215*U", "*9915*U", "R", "015"),
    ],
)
def test_ta1_notes(before: str, after: str, code: str, note: str) -> None:
    asked = interchange(group("PO", transaction("850", ORDER)), ta1=True)
    answer = ends(read(asked.replace(before.encode(), after.encode())))[0].acknowledgment
    assert answer is not None
    assert (answer.code, answer.note) == (code, note)


def test_a_ta1_is_not_answered_by_a_ta1() -> None:
    data = interchange(ta1=True).replace(b"IEA*0*", b"TA1*000000001*261121*0215*A*000~IEA*0*")
    end = ends(read(data))[0]
    assert (end.acknowledgment, [t.control_number for t in end.received]) == (None, ["000000001"])


def test_verdicts_are_by_set_and_not_by_count() -> None:
    """AK904 may be wrong; AK501 decides (edi-operations 7)."""
    listed = (
        SetAnswer(set_type="850", control_number="0002", code="R"),
        SetAnswer(set_type="850", control_number="3", code="E"),
    )
    answer = FunctionalAcknowledgment(
        functional_id="PO", group_control="1", code="P", sets_announced=3, sets_received=3, sets_accepted=3, sets=listed
    )
    sent = [("850", "0001"), ("850", "0002"), ("850", "0003")]
    assert verdicts(answer, sent) == {sent[0]: "A", sent[1]: "R", sent[2]: "E"}


@pytest.mark.parametrize("code", ["A", "E", "R", "M"])
def test_without_sets_the_group_decides(code: str) -> None:
    answer = FunctionalAcknowledgment(functional_id="PO", group_control="1", code=code)
    assert verdicts(answer, [("850", "0001")]) == {("850", "0001"): code}


def test_an_invoice_whose_total_is_wrong_is_accepted_all_the_same() -> None:
    """A 997 says only that the syntax was read: totals are business."""
    data = interchange(group("IN", transaction("810", INVOICE.replace("127600", "127601"))))
    assert wire(data) == "AK1*IN*77~AK2*810*0001~AK5*A~AK9*A*1*1*1~"
    assert [f.code for f in sets(read(data))[0].findings] == ["invoice_total"]
