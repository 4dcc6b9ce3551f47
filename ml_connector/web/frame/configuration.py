"""The configuration as it stands now: somebody mends a partner's file, and the next page knows it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ml_connector.composition import Deployment
from ml_connector.errors import ConnectorError
from ml_connector.logs import fields

log = logging.getLogger(__name__)

#: Files are looked at no more often.
SECONDS = 2.0
Print = frozenset[tuple[str, int, int]]


@dataclass
class Configuration:
    """The deployment, read again when a file of its configuration was changed. A wrong one is told, and the last good
    one stays. The ledger is the one it had: where that is cannot be changed while the pages run.
    """

    deployment: Deployment
    #: Why the files cannot be used as they are now; empty where they can.
    problem: str = ""
    clock: Callable[[], float] = time.monotonic
    _looked: float = field(default=float("-inf"), init=False)
    _print: Print = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._print = _print_of(self.deployment)

    def renewed(self) -> bool:
        """Look at the files, if they were not looked at just now; whether there is another deployment now."""
        with self._lock:
            if self.clock() - self._looked < SECONDS:
                return False
            self._looked = self.clock()
            now = _print_of(self.deployment)
            if now == self._print:
                return False
            self._print = now
            return self._read_again()

    def _read_again(self) -> bool:
        before = self.deployment
        try:
            found = Deployment.open(before.loaded.path, clock=before.clock)
        except ConnectorError as error:
            self.problem = str(error)
            log.warning("configuration not read", extra=fields(why=error.message))
            return False
        found.__dict__["ledger"] = before.ledger
        self.deployment, self.problem = found, ""
        log.info("configuration read again")
        return True


def _print_of(deployment: Deployment) -> Print:
    """What tells whether a file was changed: names, times and sizes."""
    return frozenset(_told(deployment))


def _told(deployment: Deployment) -> Iterator[tuple[str, int, int]]:
    loaded = deployment.loaded
    folders = {loaded.path.parent / one.partners for one in loaded.settings.integrations.values()}
    for path in (loaded.path, *(path for folder in sorted(folders) for path in _files(folder))):
        try:
            stat = path.stat()
        except OSError:
            continue
        yield str(path), stat.st_mtime_ns, stat.st_size


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError:
        return []
