"""Documents as tables and JSON."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.shared.output import print_facts, print_table, safe
from ml_connector.cli.shared.status_text import whose_move
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.ledger.database.books import Books
    from ml_connector.ledger.database.store import Ledger
    from ml_connector.ledger.search.queries import DocumentSummary
    from ml_connector.ledger.work.records import DocumentRow

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


def summary_json(row: "DocumentSummary | DocumentRow") -> dict[str, Any]:
    """A document without content or history."""
    return {**{name: getattr(row, name) for name in _FACTS}, "whose_move": whose_move(row)}


def print_summaries(rows: "Sequence[DocumentSummary]", companies: "Mapping[Books, str] | None" = None) -> None:
    """A line a document; why it is held below the state. companies: what to call them, where there are several."""
    several = companies or {}
    print_table(
        (
            "id",
            "day",
            *(("company",) if several else ()),
            "flow",
            "partner",
            "number",
            "order",
            "amount",
            "state",
            "reason",
            "message",
        ),
        [
            (
                row.id,
                row.partition_date,
                *((several.get(row.books, row.company),) if several else ()),
                row.flow,
                row.partner,
                row.number,
                row.order_number if row.order_number != row.number else "",
                f"{row.currency or ''} {row.amount:f}".strip() if row.amount is not None else "",
                row.state,
                row.reason,
                (row.reason_detail or {}).get("message", ""),
            )
            for row in rows
        ],
    )


def full_json(ledger: "Ledger", row: "DocumentRow", *, content: bool, payloads: bool) -> dict[str, Any]:
    """A document with its file, writes, events, and relatives."""
    from ml_connector.ledger.exchange import files
    from ml_connector.ledger.work import events, operations

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
        value["canonical"] = _parsed(row.canonical)
        value["work"] = _parsed(row.work)
        value["source"] = _parsed(row.source)
    return value


def _parsed(text: str | None) -> Any:
    if not text:
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def original_bytes(ledger: "Ledger", row: "DocumentRow") -> bytes:
    """The bytes of the transaction set, or of the whole file where no place in it is known.

    Raises:
        ConfigError: the document has no file, or retention took its bytes away.
    """
    from ml_connector.ledger.exchange import blobs, files

    with ledger.read() as tx:
        file = files.get(tx, row.file_id) if row.file_id is not None else None
        if file is None:
            raise ConfigError(f"Document {row.id} came or left in no file.", mend="See it with --content.")
        if file.pruned_at is not None:
            raise ConfigError(
                f"The bytes of file {file.id} were taken away by retention on {file.pruned_at:%Y-%m-%d}.",
                mend="Its hash and the document's events are still here.",
            )
        data = blobs.read_blob(tx, file.sha256)
    return data if row.byte_start is None else data[row.byte_start : row.byte_end]


def print_full(value: dict[str, Any]) -> None:
    """A document for people: facts, why it is held, its file, writes and events."""
    detail = value.get("reason_detail") or {}
    hidden = {"reason_detail", "snapshots", "file", "writes", "events", "canonical", "work", "source"}
    print_facts([(name.replace("_", " "), item) for name, item in value.items() if name not in hidden])
    if detail:
        print_facts(
            [("why", detail.get("message")), ("To fix", detail.get("mend")), ("data", flat(detail.get("data")))]
        )
    if value["file"]:
        file = value["file"]
        print_facts(
            [("file", file["name"]), ("in", file["channel"]), ("size", file["size"]), ("sha256", file["sha256"])]
        )
    if value["snapshots"]:
        print_facts([("decided with", flat(value["snapshots"]))])
    if value["writes"]:
        print_table(
            ("write", "state", "attempts", "last attempt (UTC)", "outside id", "target"),
            [
                (w["kind"], w["state"], w["attempts"], w["last_attempt_at"], w["outside_id"], w["target"])
                for w in value["writes"]
            ],
        )
    print_table(
        ("at (UTC)", "event", "state", "by", "run", "detail"),
        [(e["at"], e["action"], e["state"], e["actor"], e["run_id"][:8], flat(e["detail"])) for e in value["events"]],
    )
    for part in ("source", "canonical", "work"):
        if value.get(part) is not None:
            click.secho(part, bold=True)
            click.echo(safe(json.dumps(value[part], indent=2, ensure_ascii=False, default=str)))


def flat(detail: Any) -> str:
    """Small facts on one line."""
    if not isinstance(detail, dict):
        return "" if detail is None else str(detail)
    return ", ".join(f"{key} {_value(item)}" for key, item in detail.items() if item not in (None, "", {}, []))


def _value(item: Any) -> str:
    if isinstance(item, dict | list):
        return json.dumps(item, ensure_ascii=False, default=str)
    return str(item)
