"""A ledger's file is replaced by a backup (docs/backup.md) while a process has it open."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ml_connector.composition import Deployment
from ml_connector.errors import TryAgain
from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import INTEGRATION, ROOT, write_config


def back_up(file: Path) -> Path:
    copy = file.with_name("copy.db")
    with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    return copy


def remove(file: Path) -> None:
    for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        one.unlink(missing_ok=True)


def restore(file: Path) -> None:
    """As the page says."""
    remove(file)
    file.with_name("copy.db").rename(file)


def put(ledger: Ledger, value: str) -> None:
    with ledger.write() as tx:
        cursors.put(tx, "word", value)


def get(ledger: Ledger) -> str | None:
    with ledger.read() as tx:
        return cursors.get(tx, "word")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sqlite_with_tables(tmp_path / "ledger.db")
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{file}")
    put(opened, "before the backup")
    back_up(file)
    put(opened, "lost")
    assert get(opened) == "lost"
    yield opened
    opened.close()


@pytest.mark.parametrize("disposed", [False, True], ids=["open", "disposed"])
def test_an_open_ledger_reads_and_writes_what_was_restored(ledger: Ledger, file: Path, disposed: bool) -> None:
    if disposed:
        ledger.engine.dispose()
    restore(file)
    assert get(ledger) == "before the backup"
    put(ledger, "after it")
    assert get(ledger) == "after it"
    ledger.close()
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert "after it" in str(other.execute("SELECT * FROM position").fetchall())


def test_a_heartbeat_finds_the_restored_file_too(ledger: Ledger, file: Path) -> None:
    with ledger.beat(1.0) as tx:
        cursors.put(tx, "beat", "1")
    restore(file)
    with ledger.beat(1.0) as tx:
        assert cursors.get(tx, "beat") is None
        assert cursors.get(tx, "word") == "before the backup"


def test_between_the_two_commands_nobody_makes_an_empty_ledger(ledger: Ledger, file: Path) -> None:
    remove(file)
    with pytest.raises(TryAgain, match="is not there any more"):
        get(ledger)
    with pytest.raises(TryAgain, match="is not there any more"):
        put(ledger, "nowhere")
    assert not file.exists()
    file.with_name("copy.db").rename(file)
    assert get(ledger) == "before the backup"


def test_a_deployment_that_was_open_notices_the_restore(tmp_path: Path) -> None:
    """Else it would send again what left in the lost time."""
    shutil.copytree(ROOT / "partners" / INTEGRATION, tmp_path / "partners")
    addresses = dict.fromkeys(("exact", "cleo"), "http://127.0.0.1:9")
    with Deployment.open(write_config(tmp_path, addresses, {})) as deployment:
        ledger = deployment.ledger
        file = Path(ledger.url.database or "")
        add(ledger)
        assert deployment.restore is None
        back_up(file)
        add(ledger, invoice(2))
        chain_heads.export_heads(ledger, deployment.heads_file)
        restore(file)
        found = deployment.restore
        assert found is not None
        assert found == deployment.restore
