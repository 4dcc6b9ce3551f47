"""What is wrong with an envelope is told at its place: segment, element and value, as in the sets."""

import pytest

from ml_connector.edi.validation.findings import X12Finding
from ml_connector_tests.edi.building import order
from ml_connector_tests.edi.samples import ends, group_ends, read, sets

ORDER = order()
ISA = b"ISA*00*          *00*          *ZZ*SELLER         *ZZ*BUYER          *261121*0215*U*00401*000000005*0*P*>~"


def told(data: bytes) -> list[tuple[str, str, str, str, int, str]]:
    """Level, code, severity, segment, element and value of all findings."""
    items = read(data)
    found: list[X12Finding] = [f for end in ends(items) for f in end.findings]
    found += [f for end in group_ends(items) for f in end.findings]
    found += [f for one in sets(items) for f in one.findings]
    return [(f.level.value, f.code, f.severity.value, f.segment_id, f.element, f.value) for f in found]


def replaced(old: bytes, new: bytes) -> bytes:
    assert ORDER.count(old) == 1
    return ORDER.replace(old, new)


def element(data: bytes, segment: bytes, number: int, value: bytes) -> bytes:
    """The file with another value in an element of the first segment of that id."""
    start = 0 if segment == b"ISA" else data.index(b"~" + segment + b"*") + 1
    end = data.index(b"~", start)
    elements = data[start:end].split(b"*")
    elements[number] = value
    return data[:start] + b"*".join(elements) + data[end:]


@pytest.mark.parametrize(
    ("segment", "number", "value", "finding"),
    [
        (b"SE", 1, b"99", ("set", "4", "error", "SE", 1, "99")),
        (b"SE", 1, b"x", ("set", "4", "error", "SE", 1, "x")),
        (b"SE", 2, b"9999", ("set", "3", "error", "SE", 2, "9999")),
        (b"GE", 1, b"7", ("group", "5", "error", "GE", 1, "7")),
        (b"GE", 2, b"998", ("group", "4", "error", "GE", 2, "998")),
        (b"GS", 4, b"BAD_DATE", ("group", "date", "error", "GS", 4, "BAD_DATE")),
        (b"GS", 5, b"2561", ("group", "time", "error", "GS", 5, "2561")),
        (b"GS", 2, b"", ("group", "sender", "error", "GS", 2, "")),
        (b"GS", 8, b"latest", ("group", "2", "error", "GS", 8, "latest")),
        (b"IEA", 1, b"4", ("interchange", "021", "error", "IEA", 1, "4")),
        (b"IEA", 2, b"000000999", ("interchange", "001", "error", "IEA", 2, "000000999")),
        (b"ISA", 5, b"zz", ("interchange", "005", "warning", "ISA", 5, "zz")),
        (b"ISA", 8, b"               ", ("interchange", "008", "error", "ISA", 8, "")),
        (b"ISA", 9, b"269999", ("interchange", "014", "error", "ISA", 9, "269999")),
        (b"ISA", 10, b"2575", ("interchange", "015", "error", "ISA", 10, "2575")),
        (b"ISA", 12, b"4010X", ("interchange", "017", "warning", "ISA", 12, "4010X")),
        (b"ISA", 14, b"N", ("interchange", "019", "warning", "ISA", 14, "N")),
        (b"ISA", 15, b"X", ("interchange", "020", "error", "ISA", 15, "X")),
    ],
)
def test_one_wrong_element_of_the_envelope_is_told_once_and_in_its_place(
    segment: bytes, number: int, value: bytes, finding: tuple[str, str, str, str, int, str]
) -> None:
    assert told(ORDER) == []
    assert told(element(ORDER, segment, number, value)) == [finding]


def test_a_wrong_count_of_segments_points_at_the_last_one() -> None:
    found = sets(read(element(ORDER, b"SE", 1, b"99")))[0]
    assert found.findings[0].segment_number == found.segment_count


@pytest.mark.parametrize(
    ("ta1", "expected"),
    [
        (b"TA1*000000055*261120*0215*A*000", []),
        (b"TA1*000000055*261120*0215*Z*000", [("element", "7", "error", "TA1", 4, "Z")]),
        (b"TA1*abc*261120*0215*A*000", [("element", "6", "error", "TA1", 1, "abc")]),
        (b"TA1*000000055*269920*0215*A*000", [("element", "8", "error", "TA1", 2, "269920")]),
        (b"TA1*000000055*261120*0275*R*1", [("element", "9", "error", "TA1", 3, "0275"),
                                            ("element", "7", "error", "TA1", 5, "1")]),
        (b"TA1*000000055*261120*0215*A", [("element", "1", "error", "TA1", 5, "")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_interchange_acknowledgment(ta1: bytes, expected: list[object]) -> None:
    data = ISA + ta1 + b"~IEA*0*000000005~"
    assert told(data) == expected
    assert len(ends(read(data))[0].received) == 1


def test_an_id_that_is_too_long_is_told_and_read() -> None:
    data = element(ORDER, b"ISA", 6, b"A-SENDER-OF-18-CHR")
    assert told(data) == [("interchange", "006", "error", "ISA", 6, "A-SENDER-OF-18-CHR")]
    assert all(s.accepted for s in sets(read(data)))
