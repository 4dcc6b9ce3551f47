"""The ledger's tables (DESIGN section 3), one place for SQLite and PostgreSQL.

Columns are plain and documented because auditors and data teams read them with SQL (docs/ledger.md).
"""

import sqlalchemy as sa

from ml_connector.ledger.columns import Amount, Json, Key, Moment, metadata
from ml_connector.ledger.naming_tables import company_binding, counterparty, integration_binding, renaming
from ml_connector.ledger.tally_table import tally

__all__ = ["company_binding", "counterparty", "integration_binding", "metadata", "renaming", "tally"]


def _key(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id")


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
    sa.Column("file_id", Key, _key("file")),
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
    sa.Column("file_id", Key, _key("file"), nullable=False),
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
    sa.Column("interchange_id", Key, _key("interchange"), nullable=False),
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

document = sa.Table(
    "document",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("flow", sa.String(40), nullable=False),
    sa.Column("integration", sa.String(80), nullable=False),
    sa.Column("connection", sa.String(80), nullable=False, comment="the ERP connection"),
    sa.Column(
        "system", sa.String(40), nullable=False, server_default=sa.text("''"), comment="the ERP, as `system:` names it"
    ),
    sa.Column("company", sa.String(80), nullable=False, comment="division, company or entity at the ERP"),
    sa.Column("network", sa.String(80), nullable=False, comment="the network connection"),
    sa.Column("partner", sa.String(80), nullable=False, default=""),
    sa.Column(
        "partner_key",
        sa.String(120),
        nullable=False,
        server_default=sa.text("''"),
        comment="who the partner is: X12 identity, else its account at the ERP; stays when its name changes",
    ),
    sa.Column("number", sa.String(80), nullable=False, comment="order, invoice or shipment number"),
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("order_number", sa.String(80), nullable=False, default="", comment="the order it belongs to"),
    sa.Column("business_key", sa.String(400), comment="held by the one document that counts; null for repeats"),
    sa.Column("business_date", sa.Date),
    sa.Column("currency", sa.String(3)),
    sa.Column("amount", Amount),
    sa.Column("partition_date", sa.Date, nullable=False, comment="UTC date of the first ledger row"),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(60), comment="why it is held, refused, a duplicate or discarded"),
    sa.Column("reason_detail", Json, comment="message, mend and data for a person"),
    sa.Column("held_step", sa.String(20), comment="the state it goes back to when it is taken up again"),
    sa.Column("canonical", sa.Text, nullable=False, comment="the canonical document as JSON"),
    sa.Column("source", sa.Text, comment="outbound: the record as read from the ERP, as JSON"),
    sa.Column("source_id", sa.String(120), comment="outbound: the ERP's own id of its record"),
    sa.Column(
        "source_changes",
        Json,
        comment="what we wrote to the ERP's record ourselves since it was read: agreed changes of lines",
    ),
    sa.Column("work", sa.Text, comment="what matching and coding decided, as JSON"),
    sa.Column("content_hash", sa.String(64), comment="hash of what the partner is sent or of the canonical form"),
    sa.Column("file_id", Key, _key("file")),
    sa.Column("interchange_id", Key, _key("interchange")),
    sa.Column("group_id", Key, _key("envelope_group")),
    sa.Column("set_control", sa.String(12), comment="ST02"),
    sa.Column("byte_start", sa.BigInteger),
    sa.Column("byte_end", sa.BigInteger),
    sa.Column("parent_id", Key, comment="the document it repeats, answers or revises"),
    sa.Column("snapshots", Json, comment="versions of the reference tables that decided"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_attempt_at", Moment),
    sa.Column("due_at", Moment, comment="when an answer is overdue"),
    sa.Column("claimed_by", sa.String(80), comment="name of the lease of the worker that has it"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("pruned_at", Moment, comment="when retention took the content away; the events stay"),
    sa.Column("events", sa.Integer, nullable=False, default=0),
    sa.Column("head_hash", sa.String(64), nullable=False, default="", comment="hash of the newest event"),
    sa.Column(
        "operation_key", sa.String(40), comment="key written to the ERP, of rows from before keys went by company"
    ),
    sa.UniqueConstraint("business_key"),
    # The selective column first: a list of one integration must not be tempted to sort millions of rows.
    sa.Index("ix_document_state", "state", "integration", "flow", "id"),
    sa.Index("ix_document_partition_date", "partition_date", "integration"),
    # text_pattern_ops: a search by the beginning of a number uses the index whatever the database's collation.
    sa.Index("ix_document_number", "number", postgresql_ops={"number": "text_pattern_ops"}),
    sa.Index("ix_document_order_number", "order_number", postgresql_ops={"order_number": "text_pattern_ops"}),
    sa.Index("ix_document_file_id", "file_id"),
    sa.Index("ix_document_group_id", "group_id"),
    sa.Index("ix_document_parent_id", "parent_id"),
    # With the id: the newest of an amount or a partner are found without sorting all of them.
    sa.Index("ix_document_amount", "amount", "id"),
    sa.Index("ix_document_partner", "partner", "id"),
    sa.Index(
        "ix_document_source_id",
        "source_id",
        sqlite_where=sa.text("source_id IS NOT NULL"),
        postgresql_where=sa.text("source_id IS NOT NULL"),
    ),
    # Partial: most documents have none of these, and each index entry is paid for at every write.
    sa.Index(
        "ix_document_reason",
        "reason",
        "partition_date",
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    ),
    sa.Index(
        "ix_document_due_at",
        "due_at",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_document_claimed_by",
        "claimed_by",
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    ),
)

operation = sa.Table(
    "operation",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("document_id", Key, _key("document"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False, comment="operations of a document run in this order"),
    sa.Column("connection", sa.String(80), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False, comment="purchase_invoice, goods_receipt, upload ..."),
    sa.Column("key", sa.String(120), nullable=False, comment="idempotency key, also written to the other side"),
    sa.Column("target", sa.String(600), nullable=False, default="", comment="folder and name, or entity"),
    sa.Column("payload", sa.Text, nullable=False, comment="exactly what is sent (JSON), or the hash of a blob"),
    sa.Column(
        "uses", Json, nullable=False, default=dict, comment="payload key -> earlier position whose outside id it takes"
    ),
    sa.Column("state", sa.String(20), nullable=False, comment="planned, in_flight, done, unknown, refused, void"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("first_attempt_at", Moment),
    sa.Column("last_attempt_at", Moment),
    sa.Column("not_before", Moment, comment="settling time before the next look or write"),
    sa.Column(
        "looked",
        sa.Integer,
        nullable=False,
        default=0,
        comment="look-ups since the last attempt that found nothing",
    ),
    sa.Column("outside_id", sa.String(200)),
    sa.Column("outcome", Json),
    sa.Column("finished_at", Moment),
    sa.Column("confirm_at", Moment, comment="when its key is looked up once more; null: it was, or never is"),
    sa.Column("copies", Json, comment="all its records at the other side, where it has more than one"),
    sa.UniqueConstraint("key"),
    sa.UniqueConstraint("document_id", "position"),
    # Partial: what is on the wire or in doubt is looked for, what is done never is.
    sa.Index(
        "ix_operation_open",
        "connection",
        "state",
        sqlite_where=sa.text("state IN ('in_flight', 'unknown')"),
        postgresql_where=sa.text("state IN ('in_flight', 'unknown')"),
    ),
    sa.Index("ix_operation_outside_id", "outside_id"),
    # Partial: a handful of rows, and most writes are confirmed within the hour.
    sa.Index(
        "ix_operation_confirm_at",
        "confirm_at",
        sqlite_where=sa.text("confirm_at IS NOT NULL"),
        postgresql_where=sa.text("confirm_at IS NOT NULL"),
    ),
    comment="One row is one write to an outside system",
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("document_id", Key, _key("document"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="state after it"),
    sa.Column("actor", sa.String(120), nullable=False, comment="worker, person or partner"),
    sa.Column("run_id", sa.String(80), nullable=False, default=""),
    sa.Column("asset", sa.String(120), nullable=False, default=""),
    sa.Column("detail", sa.Text, nullable=False, default="{}", comment="canonical JSON, part of the hash"),
    sa.Column("evidence", sa.Text, comment="hashes of the document's bytes, columns and done writes; part of the hash"),
    sa.Column("hash", sa.String(64), nullable=False, comment="of the previous hash and this row"),
    sa.UniqueConstraint("document_id", "seq"),
    sa.Index("ix_event_at", "at"),
    comment="Append-only: what happened to a document; hash-chained per document",
)

seal = sa.Table(
    "seal",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="table -> key -> hash of the row, as canonical JSON"),
    sa.Column("hash", sa.String(64), nullable=False, comment="of at and body"),
    comment="Append-only: hashes of the rows that a transaction wrote",
)

snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("connection", sa.String(80), nullable=False),
    sa.Column("company", sa.String(80), nullable=False),
    sa.Column("table_name", sa.String(60), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("taken_at", Moment, nullable=False, comment="when the content was first read"),
    sa.Column("checked_at", Moment, nullable=False, comment="when it was last found unchanged"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, comment="blob with the rows, compressed JSON lines"),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("changes", Json, nullable=False, comment="added, changed, removed: counts and samples"),
    sa.Column("cursor", sa.String(200), comment="where the next incremental read goes on"),
    sa.UniqueConstraint("connection", "company", "table_name", "version"),
)

sequence = sa.Table(
    "sequence",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("next_value", sa.BigInteger, nullable=False),
    sa.Column("stopped_by", Key, comment="the restore since which nobody knows how far it was used"),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("run_id", sa.String(80), nullable=False, default=""),
    sa.Column("taken_at", Moment, nullable=False),
    sa.Column("heartbeat_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False, default=1, comment="rises at every change of holder"),
    sa.Index("ix_lease_expires_at", "expires_at"),
)

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

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("cause", sa.String(200), nullable=False, comment="integration, flow and reason"),
    sa.Column("open_cause", sa.String(200), comment="cause while open, null when closed: one open alert a cause"),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("last_sent_at", Moment),
    sa.Column("closed_at", Moment),
    sa.Column("closing_sent_at", Moment),
    sa.Column("count", sa.Integer, nullable=False, default=0),
    sa.Column("detail", Json, nullable=False, default=dict),
    sa.UniqueConstraint("open_cause"),
    sa.Index(
        "ix_alert_to_close",
        "id",
        sqlite_where=sa.text("closed_at IS NOT NULL AND last_sent_at IS NOT NULL AND closing_sent_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NOT NULL AND last_sent_at IS NOT NULL AND closing_sent_at IS NULL"),
    ),
)

chain_head = sa.Table(
    "chain_head",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False, comment="highest event id covered"),
    sa.Column("seals", sa.BigInteger, comment="highest seal id covered"),
    sa.Column("documents", sa.Integer, nullable=False, comment="documents whose chain grew since the export before"),
    sa.Column("hash", sa.String(64), nullable=False, comment="of the previous export and the events since"),
    sa.Column("exported_to", sa.String(400), nullable=False),
    comment="Exports of the chain heads to a place outside the database",
)

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
    sa.Column("restore_id", Key, _key("restore"), nullable=False),
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
