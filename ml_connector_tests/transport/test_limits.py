"""Call limits: never more than the rate, windows as headers tell them, and a stop before the tenth error."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.errors import TryAgain
from ml_connector.systems.exact_online.wire.limits import ExactLimiter, window_of
from ml_connector.transport.limits import LocalLimits, PathLimiter, Window, merged
from ml_connector.transport.retries import retried
from ml_connector_tests.support.examples import some
from ml_connector_tests.transport.conftest import StillClock

START = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)


def minute(remaining: int, resets_at: datetime, limit: int = 60) -> dict[str, str]:
    return _headers("x-ratelimit-minutely-", limit, remaining, resets_at)


def day(remaining: int, resets_at: datetime, limit: int = 5000) -> dict[str, str]:
    return _headers("x-ratelimit-", limit, remaining, resets_at)


def _headers(prefix: str, limit: int, remaining: int, resets_at: datetime) -> dict[str, str]:
    values = {"limit": limit, "remaining": remaining, "reset": int(resets_at.timestamp() * 1000)}
    return {prefix + name: str(value) for name, value in values.items()}


class CountingLimits(LocalLimits):
    """Counts how often the shared state is touched."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.writes = 0

    def window(self, name: str) -> Window | None:
        self.reads += 1
        return super().window(name)

    def store_window(self, name: str, window: Window) -> None:
        self.writes += 1
        super().store_window(name, window)

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        self.writes += 1
        return super().reserve(name, now=now, seconds=seconds)


def made_at(
    limiters: list[PathLimiter], clock: StillClock, pauses: list[float], template: str = "files"
) -> list[float]:
    """The moments (seconds) at which calls are made by several processes that take turns."""
    moments = []
    for i, pause in enumerate(pauses):
        clock.move(pause)
        limiters[i % len(limiters)].acquire(template)
        moments.append((clock.now() - START).total_seconds())
    return moments


@settings(max_examples=some(60), deadline=None)
@given(
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.3, 2.0]), min_size=1, max_size=60),
    rate=st.sampled_from([1.0, 5.0, 7.0]),
    processes=st.integers(1, 3),
)
def test_no_second_sees_more_calls_than_the_rate(pauses: list[float], rate: float, processes: int) -> None:
    clock, shared = StillClock(), LocalLimits()
    limiters = [PathLimiter("cleo", rate, clock, shared=shared, longest_wait=1000) for _ in range(processes)]
    moments = made_at(limiters, clock, pauses)
    for i, first in enumerate(moments):
        within = [later for later in moments[i:] if later - first < 1.0 - 1e-6]
        assert len(within) <= rate


def test_a_busy_path_touches_the_shared_schedule_about_once_a_second() -> None:
    clock, shared = StillClock(), CountingLimits()
    limiter = PathLimiter("cleo", 5.0, clock, shared=shared)
    moments = made_at([limiter], clock, [0.0] * 100)
    assert shared.writes <= moments[-1] + 5


def test_paths_do_not_slow_each_other_down() -> None:
    clock = StillClock()
    limiter = PathLimiter("cleo", 1.0, clock)
    for template in ("folders", "files", "content"):
        limiter.acquire(template)
    assert clock.slept == []


def test_a_wait_that_is_too_long_is_handed_back() -> None:
    clock = StillClock()
    limiter = PathLimiter("cleo", 1.0, clock, longest_wait=0.5)
    limiter.acquire("files")
    with pytest.raises(TryAgain) as refused:
        limiter.acquire("files")
    assert 0.5 < (refused.value.after_seconds or 0) < 2


def test_without_a_rate_only_429_pauses_a_path() -> None:
    clock = StillClock()
    limiter = PathLimiter("cleo", None, clock)
    for _ in range(100):
        limiter.acquire("files")
    assert clock.slept == []
    assert limiter.observe("files", 429, {"retry-after": "4"}) == 4.0
    limiter.acquire("files")
    assert sum(clock.slept) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("Fri, 20 Nov 2026 09:00:40 GMT", 40.0), ("99999", 86_400.0), (" 12 ", 12.0)],
    ids=["a date", "more than a day", "blanks"],
)
def test_every_form_of_retry_after_pauses_a_path(asked: str, pause: float) -> None:
    clock = StillClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    limiter = PathLimiter("cleo", None, clock)
    assert limiter.observe("files", 429, {"retry-after": asked}) == pause


