"""Answers of a supplier to an order that were recorded before: what they said, and what a newer one makes of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ml_connector.documents.common import DocumentKind, Purpose, changed
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.meaning.line_comparison import LineVerdict
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

_KINDS = frozenset({DocumentKind.ORDER_ACKNOWLEDGMENT, DocumentKind.CHANGE_ACKNOWLEDGMENT})


@dataclass(frozen=True)
class Earlier:
    """A recorded answer. outcome: what `order_answers` made of it."""

    row: DocumentRow
    answer: OrderAcknowledgment
    outcome: dict[str, Any]

    @property
    def result(self) -> str:
        return str(self.outcome.get("result", ""))

    @property
    def counts(self) -> bool:
        """Whether it still stands: not taken back or replaced, and no taking back itself."""
        return self.result != "taken_back" and "ended_by" not in self.outcome

    @property
    def ends_earlier(self) -> bool:
        """Whether it took back or replaced the answers before it."""
        return self.result == "taken_back" or self.answer.purpose is Purpose.REPLACE

    @property
    def spoken(self) -> frozenset[str]:
        """The lines it spoke of."""
        return frozenset(one["line"] for one in self.outcome.get("lines", []) if one["verdict"] != "unanswered")

    @property
    def day(self) -> date | None:
        return self.answer.acknowledgment_date

    @property
    def told(self) -> str:
        written = [one for one in self.outcome.get("lines", []) if "written_back" in one]
        shown = ", ".join(f"line {one['line']} {one['written_back']}" for one in written[:10])
        return f"written to the order: {shown}" if written else "nothing of it was written to the order"


def of_orders(tx: Tx, orders: Sequence[DocumentRow], row: DocumentRow, flow: str) -> list[Earlier]:
    """The recorded answers to these orders, but for this one, in the order in which they came."""
    found: list[Earlier] = []
    for one in related.answers_to(tx, [order.id for order in orders], flow):
        if one.id == row.id or one.kind not in _KINDS or one.state is not S.APPLIED or not one.work:
            continue
        answer = load(one.kind, one.canonical) if one.canonical else None
        if isinstance(answer, OrderAcknowledgment):
            found.append(Earlier(one, answer, json.loads(one.work)))
    return found


def overtaken(answer: OrderAcknowledgment, row: DocumentRow, earlier: Sequence[Earlier]) -> str:
    """Why an answer comes too late to be written; empty where it does not."""
    ended = next((one for one in earlier if one.ends_earlier and one.row.id > row.id), None)
    if ended is not None:
        what = "taken back" if ended.result == "taken_back" else "replaced"
        return f"it was {what} by answer {ended.row.id}"
    day = answer.acknowledgment_date
    newer = [one for one in earlier if one.counts and day is not None and one.day is not None and one.day > day]
    return f"it is dated {day}, and answer {newer[-1].row.id} of {newer[-1].day} came before it" if newer else ""


def check_repeated(answer: OrderAcknowledgment, earlier: Sequence[Earlier]) -> None:
    """Whether an answer that calls itself a duplicate repeats one that came.

    Raises:
        NeedsCorrection: it does not.
    """
    if any(_content(one.answer) == _content(answer) for one in earlier):
        return
    raise answer_codes.undecided(
        f"The acknowledgment of order {answer.number} calls itself a duplicate ({answer.purpose.value}), and none that"
        " says the same came before.",
        remedy="Ask the supplier for the original, or settle what it says with them and discard this one.",
        data={"order": answer.number, "earlier": [one.row.id for one in earlier][-answer_codes.SHOWN :]},
    )


def _content(answer: OrderAcknowledgment) -> OrderAcknowledgment:
    return changed(answer, purpose=Purpose.ORIGINAL, acknowledgment_date=None)


def superseded(earlier: Sequence[Earlier], row: DocumentRow, what: str) -> list[Move]:
    """Earlier answers that do not count any more: nobody has to act on them, and the same may be said again anew."""
    moves: list[Move] = []
    for one in earlier:
        if not one.counts or one.row.id > row.id:
            continue
        outcome = {**one.outcome, "ended_by": row.id, "ended": what, "act": False}
        changes = {
            "work": json.dumps(outcome, sort_keys=True),
            "reason": None,
            "reason_detail": None,
            "business_key": None,
        }
        action = f"{what.replace('_', ' ')} by the supplier"
        moves.append(Move(one.row.id, None, action, {"by": row.id}, changes=changes, release=False))
    return moves


def completed(
    earlier: Sequence[Earlier], row: DocumentRow, order: DocumentRow, lines: Sequence[LineVerdict]
) -> list[Move]:
    """Earlier answers of which only lines were missing that this one speaks of: nobody has to act on them any more."""
    spoken = {line.line for line in lines if line.verdict != "unanswered"}
    moves: list[Move] = []
    for one in earlier:
        missing = {line["line"] for line in one.outcome.get("lines", []) if line["verdict"] == "unanswered"}
        open_ = one.counts and one.result == "partly_answered" and one.row.parent_id == order.id
        if open_ and missing and missing <= spoken and not one.outcome.get("header"):
            changes = {
                "work": json.dumps({**one.outcome, "act": False, "completed_by": row.id}, sort_keys=True),
                "reason": None,
                "reason_detail": None,
            }
            moves.append(Move(one.row.id, None, "completed by a later answer", {"by": row.id}, changes, release=False))
    return moves
