"""855 and 865: a supplier's answer, line by line, recorded against the order. What differs is for a person, or for
`write_back` where a setting says so.
"""

import json
from typing import Any

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows import agreed, named_orders, order_history
from ml_connector.flows.context import Integration, StepReport
from ml_connector.flows.holding import resume_moves
from ml_connector.flows.restored import of_one_partner
from ml_connector.flows.stored import stored
from ml_connector.flows.verdicts import compare, overall
from ml_connector.ledger import documents, related
from ml_connector.ledger.documents import DocumentRow, Move
from ml_connector.ledger.files import Tx
from ml_connector.ledger.states import DocumentState as S

FLOW = "acknowledgments_in"
#: Lines of an answer that are kept with it and shown.
LINES_SHOWN = 200


class BusyOrderError(Exception):
    """An earlier answer to the same order is just being written to it: this one is looked at when that is done."""


def record(
    integration: Integration, tx: Tx, row: DocumentRow, answer: OrderAcknowledgment, report: StepReport
) -> list[Move]:
    """The moves that record an answer: to applied, or to matched where something of it is to be written to the order.

    Raises:
        NeedsMending: it answers no order of ours. BusyOrderError.
    """
    sent = [
        d
        for d in documents.outbound_of_orders(tx, integration.books, order_history.FLOW, [answer.number])
        if of_one_partner(d, row) and d.state not in {S.DISCARDED, S.DUPLICATE}
    ]
    if not sent:
        raise NeedsMending(
            Reason.NO_SUCH_ORDER,
            f"The acknowledgment answers order {answer.number}, which was not sent to {row.partner}.",
            mend="Ask the partner which order is meant; discard it here if it is not ours.",
            data={"order": answer.number},
        )
    if related.answers_in(tx, [d.id for d in sent], agreed.BEING_WRITTEN):
        raise BusyOrderError
    begun = [d for d in sent if d.state not in order_history.NOT_BEGUN]
    order = (begun or sent)[-1]
    content = stored(DocumentKind.ORDER, order.work, PurchaseOrder) if order.work else None
    verdicts = compare(answer, content.lines if content else ())
    result = overall(answer, verdicts)
    writes = result in {"accepted", "changed"} and agreed.to_write_back(integration, row.partner)
    change = None
    if writes and content is not None:
        change = agreed.change_of(integration, answer, content, order, newest=order is sent[-1])
    left = [v for v in verdicts if v.verdict != "accepted" and not (writes and agreed.covers(change, v))]
    outcome: dict[str, Any] = {
        "result": result,
        "act": bool(left) or result in {"refused", "held"},
        "left": len(left),
        "lines": [{"line": v.line, "verdict": v.verdict, **v.detail} for v in verdicts][:LINES_SHOWN],
        "sellers_order": answer.sellers_order,
    }
    note = Move(order.id, None, f"supplier answered: {result}", {"by": row.id, "act": outcome["act"]})
    moves = [*named_orders.arrived(integration, tx, sent, row, report), note, *resume_moves(row)]
    report.add("applied", row.partition_date, document=answer.number, partner=row.partner, answer=result)
    if change is None:
        changes = {"parent_id": order.id, **closing(row.partner, answer.number, outcome)}
        return [*moves, Move(row.id, S.APPLIED, "recorded against the order", outcome, changes=changes)]
    outcome["agreed"] = change.model_dump(mode="json", exclude_none=True)
    changes = {"parent_id": order.id, "work": json.dumps(outcome, sort_keys=True)}
    return [*moves, Move(row.id, S.MATCHED, "recorded: agreed changes to write", outcome, changes=changes)]


def closing(partner: str, order: str, outcome: dict[str, Any]) -> dict[str, Any]:
    """Columns of an answer that is recorded: what it said, and why a person has to act where one has."""
    changes: dict[str, Any] = {"work": json.dumps(outcome, sort_keys=True)}
    if outcome["act"]:
        result = outcome["result"]
        written = sum(1 for line in outcome["lines"] if "written_back" in line)
        told = f"{outcome['left']} line(s) differ" + (f", {written} written back to the order" if written else "")
        changes["reason"] = f"order_{'changed' if result == 'accepted' else result}"
        changes["reason_detail"] = {
            "message": f"{partner} answered order {order}: {result}; {told}.",
            "mend": "Agree it with the supplier; a change of the order in the ERP sends the change to them.",
            "data": {name: value for name, value in outcome.items() if name != "agreed"},
        }
    return changes
