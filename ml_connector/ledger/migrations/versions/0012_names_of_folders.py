"""By which index it is found whether a folder has had a file of that name."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ours = sa.text("direction = 'out'")
    op.create_index("ix_file_name", "file", ["channel", "name"], sqlite_where=ours, postgresql_where=ours)
