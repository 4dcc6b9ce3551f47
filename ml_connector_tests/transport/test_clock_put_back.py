"""A clock that went forward and back: what it wrote meanwhile limits nothing, and is told."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import StoredToken, TokenState
from ml_connector.errors import TryAgain
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimQuery, Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.sensors.pending_work import documents_waiting
from ml_connector.systems.exact_online.wire.limits import ExactLimiter
from ml_connector.transport.limits import LocalLimits, PathLimiter, SharedLimits, Window
from ml_connector.transport.shared_limits import LedgerLimits
from ml_connector.transport.tokens.rules import TokenStep, decide
from ml_connector_tests.ledger.samples import BY, add, invoice
from ml_connector_tests.support.clocks import StillClock

DAYS = timedelta(days=3).total_seconds()


def _day(clock: StillClock, remaining: int) -> dict[str, str]:
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    reset = str(int((today + timedelta(days=1)).timestamp() * 1000))
    return {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": reset}


@pytest.mark.parametrize("shared", ["one process", "ledger"])
def test_windows(ledger: Ledger, clock: StillClock, shared: str, caplog: pytest.LogCaptureFixture) -> None:
    """A day that was used up in the future says nothing of today, in this process and in the next one."""
    kept: SharedLimits = LocalLimits() if shared == "one process" else LedgerLimits(ledger)
    one = ExactLimiter("exact", "1", clock, shared=kept)
    clock.move(DAYS)
    one.acquire("crm/Accounts")
    one.observe("crm/Accounts", 429, _day(clock, 0))
    with pytest.raises(TryAgain, match="day"):
        one.acquire("crm/Accounts")
    clock.move(-DAYS)
    with caplog.at_level(logging.WARNING):
        one.acquire("crm/Accounts")
        ExactLimiter("exact", "1", clock, shared=kept).acquire("crm/Accounts")
    assert "a clock that ran ahead" in caplog.text
    one.observe("crm/Accounts", 429, _day(clock, 0))
    with pytest.raises(TryAgain, match="day"):
        one.acquire("crm/Accounts")


@pytest.mark.parametrize("shared", ["one process", "ledger"])
def test_reservations_and_pauses(ledger: Ledger, clock: StillClock, shared: str) -> None:
    kept: SharedLimits = LocalLimits() if shared == "one process" else LedgerLimits(ledger)
    one = PathLimiter("cleo", 5.0, clock, shared=kept)
    clock.move(DAYS)
    for _ in range(20):
        one.acquire("files")
    one.observe("files", 429, {"retry-after": "30"})
    clock.move(-DAYS - 10)
    before = clock.now()
    one.acquire("files")
    PathLimiter("cleo", 5.0, clock, shared=kept).acquire("files")
    assert clock.now() - before < timedelta(seconds=2)


@pytest.mark.parametrize("shared", ["one process", "ledger"])
def test_errors_of_an_endpoint(ledger: Ledger, clock: StillClock, shared: str) -> None:
    kept: SharedLimits = LocalLimits() if shared == "one process" else LedgerLimits(ledger)
    one = ExactLimiter("exact", "1", clock, shared=kept)
    clock.move(DAYS)
    for _ in range(8):
        one.observe("crm/Accounts", 404, {})
    with pytest.raises(TryAgain, match="failed within an hour"):
        one.acquire("crm/Accounts")
    clock.move(-DAYS)
    one.acquire("crm/Accounts")
    ExactLimiter("exact", "1", clock, shared=kept).acquire("crm/Accounts")


def test_what_others_are_told_replaces_it(ledger: Ledger, clock: StillClock) -> None:
    limits = LedgerLimits(ledger)
    clock.move(DAYS)
    limits.store_window("exact/1/day", Window(5000, 0, clock.now() + timedelta(hours=9)))
    clock.move(-DAYS)
    told = Window(5000, 4000, clock.now() + timedelta(hours=9))
    limits.store_window("exact/1/day", told)
    assert limits.window("exact/1/day") == told


def test_a_lease_of_a_dead_holder_ends(ledger: Ledger, clock: StillClock) -> None:
    """It is not taken at once: a living holder renews it within its time."""
    clock.move(DAYS)
    with ledger.write() as tx:
        leases.take(tx, "channel", "dead", 15)
    clock.move(-DAYS)
    mine = leases.Lease(ledger, "channel")
    assert not mine.acquire()
    clock.move(leases.DEFAULT_TTL + 1)
    assert mine.acquire()
    mine.release()


def test_a_document_that_rests_until_then_is_due(ledger: Ledger, clock: StillClock) -> None:
    (one,) = add(ledger, invoice("1"))
    one_flow = invoice("1").flow
    clock.move(DAYS)
    again = clock.now() + timedelta(hours=1)
    with ledger.write() as tx:
        move = Move(one.id, S.QUARANTINED, "held", changes={"reason": "unknown_supplier", "next_attempt_at": again})
        documents.move(tx, [move], BY)
    clock.move(-DAYS)
    query = ClaimQuery(integration="exact_cleo", states=(S.QUARANTINED,))
    with ledger.read() as tx:
        assert [row.id for row in documents.waiting(tx, query)] == [one.id]
        # Else no sensor would begin the run that takes it.
        assert documents_waiting(tx, "exact_cleo", (one_flow,)) == ["1 held document(s) to look at again"]


def test_a_token_endpoint_that_was_left_alone() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    ahead = now + timedelta(days=3)
    row = StoredToken(
        connection="exact",
        generation=1,
        state=TokenState.VALID,
        access=Secret("a"),
        refresh=Secret("r"),
        issued_at=now - timedelta(hours=1),
        expires_at=now - timedelta(minutes=50),
        refresh_expires_at=None,
        updated_at=ahead,
        detail={"cooling_from": ahead.isoformat(), "cooling_until": (ahead + timedelta(minutes=5)).isoformat()},
    )
    assert decide(row, now, timedelta(seconds=570)).step is TokenStep.REFRESH
