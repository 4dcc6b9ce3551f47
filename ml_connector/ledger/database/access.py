"""By which index a question is answered, where the database would choose wrongly.

A ledger holds millions of finished rows and a few that are worked on. A planner without statistics takes the index of
which it knows the most columns, even if that one leads through everything that was ever posted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from ml_connector.ledger.database.store import Tx

T = TypeVar("T")


def unindexed(column: sa.ColumnElement[T]) -> sa.ColumnElement[T]:
    """The column as an expression that no index answers, so that another one is taken. Both databases keep it."""
    same: sa.ColumnElement[Any] = sa.func.coalesce(column, column)
    return sa.type_coerce(same, column.type)


@contextmanager
def by_index_alone(tx: Tx) -> Iterator[None]:
    """Questions whose first rows an index has in the order asked for. PostgreSQL sorts everything where it expects
    little, and without statistics it always expects little; SQLite takes the order of an index where it can.
    """
    if tx.dialect.name != "postgresql":
        yield
        return
    names = ("enable_sort", "enable_bitmapscan", "enable_seqscan")
    for name in names:
        tx.exec_driver_sql(f"SET LOCAL {name} = off")
    yield
    # Not after an error: the transaction and what was set in it are over then.
    for name in names:
        tx.exec_driver_sql(f"SET LOCAL {name} TO DEFAULT")
