"""Values that are none of their column's. SQLite keeps what it is given; PostgreSQL refuses it."""

from collections.abc import Iterator
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ml_connector.ledger.audit.problems import Problem
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.columns import Amount, Moment, metadata


def values(tx: Tx) -> Iterator[Problem]:
    """Every row of every table whose values the program could not have written, or cannot even read."""
    if tx.dialect.name != "sqlite":
        return
    for table, statement in _statements():
        for row, columns in tx.exec_driver_sql(statement):
            yield Problem("value", f"{table} {row}", f"no value of its column: {columns}")


@cache
def _statements() -> tuple[tuple[str, str], ...]:
    """Of every table its name and the question, as SQL: making it takes longer than a small ledger takes to answer."""
    made: list[tuple[str, str]] = []
    for table in metadata.sorted_tables:
        (key, *_) = table.primary_key.columns
        wrong = [(column.name, _wrong(column)) for column in table.columns if column is not key]
        query = sa.select(sa.cast(key, sa.String), sa.func.trim(_names(wrong))).where(
            sa.or_(*(test for _, test in wrong))
        )
        made.append((table.name, str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))))
    return tuple(made)


def _names(wrong: list[tuple[str, sa.ColumnElement[bool]]]) -> sa.ColumnElement[str]:
    """The names of the columns whose test says yes."""
    parts = [sa.case((test, f"{name} "), else_="") for name, test in wrong]
    joined: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        joined = joined.concat(part)
    return joined


def _wrong(column: sa.Column[object]) -> sa.ColumnElement[bool]:
    """Whether a column's value is of another kind, or is text that its kind does not know."""
    kind, plain = column.type, sa.type_coerce(column, sa.String)
    stored = sa.func.typeof(plain)
    if isinstance(kind, sa.LargeBinary):
        return stored.not_in(("blob", "null"))
    if isinstance(kind, sa.Integer | sa.Boolean):
        return stored.not_in(("integer", "null"))
    test: sa.ColumnElement[bool] = stored.not_in(("text", "null"))
    if isinstance(kind, Moment):
        test |= sa.and_(plain.is_not(None), sa.func.datetime(plain).is_(None))
    elif isinstance(kind, sa.Date):
        test |= sa.and_(plain.is_not(None), sa.func.date(plain).is_(None))
    elif isinstance(kind, sa.JSON):
        test |= sa.and_(plain.is_not(None), sa.func.json_valid(plain) == 0)
    elif isinstance(kind, Amount):
        test |= plain.op("GLOB")("*[^0-9.+-]*")
    return test
