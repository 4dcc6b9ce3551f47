"""Hashes of rows: in the events for documents, in seals for everything else that is evidence."""

import json

import sqlalchemy as sa
from alembic import op

from ml_connector.clock import SystemClock
from ml_connector.ledger.tables.columns import Moment

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Tables whose rows are sealed from now on, with their keys.
_NUMBERED = ("document", "file", "interchange", "envelope_group", "operation", "snapshot", "booking", "renaming")
_NAMED = ("sequence", "position")


def upgrade() -> None:
    op.add_column(
        "event",
        sa.Column(
            "evidence",
            sa.Text(),
            nullable=True,
            comment="hashes of the document's bytes, columns and done writes; part of the hash",
        ),
    )
    op.add_column("chain_head", sa.Column("seals", sa.BigInteger(), nullable=True, comment="highest seal id covered"))
    op.create_table(
        "seal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="table -> key -> hash of the row, as canonical JSON"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="of at and body"),
        sa.PrimaryKeyConstraint("id", name="pk_seal"),
        comment="Append-only: hashes of the rows that a transaction wrote",
    )
    _tell_what_was_before()
    _make_append_only()


def _tell_what_was_before() -> None:
    """Rows from before have no hashes until they are written again: that they are older is said here, once."""
    from ml_connector.ledger.database.seals import hash_of

    connection = op.get_bind()
    key, label = sa.column("id", sa.BigInteger()), sa.column("name", sa.String())
    before: dict[str, int | list[str]] = {}
    for name in ("event", *_NUMBERED):
        highest = sa.select(sa.func.coalesce(sa.func.max(key), 0)).select_from(sa.table(name))
        before[name] = connection.execute(highest).scalar_one()
    for name in _NAMED:
        before[name] = sorted(connection.execute(sa.select(label).select_from(sa.table(name))).scalars())
    body = json.dumps({"before": before}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    at = SystemClock().now()
    seal = sa.table("seal", sa.column("at", Moment()), sa.column("body"), sa.column("hash"))
    connection.execute(sa.insert(seal).values(at=at, body=body, hash=hash_of(at, body)))


def _make_append_only() -> None:
    if op.get_context().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER seal_no_{verb.lower()} BEFORE {verb} ON seal "
                "BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION seal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'seals are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE ON seal "
        "FOR EACH ROW EXECUTE FUNCTION seal_is_append_only()"
    )
