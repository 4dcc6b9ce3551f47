"""Tables of what came and left as files: their bytes, and the envelopes in them."""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Json, Key, Moment, foreign_key, metadata

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True, comment="hash of the whole content"),
    sa.Column("chunk", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    comment="Bytes received or sent, content-addressed, in chunks",
)

file = sa.Table(
    "file",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("direction", sa.String(3), nullable=False, comment="in or out"),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("connection", sa.String(80), nullable=False, comment="the network connection"),
    sa.Column("channel", sa.String(400), nullable=False, comment="folder at the network"),
    sa.Column("partner", sa.String(80)),
    sa.Column("remote_id", sa.String(400), comment="the network's own identity of the file"),
    sa.Column("name", sa.String(400), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column(
        "state",
        sa.String(20),
        nullable=False,
        comment="in: stored, parsed, repeated, rejected, incomplete, superseded; out: planned, sent, void",
    ),
    sa.Column("removal", sa.String(20), nullable=False, comment="left, pending, refused, done: the after-read policy"),
    sa.Column("partition_date", sa.Date, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("pruned_at", Moment, comment="when retention took the bytes away"),
    sa.Column("detail", Json, nullable=False, default=dict),
    # With the hash: partners put new content under an old name.
    sa.UniqueConstraint("connection", "channel", "direction", "remote_id", "sha256", name="uq_file_remote"),
    sa.Index("ix_file_state", "integration", "direction", "state"),
    sa.Index("ix_file_sha256", "sha256"),
    sa.Index("ix_file_removal", "connection", "removal"),
    sa.Index(
        "ix_file_name",
        "channel",
        "name",
        sqlite_where=sa.text("direction = 'out'"),
        postgresql_where=sa.text("direction = 'out'"),
    ),
    # By name alone, the newest first: what somebody finds a document by.
    sa.Index("ix_file_called", "name", "id"),
    sa.Index("ix_file_partition_date", "integration", "partition_date"),
    sa.Index(
        "ix_file_partner",
        "partner",
        "integration",
        "direction",
        "id",
        sqlite_where=sa.text("partner IS NOT NULL"),
        postgresql_where=sa.text("partner IS NOT NULL"),
    ),
)

remote_file = sa.Table(
    "remote_file",
    metadata,
    sa.Column("connection", sa.String(80), primary_key=True),
    sa.Column("channel", sa.String(400), primary_key=True),
    sa.Column("remote_id", sa.String(400), primary_key=True),
    sa.Column("name", sa.String(400), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.String(40), comment="as the network wrote it"),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("size_since", Moment, nullable=False, comment="when this size was first seen"),
    sa.Column("state", sa.String(20), nullable=False, comment="waiting, stored, ignored, gone"),
    sa.Column("note", sa.String(400)),
    sa.Column("file_id", Key, foreign_key("file")),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_after", Moment),
    sa.Column("held_document", Key, comment="the document that stands for it while it is unread"),
    sa.Index("ix_remote_file_state", "connection", "channel", "state"),
    comment="What was seen in the networks' folders",
)

interchange = sa.Table(
    "interchange",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("file_id", Key, foreign_key("file"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("partner", sa.String(80)),
    sa.Column("sender", sa.String(40), nullable=False, comment="qualifier/id"),
    sa.Column("receiver", sa.String(40), nullable=False, comment="qualifier/id"),
    sa.Column("control_number", sa.String(20), nullable=False, comment="ISA13"),
    sa.Column("version", sa.String(12), nullable=False),
    sa.Column("usage", sa.String(1), nullable=False, comment="ISA15: P, T, I"),
    sa.Column("state", sa.String(20), nullable=False, comment="accepted, held, rejected, repeated, incomplete, sent"),
    sa.Column("findings", Json, nullable=False, default=list),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("file_id", "position"),
    # The number first: a TA1 names it without the receiver.
    sa.Index("ix_interchange_control", "control_number", "integration", "direction", "sender", "receiver"),
)

envelope_group = sa.Table(
    "envelope_group",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("interchange_id", Key, foreign_key("interchange"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("partner", sa.String(80)),
    sa.Column("functional_id", sa.String(2), nullable=False, comment="GS01"),
    sa.Column("control_number", sa.BigInteger, nullable=False, comment="GS06 as a number"),
    sa.Column("version", sa.String(12), nullable=False, comment="GS08"),
    sa.Column("sets_announced", sa.Integer),
    sa.Column("sets_received", sa.Integer),
    sa.Column("sets_accepted", sa.Integer),
    sa.Column("answer", sa.String(1), comment="AK901 given (in) or received (out)"),
    sa.Column("answered_at", Moment),
    sa.Column("answer_document_id", Key, comment="the 997"),
    sa.Column("findings", Json, nullable=False, default=list),
    sa.UniqueConstraint("interchange_id", "position"),
    sa.Index("ix_envelope_group_control", "integration", "partner", "direction", "functional_id", "control_number"),
    comment="Functional groups (GS..GE)",
)
