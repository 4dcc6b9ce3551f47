"""How documents are told to people: whose move it is, and why."""

from typing import Protocol

from ml_connector.documents.common import Direction
from ml_connector.errors import Reason
from ml_connector.flows.holding import PERSON_ONLY
from ml_connector.ledger.states import FINISHED, DocumentState

S = DocumentState


class Told(Protocol):
    """What is needed of a document."""

    @property
    def state(self) -> DocumentState: ...
    @property
    def direction(self) -> Direction: ...
    @property
    def reason(self) -> str | None: ...


def whose_move(row: Told) -> str:
    """Who has to do something about this document now; empty when nobody has."""
    if row.state is S.QUARANTINED:
        reason = Reason(row.reason) if row.reason in set(Reason) else None
        return "a person" if reason in PERSON_ONLY else "a person, or reference data"
    if row.state in (S.OVERDUE, S.SENT):
        return "the partner" if row.state is S.SENT else "the buyer: ask the partner"
    if row.state is S.REFUSED:
        return "the buyer: the partner refused it"
    if row.state is S.REJECTED:
        return "the sender" if row.direction is Direction.IN else "a person"
    if row.state is S.UNKNOWN_OUTCOME:
        return "the partner's answer, or a person" if row.direction is Direction.OUT else "the connector looks it up"
    return "" if row.state in FINISHED else "the connector"
