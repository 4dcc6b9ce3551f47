"""What is posted and how it becomes operations: bills, goods receipts and (in `write_back`) order lines to an ERP;
records to a network that has them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import PlannedOperation, Writer, Written, records_of
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.spec import At
from ml_connector.flows.posting.recognised import Found
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import NewOperation, StoredOperation
from ml_connector.ledger.work.states import DocumentState as S


@dataclass(frozen=True)
class Prepared:
    """What a document needs: writes to be begun, or (without a write) moves that end it. changes: of its columns.

    found: what the ERP has of it from before a restore; recorded as done.
    """

    plan: Sequence[PlannedOperation] = ()
    moves: Sequence[Move] = ()
    found: Sequence[Found] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


#: The writes of one document.
Plan = Callable[[Integration, DocumentRow], list[PlannedOperation]]
#: Decides for a batch, by document; what may ask the ERP, asks it once for all of them.
Prepare = Callable[[Integration, Sequence[DocumentRow], StepReport], Mapping[int, Prepared | NeedsCorrection]]
#: What else is true in the ledger once a write is done, committed with its outcome.
AfterWrite = Callable[[Tx, DocumentRow, StoredOperation, Written], Sequence[Move]]


def planned(plan: Plan, integration: Integration, row: DocumentRow) -> Prepared | NeedsCorrection:
    """The writes of one document that the other side does not have, or why it cannot be written."""
    return attempt(lambda: Prepared(plan(integration, row)))


def _nothing_else(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> Sequence[Move]:
    del tx, row, operation, written
    return ()


def _no_changes(row: DocumentRow) -> Mapping[str, Any]:
    del row
    return {}


@dataclass(frozen=True)
class PostableKind:
    """How a kind of document becomes operations.

    ready, begun, done: the states before, while and after it is written. held_at: where it starts over when it was
    held. side: where it is written to. plan: the writes of one document, for a dry run. closing: columns that change
    when all its writes are done. wakes: what others are held for that may be mended once one is posted.
    """

    flow: str
    plan: Plan
    prepare: Prepare
    ready: S = S.CODED
    begun: S = S.POSTING
    done: S = S.POSTED
    held_at: S = S.PARSED
    side: At = "erp"
    after_write: AfterWrite = _nothing_else
    closing: Callable[[DocumentRow], Mapping[str, Any]] = _no_changes
    wakes: frozenset[Reason] = frozenset()

    def writer(self, integration: Integration) -> Writer:
        """What it is written to."""
        return integration.erp if self.side == "erp" else records_of(integration.network)


def operation_key(row: DocumentRow) -> str:
    """The key written to the other side: stable for this document of this ledger, and nobody else's.

    No name of ours is in it: a connection or partner that is renamed finds what it wrote before.
    """
    if row.operation_key is not None:
        return row.operation_key
    return key_of(row.books, row.id, row.created_at)


def key_of(books: Books, document_id: int, created_at: datetime) -> str:
    """The key of a document that came so in a company that its ERP called so."""
    identity = f"{books}|{document_id}|{created_at.isoformat()}"
    return "mlc-" + hashlib.sha256(identity.encode()).hexdigest()[:20]


def operations_of(
    row: DocumentRow, plan: Sequence[PlannedOperation], earlier: Mapping[int, str], connection: str = ""
) -> list[NewOperation]:
    """The writes of a plan. earlier: kinds by position of a plan that was begun before. connection: that they go to;
    empty: the document's ERP.

    The same writes in the same places are the same operations: what is done of them stays done. A plan of another
    shape (an attachment more or less) stands behind the earlier one, whose open rest is void.
    """
    key = operation_key(row)
    same = [planned.kind for planned in plan] == [kind for _, kind in sorted(earlier.items())]
    base = 0 if same or not earlier else max(earlier) + 1
    return [
        NewOperation(
            document_id=row.id,
            position=base + position,
            connection=connection or row.connection,
            company=row.company,
            kind=planned.kind,
            key=f"{key}/{base + position}",
            target=planned.target,
            payload=planned.payload,
            uses={name: base + used for name, used in planned.uses.items()},
            ref=planned.ref,
            shares=planned.shares,
        )
        for position, planned in enumerate(plan)
    ]
