"""Databases that have the ledger's tables already: migrating each test's own costs more than many a test."""

import tempfile
from functools import cache
from pathlib import Path

from ml_connector.ledger.database.store import Ledger


@cache
def _migrated() -> bytes:
    """A SQLite file with the ledger's tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        Ledger.open(f"sqlite:///{path}").close()
        return path.read_bytes()


def sqlite_with_tables(path: Path) -> str:
    """A new SQLite ledger at a path, and its URL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"
