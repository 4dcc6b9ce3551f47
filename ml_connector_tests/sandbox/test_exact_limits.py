"""Call limits: windows, headers, empty 429s, the ten-errors rule (exact-online 5)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml_connector.sandbox.exact.seed import SECOND_DIVISION
from ml_connector_tests.sandbox.exact_bench import ExactBench, exact_bench, options

MINUTE = {"x-ratelimit-minutely-limit", "x-ratelimit-minutely-remaining", "x-ratelimit-minutely-reset"}
DAY = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[ExactBench]:
    """Five calls a minute and eight a day, at the beginning of a minute far from midnight."""
    with exact_bench(tmp_path, options(minute_limit=5, day_limit=8)) as bench:
        now = bench.clock.now()
        noon = (now + timedelta(days=1)).replace(hour=12, minute=0, second=1, microsecond=0)
        bench.clock.move((noon - now).total_seconds())
        bench.authorize()
        yield bench


def _limits(exact: ExactBench, path: str = "hrm/Costunits") -> tuple[int, dict[str, int]]:
    answer = exact.get(path)
    found = {name: int(value) for name, value in answer.headers.items() if name in MINUTE | DAY}
    if answer.status_code == 429:
        assert answer.content == b""
    return answer.status_code, found


def test_headers_count_down_and_reset_at_whole_minutes_and_utc_midnight(limited: ExactBench) -> None:
    status, first = _limits(limited)
    assert status == 200
    assert set(first) == MINUTE | DAY
    assert (first["x-ratelimit-minutely-limit"], first["x-ratelimit-limit"]) == (5, 8)
    _, second = _limits(limited)
    assert first["x-ratelimit-minutely-remaining"] - second["x-ratelimit-minutely-remaining"] == 1
    assert first["x-ratelimit-remaining"] - second["x-ratelimit-remaining"] == 1
    minute = datetime.fromtimestamp(first["x-ratelimit-minutely-reset"] / 1000, UTC)
    assert (minute.second, minute.microsecond) == (0, 0)
    assert timedelta(0) < minute - limited.clock.now() <= timedelta(minutes=1)
    day = datetime.fromtimestamp(first["x-ratelimit-reset"] / 1000, UTC)
    assert day == (limited.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def test_a_minute_429_has_only_the_minute_headers_and_a_day_429_only_the_day_ones(limited: ExactBench) -> None:
    statuses = [_limits(limited)[0] for _ in range(5)]
    assert statuses == [200] * 5
    status, found = _limits(limited)
    assert (status, set(found)) == (429, MINUTE)
    assert found["x-ratelimit-minutely-remaining"] == 0
    limited.clock.move(60)
    assert [_limits(limited)[0] for _ in range(3)] == [200] * 3
    status, found = _limits(limited)
    assert (status, set(found)) == (429, DAY)
    assert found["x-ratelimit-remaining"] == 0
    limited.clock.move(60)
    assert _limits(limited)[0] == 429  # the day is used up, whatever the minute
    limited.clock.move(12 * 3600)
    limited.authorize()
    assert _limits(limited)[0] == 200


def test_refused_calls_do_not_count(limited: ExactBench) -> None:
    for _ in range(7):
        _limits(limited)
    limited.clock.move(60)
    assert [_limits(limited)[0] for _ in range(3)] == [200] * 3


def test_each_division_has_its_own_limits(limited: ExactBench) -> None:
    for _ in range(6):
        _limits(limited)
    assert _limits(limited)[0] == 429
    assert limited.call("GET", f"/api/v1/{SECOND_DIVISION}/hrm/Costunits").status_code == 200


def test_errors_count_and_carry_the_headers_too(limited: ExactBench) -> None:
    status, found = _limits(limited, "hrm/Costunits?$select=Nothing")
    assert (status, set(found)) == (400, MINUTE | DAY)


def test_limits_are_off_and_on_by_the_control_port(limited: ExactBench) -> None:
    limited.control.post("/limits", json={"exact": {}}).raise_for_status()
    assert [_limits(limited)[0] for _ in range(12)] == [200] * 12
    assert _limits(limited)[1] == {}
    limited.control.post("/limits", json={"exact": {"minute": 1}}).raise_for_status()
    status, found = _limits(limited)
    assert (status, set(found)) == (429, MINUTE)


def test_ten_errors_on_an_endpoint_block_it_for_an_hour(exact: ExactBench) -> None:
    exact.sandbox.call(exact.state.limits.configure, errors=10)
    for _ in range(10):
        assert exact.get("hrm/Costunits", select="Nothing").status_code == 400
    assert exact.get("hrm/Costunits").status_code == 403
    assert exact.get("hrm/Costcenters").status_code == 200  # another endpoint
    exact.clock.move(3601)
    exact.authorize()
    assert exact.get("hrm/Costunits").status_code == 200


def test_errors_spread_over_hours_do_not_block(exact: ExactBench) -> None:
    exact.sandbox.call(exact.state.limits.configure, errors=10)
    for _ in range(3):
        for _ in range(5):
            assert exact.get("hrm/Costunits", select="Nothing").status_code == 400
        exact.clock.move(3601)
        exact.authorize()
    assert exact.get("hrm/Costunits").status_code == 200


def test_too_early_refreshes_count_as_errors(exact: ExactBench) -> None:
    exact.sandbox.call(exact.state.limits.configure, errors=10)
    for _ in range(10):
        assert exact.refresh().status_code == 400
    assert exact.refresh().status_code == 403


def test_the_block_is_off_by_default(exact: ExactBench) -> None:
    for _ in range(15):
        assert exact.get("hrm/Costunits", select="Nothing").status_code == 400
    assert exact.get("hrm/Costunits").status_code == 200
