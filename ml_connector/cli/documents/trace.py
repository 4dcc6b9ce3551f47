"""`ml-connector trace`: everything known of an order, across documents, in time order."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ml_connector.cli.documents import views
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import print_table, say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.cli.shared.status_text import whose_move

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_connector.ledger.database.books import Books
    from ml_connector.ledger.database.store import Tx
    from ml_connector.ledger.search.queries import Trace


@click.command()
@click.argument("number")
@click.option("--integration", help="Only of this integration.")
@click.option("--company", help="Only of this company: its code, or its name.")
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

    with session.open() as deployment, deployment.ledger.read() as tx:
        found = find(tx, number, integration, company_code(deployment, company))
        named = companies(tx)
    value = {
        "number": found.number,
        "documents": [views.summary_json(row) for row in found.documents],
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


def spellings(number: str) -> list[str]:
    """A number as given, and without or with the words people put before it."""
    given = number.strip()
    bare = given
    for prefix in ("PO-", "PO ", "PO#", "PO", "#"):
        if given.upper().startswith(prefix) and len(given) > len(prefix):
            bare = given[len(prefix) :].strip()
            break
    return list(dict.fromkeys([given, bare, f"PO-{bare}", f"PO{bare}"]))


def find(tx: "Tx", number: str, integration: str | None, company: str | None = None) -> "Trace":
    """The trace of the first spelling that the ledger knows; an empty one when it knows none."""
    from ml_connector.ledger.search.queries import trace as trace_of

    found = None
    for spelling in spellings(number):
        found = trace_of(tx, spelling, integration=integration, company=company)
        if found.documents:
            return found
    return found or trace_of(tx, number, integration=integration, company=company)


def _print(found: "Trace", companies: "Mapping[Books, str]") -> None:
    views.print_summaries(found.documents, companies)
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
            for entry in found.entries
        ],
    )
    waiting = {move for row in found.documents if (move := whose_move(row))}
    say(f"Whose move it is: {'; '.join(sorted(waiting))}." if waiting else "Nobody has to do anything.")
