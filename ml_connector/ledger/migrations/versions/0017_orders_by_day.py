"""Orders of customers are found by their day: two may be one under numbers that only look different."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ORDERS = sa.text("kind = 'order' AND direction = 'in'")


def upgrade() -> None:
    op.create_index(
        "ix_document_order_day", "document", ["business_date"], sqlite_where=_ORDERS, postgresql_where=_ORDERS
    )
