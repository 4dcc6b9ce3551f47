"""The facts of a document: for JSON, and for what people are shown of it."""

import json
from decimal import Decimal
from typing import Any

from ml_connector.errors import ConfigError
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs, files
from ml_connector.ledger.search.document_summary import DocumentSummary
from ml_connector.ledger.work import events, operations
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.operating.whose_move import whose_move

#: What stands in a document's facts, in this order.
_FACTS = (
    "id",
    "kind",
    "direction",
    "flow",
    "integration",
    "connection",
    "system",
    "company",
    "network",
    "partner",
    "number",
    "revision",
    "order_number",
    "business_date",
    "currency",
    "amount",
    "partition_date",
    "state",
    "reason",
    "reason_detail",
    "attempts",
    "next_attempt_at",
    "due_at",
    "claimed_by",
    "parent_id",
    "created_at",
    "updated_at",
    "pruned_at",
)


def summary_json(row: DocumentSummary | DocumentRow) -> dict[str, Any]:
    """A document without content or history."""
    return {**{name: getattr(row, name) for name in _FACTS}, "whose_move": whose_move(row)}


def full_json(ledger: Ledger, row: DocumentRow, *, content: bool, payloads: bool) -> dict[str, Any]:
    """A document with its file, writes, events, and relatives."""
    with ledger.read() as tx:
        file = files.get(tx, row.file_id) if row.file_id is not None else None
        writes = operations.of_documents(tx, [row.id])
        history = events.history(tx, row.id)
    value: dict[str, Any] = summary_json(row)
    value["snapshots"] = row.snapshots
    value["file"] = None
    if file is not None:
        value["file"] = {
            "id": file.id,
            "name": file.name,
            "channel": file.channel,
            "size": file.size,
            "sha256": file.sha256,
            "state": file.state,
            "bytes": [row.byte_start, row.byte_end] if row.byte_start is not None else None,
            "set_control": row.set_control,
        }
    value["writes"] = [
        {
            "kind": one.kind,
            "target": one.target,
            "key": one.key,
            "state": one.state,
            "attempts": one.attempts,
            "last_attempt_at": one.last_attempt_at,
            "outside_id": one.outside_id,
            **({"payload": one.payload} if payloads else {}),
        }
        for one in writes
    ]
    value["events"] = [
        {
            "at": event.at,
            "action": event.action,
            "state": event.state,
            "actor": event.actor,
            "run_id": event.run_id,
            "asset": event.asset,
            "detail": event.data,
            "hash": event.hash,
        }
        for event in history
    ]
    if content:
        value["canonical"] = parsed(row.canonical)
        value["work"] = parsed(row.work)
        value["source"] = parsed(row.source)
    return value


def parsed(text: str | None) -> Any:
    """A stored JSON text as values; one that is none as it stands."""
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def original_bytes(ledger: Ledger, row: DocumentRow) -> bytes:
    """The bytes of the transaction set, or of the whole file where no place in it is known.

    Raises:
        ConfigError: the document has no file, or retention took its bytes away.
    """
    with ledger.read() as tx:
        file = files.get(tx, row.file_id) if row.file_id is not None else None
        if file is None:
            raise ConfigError(f"Document {row.id} came or left in no file.", remedy="See it with --content.")
        if file.pruned_at is not None:
            raise ConfigError(
                f"The bytes of file {file.id} were taken away by retention on {file.pruned_at:%Y-%m-%d}.",
                remedy="Its hash and the document's events are still here.",
            )
        data = blobs.read_blob(tx, file.sha256)
    return data if row.byte_start is None else data[row.byte_start : row.byte_end]
