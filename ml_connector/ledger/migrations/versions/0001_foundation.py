"""The first tables.

Explicit, and with types of its own: later changes of `ledger.tables` must not change what this migration makes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Moment = sa.DateTime(timezone=True)
Amount = sa.Numeric(28, 8).with_variant(sa.String(40), "sqlite")


def upgrade() -> None:
    _alert()
    _blob()
    _budget()
    _chain_head()
    _credential()
    _file()
    _inbox()
    _lease()
    _position()
    _sequence()
    _snapshot()
    _token()
    _interchange()
    _remote_file()
    _envelope_group()
    _document()
    _event()
    _operation()
    _make_events_append_only()


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", Key, nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False, comment="integration, flow and reason"),
        sa.Column(
            "open_cause",
            sa.String(length=200),
            nullable=True,
            comment="cause while open, null when closed: one open alert a cause",
        ),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("last_sent_at", Moment, nullable=True),
        sa.Column("closed_at", Moment, nullable=True),
        sa.Column("closing_sent_at", Moment, nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("open_cause", name="uq_alert_open_cause"),
    )


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="hash of the whole content"),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "chunk", name="pk_blob"),
        comment="Bytes received or sent, content-addressed, in chunks",
    )


def _budget() -> None:
    op.create_table(
        "budget",
        sa.Column("name", sa.String(length=200), nullable=False, comment="connection, company and window"),
        sa.Column("limit_value", sa.Integer(), nullable=True),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("resets_at", Moment, nullable=True),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_budget"),
        comment="Call limits as the systems' headers told, shared by all processes",
    )


def _chain_head() -> None:
    op.create_table(
        "chain_head",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False, comment="highest event id covered"),
        sa.Column(
            "documents", sa.Integer(), nullable=False, comment="documents whose chain grew since the export before"
        ),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="of the previous export and the events since"),
        sa.Column("exported_to", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chain_head"),
        comment="Exports of the chain heads to a place outside the database",
    )


def _credential() -> None:
    op.create_table(
        "credential",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="encrypted"),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_credential"),
    )


def _file() -> None:
    op.create_table(
        "file",
        sa.Column("id", Key, nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False, comment="in or out"),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("connection", sa.String(length=80), nullable=False, comment="the network connection"),
        sa.Column("channel", sa.String(length=400), nullable=False, comment="folder at the network"),
        sa.Column("partner", sa.String(length=80), nullable=True),
        sa.Column("remote_id", sa.String(length=400), nullable=True, comment="the network's own identity of the file"),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.String(length=20),
            nullable=False,
            comment="in: stored, parsed, repeated, rejected, incomplete, superseded; out: planned, sent, void",
        ),
        sa.Column(
            "removal", sa.String(length=20), nullable=False, comment="left, pending, done: the after-read policy"
        ),
        sa.Column("partition_date", sa.Date(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("pruned_at", Moment, nullable=True, comment="when retention took the bytes away"),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_file"),
        sa.UniqueConstraint("connection", "channel", "direction", "remote_id", "sha256", name="uq_file_remote"),
    )
    op.create_index("ix_file_partition_date", "file", ["integration", "partition_date"])
    op.create_index("ix_file_removal", "file", ["connection", "removal"])
    op.create_index("ix_file_sha256", "file", ["sha256"])
    op.create_index("ix_file_state", "file", ["integration", "direction", "state"])


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", Key, nullable=False),
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("company", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("handled_at", Moment, nullable=True),
        sa.Column("handled_by", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        comment="Webhook notices as received",
    )
    op.create_index("ix_inbox_open", "inbox", ["connection", "handled_at", "topic"])


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("run_id", sa.String(length=80), nullable=False),
        sa.Column("taken_at", Moment, nullable=False),
        sa.Column("heartbeat_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False, comment="rises at every change of holder"),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_index("ix_lease_expires_at", "lease", ["expires_at"])


def _position() -> None:
    op.create_table(
        "position",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_position"),
        comment="Where polling and listing go on",
    )


def _sequence() -> None:
    op.create_table(
        "sequence",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("next_value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )


def _snapshot() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", Key, nullable=False),
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("company", sa.String(length=80), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("taken_at", Moment, nullable=False, comment="when the content was first read"),
        sa.Column("checked_at", Moment, nullable=False, comment="when it was last found unchanged"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="blob with the rows, compressed JSON lines"),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("changes", Json, nullable=False, comment="added, changed, removed: counts and samples"),
        sa.Column("cursor", sa.String(length=200), nullable=True, comment="where the next incremental read goes on"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
        sa.UniqueConstraint(
            "connection", "company", "table_name", "version", name="uq_snapshot_connection_company_table_name_version"
        ),
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False, comment="valid, refreshing, authorize_again"),
        sa.Column("access", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("refresh", sa.LargeBinary(), nullable=True, comment="encrypted"),
        sa.Column("issued_at", Moment, nullable=True),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("refresh_expires_at", Moment, nullable=True),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("detail", Json, nullable=False, comment="company list, last error code; never a secret"),
        sa.PrimaryKeyConstraint("connection", name="pk_token"),
        comment="Rotating tokens, one writer each (lease token:<connection>)",
    )


def _interchange() -> None:
    op.create_table(
        "interchange",
        sa.Column("id", Key, nullable=False),
        sa.Column("file_id", Key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("partner", sa.String(length=80), nullable=True),
        sa.Column("sender", sa.String(length=40), nullable=False, comment="qualifier/id"),
        sa.Column("receiver", sa.String(length=40), nullable=False, comment="qualifier/id"),
        sa.Column("control_number", sa.String(length=20), nullable=False, comment="ISA13"),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("usage", sa.String(length=1), nullable=False, comment="ISA15: P, T, I"),
        sa.Column(
            "state",
            sa.String(length=20),
            nullable=False,
            comment="accepted, held, rejected, repeated, incomplete, sent",
        ),
        sa.Column("findings", Json, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_interchange_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_interchange"),
        sa.UniqueConstraint("file_id", "position", name="uq_interchange_file_id_position"),
    )
    op.create_index(
        "ix_interchange_control", "interchange", ["integration", "direction", "sender", "receiver", "control_number"]
    )


def _remote_file() -> None:
    op.create_table(
        "remote_file",
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=400), nullable=False),
        sa.Column("remote_id", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.String(length=40), nullable=True, comment="as the network wrote it"),
        sa.Column("first_seen_at", Moment, nullable=False),
        sa.Column("last_seen_at", Moment, nullable=False),
        sa.Column("size_since", Moment, nullable=False, comment="when this size was first seen"),
        sa.Column("state", sa.String(length=20), nullable=False, comment="waiting, stored, ignored, gone"),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.Column("file_id", Key, nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_remote_file_file_id"),
        sa.PrimaryKeyConstraint("connection", "channel", "remote_id", name="pk_remote_file"),
        comment="What was seen in the networks' folders",
    )
    op.create_index("ix_remote_file_state", "remote_file", ["connection", "channel", "state"])


def _envelope_group() -> None:
    op.create_table(
        "envelope_group",
        sa.Column("id", Key, nullable=False),
        sa.Column("interchange_id", Key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("partner", sa.String(length=80), nullable=True),
        sa.Column("functional_id", sa.String(length=2), nullable=False, comment="GS01"),
        sa.Column("control_number", sa.BigInteger(), nullable=False, comment="GS06 as a number"),
        sa.Column("version", sa.String(length=12), nullable=False, comment="GS08"),
        sa.Column("sets_announced", sa.Integer(), nullable=True),
        sa.Column("sets_received", sa.Integer(), nullable=True),
        sa.Column("sets_accepted", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=1), nullable=True, comment="AK901 given (in) or received (out)"),
        sa.Column("answered_at", Moment, nullable=True),
        sa.Column("answer_document_id", Key, nullable=True, comment="the 997"),
        sa.Column("findings", Json, nullable=False),
        sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name="fk_envelope_group_interchange_id"),
        sa.PrimaryKeyConstraint("id", name="pk_envelope_group"),
        sa.UniqueConstraint("interchange_id", "position", name="uq_envelope_group_interchange_id_position"),
        comment="Functional groups (GS..GE)",
    )
    op.create_index(
        "ix_envelope_group_control",
        "envelope_group",
        ["integration", "partner", "direction", "functional_id", "control_number"],
    )


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("connection", sa.String(length=80), nullable=False, comment="the ERP connection"),
        sa.Column("company", sa.String(length=80), nullable=False, comment="division, company or entity at the ERP"),
        sa.Column("network", sa.String(length=80), nullable=False, comment="the network connection"),
        sa.Column("partner", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False, comment="order, invoice or shipment number"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(length=80), nullable=False, comment="the order it belongs to"),
        sa.Column(
            "business_key",
            sa.String(length=400),
            nullable=True,
            comment="held by the one document that counts; null for repeats",
        ),
        sa.Column("business_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount", Amount, nullable=True),
        sa.Column("partition_date", sa.Date(), nullable=False, comment="UTC date of the first ledger row"),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column(
            "reason", sa.String(length=60), nullable=True, comment="why it is held, refused, a duplicate or discarded"
        ),
        sa.Column("reason_detail", Json, nullable=True, comment="message, mend and data for a person"),
        sa.Column(
            "held_step",
            sa.String(length=20),
            nullable=True,
            comment="the state it goes back to when it is taken up again",
        ),
        sa.Column("canonical", sa.Text(), nullable=False, comment="the canonical document as JSON"),
        sa.Column("source", sa.Text(), nullable=True, comment="outbound: the record as read from the ERP, as JSON"),
        sa.Column("work", sa.Text(), nullable=True, comment="what matching and coding decided, as JSON"),
        sa.Column(
            "content_hash",
            sa.String(length=64),
            nullable=True,
            comment="hash of what the partner is sent or of the canonical form",
        ),
        sa.Column("file_id", Key, nullable=True),
        sa.Column("interchange_id", Key, nullable=True),
        sa.Column("group_id", Key, nullable=True),
        sa.Column("set_control", sa.String(length=12), nullable=True, comment="ST02"),
        sa.Column("byte_start", sa.BigInteger(), nullable=True),
        sa.Column("byte_end", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", Key, nullable=True, comment="the document it repeats, answers or revises"),
        sa.Column("snapshots", Json, nullable=True, comment="versions of the reference tables that decided"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=True),
        sa.Column("due_at", Moment, nullable=True, comment="when an answer is overdue"),
        sa.Column(
            "claimed_by", sa.String(length=80), nullable=True, comment="name of the lease of the worker that has it"
        ),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("pruned_at", Moment, nullable=True, comment="when retention took the content away; the events stay"),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.String(length=64), nullable=False, comment="hash of the newest event"),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name="fk_document_file_id"),
        sa.ForeignKeyConstraint(["group_id"], ["envelope_group.id"], name="fk_document_group_id"),
        sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name="fk_document_interchange_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.UniqueConstraint("business_key", name="uq_document_business_key"),
    )
    op.create_index("ix_document_amount", "document", ["amount"])
    op.create_index(
        "ix_document_claimed_by",
        "document",
        ["claimed_by"],
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_document_due_at",
        "document",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_document_file_id", "document", ["file_id"])
    op.create_index("ix_document_group_id", "document", ["group_id"])
    op.create_index("ix_document_number", "document", ["number"], postgresql_ops={"number": "text_pattern_ops"})
    op.create_index(
        "ix_document_order_number", "document", ["order_number"], postgresql_ops={"order_number": "text_pattern_ops"}
    )
    op.create_index("ix_document_parent_id", "document", ["parent_id"])
    op.create_index("ix_document_partition_date", "document", ["partition_date", "integration"])
    op.create_index("ix_document_partner", "document", ["partner", "id"])
    op.create_index("ix_document_state", "document", ["state", "integration", "flow", "id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", Key, nullable=False),
        sa.Column("document_id", Key, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False, comment="state after it"),
        sa.Column("actor", sa.String(length=120), nullable=False, comment="worker, person or partner"),
        sa.Column("run_id", sa.String(length=80), nullable=False),
        sa.Column("asset", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="canonical JSON, part of the hash"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="of the previous hash and this row"),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_event_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("document_id", "seq", name="uq_event_document_id_seq"),
        comment="Append-only: what happened to a document; hash-chained per document",
    )
    op.create_index("ix_event_at", "event", ["at"])


def _operation() -> None:
    op.create_table(
        "operation",
        sa.Column("id", Key, nullable=False),
        sa.Column("document_id", Key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="operations of a document run in this order"),
        sa.Column("connection", sa.String(length=80), nullable=False),
        sa.Column("company", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False, comment="purchase_invoice, goods_receipt, upload ..."),
        sa.Column(
            "key", sa.String(length=120), nullable=False, comment="idempotency key, also written to the other side"
        ),
        sa.Column("target", sa.String(length=600), nullable=False, comment="folder and name, or entity"),
        sa.Column("payload", sa.Text(), nullable=False, comment="exactly what is sent (JSON), or the hash of a blob"),
        sa.Column("uses", Json, nullable=False, comment="payload key -> earlier position whose outside id it takes"),
        sa.Column(
            "state", sa.String(length=20), nullable=False, comment="planned, in_flight, done, unknown, refused, void"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_attempt_at", Moment, nullable=True),
        sa.Column("last_attempt_at", Moment, nullable=True),
        sa.Column("not_before", Moment, nullable=True, comment="settling time before the next look or write"),
        sa.Column("looked", sa.Integer(), nullable=False, comment="look-ups since the last attempt that found nothing"),
        sa.Column("outside_id", sa.String(length=200), nullable=True),
        sa.Column("outcome", Json, nullable=True),
        sa.Column("finished_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name="fk_operation_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_operation"),
        sa.UniqueConstraint("document_id", "position", name="uq_operation_document_id_position"),
        sa.UniqueConstraint("key", name="uq_operation_key"),
        comment="One row is one write to an outside system",
    )
    op.create_index("ix_operation_outside_id", "operation", ["outside_id"])
    op.create_index("ix_operation_state", "operation", ["connection", "state"])


def _make_events_append_only() -> None:
    """The database itself refuses to change or delete events."""
    if op.get_context().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
                "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_is_append_only()"
    )


def downgrade() -> None:
    """There is nothing before this."""
    raise RuntimeError("The first tables are not taken away: drop the database instead.")
