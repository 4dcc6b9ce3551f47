"""A ledger with a long history: what stands in it is copied many times by the database itself, into days past.

Every copy is whole: file, envelope, document, writes, events, with keys of their own. So the history has whatever
columns the ledger has.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import metadata
from ml_connector.ledger.work import tallies

#: In the order in which they point at one another.
TABLES = ("file", "remote_file", "interchange", "envelope_group", "document", "operation", "event", "inbox", "alert")
#: A million documents are made in one statement, which no run of ours does.
LONGEST_SECONDS = 3600.0
_KEYS = {"id", "file_id", "interchange_id", "group_id", "document_id", "parent_id", "answer_document_id"}
#: What is unique, or would be strange to be repeated.
_OWN_NAMES = {"source_id", "remote_id", "business_key", "number", "order_number", "key", "outside_id", "name", "sha256"}


def multiply(ledger: Ledger, copies: int) -> None:
    """Copy everything `copies` times, but for the bytes: files of the past have hashes, and no content."""
    with ledger.beat(LONGEST_SECONDS) as tx:
        stride = _stride(tx)
        for name in TABLES:
            table = metadata.tables[name]
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(_value(tx, table, column, stride) for column in table.columns)
            by_id = ", t.id" if "id" in table.c else ""  # where ids rise with time, rows lie in their order
            statement = (
                f"INSERT INTO {name} ({columns}) "
                f"WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {copies}) "
                f"SELECT {values} FROM {name} AS t, copy ORDER BY n{by_id}"
            )
            tx.exec_driver_sql(statement.replace("%", "%%") if tx.dialect.name == "postgresql" else statement)
        if tx.dialect.name == "postgresql":
            for name in TABLES:
                if "id" in metadata.tables[name].c:
                    tx.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                    )
    with ledger.beat(LONGEST_SECONDS) as tx:
        tallies.recount(tx)


def _stride(tx: Tx) -> int:
    """Ids move by so much with each copy: more than any of them was, and than any number of a group."""
    counted = [(name, "id") for name in TABLES if "id" in metadata.tables[name].c]
    counted.append(("envelope_group", "control_number"))
    highest = (tx.exec_driver_sql(f"SELECT max({column}) FROM {name}").scalar_one() for name, column in counted)
    return 1 + max(one or 0 for one in highest)


def _value(tx: Tx, table: sa.Table, column: sa.Column[object], stride: int) -> str:
    own: Mapping[tuple[str, str], str] = {
        ("interchange", "control_number"): "substr(t.control_number || '-' || n, 1, 20)",
        ("envelope_group", "control_number"): f"t.control_number + n * {stride}",
        ("file", "sha256"): "substr(t.sha256, 1, 50) || '~' || n",
        ("alert", "open_cause"): "NULL",
        ("operation", "confirm_at"): "NULL",  # what was written days ago has been looked up once more
    }
    place = (table.name, column.name)
    if place in own:
        return own[place]
    if column.name in _KEYS:
        return f't."{column.name}" + n * {stride}'
    if column.name in ("partition_date", "business_date", "created_at", "updated_at", "at"):
        return _days_ago(tx, column.name)
    if column.name in _OWN_NAMES:
        return f"t.\"{column.name}\" || '~' || n"
    return f't."{column.name}"'


def _days_ago(tx: Tx, name: str) -> str:
    is_day = name in ("partition_date", "business_date")
    if tx.dialect.name == "postgresql":
        return f"t.{name} - n" if is_day else f"t.{name} - make_interval(days => n)"
    past = f"t.{name}, '-' || n || ' days'"
    return f"date({past})" if is_day else f"strftime('%Y-%m-%d %H:%M:%f000', {past})"
