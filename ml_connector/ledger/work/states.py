"""The states of each kind of document and the moves between them. Nothing else decides about states.

`DocumentState` values stand in the ledger's `document.state`; `check_move` is called for every change.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

from ml_connector.documents.kinds import RECORD_KINDS, Direction, DocumentKind
from ml_connector.errors import WeAreWrong


class DocumentState(StrEnum):
    """How far a document has come (`moves_of`)."""

    RECEIVED = "received"
    PARSED = "parsed"
    MATCHED = "matched"
    CODED = "coded"
    POSTING = "posting"
    POSTED = "posted"
    APPLIED = "applied"
    READ = "read"
    RESOLVED = "resolved"
    RENDERED = "rendered"
    SENDING = "sending"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    OVERDUE = "overdue"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"
    UNKNOWN_OUTCOME = "unknown_outcome"


S = DocumentState
Moves = Mapping[DocumentState, frozenset[DocumentState]]


def _moves(steps: tuple[DocumentState, ...], **more: tuple[DocumentState, ...]) -> Moves:
    """The chain of `steps`, the exits that every step has, and `more` moves by state name."""
    exits = {S.QUARANTINED, S.DUPLICATE, S.DISCARDED}
    begun = {S.POSTING, S.SENDING}
    final = steps[-1]
    table: dict[DocumentState, set[DocumentState]] = {}
    for here, there in pairwise(steps):
        table[here] = {there, S.UNKNOWN_OUTCOME, S.QUARANTINED} if here in begun else {there} | exits
    table[steps[0]].add(S.REJECTED)
    # Held documents go back to the step they were held at; a person may discard them.
    table[S.QUARANTINED] = {*steps[:-1], S.DISCARDED, S.DUPLICATE, S.REJECTED}
    table[S.UNKNOWN_OUTCOME] = {final, S.QUARANTINED, S.DISCARDED} | (begun & set(steps))
    table[final] = set()
    table[S.DUPLICATE] = {steps[0], S.DISCARDED}
    table[S.REJECTED] = set()
    table[S.DISCARDED] = set()
    for name, targets in more.items():
        table.setdefault(S(name), set()).update(targets)
    return {state: frozenset(targets) for state, targets in table.items()}


_ANSWERED = (S.ACKNOWLEDGED, S.REFUSED, S.OVERDUE)

#: Invoices, shipments and orders that come in and are posted to an ERP.
POSTED_KINDS = _moves((S.RECEIVED, S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.POSTED))
#: Payments that partners tell of: entered in the ERP like the others, or recorded here and no more.
REMITTANCES = _moves((S.RECEIVED, S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.POSTED), parsed=(S.APPLIED,), applied=())
#: Orders of customers that come in, and what they change of them: nothing is coded.
RECEIVED_ORDERS = _moves((S.RECEIVED, S.PARSED, S.MATCHED, S.POSTING, S.POSTED))
#: Acknowledgments that come in and are applied to what they answer. What a supplier changed and is written to the
#: ERP's order goes by matched and posting.
APPLIED_KINDS = _moves(
    (S.RECEIVED, S.PARSED, S.APPLIED),
    parsed=(S.MATCHED,),
    matched=(S.POSTING, S.APPLIED, S.QUARANTINED, S.DISCARDED),
    posting=(S.APPLIED, S.UNKNOWN_OUTCOME, S.QUARANTINED),
    unknown_outcome=(S.POSTING,),
)
#: Orders and invoices that go out and are answered.
SENT_KINDS = _moves(
    (S.READ, S.RESOLVED, S.RENDERED, S.SENDING, S.SENT),
    resolved=(S.READ,),  # read again in the ERP before it left
    quarantined=(S.SENT,),  # it left before the ledger was restored
    sending=(S.ACKNOWLEDGED, S.REFUSED),
    sent=_ANSWERED,
    overdue=(S.ACKNOWLEDGED, S.REFUSED, S.DISCARDED),
    refused=(S.ACKNOWLEDGED, S.READ, S.DISCARDED),  # read: it goes again
    acknowledged=(S.REFUSED,),
    unknown_outcome=(S.ACKNOWLEDGED, S.REFUSED),
)
#: Records that go to a network: what is refused there is held, be it at once or some time after it was sent.
SENT_RECORDS = _moves(
    (S.READ, S.RESOLVED, S.SENDING, S.SENT),
    resolved=(S.READ,),  # read again in the ERP before it left
    sent=(S.QUARANTINED,),  # refused later
    quarantined=(S.SENT,),  # it left before the ledger was restored
)
#: Acknowledgments that go out: never answered themselves (edi-operations 7).
ACKNOWLEDGMENTS_OUT = _moves((S.RESOLVED, S.RENDERED, S.SENDING, S.SENT), quarantined=(S.SENT,))

_ACKNOWLEDGMENT_KINDS = {
    DocumentKind.ORDER_ACKNOWLEDGMENT,
    DocumentKind.CHANGE_ACKNOWLEDGMENT,
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT,
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT,
    DocumentKind.APPLICATION_ADVICE,
}

#: What others tell us, and what becomes known here: it is applied, perhaps by way of a write.
_APPLIED = _ACKNOWLEDGMENT_KINDS | {DocumentKind.VENDOR_PROPOSAL}
_ORDER_KINDS = {DocumentKind.ORDER, DocumentKind.ORDER_CHANGE}

#: States in which nothing is left to do.
FINISHED = frozenset(
    {S.POSTED, S.APPLIED, S.SENT, S.ACKNOWLEDGED, S.REFUSED, S.OVERDUE, S.REJECTED, S.DUPLICATE, S.DISCARDED}
)
#: States in which somebody waits for something: a person, reference data, a partner's answer.
WAITING = frozenset({S.QUARANTINED, S.UNKNOWN_OUTCOME})
#: What stands wrong until somebody or something mends it.
STANDING = (S.QUARANTINED, S.UNKNOWN_OUTCOME, S.OVERDUE, S.REFUSED)

#: States that explain themselves by a reason: it comes with the move, and goes when the document goes on.
EXPLAINED = frozenset({S.QUARANTINED, S.UNKNOWN_OUTCOME, S.REJECTED, S.DUPLICATE, S.DISCARDED, S.REFUSED, S.OVERDUE})


def moves_of(kind: DocumentKind, direction: Direction) -> Moves:
    """The state table of a kind of document in a direction."""
    if direction is Direction.IN and kind in _ORDER_KINDS:
        return RECEIVED_ORDERS
    if direction is Direction.IN and kind is DocumentKind.REMITTANCE:
        return REMITTANCES
    if direction is Direction.IN:
        return APPLIED_KINDS if kind in _APPLIED else POSTED_KINDS
    if kind in {DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT}:
        return ACKNOWLEDGMENTS_OUT
    return SENT_RECORDS if kind in RECORD_KINDS else SENT_KINDS


def check_move(kind: DocumentKind, direction: Direction, old: DocumentState, new: DocumentState) -> None:
    """Refuse a move that the table does not allow: a defect of ours, never of the data.

    Raises:
        WeAreWrong: the move is not in the table.
    """
    if new not in moves_of(kind, direction).get(old, frozenset()):
        raise WeAreWrong(f"A {direction} {kind} cannot go from {old} to {new}.")
