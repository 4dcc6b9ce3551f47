"""A write says what it is about, and whether others may have its outside id: both were read out of that id before."""

import json
from collections.abc import Iterator
from itertools import islice

import sqlalchemy as sa
from alembic import op

from ml_connector.clock import SystemClock
from ml_connector.ledger.tables.columns import Json, Key, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

#: The one kind of write until now that changed what was there; its payload names the line.
_CHANGES = "purchase_order_line"
_NAMES = (
    *("document_id", "position", "connection", "company", "kind", "key", "target", "payload", "uses", "state"),
    *("attempts", "first_attempt_at", "last_attempt_at", "not_before", "looked", "outside_id", "outcome"),
    *("finished_at", "confirm_at", "copies", "ref", "shares"),
)
_TYPES = {
    **dict.fromkeys(("first_attempt_at", "last_attempt_at", "not_before", "finished_at", "confirm_at"), Moment()),
    **dict.fromkeys(("uses", "outcome", "copies"), Json),
    "document_id": Key,
    "shares": sa.Boolean(),
}
#: Rows in one seal.
_MOST = 1_000


def upgrade() -> None:
    from ml_connector.ledger.database.seals import hash_of

    ref = "what it is about: an order line, an entity; null: the document itself"
    shares = "true: it changes what is there, so that others may have its outside id"
    op.add_column("operation", sa.Column("ref", sa.String(200), nullable=True, comment=ref))
    op.add_column("operation", sa.Column("shares", sa.Boolean(), nullable=True, comment=shares))
    connection, at = op.get_bind(), SystemClock().now()
    seal = sa.table("seal", sa.column("at", Moment()), sa.column("body"), sa.column("hash"))
    hashes = _filled(connection)
    while part := dict(islice(hashes, _MOST)):
        body = json.dumps({"operation": part}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        connection.execute(sa.insert(seal).values(at=at, body=body, hash=hash_of(at, body)))


def _filled(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Fill the columns of each such write; its new hash, by its key."""
    from ml_connector.ledger.database.seals import digest

    operation = sa.table("operation", sa.column("id"), *(sa.column(name, _TYPES.get(name)) for name in _NAMES))
    c, last = operation.c, 0
    query = sa.select(c.id, *(c[name] for name in _NAMES)).where(c.kind == _CHANGES).order_by(c.id).limit(_MOST)
    while rows := connection.execute(query.where(c.id > last)).all():
        for row in rows:
            values = dict(zip(_NAMES, row[1:], strict=True)) | {"ref": _line(row.payload), "shares": True}
            statement = sa.update(operation).where(c.id == row.id)
            connection.execute(statement.values(ref=values["ref"], shares=True))
            yield str(row.id), digest(_NAMES, list(values.values()))
        last = rows[-1].id


def _line(payload: str) -> str | None:
    """The line that a payload names; null where it was written over with something else."""
    try:
        found = json.loads(payload)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(found)[:200]
