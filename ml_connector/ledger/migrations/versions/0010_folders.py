"""Files of a folder that could not be read: how often they were tried, when again, and what is held for them."""

import sqlalchemy as sa
from alembic import op

from ml_connector.ledger.columns import Key, Moment

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
