"""How documents are told to people: whose move it is, and why."""

from typing import Protocol

from ml_connector.documents.kinds import RECORD_KINDS, Direction, DocumentKind
from ml_connector.errors import Reason
from ml_connector.ledger.work.states import FINISHED, DocumentState

S = DocumentState
#: Reasons of partners' answers that a person has to act on (flows.acknowledgments).
ANSWERS_TO_ACT_ON = frozenset(
    {
        "order_refused",
        "order_changed",
        "order_held",
        "order_partly_answered",
        "order_taken_back",
        "order_advised",
        "invoice_advised",
        "sale_advised",
    }
)


class Told(Protocol):
    """What is needed of a document."""

    @property
    def state(self) -> DocumentState: ...
    @property
    def kind(self) -> DocumentKind: ...
    @property
    def direction(self) -> Direction: ...
    @property
    def reason(self) -> str | None: ...


_RECEIVABLES, _SALES = "accounts receivable", "sales"
#: What customers are told of their orders.
_OF_SALES = frozenset({DocumentKind.ORDER_ACKNOWLEDGMENT, DocumentKind.SHIP_NOTICE})
#: Nobody tells whether they were taken in: with the upload, or the call, all is said.
_NEVER_ANSWERED = RECORD_KINDS | {DocumentKind.REFERENCE_DATA}
_MOVES = {
    S.SENT: "the partner",
    S.OVERDUE: "the buyer: ask the partner",
    S.REFUSED: "the buyer: the partner refused it",
}
_MOVES_IN = {S.REJECTED: "the sender", S.UNKNOWN_OUTCOME: "the connector looks it up"}
_MOVES_OUT = {S.REJECTED: "a person", S.UNKNOWN_OUTCOME: "the partner's answer, or a person"}


def whose_move(row: Told) -> str:
    """Who has to do something about this document now; empty when nobody has."""
    if row.state is S.QUARANTINED:
        from ml_connector.flows.core.quarantine import PERSON_ONLY

        reason = Reason(row.reason) if row.reason in set(Reason) else None
        return "a person" if reason in PERSON_ONLY else "a person, or reference data"
    if row.reason == "invoice_advised":
        return f"{_RECEIVABLES}: the customer's answer differs from the invoice"
    if row.reason == "sale_advised":
        return f"{_SALES}: the customer's answer differs from what it was told"
    if row.reason in ANSWERS_TO_ACT_ON:
        return "the buyer: the supplier's answer differs from the order"
    if row.state is S.SENT and row.kind in _NEVER_ANSWERED:
        return ""
    known = _MOVES | (_MOVES_IN if row.direction is Direction.IN else _MOVES_OUT)
    if row.kind is DocumentKind.INVOICE:
        known = {state: told.replace("the buyer", _RECEIVABLES) for state, told in known.items()}
    if row.kind in _OF_SALES and row.direction is Direction.OUT:
        known = {state: told.replace("the buyer", _SALES) for state, told in known.items()}
    return known.get(row.state, "" if row.state in FINISHED else "the connector")
