"""`ml-connector trace`: everything known of an order, across documents, in time order."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ml_connector.cli.documents import views
from ml_connector.cli.shared import tables
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.tables import below, print_table, wide
from ml_connector.operating.whose_move import whose_move

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ml_connector.ledger.database.books import Books
    from ml_connector.ledger.search.queries import Trace, TraceEntry


@click.command()
@click.argument("number")
@click.option("--integration", help="Only of this integration.")
@click.option("--company", help="Only of this company: its code, or its name.")
@wide
@common
def trace(session: Session, number: str, integration: str | None, company: str | None) -> int:
    """Everything known of order NUMBER: orders, changes, acknowledgments, shipments, invoices, in time order.

    Also takes the number of an invoice or shipment. `PO-4711` and `4711` mean the same where only one of them exists.

    \b
    Examples:
      ml-connector trace PO-4711
      ml-connector trace 4711 --json
    """
    from ml_connector.cli.documents.document_filters import company_code
    from ml_connector.ledger.names.naming import companies
    from ml_connector.operating.facts import summary_json
    from ml_connector.operating.tracing import find

    with session.open() as deployment, deployment.ledger.read() as tx:
        found = find(tx, number, integration, company_code(deployment, company))
        named = companies(tx)
    value = {
        "number": found.number,
        "documents": [summary_json(row) for row in found.documents],
        "writes": [
            {
                "document_id": one.document_id,
                "kind": one.kind,
                "target": one.target,
                "state": one.state,
                "attempts": one.attempts,
                "outside_id": one.outside_id,
            }
            for one in found.operations
        ],
        "entries": [asdict(entry) for entry in found.entries],
    }
    if not found.documents and not session.json:
        tell(f"Nothing is known of {number}.")
        return Exit.WRONG
    session.emit(value, lambda: _print(found, named))
    return Exit.OK if found.documents else Exit.WRONG


def _print(found: "Trace", companies: "Mapping[Books, str]") -> None:
    views.print_summaries(found.documents, companies)
    width = tables.terminal_width()
    if width is None:
        _print_entries(found.entries)
    else:
        print_time_line(found.entries, width)
    waiting = {move for row in found.documents if (move := whose_move(row))}
    below(f"Whose move it is: {'; '.join(sorted(waiting))}." if waiting else "Nobody has to do anything.")


def _print_entries(entries: "Sequence[TraceEntry]") -> None:
    """One row each, for another program."""
    print_table(
        ("at (UTC)", "document", "kind", "number", "partner", "what", "state", "by", "detail"),
        [
            (
                entry.at,
                entry.document_id,
                f"{entry.kind} {entry.direction}",
                entry.number,
                entry.partner,
                entry.what,
                entry.state,
                entry.actor,
                views.flat(entry.detail),
            )
            for entry in entries
        ],
    )


def print_time_line(entries: "Sequence[TraceEntry]", width: int) -> None:
    """What happened, day by day, in the width of the terminal: when, of which document, what, and what is known."""
    day = ""
    for entry in entries:
        if f"{entry.at:%Y-%m-%d}" != day:
            day = f"{entry.at:%Y-%m-%d}"
            click.secho(f"{day} (UTC)", bold=True)
        of = f"{entry.kind.replace('_', ' ')} {entry.number or ''}".rstrip()
        of += f" ({entry.document_id})" if entry.document_id is not None else ""
        state = f" -> {entry.state}" if entry.state and str(entry.state) not in entry.what else ""
        for line in tables.wrapped(f"{of}: {entry.what}{state}", width, f"  {entry.at:%H:%M:%S}  "):
            click.echo(line)
        told = "; ".join(part for part in (entry.partner or "", entry.actor, views.flat(entry.detail)) if part)
        for line in tables.wrapped(told, width, " " * 12):
            click.secho(line, dim=True)
