"""The version of the ledger's tables: creating, migrating, comparing.

Migrations are explicit (ledger/migrations/versions). Two processes that start at once take turns: an advisory lock
on PostgreSQL, the one writer on SQLite.
"""

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import ConfigError, TryAgain
from ml_connector.ledger.tables.documents import metadata

#: The newest migration in `migrations/versions`.
HEAD = "0017"
#: PostgreSQL advisory lock held while migrating: "mlc" and 1.
_LOCK = 0x6D6C6301


def current_version(connection: sa.Connection) -> str | None:
    """The revision the database is at; None when it holds no ledger."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return found


def check_version(engine: sa.Engine) -> None:
    """See that the tables are those of this program.

    Raises:
        ConfigError: there are none, or they are older or newer.
    """
    with engine.connect() as connection:
        found = current_version(connection)
    if found is None:
        raise ConfigError("The database holds no ledger.", remedy="Start the connector once: it creates the tables.")
    if found != HEAD:
        raise ConfigError(
            f"The ledger's tables are at version {found}, this program needs {HEAD}.",
            remedy="Stop all processes, install the same version everywhere and start one: it migrates the ledger.",
        )


def upgrade(engine: sa.Engine) -> None:
    """Create the tables, or bring older ones up to date.

    Raises:
        ConfigError: the tables belong to a newer version of the program.
        TryAgain: another process held the database too long.
    """
    if engine.dialect.name == "sqlite":
        _use_wal(engine)
    with engine.connect() as connection:
        if current_version(connection) == HEAD:
            return
    with engine.connect().execution_options(ml_connector_immediate=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        found = current_version(connection)
        if found == HEAD:
            return
        _run_migrations(connection, found)


def _use_wal(engine: sa.Engine) -> None:
    """Readers do not wait for the writer. The mode is kept in the file; setting it does not wait for locks itself."""
    deadline = time.monotonic() + 30
    while True:
        raw = engine.raw_connection()
        try:
            mode = raw.cursor().execute("PRAGMA journal_mode").fetchone()
            if mode == ("wal",):
                return
            raw.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise TryAgain("Another process holds the new ledger.", after_seconds=5) from error
            time.sleep(0.02)
        finally:
            raw.close()


def _run_migrations(connection: sa.Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "ml_connector.ledger:migrations")
    config.attributes["connection"] = connection
    if found is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(found)
        except CommandError:
            raise ConfigError(
                f"The ledger was written by a newer version of the program (tables {found}).",
                remedy="Install that version.",
            ) from None
    command.upgrade(config, "head")


def differences(engine: sa.Engine) -> list[Any]:
    """What the database's tables differ in from `ledger.tables.documents`; empty when all is well."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        return list(compare_metadata(context, metadata))
