"""Whatever a sender's habits are, and however they come together: the same documents come out, and are accepted."""

from functools import partial

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.documents.common import Record
from ml_connector_tests.edi.odd import BODIES, Style, spell, styles
from ml_connector_tests.edi.samples import ends, read, sets, starts
from ml_connector_tests.support.examples import some

# files are large: shrinking a failure takes longer than reading it
_settled = partial(
    settings,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)

_kinds = st.lists(st.sampled_from(sorted(BODIES)), min_size=1, max_size=4).map(tuple)


def clean(set_types: tuple[str, ...]) -> list[Record | None]:
    return [s.document for s in sets(read(spell(Style(), set_types)))]


def check(style: Style, set_types: tuple[str, ...], data: bytes) -> None:
    items = read(data)
    assert [s.document for s in sets(items)] == clean(set_types)
    assert all(s.accepted for s in sets(items)), [f.message for s in sets(items) for f in s.findings]
    [start], [end] = starts(items), ends(items)
    assert (start.sender_id, start.receiver_id, start.control_number) == ("SELLER", "BUYER", f"{style.control:09d}")
    assert end.complete
    assert [f.message for f in end.findings if f.level == "interchange"] == []
    assert len(end.received) == style.ta1


def test_the_clean_spelling_has_no_findings() -> None:
    for set_type in BODIES:
        [received] = sets(read(spell(Style(), (set_type,)), "strict"))
        assert received.accepted
        assert received.findings == (), set_type
        assert not isinstance(received.document, FunctionalAcknowledgment) or received.document.sets


@_settled(max_examples=some(300))
@given(styles(), _kinds)
def test_habits_make_no_difference(style: Style, set_types: tuple[str, ...]) -> None:
    check(style, set_types, spell(style, set_types))


@_settled(max_examples=some(100))
@given(st.lists(st.tuples(styles(), _kinds), min_size=2, max_size=3))
def test_senders_in_one_file_do_not_disturb_each_other(parts: list[tuple[Style, tuple[str, ...]]]) -> None:
    """Files of several senders put one behind the other, each by its own habits."""
    data = b"\n".join(spell(style, set_types) for style, set_types in parts)
    items = read(data)
    wanted = [document for _, set_types in parts for document in clean(set_types)]
    assert [s.document for s in sets(items)] == wanted
    assert all(s.accepted for s in sets(items))
    assert all(end.complete for end in ends(items))
