"""Restores: when a ledger was found older than what it had exported, and what had left in the lost time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0010"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "restore",
        sa.Column("id", _key(), nullable=False, comment="the epoch that began with it"),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_by", sa.String(length=120), nullable=False),
        sa.Column(
            "last_event", sa.BigInteger(), nullable=False, comment="the newest event that the restored ledger had"
        ),
        sa.Column("last_event_at", sa.DateTime(timezone=True)),
        sa.Column("last_document", _key(), nullable=False),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="nothing has left since, unless this ledger knows of it",
        ),
        sa.Column("complete", sa.Boolean(), nullable=False, comment="all that left in the lost time is known by name"),
        sa.Column("marker", sa.String(length=64), nullable=False, comment="hash of its line among the exported heads"),
        sa.Column("evidence", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settled_by", sa.String(length=120)),
        sa.Column("why", sa.String(length=400)),
        sa.PrimaryKeyConstraint("id", name="pk_restore"),
        comment="Times that this ledger was found older than what it had exported, or was said to be restored",
    )
    op.create_table(
        "departure",
        sa.Column("id", _key(), nullable=False),
        sa.Column("restore_id", _key(), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("company", sa.String(length=80), nullable=False),
        sa.Column("partner", sa.String(length=120), nullable=False, comment="its identity"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("operation_key", sa.String(length=120), nullable=False, comment="of the upload; empty: not known"),
        sa.Column("target", sa.String(length=600), nullable=False, comment="folder and name it left under"),
        sa.Column("left_at", sa.String(length=40), nullable=False),
        sa.Column("group_control", sa.BigInteger(), comment="GS06, which a 997 names"),
        sa.Column("document_id", _key(), comment="the document that was read or received again"),
        sa.Column("decided", sa.String(length=20), comment="arrived, not_arrived; null: nobody has said"),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.String(length=120)),
        sa.ForeignKeyConstraint(["restore_id"], ["restore.id"], name="fk_departure_restore_id_restore"),
        sa.PrimaryKeyConstraint("id", name="pk_departure"),
        comment="What left, or may have, in the time that a restore took away",
    )
    op.create_index("ix_departure_number", "departure", ["flow", "number"])
    op.create_index("ix_departure_document_id", "departure", ["document_id"])
    op.create_index("ix_departure_restore_id", "departure", ["restore_id", "decided"])
    op.add_column(
        "sequence",
        sa.Column("stopped_by", _key(), comment="the restore since which nobody knows how far it was used"),
    )
