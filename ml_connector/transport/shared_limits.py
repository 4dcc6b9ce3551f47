"""Call limits shared by all processes of a deployment, through the ledger."""

import logging
from datetime import datetime

from ml_connector.errors import TryAgain
from ml_connector.ledger.coordination import rate_budgets
from ml_connector.ledger.database.store import Ledger
from ml_connector.transport.limits import LocalLimits, Window

log = logging.getLogger(__name__)


class LedgerLimits:
    """`SharedLimits` over the ledger's budgets. Limiters call it seldom: slices, not single calls.

    A ledger that is out of reach for a moment must not lose the outcome of a call that was made: this process then
    goes on with what it knows by itself, and says so in the log.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._own = LocalLimits()

    def window(self, name: str) -> Window | None:
        try:
            with self._ledger.read() as tx:
                known = rate_budgets.window(tx, name)
        except TryAgain as error:
            _alone(name, error)
            return self._own.window(name)
        return None if known is None else Window(known.limit, known.remaining, known.resets_at)

    def store_window(self, name: str, window: Window) -> None:
        self._own.store_window(name, window)
        try:
            with self._ledger.write() as tx:
                rate_budgets.store_window(tx, name, window.limit, window.remaining, window.resets_at)
        except TryAgain as error:
            _alone(name, error)

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        try:
            with self._ledger.write() as tx:
                start = rate_budgets.reserve(tx, name, at=now, seconds=seconds)
        except TryAgain as error:
            _alone(name, error)
            return self._own.reserve(name, now=now, seconds=seconds)
        self._own.reserve(name, now=start, seconds=seconds)
        return start

    def moments(self, name: str, *, since: datetime) -> list[datetime]:
        try:
            with self._ledger.read() as tx:
                return rate_budgets.moments(tx, name, since=since)
        except TryAgain as error:
            _alone(name, error)
            return self._own.moments(name, since=since)

    def add_moment(self, name: str, moment: datetime, *, since: datetime) -> list[datetime]:
        own = self._own.add_moment(name, moment, since=since)
        try:
            with self._ledger.write() as tx:
                return rate_budgets.add_moment(tx, name, moment, since=since)
        except TryAgain as error:
            _alone(name, error)
            return own


def _alone(name: str, error: TryAgain) -> None:
    log.warning("the call limit %s is not shared for now: %s", name, error.message)
