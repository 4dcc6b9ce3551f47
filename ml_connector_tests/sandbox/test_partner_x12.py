"""The partners' own X12: what they write they read, and they refuse what is not right."""

import contextlib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.clock import FileClock
from ml_connector.sandbox.partner.documents.acks import functional_acknowledgment, judge, read_acknowledgment
from ml_connector.sandbox.partner.documents.notices import sscc
from ml_connector.sandbox.partner.documents.validation import check
from ml_connector.sandbox.partner.documents.x12 import BadX12, Segment, Separators, TransactionSet, read
from ml_connector_tests.sandbox.cleo_bench import buyer_writer, order_set

CLOCK = FileClock(Path("no-such-clock-file"))


def written(sets: list[list[Segment]], partner: str = "NORTHWIND", marks: Separators | None = None) -> bytes:
    return buyer_writer(CLOCK, partner, marks).write("PO", sets, control=7)


def set_of(segments: list[Segment]) -> TransactionSet:
    return read(written([segments]))[0].groups[0].sets[0]


def test_an_order_is_read_back_as_written() -> None:
    interchange = read(written([order_set("4711"), order_set("4712")]))[0]
    assert interchange.control == "000000007"
    assert (interchange.sender, interchange.receiver) == (("ZZ", "VOLTWERK"), ("ZZ", "NORTHWIND"))
    group = interchange.groups[0]
    assert (group.functional_id, group.declared_sets, group.findings) == ("PO", 2, [])
    assert [each.segments[1][3] for each in group.sets] == ["4711", "4712"]
    assert [result.code for result in judge(group)] == ["A", "A"]


@pytest.mark.parametrize(
    "marks",
    [
        Separators("|", ":", "^", "'"),
        Separators("*", ">", "^", "~", "\r\n"),
        Separators("*", ">", "^", "\n"),
        Separators("\x1d", "\x1f", "^", "\x1c"),
    ],
)
@pytest.mark.parametrize("partner", ["NORTHWIND", "ACME"])
def test_separators_are_found_in_the_isa(marks: Separators, partner: str) -> None:
    interchange = read(written([order_set("4711")], partner, marks))[0]
    assert interchange.separators.element == marks.element
    assert interchange.separators.terminator == marks.terminator
    assert judge(interchange.groups[0])[0].code == "A"
    assert interchange.version == ("00501" if partner == "ACME" else "00401")


def test_several_interchanges_in_one_file() -> None:
    data = written([order_set("1")]) + b"\r\n" + written([order_set("2")])
    assert [each.groups[0].sets[0].segments[1][3] for each in read(data)] == ["1", "2"]


text_values = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="*~>\x85\xa0\xad"), max_size=20
)


@settings(deadline=None)
@given(st.lists(st.lists(text_values, min_size=1, max_size=6), min_size=1, max_size=8))
def test_any_values_survive_writing_and_reading(rows: list[list[str]]) -> None:
    segments = [["MSG", *row] for row in rows]
    back = set_of([["850"], *segments]).segments[1:-1]
    expected = []
    for segment in segments:
        while len(segment) > 1 and not segment[-1]:
            segment.pop()
        expected.append(segment)
    assert back == expected


@given(at=st.integers(min_value=0, max_value=2000), by=st.binary(max_size=3), cut=st.integers(0, 3))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(at: int, by: bytes, cut: int) -> None:
    whole = written([order_set("4711")])
    at %= len(whole)
    with contextlib.suppress(BadX12):  # any other exception fails the test
        for interchange in read(whole[:at] + by + whole[at + cut :]):
            for group in interchange.groups:
                functional_acknowledgment(group, judge(group))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SE*10*0001", b"SE*11*0001"),
        (b"SE*10*0001", b"SE*10*0002"),
        (b"GE*1*7", b"GE*2*7"),
        (b"GE*1*7", b"GE*1*8"),
        (b"IEA*1*000000007", b"IEA*2*000000007"),
        (b"IEA*1*000000007", b"IEA*1*000000008"),
    ],
)
def test_every_count_and_control_number_is_checked(old: bytes, new: bytes) -> None:
    whole = written([order_set("4711")])
    assert whole.count(old) == 1
    interchange = read(whole.replace(old, new))[0]
    group = interchange.groups[0]
    codes = [result.code for result in judge(group)]
    assert interchange.findings or group.findings or codes == ["R"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ISA*00", b"ISB*00"),
        (b"IEA*1", b"XEA*1"),
        (b"*ZZ*VOLTWERK ", b"*ZZ*VOLTWERK"),
        (b"*U*00401", b"*U*0401"),
        (b"SE*10*0001~", b""),
        (b"*P*>~", b"*P*a~"),
        (b"*000000007*0*P", b"*00000000A*0*P"),
        (b"*000000007*0*P", b"*000000007*0*Q"),
    ],
)
def test_a_broken_envelope_is_refused(old: bytes, new: bytes) -> None:
    whole = written([order_set("4711")])
    assert whole.count(old) == 1
    with pytest.raises(BadX12):
        read(whole.replace(old, new))


@pytest.mark.parametrize("data", [b"", b"\r\n", b"<html></html>", b"ISA*", bytes(range(256))])
def test_what_is_no_x12_is_refused(data: bytes) -> None:
    with pytest.raises(BadX12):
        read(data)


LINES = [["PO1", "1", "10", "EA", "2.50", "", "VP", "X"], ["CTT", "1"]]
BEG = ["BEG", "00", "SA", "4711", "", "20261121"]


