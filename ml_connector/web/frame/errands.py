"""What takes longer than a page: replays and readings of reference data, one after another, in a process of their own.

A process of its own: it has the configuration as it is now, and the memory that runs take goes with it.
"""

import json
import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ml_connector import own_signals
from ml_connector.clock import Clock
from ml_connector.logs import fields

log = logging.getLogger(__name__)

#: Errands that are remembered, and that may wait.
REMEMBERED, WAITING = 200, 20
#: What an errand was to do, as JSON; what came of it.
Runner = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class Errand:
    """One of them. outcome: None while it is under way or waits."""

    number: int
    title: str
    integration: str
    documents: frozenset[int]
    who: str
    at: datetime
    outcome: Mapping[str, Any] | None = None

    @property
    def under_way(self) -> bool:
        """Whether there is no outcome yet."""
        return self.outcome is None


@dataclass
class Errands:
    """All of this process. run: does one."""

    run: Runner
    clock: Clock
    _known: deque[Errand] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "errand"))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: int = 0

    def begin(
        self, title: str, work: Mapping[str, Any], *, integration: str, documents: Sequence[int] = (), who: str
    ) -> Errand | None:
        """Have it done as soon as those before it are; None where too many wait already."""
        with self._lock:
            if sum(one.under_way for one in self._known) >= WAITING:
                return None
            self._last += 1
            errand = Errand(self._last, title, integration, frozenset(documents), who, self.clock.now())
            self._known.append(errand)
        self._pool.submit(self._done, errand, work)
        return errand

    def _done(self, errand: Errand, work: Mapping[str, Any]) -> None:
        try:
            errand.outcome = dict(self.run(work))
        except Exception as error:  # noqa: BLE001 - whoever waits for it must be told that it has ended
            log.warning("errand failed", extra=fields(title=errand.title, why=type(error).__name__))
            errand.outcome = {"ok": False, "messages": [f"It could not be done: {type(error).__name__}."]}

    def of_document(self, document: int) -> list[Errand]:
        """Those about a document, the newest first."""
        return [one for one in self.recent() if document in one.documents]

    def of_integration(self, integration: str) -> list[Errand]:
        """Those about an integration, the newest first."""
        return [one for one in self.recent() if one.integration == integration]

    def recent(self) -> list[Errand]:
        """All that are remembered, the newest first."""
        with self._lock:
            return list(reversed(self._known))

    def find(self, number: int) -> Errand | None:
        """One by its number."""
        return next((one for one in self.recent() if one.number == number), None)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self._pool.submit(lambda: None).result()

    def close(self) -> None:
        """Begin none any more; what is under way is finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def in_own_process(config: Path) -> Runner:
    """Errands over the deployment of a configuration, each in a process of its own."""

    def run(work: Mapping[str, Any]) -> Mapping[str, Any]:
        command = own_signals.command([sys.executable, "-m", "ml_connector.operating.errand"])
        given = json.dumps({**work, "config": str(config.absolute())})
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module; what is asked goes in as JSON
            command, input=given, capture_output=True, text=True, check=False, cwd=config.absolute().parent
        )
        lines = ended.stdout.strip().splitlines()
        if not lines:
            log.warning("errand ended", extra=fields(code=ended.returncode, said=ended.stderr[-500:]))
            return {"ok": False, "messages": ["It ended by itself; the log of the web server says more."]}
        outcome: Mapping[str, Any] = json.loads(lines[-1])
        return outcome

    return run
