"""Identifiers that come one element early or late are read where they belong, and the place is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.schema import set_rule
from ml_connector.edi.validation.shifted_items import remedy
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, invoice, one, order
from ml_connector_tests.edi.samples import read, sets

RULES = set_rule("850", "004010").segments  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "right", "place"),
    [
        (order(ORDER.replace("*.33**VP", "*.33*VP")), order(), "PO105"),
        (order(ORDER.replace("*12.5*PE*VP", "*12.5*VP")), order(ORDER.replace("*PE*VP", "**VP")), "PO105"),
        (invoice(INVOICE.replace("*.35**VP", "*.35*VP")), invoice(), "IT105"),
        (order(ORDER.replace("*.33**VP", "*.33***VP")), order(), "PO107"),
        (order(ORDER.replace("*PE*VP*", "*PE**VP*")), order(), "PO107"),
        (invoice(INVOICE.replace("*.35**VP", "*.35***VP")), invoice(), "IT107"),
    ],
)
def test_the_document_is_that_of_the_whole_segment(data: bytes, right: bytes, place: str) -> None:
    received = one(data)
    assert received.document == one(right).document
    assert codes(received) == [("element", "7", place)]
    assert received.accepted


def test_a_line_without_its_number() -> None:
    segment = Segment(["LIN", "UP", "012345678905", "VP", "WIDGET"], 7)
    found = remedy(segment, RULES["LIN"])
    assert segment.elements == ["LIN", "", "UP", "012345678905", "VP", "WIDGET"]
    assert found is not None
    assert (found.segment_id, found.element, found.value) == ("LIN", 1, "UP")


def test_a_first_pair_that_is_left_empty_is_no_shift() -> None:
    segment = Segment(["PO1", "1", "10", "EA", "3.25", "PE", "", "", "VP", "WIDGET"], 3)
    assert remedy(segment, RULES["PO1"]) is None
    assert segment.elements[8:] == ["VP", "WIDGET"]


@given(st.lists(st.sampled_from(["VP", "UP", "X", "", "WIDGET-001", "PE", "12", "1a"]), max_size=9))
def test_nothing_is_lost_and_a_second_look_finds_nothing(values: list[str]) -> None:
    segment = Segment(["PO1", "1", "10", "EA", "3.25", *values], 3)
    found = remedy(segment, RULES["PO1"])
    assert [v for v in segment.elements[5:] if v] == [v for v in values if v]
    assert (len(segment.elements) in {6 + len(values), 4 + len(values)}) == (found is not None)
    assert remedy(segment, RULES["PO1"]) is None


def test_what_is_right_is_left_alone() -> None:
    assert all(s.accepted and not s.findings for s in sets(read(order())) + sets(read(invoice())))


@pytest.mark.parametrize(
    ("charge", "place", "code"),
    [
        ("SAC*C*D240***1000***********Freight, prepaid", "SAC16", "5"),
        ("SAC*C*D240***1000*********Freight, prepaid", "SAC14", "7"),
        ("SAC*C*D240***1000**********Freight, prepaid", "", ""),
    ],
)
def test_the_text_of_a_charge_one_place_off(charge: str, place: str, code: str) -> None:
    rule = set_rule("810", "004010").segments["SAC"]  # type: ignore[union-attr]
    segment = Segment(charge.split("*"), 9)
    found = remedy(segment, rule)
    assert "*".join(segment.elements) == "SAC*C*D240***1000**********Freight, prepaid"
    assert (f"SAC{found.element}" if found else "", found.code if found else "") == (place, code)


@pytest.mark.parametrize("charge", ["SAC*C*D240***1000********REF1*OPT1", "SAC*C*D240***1000**********Fret*FR"])
def test_a_charge_with_an_option_or_a_language_is_left_alone(charge: str) -> None:
    segment = Segment(charge.split("*"), 9)
    assert remedy(segment, set_rule("810", "004010").segments["SAC"]) is None  # type: ignore[union-attr]
    assert "*".join(segment.elements) == charge
