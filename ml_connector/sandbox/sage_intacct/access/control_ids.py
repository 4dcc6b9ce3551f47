"""Control ids that were used with uniqueid, by sender and company (sage-intacct 5).

Only what completed is remembered: a failed call may be sent again with the same id.
"""

from collections import Counter
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.errors import already_recorded

#: Sender, company, kind of id (function or control), the id itself.
Key = tuple[str, str, str, str]


class ControlIds:
    """`done` with the moment of completion; `running` with the moment until which it counts."""

    def __init__(self, clock: FileClock, options: SageIntacctOptions) -> None:
        self._clock = clock
        self._options = options
        self._done: dict[Key, datetime] = {}
        self._running: dict[Key, int] = {}
        self.counts: Counter[str] = Counter()

    def check(self, *keys: Key) -> None:
        """Raises Failed for an id that has been recorded."""
        for key in keys:
            when = self._done.get(key)
            if when is not None and not self._forgotten(when):
                self.counts["repeated"] += 1
                raise already_recorded(self._options.repeat_errorno, key[3])

    def record(self, *keys: Key) -> None:
        """These have completed."""
        for key in keys:
            self._done[key] = self._clock.now()

    def running(self, keys: list[Key]) -> frozenset[Key]:
        """Those of which another request is still at work."""
        return frozenset(key for key in keys if self._running.get(key))

    def begin(self, keys: list[Key]) -> None:
        """A request that names them is at work, or will be although its connection is gone."""
        for key in keys:
            self._running[key] = self._running.get(key, 0) + 1

    def end(self, keys: list[Key]) -> None:
        for key in keys:
            left = self._running.get(key, 0) - 1
            if left > 0:
                self._running[key] = left
            else:
                self._running.pop(key, None)

    def known(self) -> int:
        return len(self._done)

    def _forgotten(self, when: datetime) -> bool:
        days = self._options.unique_days
        return days is not None and self._clock.now() >= when + timedelta(days=days)
