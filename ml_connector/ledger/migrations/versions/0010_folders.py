"""Files of a folder that could not be read: how often they were tried, when again, and what is held for them."""

import sqlalchemy as sa
from alembic import op

from ml_connector.ledger.tables.columns import Key, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("try_after", Moment, nullable=True),
        sa.Column("held_document", Key, nullable=True, comment="the document that stands for it while it is unread"),
    ):
        op.add_column("remote_file", column)
    # SQLite keeps no comments.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "file",
            "removal",
            existing_type=sa.String(20),
            existing_nullable=False,
            comment="left, pending, refused, done: the after-read policy",
        )
