"""Work that runs bring no further is asked for ever more seldom; anything that moves resets it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.orchestration.sensors.sensor_backoff import AT_ONCE, LONGEST_PAUSE_SECONDS, Asked

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STUCK = ["1 document(s) under way"]


def asked_often(times: int) -> Asked:
    asked = Asked()
    for _ in range(times):
        asked = asked.again(STUCK, 7, NOON)
    return asked


def test_the_first_times_nothing_waits() -> None:
    for times in range(AT_ONCE + 1):
        assert asked_often(times).pause(STUCK, 7, NOON) == 0


def test_then_ever_longer_up_to_a_limit() -> None:
    pauses = [asked_often(times).pause(STUCK, 7, NOON) for times in range(AT_ONCE + 1, AT_ONCE + 9)]
    assert pauses[0] == 30
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_the_pause_passes() -> None:
    asked = asked_often(AT_ONCE + 1)
    assert asked.pause(STUCK, 7, NOON + timedelta(seconds=29)) == 1
    assert asked.pause(STUCK, 7, NOON + timedelta(seconds=30)) == 0


@pytest.mark.parametrize(("reasons", "event"), [(STUCK, 8), (["2 document(s) under way"], 7)])
def test_anything_that_moves_ends_it(reasons: list[str], event: int) -> None:
    asked = asked_often(20)
    assert asked.pause(reasons, event, NOON) == 0
    assert asked.again(reasons, event, NOON).repeats == 0


def test_a_poll_leaves_the_memory() -> None:
    asked = asked_often(5).polled(NOON)
    assert asked.repeats == asked_often(5).repeats
    assert not asked.poll_is_due(NOON + timedelta(seconds=119), timedelta(seconds=120))
    assert asked.poll_is_due(NOON + timedelta(seconds=120), timedelta(seconds=120))
    assert asked.poll_is_due(NOON - timedelta(seconds=1), timedelta(seconds=120)), "the clock was put back"


@given(times=st.integers(0, 12), seconds=st.integers(0, 100_000))
def test_a_cursor_keeps_the_memory(times: int, seconds: int) -> None:
    asked = asked_often(times).polled(NOON + timedelta(seconds=seconds))
    assert Asked.of(asked.cursor()) == asked


ODD = ["[]", "1", '{"at": "x"}', '{"event": []}', '{"at": "2026-11-20T12:00:00"}', '{"away_at": "2026-11-20"}', "{}"]


@given(st.one_of(st.none(), st.text(max_size=40), st.sampled_from(ODD)))
def test_what_is_no_cursor_is_an_empty_memory(cursor: str | None) -> None:
    assert Asked.of(cursor) == Asked()
