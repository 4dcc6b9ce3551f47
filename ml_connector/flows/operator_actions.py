"""What a person does with documents: replay, discard, settle. Each leaves who and why in the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.common import Direction
from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import NotPossibleError, Reason, reason_detail
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import Written
from ml_connector.flows.core.quarantine import is_held
from ml_connector.flows.core.sent_formats import answer_due
from ml_connector.flows.orders_out.order_revisions import CHANGES_WHAT_WAS_REFUSED, REFUSED_BY_PARTNER, to_send_again
from ml_connector.flows.posting.partially_posted import as_it_stands, standing
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.exchange import files, related
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import FINISHED
from ml_connector.ledger.work.states import DocumentState as S


@dataclass(frozen=True)
class ReplayPlan:
    """What a replay would do with one document."""

    document: int
    number: str
    state: str
    action: str


def plan_replay(rows: Sequence[DocumentRow]) -> list[ReplayPlan]:
    """Finished documents are confirmed without writing; refused orders are rendered again; the rest goes on."""
    plans = []
    for row in rows:
        if row.state is S.REFUSED and row.direction is Direction.OUT:
            action = "resolve and send again"
        elif keyed_by_hand(row):
            action = "look for it in the ERP again"
        elif row.state in FINISHED:
            action = "confirm: finished, nothing is written"
        elif row.state is S.UNKNOWN_OUTCOME:
            action = "look for it at the other side"
        else:
            action = "take up from where it stands"
        plans.append(ReplayPlan(row.id, row.number, str(row.state), action))
    return plans


def prepare_replay(integration: Integration, work: RunScope, rows: Sequence[DocumentRow]) -> int:
    """Make unfinished documents due now, and refused ones ready to be sent again; the flow's steps do the rest.

    An invoice that had been keyed by hand is looked for again: that entry may have been voided. An order that was
    refused is resolved anew; if changes of it have left since, the newest of them goes in its place, as a whole order.
    """
    moves = []
    now = integration.clock.now()
    for row in rows:
        if keyed_by_hand(row):
            moves.append(Move(row.id, S.RECEIVED, "replayed: keyed by hand before"))
            moves.append(Move(row.id, S.PARSED, "taken up again"))
        elif row.state is S.REFUSED and row.direction is Direction.OUT:
            moves += _sent_again(integration, row)
        elif row.state not in FINISHED and row.next_attempt_at is not None:
            # Not None: a held document without a date waits for a person, should this replay not come to it.
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": now}))
    with integration.ledger.write() as tx:
        documents.move(tx, moves, work)
    return len(moves)


def keyed_by_hand(row: DocumentRow) -> bool:
    """Whether an invoice was set aside because the ERP had it."""
    return row.state is S.DUPLICATE and row.reason == Reason.KEYED_BY_HAND


def _sent_again(integration: Integration, row: DocumentRow) -> list[Move]:
    """A refused document is resolved anew, of the order as the ERP has it now; or what was built on it is.

    Nothing where a newer revision has left, or is leaving, that does not build on it.
    """
    with integration.ledger.read() as tx:
        ids = [row.source_id] if row.source_id else []
        family = documents.outbound_of_orders(tx, row.books, row.flow, [row.order_number], ids=ids)
    meant = to_send_again(row, [one for one in family if one.revision > row.revision])
    if meant is None:
        return []
    moves: list[Move] = []
    why = REFUSED_BY_PARTNER if meant.id == row.id else CHANGES_WHAT_WAS_REFUSED
    if meant.state is not S.REFUSED:
        moves.append(Move(meant.id, S.REFUSED, "changes what was refused", {"refused": row.id}))
    changes = {"attempts": meant.attempts + 1, "reason": why, "due_at": None}
    return [*moves, Move(meant.id, S.READ, "replayed after refusal", {"refused": row.id}, changes=changes)]


def discard(integration: Integration, work: RunScope, row: DocumentRow, why: str) -> None:
    """Give a document up, with the reason; never one that was begun at another system and may be there.

    Raises:
        NotPossibleError: the document is finished or a write for it may have happened.
    """
    _give_up(integration.ledger, work, row, why, lambda tx: standing(integration, tx, row))


def discard_of_gone(ledger: Ledger, work: RunScope, row: DocumentRow, why: str) -> None:
    """The same for a document whose integration is in no configuration any more.

    Raises:
        NotPossibleError: the document is finished or a write for it may have happened.
    """

    def written(tx: Tx) -> list[StoredOperation]:
        return [one for one in operations.of_documents(tx, [row.id]) if one.state == "done"]

    _give_up(ledger, work, row, why, written)


def of_gone(row: DocumentRow) -> NotPossibleError:
    """Why nothing else can be done with such a document."""
    return NotPossibleError(
        f"Document {row.id} ({row.number}) is of integration {row.integration}, which the configuration does not have.",
        remedy=f"If it has another name now: `ml-connector ledger move --integration {row.integration} NEW`. Else "
        "put it"
        " back, or discard the document.",
    )


def _give_up(
    ledger: Ledger, work: RunScope, row: DocumentRow, why: str, standing_of: Callable[[Tx], Sequence[StoredOperation]]
) -> None:
    if row.state is S.UNKNOWN_OUTCOME:
        raise NotPossibleError(
            f"Document {row.id} ({row.number}) may be at the other side and cannot be discarded.",
            remedy="A write to the ERP is looked up by itself; an upload is settled by "
            "`ml-connector documents settle`.",
        )
    if is_held(row):
        raise NotPossibleError(
            f"Document {row.id} ({row.number}) may have left before the ledger was restored and cannot be discarded.",
            remedy="Say first whether it arrived: `ml-connector ledger restored`.",
        )
    if row.state in {S.POSTING, S.SENDING} or row.state in FINISHED - {S.DUPLICATE, S.OVERDUE, S.REFUSED}:
        raise NotPossibleError(
            f"Document {row.id} ({row.number}) is {row.state} and cannot be discarded.",
            remedy="A posted document is reversed in the ERP; a document in work is finished first.",
        )
    with ledger.write() as tx:
        stands = standing_of(tx)
        if stands:
            raise _stands_partly(row, stands)
        if row.state is S.RENDERED and row.file_id is not None and len(related.documents_of_file(tx, row.file_id)) > 1:
            raise NotPossibleError(
                f"Document {row.id} ({row.number}) leaves in one file with others.",
                remedy="Let it be sent; `acknowledgments.send: false` in the partner's file stops further ones.",
            )
        operations.void(tx, [row.id])
        detail = reason_detail(why, data={"was": str(row.state)})
        changes = {"reason": "discarded", "reason_detail": detail, "business_key": None, "next_attempt_at": None}
        documents.move(tx, [Move(row.id, S.DISCARDED, "discarded", {"why": why}, changes=changes)], work)


def _stands_partly(row: DocumentRow, stands: Sequence[StoredOperation]) -> NotPossibleError:
    entries = ", ".join(one.outside_id or "?" for one in stands)
    there = f"Document {row.id} ({row.number}) stands in the ERP as {entries}"
    settled = f"`ml-connector documents settle {row.id} --as-it-stands` ends it with what is there."
    if row.kind is DocumentKind.INVOICE:
        return NotPossibleError(
            f"{there}; its original does not.",
            remedy=f"Replay it once the ERP takes the original, or with attach_original off. Or {settled}",
        )
    rest = "the orders of other stores do not" if row.kind is DocumentKind.ORDER else "the rest of it does not"
    return NotPossibleError(
        f"{there}; {rest}.",
        remedy="See why that is refused, and replay it once the ERP takes it too. If it never will: enter it by "
        "hand or "
        f"leave it out; {settled}",
    )


def settle_as_it_stands(integration: Integration, work: RunScope, row: DocumentRow, *, why: str) -> None:
    """A person's word that what the ERP took of a held document is all that it gets from here.

    Raises:
        NotPossibleError: it is not held, nothing of it stands in the ERP, or more of it may stand there.
    """
    with integration.ledger.write() as tx:
        stands = standing(integration, tx, row) if row.state is S.QUARANTINED else []
        if not stands:
            raise NotPossibleError(
                f"Document {row.id} ({row.number}) is {row.state}, and not one that the ERP took a part of.",
                remedy="Replay it, or discard it; what may be in the ERP is looked up by itself.",
            )
        open_ = [one for one in operations.of_documents(tx, [row.id]) if one.state in operations.OPEN]
        if open_:
            raise NotPossibleError(
                f"More of document {row.id} ({row.number}) may be in the ERP.", remedy="Replay it: it is looked up."
            )
        documents.move(tx, as_it_stands(tx, row, stands, why), work)


def settle_sent(integration: Integration, work: RunScope, row: DocumentRow, *, arrived: bool, why: str) -> None:
    """A person's word about an upload of unknown outcome: it arrived, or it did not and may be sent again.

    It holds for the whole file: the next run moves the other documents in it.

    Raises:
        NotPossibleError: the document is not of unknown outcome, or the other side can be asked.
    """
    if row.state is not S.UNKNOWN_OUTCOME:
        raise NotPossibleError(
            f"Document {row.id} ({row.number}) is {row.state}, not of unknown outcome.", remedy="Nothing to settle."
        )
    if row.direction is Direction.IN:
        raise NotPossibleError(
            f"Document {row.id} ({row.number}) is looked up in the ERP; nobody has to settle it.",
            remedy="Wait, or replay it to have it looked up now.",
        )
    with integration.ledger.write() as tx:
        # One upload carries all documents of a file, whichever of them was named.
        uploads = related.open_uploads(tx, [row.file_id]) if row.file_id is not None else []
        doubtful = [op for op in uploads if op.state in operations.OPEN]
        if arrived:
            operations.finish(tx, [(op.id, Written("", {"settled_by": work.actor})) for op in doubtful])
            files.set_state(tx, row.file_id, "sent")
            state, action = S.SENT, "settled by a person: it arrived"
        else:
            operations.put_back(tx, [op.id for op in doubtful])
            state, action = S.SENDING, "settled by a person: it did not arrive"
        changes: dict[str, Any] = {"reason": None, "reason_detail": None, "next_attempt_at": None}
        if state is S.SENT:
            changes["due_at"] = answer_due(integration, row)
        documents.move(tx, [Move(row.id, state, action, {"why": why}, changes=changes)], work)