@pytest.mark.parametrize("asked", ["\N{SUPERSCRIPT TWO}", "soon", "-3"])
def test_a_pause_that_is_no_number_of_seconds_is_one_second(asked: str) -> None:
    limiter = PathLimiter("cleo", None, StillClock())
    assert limiter.observe("files", 429, {"retry-after": asked}) == 1.0


def test_a_used_up_minute_is_waited_for() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 200, minute(0, START + timedelta(seconds=30)))
    limiter.acquire("crm/Accounts")
    assert 30 <= sum(clock.slept) < 31


def test_calls_in_flight_count_as_made() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 200, minute(2, START + timedelta(seconds=30)))
    limiter.acquire("crm/Accounts")
    limiter.acquire("crm/Accounts")
    assert clock.slept == []
    limiter.acquire("crm/Accounts")
    assert sum(clock.slept) >= 30


def test_a_call_without_an_answer_is_no_longer_in_flight() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 200, minute(1, START + timedelta(seconds=30)))
    for _ in range(5):
        limiter.acquire("crm/Accounts")
        limiter.observe("crm/Accounts", None, {})
    assert clock.slept == []


def test_a_used_up_day_says_when_it_goes_on_and_keeps_a_reserve() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock, day_reserve=100)
    limiter.acquire("crm/Accounts")
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    limiter.observe("crm/Accounts", 200, day(101, midnight))
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 200, day(100, midnight))
    with pytest.raises(TryAgain, match="day") as refused:
        limiter.acquire("crm/Accounts")
    assert refused.value.after_seconds == pytest.approx((midnight - START).total_seconds(), abs=1)
    clock.move((midnight - START).total_seconds() + 1)
    limiter.acquire("crm/Accounts")


def test_another_process_learns_of_a_used_up_day_without_a_call() -> None:
    clock, shared = StillClock(), LocalLimits()
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    one = ExactLimiter("exact", "1", clock, shared=shared)
    one.acquire("crm/Accounts")
    one.observe("crm/Accounts", 429, day(0, midnight))
    with pytest.raises(TryAgain, match="day"):
        ExactLimiter("exact", "1", clock, shared=shared).acquire("logistics/Items")
    ExactLimiter("exact", "2", clock, shared=shared).acquire("logistics/Items")


def test_a_minute_429_returns_the_wait_and_only_needs_its_own_headers() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    delay = limiter.observe("crm/Accounts", 429, minute(0, START + timedelta(seconds=12)))
    assert delay == pytest.approx(12, abs=0.2)


@pytest.mark.parametrize("skew", [-7200, -300, 300, 7200])
def test_clocks_that_disagree_neither_block_for_long_nor_hammer(skew: int) -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    delay = limiter.observe("crm/Accounts", 429, minute(0, START + timedelta(seconds=skew + 20)))
    assert 4 <= (delay or 0) <= 61
    limiter.acquire("crm/Accounts")
    assert 4 <= sum(clock.slept) <= 61


def test_a_new_minute_is_not_held_up_by_the_last_one() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 200, minute(0, START + timedelta(seconds=30)))
    clock.move(31)
    for _ in range(60):
        limiter.acquire("crm/Accounts")
    assert clock.slept == []


def test_sharing_costs_few_database_writes() -> None:
    clock, shared = StillClock(), CountingLimits()
    limiter = ExactLimiter("exact", "1", clock, shared=shared)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    for i in range(50):
        limiter.acquire("crm/Accounts")
        limiter.observe("crm/Accounts", 200, minute(59 - i, START + timedelta(seconds=30)) | day(4999 - i, midnight))
    assert shared.writes <= 10
    assert shared.reads <= 10


