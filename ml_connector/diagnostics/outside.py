"""Checks of what stands outside the database: exported heads and the log of what leaves can be written, and there is
room for them and for the ledger.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ml_connector.ledger.database.departures import DepartureLog
from ml_connector.ledger.database.faults import of_system
from ml_connector.systems.results import CheckLevel, CheckResult, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


#: Bytes: the lines of some uploads, and what a day of documents takes in the ledger at least.
LEAST_FREE, SOON_FULL = 64_000, 100_000_000


def check_room(deployment: "Deployment") -> Iterator[CheckResult]:
    """Tells of a disk that is nearly full before the work stops."""
    home = deployment.loaded.home
    free = shutil.disk_usage(home if home.exists() else home.absolute().parent).free
    if free < SOON_FULL:
        message = f"{home}: {free / 1_000_000:.1f} MB are left on its disk"
        remedy = "Make room: when it is full nothing is taken in, posted or sent until there is some again."
        yield CheckResult("deployment", "disk", CheckLevel.WARN, message, remedy)


def check_heads(deployment: "Deployment") -> Iterator[CheckResult]:
    """Tries what every export and every upload begins with; nothing is left of it."""
    heads = deployment.heads_file
    for path in (heads, DepartureLog.beside(heads).path):
        try:
            _try_to_append(path)
        except OSError as error:
            told = of_system(error, str(path))
            message = f"{told.message} Nothing is sent while it is so (ledger.heads_file)."
            yield CheckResult("deployment", "heads", CheckLevel.BAD, message, told.remedy, Mender.CONFIGURATION)
            return
    yield CheckResult("deployment", "heads", CheckLevel.GOOD, f"{heads} and the log of what leaves can be written")


def _try_to_append(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("ab"):
        pass
    if new and not path.stat().st_size:
        path.unlink()
    if shutil.disk_usage(path.parent).free < LEAST_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
