"""Each thing that can be wrong with segments and elements is reported with its AK304 or AK403 code at its place."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.check import ElementChecker
from ml_connector.edi.validation.fastpath import FastRule
from ml_connector.edi.validation.schema import segment_rules
from ml_connector_tests.edi.building import INVOICE, ORDER, codes, invoice, one, order
from ml_connector_tests.support.examples import some


def test_a_right_order_has_no_findings_in_strict_mode() -> None:
    received = one(order(), "strict")
    assert (received.accepted, received.findings) == (True, ())


def test_a_right_invoice_has_no_findings_in_strict_mode() -> None:
    received = one(invoice(), "strict")
    assert (received.accepted, received.findings) == (True, ())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("CUR*BY*USD~", "ZZZ*1~", ("segment", "1", "ZZZ")),
        ("CUR*BY*USD~", "CUR*BY*USD~N9*L1*NOTES~N9*L1*NOTES~AMT*TT*1~BIG*20261121*1~", ("segment", "6", "BIG")),
        ("CUR*BY*USD~", "SLN*1**A*1*EA~", ("segment", "2", "SLN")),
        ("CUR*BY*USD~", "CUR*BY*USD~CUR*BY*USD~", ("segment", "5", "CUR")),
        ("CUR*BY*USD~", "DTM*002*20261121~REF*DP*1~", ("segment", "7", "REF")),
        ("BEG*00*SA*4500000042**20261121~", "", ("segment", "3", "BEG")),
        ("*4500000042*", "**", ("element", "1", "BEG03")),
        ("PO1*1*100*EA*12.5*PE*VP*WIDGET-001", "PO1*1*100*EA*12.5*PE**WIDGET-001", ("element", "2", "PO106")),
        ("N3*1 MAIN ST", "N3*1 MAIN ST*B*C", ("element", "3", "N303")),
        ("*EA*12.5", "*E*12.5", ("element", "4", "PO103")),
        ("*EA*12.5", "*EACH*12.5", ("element", "5", "PO103")),
        ("*100*EA", "*1O0*EA", ("element", "6", "PO102")),
        ("*100*EA", "*1E2*EA", ("element", "6", "PO102")),
        ("*100*EA", "*+100*EA", ("element", "6", "PO102")),
        ("PID*F*", "PID*Q*", ("element", "7", "PID01")),
        ("20261121", "20261321", ("element", "8", "BEG05")),
        ("20261121", "20260229", ("element", "8", "BEG05")),
        ("CUR*BY*USD~", "DTM*002*20261121*2460~", ("element", "9", "DTM03")),
        ("1 MAIN ST", "1 MAIN\x01ST", ("element", "6", "N301")),
        ("CTT*2*160~", "CTT*2*160~AMT*TT*1~AMT*TT*2~", ("segment", "5", "AMT")),
    ],
)
def test_findings_of_an_order(before: str, after: str, expected: tuple[str, str, str]) -> None:
    assert before in ORDER
    received = one(order(ORDER.replace(before, after)), "strict")
    assert expected in codes(received)
    assert not received.accepted


def test_exclusion() -> None:
    body = ORDER.replace("CTT*2", "QTY*33*5*EA*some~CTT*2")
    assert ("element", "10", "QTY04") in codes(one(order(body)))


def test_a_loop_that_comes_too_often() -> None:
    body = ORDER.replace("CTT*2*160~", "CTT*2*160~").replace("CUR*BY*USD~", "SAC*A*C310***100~" * 26)
    assert ("segment", "4", "SAC") in codes(one(order(body)))


def test_condition_that_depends_on_a_value() -> None:
    """SAC01 A or C needs an amount, a percentage or a rate; N does not."""
    needs = INVOICE.replace("SAC*C*D240***1500~", "SAC*C*D240~")
    free = INVOICE.replace("SAC*C*D240***1500~", "SAC*N*D240~")
    assert ("element", "2", "SAC05") in codes(one(invoice(needs)))
    assert ("element", "2", "SAC05") not in codes(one(invoice(free)))


def test_positions_count_from_st() -> None:
    received = one(order(ORDER.replace("*EA*12.5", "*EACH*12.5")))
    found = next(f for f in received.findings if f.code == "5")
    assert (found.segment_number, found.element, found.reference, found.value) == (7, 3, "355", "EACH")


def test_the_place_of_a_missing_segment_is_where_it_was_expected() -> None:
    """Without TDS the SAC behind it can only be the last line's; what then follows cannot come before TDS."""
    received = one(invoice(INVOICE.replace("TDS*127600~", "")))
    found = next(f for f in received.findings if f.code == "3")
    assert (found.segment_id, found.segment_number) == ("TDS", 8)
    assert not received.accepted


