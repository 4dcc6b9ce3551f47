"""Puts the existing ledger into a new database, as it was: not migrated."""

import lzma
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_connector.ledger.database.store import ledger_url

FOLDER = Path(__file__).parent
HEADS_FILE = FOLDER / "chain-heads.jsonl"
REVISION = "0003"


def load(url: str) -> str:
    """Fill the database at a URL, SQLite or PostgreSQL, that has no tables yet; the URL."""
    parsed = ledger_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_database())
        return url
    engine = sa.create_engine(parsed)
    with tempfile.NamedTemporaryFile(suffix=".db") as file, engine.begin() as target:
        file.write(_database())
        file.flush()
        _make_tables(target)
        with closing(sqlite3.connect(file.name)) as source:
            _copy(source, target)
    engine.dispose()
    return url


def _database() -> bytes:
    return lzma.decompress((FOLDER / "ledger.db.xz").read_bytes())


def _make_tables(target: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "ml_connector.ledger:migrations")
    config.attributes["connection"] = target
    command.upgrade(config, REVISION)


def _copy(source: sqlite3.Connection, target: sa.Connection) -> None:
    """Every row; PostgreSQL reads SQLite's texts and numbers as the columns' own types."""
    metadata = sa.MetaData()
    metadata.reflect(target)
    target.exec_driver_sql("SET LOCAL timezone = 'UTC'")
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":
            continue
        names = [column.name for column in table.columns]
        columns = ", ".join(f'"{name}"' for name in names)
        rows = source.execute(f'SELECT {columns} FROM "{table.name}"').fetchall()
        places = ", ".join(["%s"] * len(names))
        for row in rows:
            values = tuple(str(value) if isinstance(value, int) else value for value in row)
            target.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})', values)
        if "id" in names and rows:
            target.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM \"{table.name}\"))"
            )
