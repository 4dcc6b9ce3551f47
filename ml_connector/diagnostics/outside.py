"""Checks of what stands outside the database: the exported heads and the log of what leaves can be written."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ml_connector.ledger.database.departures import DepartureLog
from ml_connector.ledger.database.faults import of_system
from ml_connector.systems.results import Finding, Level, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


def check_heads(deployment: "Deployment") -> Iterator[Finding]:
    """Tries what every export and every upload begins with; nothing is left of it."""
    heads = deployment.heads_file
    for path in (heads, DepartureLog.beside(heads).path):
        try:
            _try_to_append(path)
        except OSError as error:
            told = of_system(error, str(path))
            message = f"{told.message} Nothing is sent while it is so (ledger.heads_file)."
            yield Finding("deployment", "heads", Level.BAD, message, told.mend, Mender.CONFIGURATION)
            return
    yield Finding("deployment", "heads", Level.GOOD, f"{heads} and the log of what leaves can be written")


def _try_to_append(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("ab"):
        pass
    if new and not path.stat().st_size:
        path.unlink()
