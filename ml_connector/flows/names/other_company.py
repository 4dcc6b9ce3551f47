"""Documents of a company that an integration had before: held with a question, never posted or sent in another one."""

from collections.abc import Sequence

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.quarantine import first_step
from ml_connector.flows.core.spec import ANSWERS_FLOW
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.events import Actor
from ml_connector.ledger.work.records import ClaimQuery, DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: Nothing was written or sent for these.
_NOT_BEGUN = (S.PARSED, S.MATCHED, S.CODED, S.READ, S.RESOLVED, S.RENDERED, S.QUARANTINED)
#: Something may have been.
_BEGUN = (S.POSTING, S.SENDING)
TOGETHER = 500


def hold_strangers(ledger: Ledger, integration: str, connection: str, books: Books) -> int:
    """Hold what waits of other companies, and let go what was held while this one was away; how many are held now."""
    held = 0
    after = 0
    while True:
        query = ClaimQuery(integration, (*_NOT_BEGUN, *_BEGUN), ignore_due=True, after_id=after, other_than=books)
        with ledger.read() as tx:
            rows = documents.waiting(tx, query, TOGETHER)
        if not rows:
            break
        after = rows[-1].id
        held += _hold(ledger, rows, connection, books)
    with ledger.write() as tx:
        documents.wake(tx, integration, books, str(Reason.OTHER_COMPANY))
    return held


def _hold(ledger: Ledger, rows: Sequence[DocumentRow], connection: str, books: Books) -> int:
    moves: list[Move] = []
    rendered: list[int] = []
    for row in rows:
        if row.flow == ANSWERS_FLOW or row.reason == Reason.OTHER_COMPANY:
            continue  # what answers an interchange speaks of the envelope, of no books
        held = _question(row, connection, books)
        changes = {"reason": str(held.reason), "reason_detail": held.detail, "next_attempt_at": None}
        if row.state in _BEGUN:
            moves.append(Move(row.id, S.UNKNOWN_OUTCOME, "its company is not there any more", held.detail, changes))
            continue
        if row.state is S.RENDERED:
            rendered.append(row.id)
        changes["held_step"] = str(first_step(row.kind, row.direction))
        to = None if row.state is S.QUARANTINED else S.QUARANTINED
        moves.append(Move(row.id, to, "held: of another company", {"reason": str(held.reason), **held.detail}, changes))
    with ledger.write() as tx:
        operations.void(tx, rendered)
        documents.move(tx, moves, Actor("configuration"))
    return len(moves)


def _question(row: DocumentRow, connection: str, books: Books) -> NeedsCorrection:
    began = " A write for it had begun and may be there." if row.state in _BEGUN else ""
    return NeedsCorrection(
        Reason.OTHER_COMPANY,
        f"{row.number} belongs to company {row.company}; {connection} has company {books.company} now.{began}",
        remedy=f"Give company {row.company} a connection and an integration again, and replay it there; or handle it by"
        " hand in that company and discard it here.",
        data={"company": row.company, "has": books.company, "connection": connection},
    )


def waiting_of_others(tx: Tx, integration: str, books: Books) -> int:
    """How many documents of an integration wait and are of another company."""
    query = ClaimQuery(integration, (*_NOT_BEGUN, *_BEGUN), ignore_due=True, other_than=books)
    return documents.count_waiting(tx, query)