@pytest.mark.parametrize(
    ("segments", "segment", "element", "code"),
    [
        ([["BEG", "00", "SA", "", "", "20261121"], *LINES], "BEG", 3, "1"),
        ([["BEG", "00", "SA", "4711", "", "20261321"], *LINES], "BEG", 5, "8"),
        ([["BEG", "00", "SA", "4711", "", "2026112"], *LINES], "BEG", 5, "8"),
        ([["BEG", "0", "SA", "4711", "", "20261121"], *LINES], "BEG", 1, "4"),
        ([["BEG", "00", "SA", "4" * 23, "", "20261121"], *LINES], "BEG", 3, "5"),
        ([BEG, ["PO1", "1", "1E2", "EA", "2"], ["CTT", "1"]], "PO1", 2, "6"),
        ([BEG, ["PO1", "1", "1,5", "EA", "2"], ["CTT", "1"]], "PO1", 2, "6"),
        ([BEG, ["PO1", "1", "1", "each", "2"], ["CTT", "1"]], "PO1", 3, "7"),
        ([BEG, ["PO1", "1", "1", "EA", "2", "", "VP"], ["CTT", "1"]], "PO1", 6, "2"),
        ([BEG, ["REF", "11", "4" * 31], *LINES], "REF", 2, "5"),
        ([BEG, LINES[0], LINES[0], ["CTT", "2"]], "PO1", 1, "7"),
        ([BEG, LINES[0], ["CTT", "2"]], "CTT", 1, "7"),
        ([BEG, ["CTT", "0"]], "PO1", 0, ""),
        ([LINES[0], BEG, ["CTT", "1"]], "BEG", 0, ""),
        ([BEG, ["cur", "BY", "EUR"], *LINES], "cur", 0, ""),
    ],
)
def test_errors_inside_an_order_are_named(segments: list[Segment], segment: str, element: int, code: str) -> None:
    transaction = set_of([["850"], *segments])
    found = {(each.segment, each.element, each.element_code) for each in check(transaction, "004010")}
    assert (segment, element, code) in found


def test_trailing_separators_and_empty_segments_are_errors() -> None:
    for raw in (b"CTT*2*~", b"CTT~"):
        data = written([order_set("4711")]).replace(b"CTT*2~", raw)
        transaction = read(data)[0].groups[0].sets[0]
        assert ("CTT", "8") in {(each.segment, each.code) for each in check(transaction, "004010")}


def test_a_reference_of_fifty_characters_is_right_in_005010_only() -> None:
    transaction = set_of([["850"], BEG, ["REF", "11", "4" * 50], *LINES])
    assert check(transaction, "005010") == []
    assert check(transaction, "004010") != []


def test_the_997_names_group_sets_and_errors_and_is_read_back() -> None:
    good, bad = order_set("1"), order_set("2")
    bad[1] = ["BEG", "00", "SA", "2", "", "20261399"]
    group = read(written([good, bad, order_set("3")]))[0].groups[0]
    answer = functional_acknowledgment(group, judge(group))
    assert answer[1] == ["AK1", "PO", "7"]
    assert ["AK3", "BEG", "2", "", "8"] in answer
    assert ["AK4", "5", "", "8", "20261399"] in answer
    assert answer[-1] == ["AK9", "P", "3", "3", "2"]
    back = read_acknowledgment(set_of(answer))
    assert (back.functional_id, back.group_control, back.code) == ("PO", "7", "P")
    assert [back.sets["850", f"{n:04d}"] for n in (1, 2, 3)] == ["A", "R", "A"]


def test_accepted_sets_may_be_left_out_and_the_count_may_be_wrong() -> None:
    group = read(written([order_set("1")]))[0].groups[0]
    assert functional_acknowledgment(group, judge(group), list_sets=False)[1:] == [
        ["AK1", "PO", "7"],
        ["AK9", "A", "1", "1", "1"],
    ]
    bad = order_set("1")
    bad[1][1] = "0"
    group = read(written([bad]))[0].groups[0]
    assert functional_acknowledgment(group, judge(group), wrong_count=True)[-1] == ["AK9", "R", "1", "1", "1"]


def test_set_numbers_repeated_in_a_group_are_refused() -> None:
    data = written([order_set("1"), order_set("2")]).replace(b"*0002~", b"*0001~")
    assert [result.notes for result in judge(read(data)[0].groups[0])] == [["23"], ["23"]]


@given(st.integers(1, 10**9 - 1))
def test_sscc_has_its_check_digit(serial: int) -> None:
    number = sscc(serial)
    assert len(number) == 20
    digits = [int(digit) for digit in number[2:]]
    assert sum(digit * (3 if at % 2 == 0 else 1) for at, digit in enumerate(digits)) % 10 == 0


def test_control_numbers_go_round_after_the_last() -> None:
    writer = buyer_writer(CLOCK, "NORTHWIND")
    writer.control = 999_999_998
    assert [writer.next_control() for _ in range(2)] == [999_999_999, 1]


def test_the_isa_is_106_characters_with_the_time_of_the_clock() -> None:
    data = written([order_set("1")]).decode()
    assert data[:106].endswith("*P*>~")
    moment = datetime.strptime(data[70:76] + data[77:81], "%y%m%d%H%M")  # noqa: DTZ007 - the envelope has no zone
    assert abs((CLOCK.now().replace(tzinfo=None) - moment).total_seconds()) < 120


@pytest.mark.parametrize("missing", [b"GE*1*7~", b"ST*850*0001~", b"GS*PO"])
def test_an_envelope_segment_that_is_missing_is_told(missing: bytes) -> None:
    whole = written([order_set("4711")])
    end = whole.index(b"~", whole.index(missing)) + 1
    with pytest.raises(BadX12):
        read(whole[: whole.index(missing)] + whole[end:])
