"""Call limits through a real ledger: processes know of each other, and a ledger out of reach loses no outcome."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml_connector.clock import SystemClock
from ml_connector.errors import TryAgain
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.exact_online.wire.limits import ExactLimiter
from ml_connector.transport.limits import PathLimiter, Window
from ml_connector.transport.shared_limits import LedgerLimits
from ml_connector_tests.support.clocks import StillClock

CALLER = """
import sys
from ml_connector.clock import SystemClock
from ml_connector.ledger.database.store import Ledger
from ml_connector.transport.limits import PathLimiter
from ml_connector.transport.shared_limits import LedgerLimits

clock = SystemClock()
limiter = PathLimiter("cleo", 10.0, clock, shared=LedgerLimits(Ledger.open(sys.argv[1], clock)))
for _ in range(12):
    limiter.acquire("files")
    print(clock.now().timestamp(), flush=True)
"""


def test_windows_errors_and_schedules_are_kept_for_others(ledger: Ledger, clock: StillClock) -> None:
    one, two = LedgerLimits(ledger), LedgerLimits(ledger)
    now = clock.now()
    window = Window(60, 7, now + timedelta(seconds=20))
    one.store_window("exact/1/minute", window)
    assert two.window("exact/1/minute") == window
    two.store_window("exact/1/minute", Window(60, 9, window.resets_at))
    assert one.window("exact/1/minute") == window
    assert one.reserve("cleo/rate/files", now=now, seconds=1) == now
    assert two.reserve("cleo/rate/files", now=now, seconds=1) == now + timedelta(seconds=1)
    one.add_moment("exact/1/errors/a", now, since=now - timedelta(hours=1))
    later = now + timedelta(minutes=5)
    assert two.add_moment("exact/1/errors/a", later, since=now - timedelta(hours=1)) == [now, later]
    assert two.moments("exact/1/errors/a", since=later) == [later]


def test_a_day_used_up_elsewhere_stops_this_process(ledger: Ledger, clock: StillClock) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    told = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0"}
    told["x-ratelimit-reset"] = str(int(midnight.timestamp() * 1000))
    one = ExactLimiter("exact", "1", clock, shared=LedgerLimits(ledger))
    one.acquire("crm/Accounts")
    one.observe("crm/Accounts", 429, told)
    with pytest.raises(TryAgain, match="day"):
        ExactLimiter("exact", "1", clock, shared=LedgerLimits(ledger)).acquire("crm/Accounts")


def test_three_processes_together_keep_to_the_rate(tmp_path: Path) -> None:
    """Ten a second over all of them: in no second do more calls begin, but for what their clocks' reading costs."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger.open(url, SystemClock()).close()
    command = [sys.executable, "-c", CALLER, url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    moments = sorted(float(line) for process in processes for line in process.communicate(timeout=60)[0].split())
    assert len(moments) == 36
    for i, first in enumerate(moments):
        assert sum(1 for later in moments[i:] if later - first < 0.9) <= 10


def test_a_ledger_out_of_reach_does_not_lose_an_outcome(sqlite_ledger: Ledger, clock: StillClock) -> None:
    shared = LedgerLimits(sqlite_ledger)
    exact = ExactLimiter("exact", "1", clock, shared=shared)
    paths = PathLimiter("cleo", 5.0, clock, shared=shared)
    exact.acquire("crm/Accounts")
    _lose(sqlite_ledger)
    headers = {"x-ratelimit-minutely-limit": "60", "x-ratelimit-minutely-remaining": "3"}
    headers["x-ratelimit-minutely-reset"] = str(int((clock.now().timestamp() + 20) * 1000))
    assert exact.observe("crm/Accounts", 400, headers) is None
    exact.acquire("crm/Accounts")
    paths.acquire("files")
    now = clock.now()
    assert shared.moments("exact/1/errors/crm/Accounts", since=now - timedelta(hours=1)) == [now]


def _lose(ledger: Ledger) -> None:
    """The database goes away: its file becomes a folder."""
    path = Path(str(ledger.url.database))
    ledger.close()
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
    path.mkdir()
