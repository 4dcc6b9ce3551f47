"""A disk that is full or read-only, a database that is stopped or locked: the cause, the remedy, and work goes on."""

import contextlib
import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from ml_connector.errors import ConfigError, ConnectorError, TryAgain
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database import faults, store
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.support import postgres


def _works(ledger: Ledger) -> bool:
    add(ledger, invoice("after"))
    return verify(ledger).clean


def _big(ledger: Ledger) -> None:
    with ledger.write() as tx:
        cursors.put(tx, "here", "x" * 3_000_000)


def test_a_full_database(sqlite_ledger: Ledger) -> None:
    """As SQLite itself tells a full disk: no page can be had."""

    def limited(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sqlite_ledger.engine.dispose()
    sa.event.listen(sqlite_ledger.engine, "connect", limited)
    with pytest.raises(TryAgain, match="its disk is full") as told:
        _big(sqlite_ledger)
    assert "Free space" in told.value.remedy
    sa.event.remove(sqlite_ledger.engine, "connect", limited)
    sqlite_ledger.engine.dispose()
    assert _works(sqlite_ledger)


def test_a_file_that_may_not_grow(sqlite_ledger: Ledger) -> None:
    """The system refuses the write in the middle (RLIMIT_FSIZE, with EFBIG instead of the signal)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(TryAgain, match="full"):
            _big(sqlite_ledger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _works(sqlite_ledger)


def test_a_read_only_database(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """Opened read-only, as on a disk that the system mounted so after a fault (root may write what modes forbid)."""
    path = sqlite_ledger.url.database
    sqlite_ledger.engine.dispose()
    engine = sa.create_engine(
        f"sqlite:///file:{path}?mode=ro&uri=true", execution_options=sqlite_ledger.engine.get_execution_options()
    )
    frozen = Ledger(engine, sqlite_ledger.clock)
    with pytest.raises(TryAgain, match="it is read-only") as told:
        add(frozen)
    assert "writable" in told.value.remedy
    engine.dispose()
    assert _works(sqlite_ledger)


def test_a_folder_in_which_nothing_can_be_made(tmp_path: Path) -> None:
    """/proc takes no files, not even from root."""
    with pytest.raises(ConnectorError, match="/proc/ledger"):
        Ledger.open("sqlite:////proc/ledger/ledger.db")
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(TryAgain, match="cannot be opened"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConnectorError, match="is damaged") as told:
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert "backup" in told.value.remedy


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "this user may not"),
        (errno.EIO, "the disk fails"),
        (errno.ESTALE, "taken away"),
        (errno.EMFILE, "too many files open"),
        (errno.EBUSY, "another program holds it"),
    ],
)
def test_what_the_system_refuses_for_now_is_tried_again(number: int, words: str) -> None:
    """Not an error of configuration: the path is right."""
    told = faults.of_system(OSError(number, os.strerror(number), "/x"), "/x")
    assert isinstance(told, TryAgain)
    assert words in told.message
    assert told.remedy


def test_a_path_that_is_wrong_is_an_error_of_configuration() -> None:
    told = faults.of_system(FileNotFoundError(errno.ENOENT, "No such file", "/x"), "/x")
    assert isinstance(told, ConfigError)
    assert "See that the path is right" in told.remedy


@contextlib.contextmanager
def held(path: str | None) -> Iterator[None]:
    """Another process in the middle of an exclusive transaction."""
    script = (
        "import sqlite3,sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield


def test_a_database_that_another_process_holds(sqlite_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    with (
        closing(Ledger.open(str(sqlite_ledger.url), sqlite_ledger.clock)) as impatient,
        held(sqlite_ledger.url.database),
        pytest.raises(TryAgain, match="another process holds it") as told,
    ):
        add(impatient)
    assert told.value.remedy
    assert _works(sqlite_ledger)


def _ended_by_the_server(ledger: Ledger, server: postgres.Server) -> None:
    connection = psycopg2.connect(server.admin_url)
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (ledger.url.database,)
        )


def test_a_postgresql_that_is_stopped_in_the_middle(postgres_ledger: Ledger, postgres_server: postgres.Server) -> None:
    def interrupted() -> None:
        with postgres_ledger.write() as tx:
            cursors.put(tx, "here", "1")
            _ended_by_the_server(postgres_ledger, postgres_server)
            cursors.put(tx, "here", "2")

    with pytest.raises(TryAgain, match=r"is being stopped|cannot be reached") as told:
        interrupted()
    assert "runs" in told.value.remedy
    assert _works(postgres_ledger)


def test_a_postgresql_that_is_not_there(postgres_ledger: Ledger) -> None:
    away = Ledger(sa.create_engine("postgresql+psycopg2://someone:secret@127.0.0.1:9/ledger"), postgres_ledger.clock)
    with pytest.raises(TryAgain, match="cannot be reached") as told:
        add(away)
    assert "secret" not in str(told.value)


def _as_role(ledger: Ledger, server: postgres.Server, *statements: str) -> str:
    """The URL for a role of little rights, made by these statements."""
    connection = psycopg2.connect(server.admin_url)
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS weak")
        cursor.execute("CREATE ROLE weak LOGIN PASSWORD 'x'")
        for statement in statements:
            cursor.execute(statement)
    return ledger.url.set(username="weak", password="x").render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database": "postgres"}, "refuses its role a right"),
        ({"database": "nosuch"}, '"nosuch" does not exist'),
        ({"port": 99999}, "invalid port"),
        ({"query": {"sslmode": "nosuch"}}, "invalid sslmode"),
        ({"query": {"nosuch": "1"}}, "invalid connection option"),
    ],
    ids=str,
)
def test_a_postgresql_that_cannot_be_used_so(
    postgres_ledger: Ledger, postgres_server: postgres.Server, change: dict[str, Any], words: str
) -> None:
    """What no waiting mends is an error of configuration, and nobody's defect."""
    url = sa.engine.make_url(_as_role(postgres_ledger, postgres_server)).set(**change)
    with pytest.raises(ConfigError, match=words) as told:
        Ledger.open(url.render_as_string(hide_password=False))
    assert "docs/postgresql.md" in told.value.remedy


def test_a_role_that_may_only_read_and_one_that_may_not_log_in(
    postgres_ledger: Ledger, postgres_server: postgres.Server
) -> None:
    weak = _as_role(postgres_ledger, postgres_server)
    with postgres_ledger.engine.begin() as tx:
        tx.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak")
    reader = Ledger.open(weak, postgres_ledger.clock, create=False)
    with pytest.raises(ConfigError, match="refuses its role a right"):
        add(reader)
    reader.close()
    with postgres_ledger.engine.begin() as tx:
        tx.exec_driver_sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM weak")
    with pytest.raises(ConfigError, match="not permitted to log in"):
        Ledger.open(_as_role(postgres_ledger, postgres_server, "ALTER ROLE weak NOLOGIN"))


def test_a_postgresql_that_is_read_only(postgres_ledger: Ledger, postgres_server: postgres.Server) -> None:
    def standby(connection: psycopg2.extensions.connection, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        connection.commit()

    postgres_ledger.engine.dispose()
    sa.event.listen(postgres_ledger.engine, "connect", standby)
    with pytest.raises(TryAgain, match="server is read-only"):
        add(postgres_ledger)
    sa.event.remove(postgres_ledger.engine, "connect", standby)
    postgres_ledger.engine.dispose()
    assert _works(postgres_ledger)
