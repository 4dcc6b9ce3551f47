"""Which integrations have taken a webhook notice that several of them read."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox_reader",
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reader", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "reader", name="pk_inbox_reader"),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["inbox.id"], name="fk_inbox_reader_notice_id_inbox", ondelete="CASCADE"
        ),
        comment="Integrations that took a notice which several read; until all have, it waits",
    )
