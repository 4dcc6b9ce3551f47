"""Backing a ledger's database up and restoring it, by each database's own means."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg2
from sqlalchemy.engine import make_url

from ml_connector.ledger.database.store import ledger_url


class Backup:
    """The state of a ledger's database at one moment. Nobody may be connected while it is taken or restored."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = ledger_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.kept = folder / "backup.db"
        self.copy = f"{self.url.database}_backup"
        if self.sqlite:
            with closing(sqlite3.connect(self.url.database or "")) as source, closing(sqlite3.connect(self.kept)) as to:
                source.backup(to)
            return
        self._run(f'CREATE DATABASE "{self.copy}" TEMPLATE "{self.url.database}"')

    def restore(self) -> None:
        if self.sqlite:
            path = Path(self.url.database or "")
            for beside in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                beside.unlink(missing_ok=True)
            shutil.copy(self.kept, path)
            return
        self._run(f'DROP DATABASE "{self.url.database}" WITH (FORCE)')
        self._run(f'CREATE DATABASE "{self.url.database}" TEMPLATE "{self.copy}"')

    def drop(self) -> None:
        """Take the copy away."""
        if not self.sqlite:
            self._run(f'DROP DATABASE IF EXISTS "{self.copy}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        admin = make_url(self.url).set(drivername="postgresql", database="postgres")
        connection = psycopg2.connect(admin.render_as_string(hide_password=False))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()
