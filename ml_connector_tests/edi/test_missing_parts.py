"""Sets without ST or beginning segment: what they hold is read, told and refused; neighbours are untouched."""

import pytest

from ml_connector.edi.tools.summary import summary
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, group, interchange, one, order, transaction
from ml_connector_tests.edi.odd import BODIES, GROUPS
from ml_connector_tests.edi.samples import group_ends, read, sets


@pytest.mark.parametrize("set_type", ["850", "855", "856", "860", "865", "810", "820", "824", "997"])
def test_a_set_whose_st_is_lost_is_told_by_its_beginning_segment(set_type: str) -> None:
    whole = transaction(set_type, BODIES[set_type])
    data = interchange(group(GROUPS[set_type], whole, transaction(set_type, BODIES[set_type], "0002")))
    expected, neighbour = sets(read(data))
    lost, other = sets(read(data.replace(f"ST*{set_type}*0001~".encode(), b"")))
    assert (lost.set_type, lost.document, lost.segment_count) == (set_type, expected.document, expected.segment_count)
    assert codes(lost) == [("set", "6", "ST"), *codes(expected)]
    assert not lost.accepted
    assert (other.document, other.accepted) == (neighbour.document, neighbour.accepted)


@pytest.mark.parametrize(
    ("set_type", "body", "opening"),
    [("850", ORDER, "BEG"), ("810", INVOICE, "BIG"), ("855", BODIES["855"], "BAK"), ("856", BODIES["856"], "BSN")],
)
def test_a_set_without_its_beginning_segment_still_holds_its_lines(set_type: str, body: str, opening: str) -> None:
    whole = summary(one(interchange(group(GROUPS[set_type], transaction(set_type, body)))).document)  # type: ignore[arg-type]
    received = one(interchange(group(GROUPS[set_type], transaction(set_type, body[body.index("~") + 1 :]))))
    assert not received.accepted
    assert ("segment", "3", opening) in codes(received)
    told = summary(received.document)  # type: ignore[arg-type]
    assert [line["identifiers"] for line in told["lines"]] == [line["identifiers"] for line in whole["lines"]]
    assert (told["quantity_total"], told["line_count"]) == (whole["quantity_total"], whole["line_count"])
    assert (told["number"], told["date"], told["purpose"], told["type"]) == (None, None, None, None)


def test_nothing_is_made_of_a_set_that_holds_nothing() -> None:
    assert one(order("REF*DP*1~")).document is None


def test_what_the_sender_did_not_say_is_not_told() -> None:
    told = summary(one(order(ORDER.replace("BEG*00*SA", "BEG**"))).document)  # type: ignore[arg-type]
    assert (told["purpose"], told["type"], told["number"]) == (None, None, "4500000042")


def test_a_set_without_st_is_counted_and_rejected_in_the_answer() -> None:
    data = interchange(group("PO", transaction("850", ORDER), transaction("850", ORDER, "0002")))
    answer = group_ends(read(data.replace(b"ST*850*0001~", b"")))[0].acknowledgment
    assert answer is not None
    assert (answer.code, answer.sets_received, answer.sets_accepted) == ("P", 2, 1)
    assert [(s.control_number, s.code, s.reasons) for s in answer.sets if s.code == "R"] == [("0001", "R", ("6",))]
