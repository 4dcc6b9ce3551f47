"""The ledger's database: opening it, its transactions, its clock.

Everything else in this package is functions over a transaction, so that a flow can put several steps into one.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ml_connector.clock import Clock, SystemClock
from ml_connector.errors import ConfigError, TryAgain, WeAreWrong
from ml_connector.ledger.database import faults, seals
from ml_connector.ledger.database.departures import DepartureLog

log = logging.getLogger(__name__)

#: A transaction on the ledger.
Tx = sa.Connection

#: Seconds a writer waits for the one writer that SQLite has, or for a lock on PostgreSQL.
BUSY_SECONDS = 30
#: Seconds that one statement may take on PostgreSQL, and how much later an answer that does not come is given up.
PATIENCE, ANSWER_LATER = 60.0, 5.0
#: A transaction whose process is stopped holds its rows no longer than this, nor than twice the patience.
IDLE_SECONDS = 120
_CLOCK = "ml_connector_clock"
_IMMEDIATE = "ml_connector_immediate"
_WRITES = ("INSERT", "UPDATE", "DELETE")


def now(tx: Tx) -> datetime:
    """The present moment by the clock of the ledger this transaction belongs to."""
    clock: Clock = tx.get_execution_options()[_CLOCK]
    return clock.now()


def ledger_url(text: str) -> URL:
    """The URL with its driver: `postgresql://` and `postgres://` mean psycopg2, whatever SQLAlchemy's default is.

    Raises:
        ConfigError: neither a SQLite file nor PostgreSQL.
    """
    remedy = "Use sqlite:///path/to/ledger.db or postgresql://user@host/database."
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1) if text.startswith("postgres://") else text)
    except ArgumentError:
        raise ConfigError("The ledger's URL cannot be read.", remedy=remedy) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg2")
    if backend != "sqlite":
        raise ConfigError(f"The ledger cannot live in {backend!r}.", remedy=remedy)
    if not url.database or url.database == ":memory:":
        raise ConfigError("The ledger needs a file: one in memory would be lost.", remedy=remedy)
    return url.set(drivername="sqlite")


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def make_engine(
    url: URL, clock: Clock, *, patience: float | None = PATIENCE, pooled: bool = True, writes: bool = True
) -> sa.Engine:
    """An engine whose transactions are begun explicitly and know the clock.

    patience: seconds that a statement may take on PostgreSQL; None for work that may take long. pooled: False opens a
    connection for every transaction, which no other one can keep waiting. writes: False refuses them, on SQLite.
    """
    options: dict[str, Any] = {
        "execution_options": {_CLOCK: clock},
        "json_serializer": _json_text,
        "json_deserializer": msgspec.json.decode,
    }
    if not pooled:
        options["poolclass"] = sa.NullPool
    if url.get_backend_name() == "postgresql":
        if pooled:
            options |= {"pool_pre_ping": True, "pool_recycle": 1800, "pool_timeout": BUSY_SECONDS}
        return sa.create_engine(
            url,
            executemany_mode="values_plus_batch",
            executemany_batch_page_size=500,
            connect_args=_postgresql_arguments(patience),
            **options,
        )
    waits = BUSY_SECONDS if patience is None else min(BUSY_SECONDS, patience)
    engine = sa.create_engine(url, connect_args={"timeout": waits, "check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", lambda connection, _: _prepare_sqlite(connection, waits, writes=writes))
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_arguments(patience: float | None) -> dict[str, Any]:
    """Limits at every layer, so that nothing waits for ever: connecting, the peer, locks, statements, answers."""
    from ml_connector.ledger.database.patience import PatientCursor, connection_class

    # libpq takes whole seconds, and two at least.
    connecting = 10 if patience is None else max(2, min(10, round(patience)))
    limits = {"timezone": "UTC", "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000}
    if patience is not None:
        limits |= {
            "statement_timeout": round(patience * 1000),
            "idle_in_transaction_session_timeout": round(min(IDLE_SECONDS, 2 * patience) * 1000),
            "lock_timeout": round(min(BUSY_SECONDS, patience) * 1000),
        }
    return {
        "connect_timeout": connecting,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000 if patience is None else round(min(30.0, patience) * 1000),
        "application_name": "ml-connector",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        "connection_factory": connection_class(None if patience is None else patience + min(ANSWER_LATER, patience)),
        "cursor_factory": PatientCursor,
    }


def _prepare_sqlite(connection: sqlite3.Connection, waits: float, *, writes: bool) -> None:
    """Durable at every commit; transactions are begun by `_begin_sqlite`, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {round(waits * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -32000")
    cursor.execute("PRAGMA temp_store = MEMORY")
    if not writes:
        cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _begin_sqlite(tx: Tx) -> None:
    immediate = tx.get_execution_options().get(_IMMEDIATE, False)
    tx.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _make_file(path: Path) -> None:
    """A new database for its owner alone: it holds everything that was received, and encrypted credentials."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise faults.of_system(error, f"The ledger {path}") from error


@dataclass(frozen=True)
class DatabaseFile:
    """The file of a database in SQLite. identity: what tells it from another one of the same name; None for none."""

    path: str
    identity: tuple[int, int] | None

    @classmethod
    def of(cls, url: URL) -> "DatabaseFile":
        path = url.database or ""
        return cls(path, _identity(path))

    def is_here(self) -> bool:
        """Whether it still has its name, and is not a restored one's predecessor."""
        return self.identity is not None and _identity(self.path) == self.identity


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_busy(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig)


@contextmanager
def _without_limits(connection: sa.Connection) -> Iterator[None]:
    """PostgreSQL: this transaction may take its time."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    raw: Any = connection.connection.dbapi_connection
    before, raw.patience = raw.patience, None
    try:
        yield
    finally:
        raw.patience = before


class Ledger:
    """One ledger. Safe to use from several threads; every process opens its own.

    url: with its driver and without its password in `str`. clock: stamps everything.
    """

    def __init__(self, engine: sa.Engine, clock: Clock, *, patience: float = PATIENCE) -> None:
        self.engine = engine
        self.clock = clock
        self.url = engine.url
        #: Where what leaves is written down outside the database; None where nothing is sent (tests, tools).
        self.departures: DepartureLog | None = None
        self.patience = patience
        self._local = threading.local()
        self._beats: dict[float, sa.Engine] = {}
        # Connections of their own for what only reads: SQLite refuses writes by connection, not by transaction.
        sqlite = engine.dialect.name == "sqlite"
        file = DatabaseFile.of(engine.url) if sqlite else None
        self._file = file if file is not None and file.identity is not None else None
        #: How often the database was replaced while it was open: what was learnt of the one before may be wrong.
        self.replaced = 0
        self._replacing = threading.Lock()
        self._migrates = True
        self._readers = make_engine(engine.url, clock, patience=patience, writes=False) if sqlite else engine
        # SQLite has one writer; waiting for it in this process is fairer than its busy polling.
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, url: str, clock: Clock | None = None, create: bool = True, *, patience: float = PATIENCE) -> "Ledger":
        """Open a ledger; with `create`, make or migrate its tables (two processes at once are safe).

        patience: seconds that a statement may take on PostgreSQL before the ledger counts as out of reach.

        Raises:
            ConfigError: the URL is no ledger's, or (without create) its tables are missing or of another version.
            TryAgain: the database cannot be reached or written.
            ConnectorError: its file is damaged, or cannot be made.
        """
        parsed = ledger_url(url)
        if parsed.get_backend_name() == "sqlite":
            path = Path(parsed.database or "")
            if create:
                _make_file(path)
            elif not path.exists():
                raise ConfigError(
                    f"There is no ledger at {path}.", remedy="Mend the path, or start the connector once."
                )
        clock = clock or SystemClock()
        ledger = cls(make_engine(parsed, clock, patience=patience), clock, patience=patience)
        ledger._migrates = create
        ledger._make_tables_fit()
        return ledger

    def _make_tables_fit(self) -> None:
        from ml_connector.ledger.database import schema

        # A migration may take long; it has no other limit than its own.
        patient = make_engine(self.url, self.clock, patience=None, pooled=False)
        with self._told():
            if self._migrates:
                schema.upgrade(patient)
            else:
                schema.check_version(patient)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()
        self._readers.dispose()
        for engine in self._beats.values():
            engine.dispose()

    def _take_up_replaced(self) -> None:
        """Leave a file that another one has replaced (docs/backup.md): what is written into it is lost.

        Raises:
            TryAgain: there is none now; SQLite would make an empty one.
        """
        if self._file is None or self._file.is_here():
            return
        with self._replacing:
            if self._file.is_here():
                return
            now_there = DatabaseFile.of(self.url)
            if now_there.identity is None:
                raise TryAgain(
                    f"{self._name} is not there any more.", after_seconds=10, remedy="Restore it (docs/backup.md)."
                )
            log.warning("%s was replaced while it was open; it is opened again", self._name)
            self.close()
            self._make_tables_fit()
            self.replaced += 1
            self._file = now_there

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that writes: committed at the end, rolled back by an exception. Keep it short.

        Raises:
            TryAgain: the database cannot be reached or written or does not answer in time, or another writer held it
            for more than 30 seconds.
            WeAreWrong: this thread is in a writing transaction already.
        """
        with self._writing(self.engine, BUSY_SECONDS * 2) as tx:
            yield tx

    @contextmanager
    def beat(self, patience: float) -> Iterator[Tx]:
        """A short writing transaction over a connection of its own, which nothing else in this process keeps waiting.

        patience: seconds that each of its waits may take. Raises: as `write`.
        """
        engine = self._beats.get(patience)
        if engine is None:
            engine = make_engine(self.url, self.clock, patience=patience, pooled=False)
            self._beats[patience] = engine
        with self._writing(engine, patience) as tx:
            yield tx

    @contextmanager
    def _writing(self, engine: sa.Engine, longest_wait: float) -> Iterator[Tx]:
        if getattr(self._local, "writing", False):
            raise WeAreWrong("A writing transaction was begun inside another one.")
        if self._writer is not None and not self._writer.acquire(timeout=longest_wait):
            raise TryAgain("Another thread holds the ledger.", after_seconds=5)
        self._local.writing = True
        try:
            self._take_up_replaced()
            with self._connected(engine) as connection:
                touched: seals.Touched = {}
                options = {_IMMEDIATE: True, seals.TOUCHED: touched}
                with self._begin(connection.execution_options(**options)):
                    yield connection
                    seals.write(connection, touched, self.clock.now())
        finally:
            self._local.writing = False
            if self._writer is not None:
                self._writer.release()

    @contextmanager
    def read(self, *, long: bool = False) -> Iterator[Tx]:
        """A transaction that only reads; the database refuses writes in it.

        long: its statements may take as long as they do, as those over the whole ledger.

        Raises:
            TryAgain: the database cannot be reached or does not answer in time.
        """
        self._take_up_replaced()
        with self._connected(self._readers, reading=True) as connection:
            if self._writer is not None:
                with self._begin(connection):
                    yield connection
                return
            transaction = self._begin(connection.execution_options(postgresql_readonly=True))
            with transaction, _without_limits(connection) if long else nullcontext():
                yield connection

    @contextmanager
    def _connected(self, engine: sa.Engine, *, reading: bool = False) -> Iterator[sa.Connection]:
        with self._told(reading=reading), engine.connect() as connection:
            yield connection

    @contextmanager
    def _told(self, *, reading: bool = False) -> Iterator[None]:
        """The cause and the remedy of what the database refused; the error itself where a statement is wrong."""
        try:
            yield
        except (DBAPIError, sqlite3.Error, PoolTimeout) as error:
            # What writes in a reading transaction is a defect of ours, whatever the disk.
            statement = error.statement if isinstance(error, DBAPIError) else None
            wrong = reading and (statement or "").lstrip()[:6].upper() in _WRITES
            told = None if wrong else faults.of_database(error, self._name)
            if told is None:
                raise
            raise told from error

    @property
    def _name(self) -> str:
        if self.engine.dialect.name == "sqlite":
            return f"The ledger {self.url.database}"
        return f"The ledger {self.url.render_as_string(hide_password=True)}"

    def _begin(self, connection: sa.Connection) -> sa.RootTransaction:
        """BEGIN; once more when the writer's place was busy to the end of the time-out."""
        for tries_left in (1, 0):
            try:
                return connection.begin()
            except OperationalError as error:
                if not (tries_left and _is_busy(error)):
                    raise
                log.warning("the ledger has been busy for %s seconds; trying once more", BUSY_SECONDS)
                connection.rollback()
                time.sleep(0.05)
        raise WeAreWrong("BEGIN neither succeeded nor failed.")
