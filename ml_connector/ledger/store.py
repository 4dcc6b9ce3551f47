"""The ledger's database: opening it, its transactions, its clock.

Everything else in this package is functions over a transaction, so that a flow can put several steps into one.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from ml_connector.clock import Clock, SystemClock
from ml_connector.errors import ConfigError, TryAgain, WeAreWrong
from ml_connector.ledger.departures import DepartureLog

log = logging.getLogger(__name__)

#: A transaction on the ledger.
Tx = sa.Connection

#: Seconds a writer waits for the one writer that SQLite has.
BUSY_SECONDS = 30
_CLOCK = "ml_connector_clock"
_IMMEDIATE = "ml_connector_immediate"


def now(tx: Tx) -> datetime:
    """The present moment by the clock of the ledger this transaction belongs to."""
    clock: Clock = tx.get_execution_options()[_CLOCK]
    return clock.now()


def ledger_url(text: str) -> URL:
    """The URL with its driver: `postgresql://` and `postgres://` mean psycopg2, whatever SQLAlchemy's default is.

    Raises:
        ConfigError: neither a SQLite file nor PostgreSQL.
    """
    mend = "Use sqlite:///path/to/ledger.db or postgresql://user@host/database."
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1) if text.startswith("postgres://") else text)
    except ArgumentError:
        raise ConfigError("The ledger's URL cannot be read.", mend=mend) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg2")
    if backend != "sqlite":
        raise ConfigError(f"The ledger cannot live in {backend!r}.", mend=mend)
    if not url.database or url.database == ":memory:":
        raise ConfigError("The ledger needs a file: one in memory would be lost.", mend=mend)
    return url.set(drivername="sqlite")


def make_engine(url: URL, clock: Clock) -> sa.Engine:
    """An engine whose transactions are begun explicitly and know the clock."""
    options: dict[str, Any] = {"execution_options": {_CLOCK: clock}}
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_recycle=1800,
            executemany_mode="values_plus_batch",
            executemany_batch_page_size=500,
            connect_args={
                "connect_timeout": 10,
                "application_name": "ml-connector",
                "options": "-c timezone=UTC",
            },
            **options,
        )
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Durable at every commit; transactions are begun by `_begin_sqlite`, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -32000")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _begin_sqlite(tx: Tx) -> None:
    immediate = tx.get_execution_options().get(_IMMEDIATE, False)
    tx.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _make_private(path: Path) -> None:
    """A new database for its owner alone: it holds everything that was received, and encrypted credentials."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _is_busy(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


class Ledger:
    """One ledger. Safe to use from several threads; every process opens its own.

    url: with its driver and without its password in `str`. clock: stamps everything.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.url = engine.url
        #: Where what leaves is written down outside the database; None where nothing is sent (tests, tools).
        self.departures: DepartureLog | None = None
        self._local = threading.local()
        # SQLite has one writer; waiting for it in this process is fairer than its busy polling.
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, url: str, clock: Clock | None = None, create: bool = True) -> "Ledger":
        """Open a ledger; with `create`, make or migrate its tables (two processes at once are safe).

        Raises:
            ConfigError: the URL is no ledger's, or (without create) its tables are missing or of another version.
            TryAgain: the database cannot be reached.
        """
        from ml_connector.ledger import schema

        parsed = ledger_url(url)
        if parsed.get_backend_name() == "sqlite":
            path = Path(parsed.database or "")
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
                _make_private(path)
            elif not path.exists():
                raise ConfigError(f"There is no ledger at {path}.", mend="Mend the path, or start the connector once.")
        ledger = cls(make_engine(parsed, clock or SystemClock()), clock or SystemClock())
        try:
            if create:
                schema.upgrade(ledger.engine)
            else:
                schema.check_version(ledger.engine)
        except OperationalError as error:
            raise ledger._unreachable(error) from error
        return ledger

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that writes: committed at the end, rolled back by an exception. Keep it short.

        Raises:
            TryAgain: the database cannot be reached, or another writer held it for more than 30 seconds.
            WeAreWrong: this thread is in a writing transaction already.
        """
        if getattr(self._local, "writing", False):
            raise WeAreWrong("A writing transaction was begun inside another one.")
        if self._writer is not None and not self._writer.acquire(timeout=BUSY_SECONDS * 2):
            raise TryAgain("Another thread holds the ledger.", after_seconds=5)
        self._local.writing = True
        try:
            with self._connected() as connection:
                transaction = self._begin(connection.execution_options(**{_IMMEDIATE: True}))
                with transaction:
                    yield connection
        finally:
            self._local.writing = False
            if self._writer is not None:
                self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads; the database refuses writes in it.

        Raises:
            TryAgain: the database cannot be reached.
        """
        with self._connected() as connection:
            if self._writer is None:
                with self._begin(connection.execution_options(postgresql_readonly=True)):
                    yield connection
                return
            with self._begin(connection):
                connection.exec_driver_sql("PRAGMA query_only = ON")
                try:
                    yield connection
                finally:
                    connection.exec_driver_sql("PRAGMA query_only = OFF")

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            connection = self.engine.connect()
        except OperationalError as error:
            raise self._unreachable(error) from error
        try:
            yield connection
        finally:
            connection.close()

    def _begin(self, connection: sa.Connection) -> sa.RootTransaction:
        """BEGIN; once more when the writer's place was busy to the end of the time-out."""
        for tries_left in (1, 0):
            try:
                return connection.begin()
            except OperationalError as error:
                if not (tries_left and _is_busy(error)):
                    raise self._unreachable(error) from error
                log.warning("the ledger has been busy for %s seconds; trying once more", BUSY_SECONDS)
                connection.rollback()
                time.sleep(0.05)
        raise WeAreWrong("BEGIN neither succeeded nor failed.")

    def _unreachable(self, error: DBAPIError) -> TryAgain:
        if _is_busy(error):
            return TryAgain("The ledger is busy: another process holds it.", after_seconds=5)
        shown = self.url.render_as_string(hide_password=True)
        cause = str(error.orig).strip().splitlines()[0][:300] if str(error.orig).strip() else "no reason given"
        return TryAgain(
            f"The ledger {shown} cannot be reached: {cause}",
            after_seconds=10,
            mend="See that the database runs and that its URL is right.",
        )
