"""A segment that comes too early is told once, where it stands; what follows it is in its place."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.schema import set_rule
from ml_connector.edi.validation.structure import Loop, build
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, group, interchange, one, order, transaction

NOTICE = (
    "BSN*00*SHIP-1*20261121*1421~DTM*011*20261120~HL*1**S~TD1*CTN*2~HL*2*1*O~PRF*4500000042~"
    "HL*3*2*I~LIN*1*VP*WIDGET-001~SN1**100*EA~CTT*3~"
)
FULL_INVOICE = INVOICE.replace("CTT*2~", "ISS*100*EA*50*LB~PID*F****BOXES~CTT*2~")
BODIES = {"850": ("PO", ORDER), "810": ("IN", FULL_INVOICE), "856": ("SH", NOTICE)}


def file_of(set_type: str, body: str) -> bytes:
    return interchange(group(BODIES[set_type][0], transaction(set_type, body)))


def moved(set_type: str, what: str, before: str) -> bytes:
    """The file of a set in which one part of its body stands before another."""
    body = BODIES[set_type][1].replace(what, "")
    assert body != BODIES[set_type][1]
    return file_of(set_type, body.replace(before, what + before, 1))


@pytest.mark.parametrize(
    ("set_type", "what", "before", "told"),
    [
        ("856", "CTT*3~", "HL*1", "CTT"),
        ("856", "CTT*3~", "DTM*011", "CTT"),
        ("850", "CTT*2*160~", "PO1*1", "CTT"),
        ("850", "CTT*2*160~", "N4*", "CTT"),
        ("810", "CTT*2~", "TDS*", "CTT"),
        ("810", "ISS*100*EA*50*LB~PID*F****BOXES~", "TDS*", "ISS"),
    ],
)
def test_one_finding_and_the_same_document(set_type: str, what: str, before: str, told: str) -> None:
    received = one(moved(set_type, what, before), "strict")
    assert [c for c in codes(received) if c[0] != "business"] == [("segment", "7", told)]
    assert received.document == one(file_of(set_type, BODIES[set_type][1])).document


def test_a_mandatory_segment_that_follows_far_behind_is_the_misplaced_one() -> None:
    body = FULL_INVOICE.replace("BIG*20261121*INV-1*20261101*PO-1~", "") + "BIG*20261121*INV-1*20261101*PO-1~"
    received = one(file_of("810", body), "strict")
    assert ("segment", "3", "BIG") in codes(received)
    assert ("segment", "7", "BIG") in codes(received)


def test_a_mandatory_segment_that_never_comes_is_missing() -> None:
    received = one(file_of("810", FULL_INVOICE.replace("TDS*127600~", "")), "strict")
    assert ("segment", "3", "TDS") in codes(received)
    assert not [c for c in codes(received) if c[1] == "7"]


@settings(deadline=None)
@given(st.data())
def test_no_order_of_segments_loses_one(data: st.DataObject) -> None:
    set_type = data.draw(st.sampled_from(sorted(BODIES)))
    names = ["ST", *data.draw(st.permutations(BODIES[set_type][1].split("~")[:-1])), "SE"]
    rule = set_rule(set_type, "004010")
    assert rule is not None
    segments = [Segment(text.split("*"), number) for number, text in enumerate(names, start=1)]
    assert sorted(s.number for s in held(build(segments, rule, lambda _: None))) == list(range(1, len(names) + 1))


def held(loop: Loop) -> Iterator[Segment]:
    yield from loop.segments
    for inner in loop.loops:
        yield from held(inner)


def test_a_segment_that_the_set_does_not_have_is_told_of_once() -> None:
    """Its elements, right or wrong, are nobody's: CAD is of invoices."""
    received = one(order(ORDER.replace("CTT*2*160~", "CAD*T*TOO-LONG*1*WAY TOO LONG~CTT*2*160~")))
    assert codes(received) == [("segment", "6", "CAD")]
