"""After a restore: what may have left in the lost time is held, until an answer, the other side or a person says.

The rule, by what is known (`ledger.audit.restores`). Where everything that left is known by name: what is named there.
Elsewhere: orders and invoices that the ERP had before `until` and changes of older ones; 997s, until a person settles
the restore. A document that is certainly new leaves as ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import dump
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.errors import NeedsCorrection, Reason, reason_detail
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import hold_moves, in_doubt, is_held
from ml_connector.flows.core.sent_formats import ANSWERS, kinds_of_group
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out.order_changes import as_replacement
from ml_connector.flows.orders_out.order_revisions import FLOW as ORDERS
from ml_connector.ledger.audit import restores
from ml_connector.ledger.audit.restores import Lost, Restore
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: Known by partner and number together.
OF_PARTNER = ANSWERS | {DocumentKind.REFERENCE_DATA}
ARRIVED, NOT_ARRIVED = "arrived", "not_arrived"


def hold_doubtful(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport, names: Sequence[str] = ()
) -> list[DocumentRow]:
    """Hold those of these documents that may have left before a restore; the others.

    names: sequences whose numbers these documents would take.
    """
    with integration.ledger.read() as tx:
        restore = restores.newest(tx)
        if restore is None:
            return list(rows)
        doubts = _doubts(integration, tx, restore, rows)
    if not doubts:
        return list(rows)
    report.notes.append(
        f"The ledger was restored from a backup: {len(doubts)} may have left before and are held. "
        "`ml-connector ledger restored` tells which, and takes your word."
    )
    if not work.dry_run:
        with integration.ledger.write() as tx:
            for row in rows:
                if row.id in doubts:
                    _hold(integration, tx, work, restore, row, doubts[row.id], report)
            documents.move(tx, _named_before(integration, tx, sorted(doubts)), work)
            if not restore.complete:
                sequences.stop(tx, names, restore.id)
    return [row for row in rows if row.id not in doubts]


@dataclass(frozen=True)
class _Doubt:
    """lost: what left, newest last; empty where nobody knows. decided: it was said of these already."""

    lost: Sequence[Lost] = ()
    decided: str | None = None


def _doubts(integration: Integration, tx: Tx, restore: Restore, rows: Sequence[DocumentRow]) -> dict[int, _Doubt]:
    known = restores.of_documents(tx, [row.id for row in rows])
    found: dict[int, _Doubt] = {}
    for row in rows:
        mine = known.get(row.id)
        if mine is not None:
            if mine.decided is None:
                found[row.id] = _Doubt([mine])
            continue
        lost = [one for one in restores.of_numbers(tx, row.flow, [row.number]) if _is_of(one, row)]
        if lost:
            found[row.id] = _Doubt(lost, lost[-1].decided)
        elif not restore.complete and may_have_left(integration, restore, row):
            found[row.id] = _Doubt()
    return {row_id: doubt for row_id, doubt in found.items() if doubt.decided != NOT_ARRIVED}


def _is_of(lost: Lost, row: DocumentRow) -> bool:
    """What is ours is the same whoever it went to; answers and reference tables are each partner's own."""
    return is_partners(lost, row) if row.kind in OF_PARTNER else lost.company == row.company


def is_partners(lost: Lost, row: DocumentRow) -> bool:
    """Whether it left to the partner, and for the company, of this document."""
    return lost.company == row.company and lost.partner == restores.party(row)


def may_have_left(integration: Integration, restore: Restore, row: DocumentRow) -> bool:
    """Whether it may be of the lost time, where nothing outside the database names what left."""
    source = integration.erp.sources.get(integration.flows.source_of(row.flow))
    if source is not None and row.parent_id is None and row.id > restore.last_document:
        created = source.entered(row.source or "")
        return created is None or created <= restore.until
    return restore.settled_at is None or row.created_at <= restore.settled_at


def _hold(
    integration: Integration,
    tx: Tx,
    work: RunScope,
    restore: Restore,
    row: DocumentRow,
    doubt: _Doubt,
    report: StepReport,
) -> None:
    if doubt.lost:
        restores.attach(tx, doubt.lost, row.id)
    else:
        restores.add_unknown(tx, restore.id, row)
    held = NeedsCorrection(
        Reason.MAY_HAVE_LEFT,
        _told(row, doubt.lost),
        remedy="Ask the partner, then `ml-connector ledger restored --arrived` or `--not-arrived`, for all or for one.",
        data=_facts(doubt.lost),
    )
    documents.move(tx, hold_moves(integration, row, held, report, step=S.RESOLVED), work)
    if doubt.decided == ARRIVED:
        documents.move(tx, arrived_moves(row, doubt.lost[-1], doubt.lost[-1].id), work)


