"""What may be written again: only what two looks, a settling time apart, did not find."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.clock import SystemClock
from ml_connector.errors import (
    AuthorizationNeeded,
    ConnectorError,
    OutcomeUnknown,
    RefusedBySystem,
    TryAgain,
    WeAreWrong,
)
from ml_connector.flows.core.call_executor import Begun, CallOutcome, Places, call_all, settle
from ml_connector.flows.core.ports import StoredOperation, Written

BEGUN = datetime(2026, 11, 20, 12, tzinfo=UTC)
LAST = BEGUN + timedelta(minutes=5)
ONE = StoredOperation(
    id=1,
    document_id=1,
    position=0,
    kind="purchase_invoice",
    key="mlc-1/0",
    target="1/purchase/PurchaseInvoices",
    payload="{}",
    attempts=2,
    first_attempt_at=BEGUN,
    last_attempt_at=LAST,
    looked=0,
    state="unknown",
)


def settled(operation: StoredOperation, after: float, *, found: bool = False) -> str:
    """What becomes of an operation so many seconds after its last attempt."""
    settlement = settle(
        [operation],
        lambda asked: {one.id: Written("guid") for one in asked if found},
        settle_seconds=60,
        now=LAST + timedelta(seconds=after),
    )
    lists = {"found": settlement.found, "look again": settlement.look_again, "write again": settlement.write_again}
    (only,) = [name for name, held in lists.items() if held]
    return only


@pytest.mark.parametrize(("after", "wanted"), [(0, "look again"), (59.9, "look again"), (60, "write again")])
def test_what_is_not_found_is_written_again_only_after_the_settling_time(after: float, wanted: str) -> None:
    """A call that timed out can still commit late; the time counts from the last attempt."""
    assert settled(ONE, after) == wanted


@pytest.mark.parametrize("after", [0, 60, 100_000])
def test_what_is_found_is_never_written_again(after: float) -> None:
    assert settled(ONE, after, found=True) == "found"


def test_what_was_never_attempted_need_not_settle() -> None:
    assert settled(replace(ONE, last_attempt_at=None), 0) == "write again"


def test_nothing_is_asked_where_nothing_is_open() -> None:
    assert settle([], lambda _: pytest.fail("asked"), settle_seconds=60, now=LAST) == settle(
        [], lambda _: {}, settle_seconds=0, now=LAST
    )


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (TryAgain("later"), "not sent"),
        (AuthorizationNeeded("log in"), "not sent"),
        (RefusedBySystem("closed period"), "refused"),
        (OutcomeUnknown("no answer"), "unknown"),
        (WeAreWrong("a defect"), "unknown"),
        (ConnectorError("anything else"), "unknown"),
    ],
)
def test_an_error_that_does_not_say_what_happened_leaves_the_outcome_unknown(
    error: ConnectorError, wanted: str
) -> None:
    outcome = CallOutcome(ONE, error=error)
    flags = {"not sent": outcome.not_sent, "refused": outcome.refused, "unknown": outcome.unknown}
    assert [name for name, is_so in flags.items() if is_so] == [wanted]


@pytest.mark.parametrize(("next_group", "most"), [(True, 8), (False, 4)])
def test_no_more_is_begun_than_can_be_on_the_wire_soon(next_group: bool, most: int) -> None:
    """Groups are no larger than the calls at once; only what can be looked up has the next one ready (invariant 2)."""
    calls, lock = 4, threading.Lock()
    groups: list[int] = []
    open_now, seen = 0, 0

    def begin(group: Sequence[StoredOperation]) -> Begun:
        nonlocal open_now, seen
        with lock:
            groups.append(len(group))
            open_now += len(group)
            seen = max(seen, open_now)
        return Begun(group, lambda: None)

    def write(operation: StoredOperation) -> Written:
        nonlocal open_now
        time.sleep(0.002)
        with lock:
            open_now -= 1
        return Written(str(operation.id))

    operations = [replace(ONE, id=number) for number in range(60)]
    places = Places(calls, next_group=next_group)
    with ThreadPoolExecutor(calls) as pool:
        outcomes = [
            outcome
            for group in call_all(operations, write, begin=begin, places=places, calls=pool, clock=SystemClock())
            for outcome in group
        ]
    assert sorted(outcome.operation.id for outcome in outcomes) == list(range(60))
    assert max(groups) <= calls
    assert calls <= seen <= most
