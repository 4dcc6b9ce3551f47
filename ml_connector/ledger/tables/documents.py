"""The ledger's tables (DESIGN section 3), one place for SQLite and PostgreSQL.

Columns are plain and documented because auditors and data teams read them with SQL (docs/ledger.md).
"""

import sqlalchemy as sa

from ml_connector.ledger.tables.columns import Amount, Json, Key, Moment, foreign_key, metadata
from ml_connector.ledger.tables.connections import booking, budget, credential, inbox, inbox_reader, position, token
from ml_connector.ledger.tables.files import blob, envelope_group, file, interchange, remote_file
from ml_connector.ledger.tables.names import company_binding, counterparty, integration_binding, renaming
from ml_connector.ledger.tables.restores import departure, restore
from ml_connector.ledger.tables.tallies import tally

__all__ = [
    "blob",
    "booking",
    "budget",
    "company_binding",
    "counterparty",
    "credential",
    "departure",
    "envelope_group",
    "file",
    "inbox",
    "inbox_reader",
    "integration_binding",
    "interchange",
    "metadata",
    "position",
    "remote_file",
    "renaming",
    "restore",
    "tally",
    "token",
]

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
    sa.Column("file_id", Key, foreign_key("file")),
    sa.Column("interchange_id", Key, foreign_key("interchange")),
    sa.Column("group_id", Key, foreign_key("envelope_group")),
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
    # Invoices that may be the same under another number.
    sa.Index(
        "ix_document_alike",
        "amount",
        "business_date",
        sqlite_where=sa.text("amount IS NOT NULL"),
        postgresql_where=sa.text("amount IS NOT NULL"),
    ),
    # Orders of customers that may be the same under another number: many name no currency, and so have no amount.
    sa.Index(
        "ix_document_order_day",
        "business_date",
        sqlite_where=sa.text("kind = 'order' AND direction = 'in'"),
        postgresql_where=sa.text("kind = 'order' AND direction = 'in'"),
    ),
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
    sa.Column("document_id", Key, foreign_key("document"), nullable=False),
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
    sa.Column("ref", sa.String(200), comment="what it is about: an order line, an entity; null: the document itself"),
    sa.Column("shares", sa.Boolean, comment="true: it changes what is there, so that others may have its outside id"),
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
        "id",
        sqlite_where=sa.text("confirm_at IS NOT NULL"),
        postgresql_where=sa.text("confirm_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_operation_copies",
        "id",
        sqlite_where=sa.text("copies IS NOT NULL"),
        postgresql_where=sa.text("copies IS NOT NULL"),
    ),
    comment="One row is one write to an outside system",
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("document_id", Key, foreign_key("document"), nullable=False),
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
