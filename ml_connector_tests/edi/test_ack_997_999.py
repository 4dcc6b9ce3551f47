"""A 999 with the segments of a 997, and the other way about, says what it says."""

import pytest

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector_tests.edi.building import group, interchange, one, transaction

BODY = "AK1*PO*77~AK2*850*0001~{0}3*PO1*7**8~{0}4*5*355*7*XX~{0}5*R*5~AK2*850*0002~{0}5*A~AK9*P*2*2*1~"


@pytest.mark.parametrize(("set_type", "right", "wrong"), [("999", "IK", "AK"), ("997", "AK", "IK")])
def test_the_verdicts_are_read_and_each_wrong_id_is_told_once(set_type: str, right: str, wrong: str) -> None:
    expected = one(interchange(group("FA", transaction(set_type, BODY.format(right)))))
    assert not expected.findings
    received = one(interchange(group("FA", transaction(set_type, BODY.format(wrong)))))
    assert received.document == expected.document
    assert isinstance(received.document, FunctionalAcknowledgment)
    assert [answer.code for answer in received.document.sets] == ["R", "A"]
    assert received.accepted
    told = [(f.level.value, f.code, f.segment_id, f.segment_number) for f in received.findings]
    assert told == [("segment", "6", f"{wrong}{n}", n + 1) for n in (3, 4, 5)]
