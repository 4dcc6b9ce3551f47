"""The tables: migrations make what `ledger.tables.documents` says, once, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ml_connector.errors import ConfigError, TryAgain, WeAreWrong
from ml_connector.ledger.coordination import cursors, sequences
from ml_connector.ledger.database import schema, store
from ml_connector.ledger.database.store import Ledger, ledger_url
from ml_connector_tests.ledger.samples import add
from ml_connector_tests.support.forked import server


def test_migrated_tables_are_those_of_the_metadata(empty_url: str) -> None:
    ledger = Ledger.open(empty_url)
    assert schema.differences(ledger.engine) == []
    ledger.close()


def test_differences_tells_a_missing_column(empty_url: str) -> None:
    """The comparison above can fail."""
    ledger = Ledger.open(empty_url)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_document_amount")
        connection.exec_driver_sql("ALTER TABLE alert DROP COLUMN detail")
    assert {change[0] for change in schema.differences(ledger.engine)} == {"add_index", "add_column"}
    ledger.close()


def test_opening_again_changes_nothing(empty_url: str) -> None:
    first = Ledger.open(empty_url)
    with first.write() as tx:
        cursors.put(tx, "here", "7")
    first.close()
    again = Ledger.open(empty_url)
    with again.read() as tx:
        assert cursors.get(tx, "here") == "7"
    again.close()
    Ledger.open(empty_url, create=False).close()


def _open(url: str, barrier: object, answers: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    try:
        Ledger.open(url).close()
    except BaseException as error:
        answers.put(f"{type(error).__name__}: {error}")  # type: ignore[attr-defined]
        raise
    answers.put("")  # type: ignore[attr-defined]


def test_processes_that_start_at_once_do_not_collide(empty_url: str) -> None:
    context = server()
    barrier, answers = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_open, args=(empty_url, barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    assert [answers.get(timeout=60) for _ in processes] == ["", "", "", ""]
    for process in processes:
        process.join()
    ledger = Ledger.open(empty_url, create=False)
    assert schema.differences(ledger.engine) == []
    ledger.close()


def test_without_create_a_missing_ledger_is_a_configuration_error(tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(ConfigError, match="no ledger at"):
        Ledger.open(f"sqlite:///{tmp_path}/none.db", create=False)
    with pytest.raises(ConfigError, match="holds no ledger"):
        Ledger.open(postgres_url, create=False)


def test_tables_of_another_version_are_refused(empty_url: str) -> None:
    ledger = Ledger.open(empty_url)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    ledger.close()
    with pytest.raises(ConfigError, match="version 9999"):
        Ledger.open(empty_url, create=False)
    with pytest.raises(ConfigError, match="newer version"):
        Ledger.open(empty_url)


def test_urls_get_the_driver_that_is_installed() -> None:
    """dagster-practice 10: SQLAlchemy's default driver may be one that is not there."""
    for url in ("postgres://u:p@h/db", "postgresql://u:p@h/db", "postgresql+psycopg2://u:p@h/db"):
        assert ledger_url(url).render_as_string(hide_password=False) == "postgresql+psycopg2://u:p@h/db"
    assert ledger_url("sqlite:///a/b.db").database == "a/b.db"
    for url in ("mysql://h/db", "sqlite://", "sqlite:///:memory:", "nonsense"):
        with pytest.raises(ConfigError):
            ledger_url(url)


def test_an_unreachable_database_is_try_again_and_shows_no_password() -> None:
    with pytest.raises(TryAgain) as raised:
        Ledger.open("postgresql://u:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in f"{raised.value!s} {raised.value!r}"


def test_reading_transactions_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(DBAPIError), ledger.read() as tx:
        cursors.put(tx, "here", "1")
    with ledger.write() as tx:
        cursors.put(tx, "here", "2")


def _fail_after_writing(ledger: Ledger) -> None:
    with ledger.write() as tx:
        cursors.put(tx, "here", "1")
        raise KeyError


def test_an_exception_rolls_everything_back(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        _fail_after_writing(ledger)
    with ledger.read() as tx:
        assert cursors.get(tx, "here") is None


def test_a_write_within_a_write_is_refused_at_once(ledger: Ledger) -> None:
    with ledger.write(), pytest.raises(WeAreWrong), ledger.write():
        pass
    with ledger.write() as tx:
        cursors.put(tx, "here", "1")


def test_sqlite_is_durable_and_does_not_stop_readers(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.read() as tx:
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert tx.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert tx.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with sqlite_ledger.write() as tx:
        cursors.put(tx, "here", "1")
        with sqlite_ledger.read() as reader:
            assert cursors.get(reader, "here") is None


def test_events_cannot_be_changed_or_deleted(ledger: Ledger) -> None:
    """The database itself refuses; see also the chains in test_events."""
    add(ledger)
    for statement in ("UPDATE event SET action = 'x'", "DELETE FROM event"):
        with pytest.raises(DBAPIError, match="append-only"), ledger.write() as tx:
            tx.exec_driver_sql(statement)


def test_a_busy_sqlite_is_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds the one writer's place for longer than anybody waits."""
    monkeypatch.setattr(store, "BUSY_SECONDS", 0)
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    holder, other = Ledger.open(url), Ledger.open(url)
    with holder.write() as tx:
        cursors.put(tx, "here", "1")
        with pytest.raises(TryAgain, match="busy"), other.write():
            pass
    with other.write() as tx:
        assert cursors.get(tx, "here") == "1"
    holder.close()
    other.close()


def test_threads_take_turns(ledger: Ledger) -> None:
    """Also with themselves reading in between; no update is lost."""

    def count() -> None:
        for _ in range(20):
            with ledger.write() as tx:
                sequences.reserve(tx, "n")
            with ledger.read() as tx:
                assert sequences.all_next(tx)[0][1] > 1

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(count) for _ in range(8)]:
            future.result()
    with ledger.read() as tx:
        assert dict(sequences.all_next(tx))["n"] == 161


def test_connections_that_the_server_cut_are_replaced(postgres_ledger: Ledger) -> None:
    with postgres_ledger.write() as tx:
        cursors.put(tx, "here", "1")
    admin = sa.create_engine(postgres_ledger.url)
    with admin.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    admin.dispose()
    with postgres_ledger.read() as tx:
        assert cursors.get(tx, "here") == "1"


def test_a_new_sqlite_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    assert path.stat().st_mode & 0o777 == 0o600
