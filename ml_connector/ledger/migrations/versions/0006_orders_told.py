"""What was sent of an order is found by the ERP's own id of it, and compared with the record it was made of."""

import json
from typing import Any

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
    _written_before()


def _written_before() -> None:
    """Lines that were written to the ERP's orders before they were noted: as the answers tell that asked for them."""
    bind = op.get_bind()
    document = sa.table(
        "document", sa.column("id"), sa.column("parent_id"), sa.column("work"), sa.column("source_changes", Json)
    )
    operation = sa.table("operation", sa.column("document_id"), sa.column("state"), sa.column("outside_id"))
    query = (
        sa.select(document.c.id, document.c.parent_id, document.c.work, operation.c.outside_id)
        .join(operation, operation.c.document_id == document.c.id)
        .where(operation.c.state == "done", document.c.parent_id.is_not(None))
        .where(sa.text("flow = 'acknowledgments_in'"), document.c.work.like('%"agreed"%'))
        .order_by(document.c.id)
    )
    written: dict[int, list[dict[str, Any]]] = {}
    for row in bind.execute(query):
        for line in json.loads(row.work)["agreed"]["lines"]:
            if line["order_line_id"] == row.outside_id:
                written.setdefault(row.parent_id, []).append(line)
    for order, lines in written.items():
        bind.execute(sa.update(document).where(document.c.id == order).values(source_changes=lines))
