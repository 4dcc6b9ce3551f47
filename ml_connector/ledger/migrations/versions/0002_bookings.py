"""Bookings that others made in the ERP."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("company", sa.String(length=80), nullable=False),
        sa.Column("outside_id", sa.String(length=80), nullable=False),
        sa.Column("vendor_id", sa.String(length=80), nullable=False),
        sa.Column(
            "number",
            sa.String(length=80),
            nullable=False,
            comment="the supplier's invoice number, folded for comparing",
        ),
        sa.Column("entry_number", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_booking"),
        sa.UniqueConstraint("connection", "company", "outside_id", name="uq_booking_connection_company_outside_id"),
        comment="Bookings that others made in the ERP, as webhooks told: invoices keyed by hand",
    )
    op.create_index("ix_booking_number", "booking", ["connection", "company", "number"])