def _named_before(integration: Integration, tx: Tx, ids: Sequence[int]) -> list[Move]:
    """An invoice or ship notice was faster: the partner names orders that are only read now."""
    held = [row for row in documents.get_many(tx, ids) if is_held(row) and row.flow == ORDERS]
    moves: list[Move] = []
    for by in related.naming_orders(tx, integration.books, [row.number for row in held]) if held else ():
        settled = {move.document_id for move in moves}
        theirs = [row for row in held if row.number == by.order_number and row.id not in settled]
        moves += proved(tx, named(tx, theirs, by), by)
    return moves


def _told(row: DocumentRow, lost: Sequence[Lost]) -> str:
    if not lost or not lost[-1].target:
        return f"{row.number} may have left before the ledger was restored; nothing outside the database tells."
    newest = lost[-1]
    told = f"{row.number} left in {newest.target} at {newest.left_at}, before the ledger was restored."
    return f"{told} It was changed since." if differs(row, newest) else told


def _facts(lost: Sequence[Lost]) -> dict[str, Any]:
    if not lost:
        return {}
    return {"target": lost[-1].target, "left_at": lost[-1].left_at, "group": lost[-1].group_control}


def differs(row: DocumentRow, lost: Lost) -> bool:
    """Whether the partner has been sent something else under this number."""
    return bool(lost.content_hash) and lost.content_hash != row.content_hash


def arrived_moves(row: DocumentRow, lost: Lost, by: object) -> list[Move]:
    """The partner has it: it counts as sent. What was changed since leaves as a replacement."""
    changes: dict[str, Any] = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}
    if row.flow == ORDERS and differs(row, lost) and row.work:
        replacement = as_replacement(stored(DocumentKind.ORDER, row.work, PurchaseOrder))
        changes |= {"canonical": dump(replacement), "kind": DocumentKind.ORDER.value}
        return [Move(row.id, S.RESOLVED, "an earlier version had left: replaced", {"by": by}, changes=changes)]
    if row.flow != ORDERS and row.kind not in ANSWERS and differs(row, lost):
        # Nothing else replaces what the partner has: its flow decides, as for one that changed after it left.
        return [Move(row.id, None, "an earlier version had left", {"by": by}, changes=_left_otherwise(row, lost))]
    return [Move(row.id, S.SENT, "had left before the ledger was restored", {"by": by}, changes=changes)]


def _left_otherwise(row: DocumentRow, lost: Lost) -> dict[str, Any]:
    detail = reason_detail(
        f"{row.number} left in {lost.target or 'another file'} before it was changed.",
        "It is looked at again at once.",
        {"target": lost.target, "left_at": lost.left_at},
    )
    return {
        "reason": str(Reason.CHANGED_AFTER_SENDING),
        "reason_detail": detail,
        "held_step": str(S.READ),
        "next_attempt_at": row.created_at,
    }


def proved(tx: Tx, rows: Sequence[DocumentRow], by: DocumentRow) -> list[Move]:
    """The partner answers these: those that were held had left."""
    doubtful = [row for row in rows if in_doubt(row)]
    known = restores.of_documents(tx, [row.id for row in doubtful])
    restores.decide(tx, list(known.values()), ARRIVED, f"document {by.id}")
    held = [row for row in doubtful if is_held(row) and row.id in known]
    return [move for row in held for move in arrived_moves(row, known[row.id], by.id)]


def named(tx: Tx, orders: Sequence[DocumentRow], by: DocumentRow) -> list[DocumentRow]:
    """Those of these orders in doubt of which it is proof that a document of the same partner names them.

    It proves the order and not its changes: those are proved by their 997 or 865.
    """
    doubtful = [row for row in orders if in_doubt(row) and of_one_partner(row, by)]
    if not doubtful or by.kind is DocumentKind.CHANGE_ACKNOWLEDGMENT:
        return doubtful
    known = restores.of_documents(tx, [row.id for row in doubtful])
    changed = {row_id for row_id, lost in known.items() if lost.revision}
    return [row for row in doubtful if row.kind is DocumentKind.ORDER and not row.revision and row.id not in changed]


def of_one_partner(sent: DocumentRow, answer: DocumentRow) -> bool:
    """By what the partner is known by; by its name where an old document tells no more."""
    if sent.partner_key and answer.partner_key:
        return sent.partner_key == answer.partner_key
    return sent.partner == answer.partner


def answered_group(tx: Tx, answer: DocumentRow, functional_id: str, control: int) -> list[DocumentRow]:
    """Held documents that left in a group, in the lost time, that a 997 names."""
    kinds = {kind.value for kind in kinds_of_group(functional_id)}
    lost = [one for one in restores.of_group(tx, restores.party(answer), control) if one.kind in kinds]
    rows = documents.get_many(tx, [one.document_id for one in lost if one.document_id is not None])
    return [row for row in rows if is_held(row)]
