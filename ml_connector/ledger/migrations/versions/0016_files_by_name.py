"""Files are found by their name: somebody has nothing else in hand."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_file_called", "file", ["name", "id"])
