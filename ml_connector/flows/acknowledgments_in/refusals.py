"""Orders that a partner refused by what it says of their content: a supplier's answer (855, 865) or an advice (824).

The partner does not have what it refused: a refused order goes again as an order, a refused change is no base of the
next one (`order_history`).
"""

from ml_connector.errors import reason_detail
from ml_connector.flows.meaning.answer_codes import Said, Scope
from ml_connector.flows.meaning.line_comparison import Verdicts
from ml_connector.flows.orders_out.order_revisions import REFUSED_BY_PARTNER
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

ADVICE, ANSWER = "824", "855"
#: What can be done about an order that a supplier refused.
REMEDY = (
    "Agree it with the supplier. Then change the order in the ERP, or replay the refused document as it is: either goes"
    " as an order again. If it is not wanted any more, cancel it in the ERP: the supplier does not have it."
)
#: In which a document that is answered may be.
_OPEN = frozenset({S.SENT, S.OVERDUE, S.ACKNOWLEDGED, S.UNKNOWN_OUTCOME})


def refused_by(document: DocumentRow) -> str:
    """The kind of document that refused the content of a sent one; empty where none did."""
    data = document.reason_data
    return str(data.get("by", "")) if document.state is S.REFUSED else ""


def has_refused(document: DocumentRow) -> bool:
    """Whether its content was refused: that its syntax is accepted does not undo that."""
    return refused_by(document) in {ADVICE, ANSWER}


def of_answer(order: DocumentRow, row: DocumentRow, verdicts: Verdicts, said: Said, *, certain: bool) -> list[Move]:
    """What becomes of a sent document that a supplier's answer refuses as a whole, or takes after all.

    certain: it is this one that is answered, and no newer answer has overtaken it. One that contradicts itself is for
    a person.
    """
    if not certain or said is Said.REPEATS:
        return []
    refuses = verdicts.scope is Scope.ALL_REFUSED
    if refuses and order.state in _OPEN and not any("contradiction" in one.detail for one in verdicts.lines):
        return [Move(order.id, S.REFUSED, "refused by the supplier", {"by": row.id}, changes=_refusal(order, row))]
    if not refuses and verdicts.result != "refused" and refused_by(order) == ANSWER:
        changes = {"due_at": None, "next_attempt_at": None, "reason": None, "reason_detail": None}
        return [Move(order.id, S.ACKNOWLEDGED, "taken by the supplier after all", {"by": row.id}, changes=changes)]
    return []


def _refusal(order: DocumentRow, row: DocumentRow) -> dict[str, object]:
    return {
        "due_at": None,
        "next_attempt_at": None,
        "reason": REFUSED_BY_PARTNER,
        "reason_detail": reason_detail(
            f"{row.partner} refused {order.number}: see its answer, document {row.id}.",
            REMEDY,
            {"by": ANSWER, "answer": row.id},
        ),
    }
