"""Every write is looked up once more after it was done; writes of before are not."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "operation",
        sa.Column(
            "confirm_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its key is looked up once more; null: it was, or never is",
        ),
    )
    op.add_column(
        "operation",
        sa.Column(
            "copies",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="all its records at the other side, where it has more than one",
        ),
    )
    op.create_index(
        "ix_operation_confirm_at",
        "operation",
        ["confirm_at", "id"],
        sqlite_where=sa.text("confirm_at IS NOT NULL"),
        postgresql_where=sa.text("confirm_at IS NOT NULL"),
    )
    op.create_index(
        "ix_operation_copies",
        "operation",
        ["id"],
        sqlite_where=sa.text("copies IS NOT NULL"),
        postgresql_where=sa.text("copies IS NOT NULL"),
    )
