"""What these tests begin with."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.ledger.tampering.everything import fill
from ml_connector_tests.support.clocks import StillClock


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ledger.db` and the exported heads, to be copied."""
    folder = tmp_path_factory.mktemp("whole")
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", StillClock())
    fill(ledger)
    chain_heads.export_heads(ledger, folder / "heads.jsonl")
    ledger.close()
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    for name in ("ledger.db", "heads.jsonl"):
        shutil.copy(whole / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    fill(ledger)
    return ledger
