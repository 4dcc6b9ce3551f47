"""Call limits shared by all processes of a deployment, through the ledger."""

from datetime import datetime

from ml_connector.ledger import budgets
from ml_connector.ledger.store import Ledger
from ml_connector.transport.limits import Window


class LedgerLimits:
    """`SharedLimits` over the ledger's budgets. Limiters call it seldom: slices, not single calls."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def window(self, name: str) -> Window | None:
        with self._ledger.read() as tx:
            known = budgets.window(tx, name)
        return None if known is None else Window(known.limit, known.remaining, known.resets_at)

    def store_window(self, name: str, window: Window) -> None:
        with self._ledger.write() as tx:
            budgets.store_window(tx, name, window.limit, window.remaining, window.resets_at)

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        with self._ledger.write() as tx:
            return budgets.reserve(tx, name, at=now, seconds=seconds)

    def moments(self, name: str, *, since: datetime) -> list[datetime]:
        with self._ledger.read() as tx:
            return budgets.moments(tx, name, since=since)

    def add_moment(self, name: str, moment: datetime, *, since: datetime) -> list[datetime]:
        with self._ledger.write() as tx:
            return budgets.add_moment(tx, name, moment, since=since)
