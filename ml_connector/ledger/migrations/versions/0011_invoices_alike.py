"""By which index invoices of one amount and day are found, however many there were of that amount."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    given = sa.text("amount IS NOT NULL")
    op.create_index(
        "ix_document_alike", "document", ["amount", "business_date"], sqlite_where=given, postgresql_where=given
    )
