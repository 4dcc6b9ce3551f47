"""One request of a company at a time; who waits too long for its turn meets GW-0010 (sage-intacct 5)."""

import asyncio
import time
import uuid
from collections import Counter

from ml_connector.sandbox.clock import POLL_SECONDS
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.errors import too_many


class Turns:
    """Counts what is at work, by company, and what was refused."""

    def __init__(self, options: SageIntacctOptions) -> None:
        self._options = options
        self._working: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self.most: Counter[str] = Counter()  # at work at once
        self.most_asked: Counter[str] = Counter()  # at work and waiting at once
        self.waited = 0
        self.refused = 0

    async def enter(self, company: str) -> None:
        """Wait for one's turn. Raises Refused (429, GW-0010)."""
        asked = self._working[company] + self._waiting[company] + 1
        self.most_asked[company] = max(self.most_asked[company], asked)
        if self._full(company):
            self.waited += 1
            self._waiting[company] += 1
            try:
                await self._turn(company)
            finally:
                self._waiting[company] -= 1
        self._working[company] += 1
        self.most[company] = max(self.most[company], self._working[company])

    async def _turn(self, company: str) -> None:
        until = time.monotonic() + self._options.turn_seconds
        while self._full(company):
            if time.monotonic() >= until:
                self.refuse()
            await asyncio.sleep(POLL_SECONDS)

    def leave(self, company: str) -> None:
        self._working[company] -= 1

    def refuse(self) -> None:
        """Raises Refused (429, GW-0010)."""
        self.refused += 1
        raise too_many(uuid.uuid4().hex[:12])

    def _full(self, company: str) -> bool:
        limit = self._options.concurrent
        return limit is not None and self._working[company] >= limit