def test_an_unknown_code_of_the_right_length_is_a_warning() -> None:
    received = one(order(ORDER.replace("BEG*00*SA", "BEG*00*QQ")), "strict")
    assert received.accepted
    assert [(f.code, f.severity.value) for f in received.findings] == [("7", "warning")]


def test_trailing_separators_are_read_and_warned_of() -> None:
    received = one(order(ORDER.replace("WIDGET~", "WIDGET***~")), "strict")
    assert received.accepted
    assert [(f.code, f.severity.value) for f in received.findings] == [("trailing_elements", "warning")]


def test_a_composite_without_its_first_component() -> None:
    body = "BCH*04*SA*PO-1***20261101~POC*1*QD*80**>1*1~CTT*1~"
    data = order(ORDER).replace(ORDER.encode(), body.encode()).replace(b"ST*850", b"ST*860")
    assert ("element", "1", "POC05") in codes(one(data))


@pytest.mark.parametrize(("mode", "accepted"), [("strict", False), ("standard", True), ("lenient", True)])
def test_a_too_long_value_is_fatal_only_in_strict_mode(mode: str, accepted: bool) -> None:
    assert one(order(ORDER.replace("ACME PLANT", "A" * 61)), mode).accepted is accepted


@pytest.mark.parametrize(("mode", "accepted"), [("strict", False), ("standard", False), ("lenient", True)])
def test_a_number_that_is_none_is_fatal_except_in_lenient_mode(mode: str, accepted: bool) -> None:
    assert one(order(ORDER.replace("*100*EA", "*1O0*EA")), mode).accepted is accepted


def test_older_versions_are_read_leniently_with_short_dates() -> None:
    received = one(order(ORDER.replace("20261121", "261121"), version="003010"), "standard")
    assert received.accepted
    assert not [f for f in received.findings if f.is_error]
    assert received.document is not None
    assert str(received.document.order_date) == "2026-11-21"  # type: ignore[attr-defined]


_VALUES = (
    *(
        "",
        "A",
        "EA",
        "VP",
        "00",
        "SA",
        "100",
        "-1.5",
        ".5",
        "5.",
        "1.2.3",
        "1E2",
        "0215",
        "2460",
        "0001",
        "USD",
        "ABCD",
    ),
    *("20261121", "20260229", "20260228", "20260431", "00000101", "19000101", "235959", "23595999", "261121"),
    *("1" * 15, "1" * 16, "1" * 17, "1234567890.12345", "12345678901234.5", "A" * 30, "A" * 31, "A" * 80, "A" * 81),
    *("a>b", "é", "\x01", "-", "--1", "850", "N", "I", " x", "Ł", "\xa0x"),
)


@settings(max_examples=some(150), deadline=None)
@given(
    st.sampled_from(sorted(segment_rules("004010"))),
    st.sampled_from(["004010", "005010"]),
    st.randoms(use_true_random=False),
)
def test_the_fast_path_never_passes_what_the_slow_path_refuses(segment_id: str, version: str, random: Random) -> None:
    """Mostly values that fit their element, so that the pattern is met often; some that do not."""
    separators = Separators(repetition="^" if version == "005010" else "")
    rules = segment_rules(version)
    rule = rules[segment_id]
    fast, checker = FastRule(rule, separators), ElementChecker(rules, separators)
    fitting = [
        [v for v in _VALUES if v and not list(checker._value(Segment([segment_id], 1), 1, element, v))] or [""]
        for element, _ in rule.elements
    ]
    for _ in range(40):
        count = random.randrange(len(rule.elements) + 1)
        elements = [segment_id]
        elements += [random.choice(fitting[i] if random.random() < 0.85 else _VALUES) for i in range(count)]
        if random.random() < 0.1:
            elements.append(random.choice(_VALUES))
        while len(elements) > 1 and not elements[-1]:
            elements.pop()
        if fast.is_right("*".join(elements), elements):
            assert list(checker._elements(Segment(elements, 2), rule)) == []


def test_findings_are_the_same_before_and_after_a_pattern_is_made() -> None:
    body = ORDER.replace("PO1*2*60*EA*.33**VP*BRKT-050~", "PO1*2*60*EACH*.33**VP~" * 200).replace(
        "CTT*2*160", "CTT*201"
    )
    received = one(order(body), max_findings=10_000)
    found = [(f.code, f.element) for f in received.findings if f.segment_id == "PO1"]
    assert found == [("5", 3), ("2", 7)] * 200


def test_a_charge_without_an_amount_is_a_warning() -> None:
    """The standard says so in a semantic note; partners send charges by code alone."""
    received = one(invoice(INVOICE.replace("SAC*C*D240***1500~", "SAC*C*H750~").replace("TDS*127600", "TDS*126100")))
    assert [(f.code, f.element, f.severity.value) for f in received.findings] == [("2", 5, "warning")]
    assert received.accepted
