"""Tables of what the outside systems tell and allow: notices, tokens, limits, and where reading goes on."""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Json, Key, Moment, metadata

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("connection", sa.String(80), nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("topic", sa.String(60), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("handled_at", Moment),
    sa.Column("handled_by", sa.String(120)),
    sa.Index("ix_inbox_open", "connection", "handled_at", "topic"),
    sa.Index("ix_inbox_connection", "connection", "id"),
    comment="Webhook notices as received",
)

inbox_reader = sa.Table(
    "inbox_reader",
    metadata,
    sa.Column("notice_id", Key, sa.ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("reader", sa.String(80), primary_key=True),
    comment="Integrations that took a notice which several read; until all have, it waits",
)

booking = sa.Table(
    "booking",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("connection", sa.String(80), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("outside_id", sa.String(80), nullable=False),
    sa.Column("vendor_id", sa.String(80), nullable=False),
    sa.Column("number", sa.String(80), nullable=False, comment="the supplier's invoice number, folded for comparing"),
    sa.Column("entry_number", sa.String(40), nullable=False),
    sa.Column("amount", sa.String(40), nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("noted_at", Moment, nullable=False),
    sa.UniqueConstraint("connection", "company", "outside_id"),
    sa.Index("ix_booking_number", "connection", "company", "number"),
    comment="Bookings that others made in the ERP, as webhooks told: invoices keyed by hand",
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("connection", sa.String(80), primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="valid, refreshing, authorize_again"),
    sa.Column("access", sa.LargeBinary, comment="encrypted"),
    sa.Column("refresh", sa.LargeBinary, comment="encrypted"),
    sa.Column("issued_at", Moment),
    sa.Column("expires_at", Moment),
    sa.Column("refresh_expires_at", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("detail", Json, nullable=False, default=dict, comment="company list, last error code; never a secret"),
    comment="Rotating tokens, one writer each (lease token:<connection>)",
)

credential = sa.Table(
    "credential",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False, comment="encrypted"),
    sa.Column("updated_at", Moment, nullable=False),
)

budget = sa.Table(
    "budget",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True, comment="connection, company and window"),
    sa.Column("limit_value", sa.Integer),
    sa.Column("remaining", sa.Integer),
    sa.Column("resets_at", Moment),
    sa.Column("updated_at", Moment, nullable=False),
    comment="Call limits as the systems' headers told, shared by all processes",
)

position = sa.Table(
    "position",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    comment="Where polling and listing go on",
)
