"""The database of a benchmark: a SQLite file in its home, or a PostgreSQL server of its own."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ledger_database(kind: str) -> Iterator[str]:
    """A ledger URL; empty for the default SQLite file."""
    if kind == "sqlite":
        yield ""
        return
    from ml_connector_tests.support.postgres import running_server

    with running_server() as server, server.database() as url:
        yield url
