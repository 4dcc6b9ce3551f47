"""What names stood for, restores, notices and credentials are evidence: their rows as they are now get their hashes."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from ml_connector.clock import SystemClock
from ml_connector.ledger.tables.columns import Json, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SEEN = {"first_seen_at": Moment(), "last_seen_at": Moment()}
#: Columns by table, the key first; types only where a driver gives back something else than what is hashed.
_TABLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "company_binding": ("id connection system company title account", {**_SEEN, "ended_at": Moment()}),
    "integration_binding": ("name erp network network_account identity", {**_SEEN, "former_identities": Json}),
    "counterparty": ("id system company integration name key identity test_identity account", _SEEN),
    "restore": (
        "id noticed_by last_event last_document marker settled_by why",
        {
            **dict.fromkeys(("noticed_at", "last_event_at", "until", "settled_at"), Moment()),
            "complete": sa.Boolean(),
            "evidence": Json,
        },
    ),
    "departure": (
        "id restore_id flow company partner kind number revision content_hash operation_key target left_at "
        "group_control document_id decided decided_by",
        {"decided_at": Moment()},
    ),
    "inbox": (
        "id connection topic company action key body handled_by",
        {"received_at": Moment(), "handled_at": Moment()},
    ),
    "credential": ("name", {"value": sa.LargeBinary(), "updated_at": Moment()}),
}
#: Rows in one seal.
_MOST = 10_000


def upgrade() -> None:
    from ml_connector.ledger.database.seals import hash_of

    connection, at = op.get_bind(), SystemClock().now()
    seal = sa.table("seal", sa.column("at", Moment()), sa.column("body"), sa.column("hash"))
    for name, (plain, typed) in _TABLES.items():
        hashes = _hashes(connection, name, plain.split(), typed)
        while part := dict(islice(hashes, _MOST)):
            body = json.dumps({name: part}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            connection.execute(sa.insert(seal).values(at=at, body=body, hash=hash_of(at, body)))


def _hashes(
    connection: sa.Connection, name: str, plain: list[str], typed: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    from ml_connector.ledger.database.seals import digest

    columns = [sa.column(one) for one in plain] + [sa.column(one, kind) for one, kind in typed.items()]
    names = [column.name for column in columns[1:]]
    for row in connection.execute(sa.select(*columns).select_from(sa.table(name)).order_by(columns[0])).all():
        yield str(row[0]), digest(names, row[1:])
