"""Alerts are evidence: one that stands open keeps silent about its cause. Their rows get their hashes."""

import json
from itertools import islice

import sqlalchemy as sa
from alembic import op

from ml_connector.clock import SystemClock
from ml_connector.ledger.tables.columns import Json, Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENTS = ("opened_at", "last_sent_at", "closed_at", "closing_sent_at")
#: Rows in one seal.
_MOST = 10_000


def upgrade() -> None:
    from ml_connector.ledger.database.seals import digest, hash_of

    connection, at = op.get_bind(), SystemClock().now()
    columns = [
        *(sa.column(name) for name in ("id", "cause", "open_cause", "count")),
        *(sa.column(name, Moment()) for name in _MOMENTS),
        sa.column("detail", Json),
    ]
    names = [column.name for column in columns[1:]]
    rows = connection.execute(sa.select(*columns).select_from(sa.table("alert")).order_by(columns[0])).all()
    hashes = ((str(row[0]), digest(names, row[1:])) for row in rows)
    seal = sa.table("seal", sa.column("at", Moment()), sa.column("body"), sa.column("hash"))
    while part := dict(islice(hashes, _MOST)):
        body = json.dumps({"alert": part}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        connection.execute(sa.insert(seal).values(at=at, body=body, hash=hash_of(at, body)))
