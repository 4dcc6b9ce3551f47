"""Counts beside the rows they count, and indexes by which no question grows with what is finished."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _indexes()
    op.create_table(
        "tally",
        sa.Column("id", Key, nullable=False),
        sa.Column("subject", sa.String(length=10), nullable=False, comment="document or file"),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False, comment="how many more (or fewer); the sum is how many"),
        sa.PrimaryKeyConstraint("id", name="pk_tally"),
        comment="Counts of documents and files: who writes only adds rows, they are folded into one another later",
    )
    op.execute(
        "INSERT INTO tally (subject, integration, flow, kind, direction, state, reason, change) "
        "SELECT 'document', integration, flow, kind, direction, state, coalesce(reason, ''), count(*) FROM document "
        "GROUP BY integration, flow, kind, direction, state, coalesce(reason, '')"
    )
    op.execute(
        "INSERT INTO tally (subject, integration, flow, kind, direction, state, reason, change) "
        "SELECT 'file', integration, '', '', direction, state, '', count(*) FROM file "
        "GROUP BY integration, direction, state"
    )


def _indexes() -> None:
    _partial("ix_file_partner", "file", ["partner", "integration", "direction", "id"], "partner IS NOT NULL")
    op.drop_index("ix_interchange_control", "interchange")
    op.create_index(
        "ix_interchange_control",
        "interchange",
        ["control_number", "integration", "direction", "sender", "receiver"],
    )
    op.drop_index("ix_document_amount", "document")
    op.create_index("ix_document_amount", "document", ["amount", "id"])
    _partial("ix_document_reason", "document", ["reason", "partition_date"], "reason IS NOT NULL")
    op.drop_index("ix_operation_state", "operation")
    _partial("ix_operation_open", "operation", ["connection", "state"], "state IN ('in_flight', 'unknown')")
    op.create_index("ix_inbox_connection", "inbox", ["connection", "id"])
    untold = "closed_at IS NOT NULL AND last_sent_at IS NOT NULL AND closing_sent_at IS NULL"
    _partial("ix_alert_to_close", "alert", ["id"], untold)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