def test_current_me_is_not_counted() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    limiter.acquire("crm/Accounts")
    limiter.observe("crm/Accounts", 429, day(0, datetime(2026, 11, 21, tzinfo=UTC)))
    limiter.acquire("current/Me")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_it_stops_by_itself_before_the_tenth_error_of_an_endpoint(status: int) -> None:
    clock, shared = StillClock(), LocalLimits()
    processes = [ExactLimiter("exact", "1", clock, shared=shared) for _ in range(2)]
    for i in range(8):
        clock.move(10)
        processes[i % 2].acquire("purchase/PurchaseInvoices")
        processes[i % 2].observe("purchase/PurchaseInvoices", status, {})
    with pytest.raises(TryAgain, match="purchase/PurchaseInvoices") as refused:
        processes[0].acquire("purchase/PurchaseInvoices")
    assert refused.value.data["errors"] == 8
    # The first of the eight leaves the hour 3,600 s after it was made, 70 s ago.
    assert refused.value.after_seconds == pytest.approx(3600 - 70, abs=1)
    processes[0].acquire("crm/Accounts")
    clock.move(3600 - 70 + 1)
    processes[0].acquire("purchase/PurchaseInvoices")


@pytest.mark.parametrize("status", [200, 429, 500, 503, None])
def test_other_answers_are_no_errors_of_ours(status: int | None) -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    for _ in range(30):
        limiter.acquire("crm/Accounts")
        limiter.observe("crm/Accounts", status, {})


@given(st.dictionaries(st.sampled_from(["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text()))
def test_no_header_can_break_it(headers: dict[str, str]) -> None:
    found = window_of(headers, "x-ratelimit-")
    assert found is None or found.resets_at.tzinfo is UTC


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0, 1, 60]))
def test_of_two_accounts_the_later_or_smaller_one_counts(left: int, right: int, apart: int) -> None:
    one, two = Window(60, left, START), Window(60, right, START + timedelta(seconds=apart))
    found = merged(one, two)
    assert found == two if apart == 60 else found.remaining == min(left, right)
    assert merged(two, one).remaining == found.remaining


def test_many_threads_never_overdraw_a_minute() -> None:
    clock = StillClock()
    limiter = ExactLimiter("exact", "1", clock)
    reset_at = START + timedelta(seconds=30)
    lock = threading.Lock()
    left = [20]
    overdrawn: list[int] = []
    limiter.acquire("a/B")
    limiter.observe("a/B", 200, minute(20, reset_at))

    def call() -> None:
        for _ in range(5):
            limiter.acquire("a/B")
            with lock:
                fresh = clock.now() >= reset_at
                if not fresh:
                    left[0] -= 1
                    overdrawn.extend([left[0]] if left[0] < 0 else [])
                now_left = left[0]
            limiter.observe("a/B", 200, {} if fresh else minute(now_left, reset_at))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overdrawn == []


def test_a_call_is_made_again_until_it_succeeds_with_growing_waits() -> None:
    clock = StillClock()
    outcomes: list[TryAgain | int] = [TryAgain("a"), TryAgain("b", after_seconds=3), 7]

    def call() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, TryAgain):
            raise outcome
        return outcome

    assert retried(call, clock=clock) == 7
    assert len(clock.slept) == 2
    assert clock.slept[1] >= 3


def test_a_wait_longer_than_allowed_is_the_callers() -> None:
    clock = StillClock()

    def call() -> int:
        raise TryAgain("day used up", after_seconds=3600)

    with pytest.raises(TryAgain):
        retried(call, clock=clock, longest_wait=60)
    assert clock.slept == []


def test_attempts_are_bounded() -> None:
    clock = StillClock()
    calls = []

    def call() -> int:
        calls.append(1)
        raise TryAgain("down")

    with pytest.raises(TryAgain):
        retried(call, clock=clock, attempts=4)
    assert len(calls) == 4
