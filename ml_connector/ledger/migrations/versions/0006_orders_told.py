"""What was sent of an order is found by the ERP's own id of it, and compared with the record it was made of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column(
        "document",
        sa.Column(
            "source_id", sa.String(length=120), nullable=True, comment="outbound: the ERP's own id of its record"
        ),
    )
    op.add_column(
        "document",
        sa.Column(
            "source_changes",
            Json,
            nullable=True,
            comment="what we wrote to the ERP's record ourselves since it was read: agreed changes of lines",
        ),
    )
    op.create_index(
        "ix_document_source_id",
        "document",
        ["source_id"],
        sqlite_where=sa.text("source_id IS NOT NULL"),
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
