"""Tables of restores: what left, or may have, in the time that one took away (`ledger.audit.restores`)."""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Json, Key, Moment, foreign_key, metadata

restore = sa.Table(
    "restore",
    metadata,
    sa.Column("id", Key, primary_key=True, comment="the epoch that began with it"),
    sa.Column("noticed_at", Moment, nullable=False),
    sa.Column("noticed_by", sa.String(120), nullable=False),
    sa.Column("last_event", sa.BigInteger, nullable=False, comment="the newest event that the restored ledger had"),
    sa.Column("last_event_at", Moment),
    sa.Column("last_document", Key, nullable=False),
    sa.Column("until", Moment, nullable=False, comment="nothing has left since, unless this ledger knows of it"),
    sa.Column("complete", sa.Boolean, nullable=False, comment="all that left in the lost time is known by name"),
    sa.Column("marker", sa.String(64), nullable=False, comment="hash of its line among the exported heads"),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("settled_at", Moment),
    sa.Column("settled_by", sa.String(120)),
    sa.Column("why", sa.String(400)),
    comment="Times that this ledger was found older than what it had exported, or was said to be restored",
)

departure = sa.Table(
    "departure",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("restore_id", Key, foreign_key("restore"), nullable=False),
    sa.Column("flow", sa.String(40), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("partner", sa.String(120), nullable=False, comment="its identity"),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("number", sa.String(80), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("content_hash", sa.String(64), nullable=False, default=""),
    sa.Column("operation_key", sa.String(120), nullable=False, default="", comment="of the upload; empty: not known"),
    sa.Column("target", sa.String(600), nullable=False, default="", comment="folder and name it left under"),
    sa.Column("left_at", sa.String(40), nullable=False, default=""),
    sa.Column("group_control", sa.BigInteger, comment="GS06, which a 997 names"),
    sa.Column("document_id", Key, comment="the document that was read or received again"),
    sa.Column("decided", sa.String(20), comment="arrived, not_arrived; null: nobody has said"),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.String(120)),
    sa.Index("ix_departure_number", "flow", "number"),
    sa.Index("ix_departure_document_id", "document_id"),
    sa.Index("ix_departure_restore_id", "restore_id", "decided"),
    comment="What left, or may have, in the time that a restore took away",
)
