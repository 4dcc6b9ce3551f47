"""Everything known of a number, however people write it."""

from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.traces import Trace
from ml_connector.ledger.search.traces import trace as trace_of
from ml_connector.ledger.work.records import DocumentRow


def spellings(number: str) -> list[str]:
    """A number as given, and without or with the words people put before it."""
    given = number.strip()
    bare = given
    for prefix in ("PO-", "PO ", "PO#", "PO", "#"):
        if given.upper().startswith(prefix) and len(given) > len(prefix):
            bare = given[len(prefix) :].strip()
            break
    return list(dict.fromkeys([given, bare, f"PO-{bare}", f"PO{bare}"]))


def find(tx: Tx, number: str, integration: str | None, company: str | None = None) -> Trace:
    """The trace of the first spelling that the ledger knows; an empty one when it knows none."""
    found = None
    for spelling in spellings(number):
        found = trace_of(tx, spelling, integration=integration, company=company)
        if found.documents:
            return found
    return found or trace_of(tx, number, integration=integration, company=company)


def chain_of(tx: Tx, row: DocumentRow) -> Trace:
    """Everything of a document's order, or of itself: what it came of, and what became of it."""
    number = row.order_number or row.number
    return trace_of(tx, number, company=row.company) if number else Trace("", [], [])
