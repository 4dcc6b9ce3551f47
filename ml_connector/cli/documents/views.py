"""Documents as tables and JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.shared.output import print_facts, safe
from ml_connector.cli.shared.tables import print_table
from ml_connector.documents.values.currencies import amount_text
from ml_connector.operating.whose_move import whose_move

if TYPE_CHECKING:
    from ml_connector.ledger.database.books import Books
    from ml_connector.ledger.search.queries import DocumentSummary


def print_summaries(rows: "Sequence[DocumentSummary]", companies: "Mapping[Books, str] | None" = None) -> None:
    """A line a document; why it is held below the state. companies: what to call them, where there are several."""
    several = companies or {}
    due = any(_is_owed(row) for row in rows)
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
            *(("due",) if due else ()),
            "reason",
            "whose move",
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
                amount_text(row.amount, row.currency) if row.amount is not None else "",
                row.state,
                *((f"{row.due_at:%m-%d %H:%M}" if _is_owed(row) else "",) if due else ()),
                row.reason,
                whose_move(row),
                (row.reason_detail or {}).get("message", ""),
            )
            for row in rows
        ],
        least=("company", "order", "flow", "day", "whose move", "reason", "partner", "due", "amount"),
    )


def _is_owed(row: "DocumentSummary") -> bool:
    """Whether its partner wants to have it, or what answers it, by a deadline."""
    from ml_connector.ledger.search import owed

    return owed.is_owed(row)


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
