"""Where a finding points in its segment: at the element, at the part of one, or before what is missing."""

from ml_connector.edi.interchange import InterchangeStart, read_interchanges
from ml_connector.edi.tools.caret import WIDTH, Pointer
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level
from ml_connector_tests.edi.building import group, interchange, order

START = next(one for one in read_interchanges(interchange(group(order()))) if isinstance(one, InterchangeStart))
SET = "ST*850*0001~BEG*00*SA*4711**20261101~PO1*1*10*EA*1:2:30*PE~SE*4*0001~"


def finding(segment: str, number: int, element: int = 0, component: int = 0) -> X12Finding:
    """Something about that place of the set."""
    return X12Finding(
        X12Level.ELEMENT,
        "7",
        "a finding",
        Severity.ERROR,
        segment_id=segment,
        segment_number=number,
        element=element,
        component=component,
    )


def pointed(raw: str, at: X12Finding) -> str:
    """What the carets stand under."""
    shown = Pointer(raw.encode(), START).point(at)
    assert shown is not None
    first, width = shown.carets.index("^"), shown.carets.count("^")
    return shown.text[first : first + width]


def test_it_points_at_the_element() -> None:
    assert pointed(SET, finding("BEG", 2, 3)) == "4711"
    assert pointed(SET, finding("PO1", 3, 5)) == "PE"


def test_it_points_at_the_part_of_an_element_also_at_one_that_is_not_there() -> None:
    raw = SET.replace(":", START.separators.component)
    assert [pointed(raw, finding("PO1", 3, 4, part)) for part in (1, 2, 3)] == ["1", "2", "30"]
    shown = Pointer(raw.encode(), START).point(finding("PO1", 3, 4, 5))
    assert shown is not None
    assert shown.carets.count("^") == 1


def test_it_points_before_the_segment_that_stands_where_one_is_missing() -> None:
    assert pointed(SET, finding("CUR", 3)) == "P"


def test_it_points_at_nothing_for_a_segment_that_is_not_there() -> None:
    pointer = Pointer(SET.encode(), START)
    assert pointer.point(finding("SE", 9)) is None
    assert pointer.point(finding("", 0)) is None


def test_of_a_long_segment_the_place_is_shown_with_what_is_around_it() -> None:
    raw = f"ST*850*0001~MSG*{'x' * WIDTH}*WRONG*{'y' * WIDTH}~SE*3*0001~"
    shown = Pointer(raw.encode(), START).point(finding("MSG", 2, 2))
    assert shown is not None
    assert shown.text.startswith("...")
    assert shown.text.endswith("...")
    assert pointed(raw, finding("MSG", 2, 2)) == "WRONG"
