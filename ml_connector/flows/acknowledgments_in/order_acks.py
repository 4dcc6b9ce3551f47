"""855 and 865: a supplier's answer, line by line, recorded against the order. What differs is for a person, or for
`write_back` where a setting says so.
"""

import json
from collections.abc import Sequence
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Purpose
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.documents.records import json_values
from ml_connector.errors import NeedsCorrection, Reason, reason_detail
from ml_connector.flows.acknowledgments_in import earlier_answers, refusals, spec
from ml_connector.flows.acknowledgments_in.answered_revision import Which, which
from ml_connector.flows.acknowledgments_in.earlier_answers import Earlier
from ml_connector.flows.acknowledgments_in.sent_revisions import revision_of
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.quarantine import resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.meaning.answer_codes import Said
from ml_connector.flows.meaning.line_comparison import LineVerdict, Rules, Verdicts, compare
from ml_connector.flows.orders_out import agreed_changes, order_revisions
from ml_connector.flows.orders_out.order_revisions import is_cancellation
from ml_connector.flows.restored import named_orders
from ml_connector.flows.restored.held import of_one_partner
from ml_connector.ledger.exchange import related
from ml_connector.ledger.exchange.files import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
#: Lines of an answer that are kept with it and shown; lines that its message names.
LINES_SHOWN, LINES_NAMED = 200, 10
_REMEDY = "Agree it with the supplier; a change of the order in the ERP sends the change to them."
#: States in which the partner has not got it, or has given it back.
_NOT_THERE = order_revisions.NOT_BEGUN | {S.RENDERED, S.REFUSED}


class BusyOrderError(Exception):
    """An earlier answer to the same order is just being written to it: this one is looked at when that is done."""


def record(
    integration: Integration, tx: Tx, row: DocumentRow, answer: OrderAcknowledgment, report: StepReport
) -> list[Move]:
    """The moves that record an answer: to applied, or to matched where something of it is to be written to the order.

    Raises:
        NeedsCorrection: it answers no order of ours, or does not plainly say what it means. BusyOrderError.
    """
    sent = [
        d
        for d in documents.outbound_of_orders(tx, integration.books, order_revisions.FLOW, [answer.number])
        if of_one_partner(d, row) and d.state not in {S.DISCARDED, S.DUPLICATE}
    ]
    if not sent:
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER,
            f"The acknowledgment answers order {answer.number}, which was not sent to {row.partner}.",
            remedy="Ask the partner which order is meant; discard it here if it is not ours.",
            data={"order": answer.number},
        )
    if related.answers_in(tx, [d.id for d in sent], agreed_changes.BEING_WRITTEN):
        raise BusyOrderError
    partner = integration.partner_of(row)
    earlier = earlier_answers.of_orders(tx, sent, row, FLOW)
    said = _said(answer, partner, sent)
    if said is Said.TAKES_BACK:
        return _taken_back(integration, tx, row, answer, sent, earlier, report)
    if said is Said.REPEATS:
        earlier_answers.check_repeated(answer, earlier)
    return _recorded(integration, tx, row, answer, sent, earlier, said, report)


def _said(answer: OrderAcknowledgment, partner: Partner | None, sent: Sequence[DocumentRow]) -> Said:
    """What the purpose says. A cancellation of an order that we cancelled acknowledges that.

    Raises:
        NeedsCorrection: a purpose that no list decides.
    """
    codes = partner.order_answers.codes if partner is not None else {}
    code = answer_codes.read("BAK01", answer.purpose.value, codes)
    if code not in answer_codes.PURPOSES:
        element = "BCA01" if answer.answers_change else "BAK01"
        raise answer_codes.unknown(element, code, f"The acknowledgment of order {answer.number}")
    said = answer_codes.PURPOSES[code]
    there = [one for one in sent if one.state not in _NOT_THERE]
    if said is Said.TAKES_BACK and there and is_cancellation(there[-1]):
        return Said.ANSWER
    return said


def _rules(partner: Partner | None) -> Rules:
    if partner is None:
        return Rules()
    own = partner.order_answers
    ours = partner.line_numbers == "ours"
    return Rules(partner.units, own.codes, ours, own.silence_is_consent, partner.price_bases)


def _recorded(
    integration: Integration,
    tx: Tx,
    row: DocumentRow,
    answer: OrderAcknowledgment,
    sent: Sequence[DocumentRow],
    earlier: Sequence[Earlier],
    said: Said,
    report: StepReport,
) -> list[Move]:
    rules = _rules(integration.partner_of(row))
    candidates = [one for one in sent if one.state not in _NOT_THERE] or [sent[-1]]
    if answer.purpose is Purpose.CANCEL:  # it answers our cancellation, or it would take back
        candidates = [one for one in candidates if is_cancellation(one)] or candidates
    counting = [one for one in earlier if one.counts and said is not Said.REPLACES]
    meant = which(
        answer,
        [revision_of(tx, one, counting) for one in candidates],
        row.created_at,
        numbers_are_ours=rules.numbers_are_ours,
    )
    order = next(one for one in candidates if one.id == meant.revision.key)
    verdicts = compare(answer, meant.revision.expected, rules)
    newest = order.id == sent[-1].id and meant.certain
    stale = earlier_answers.overtaken(answer, row, earlier)
    plain = newest and not stale and said is not Said.REPEATS
    writes = plain and agreed_changes.to_write_back(integration, row.partner)
    change = None
    if writes and order.work:
        change = agreed_changes.change_of(
            integration, verdicts, stored(DocumentKind.ORDER, order.work, PurchaseOrder), order
        )
    differing = [v for v in verdicts.lines if v.verdict != "accepted"]
    left = [v for v in differing if not (writes and agreed_changes.covers(change, v, rules.codes))]
    outcome = _outcome(answer, verdicts, left, order)
    open_ = bool(left or verdicts.header) or not meant.certain
    open_ = open_ or (not verdicts.lines and verdicts.result != "accepted")
    outcome["act"] = open_ and said is not Said.REPEATS and not _settled_by_later(earlier, row)
    remarks = _remarks(meant, order, sent[-1], stale, verdicts)
    outcome |= {"remarks": remarks} if remarks else {}
    note = Move(order.id, None, f"supplier answered: {outcome['result']}"[:40], {"by": row.id, "act": outcome["act"]})
    moves = [*named_orders.arrived(integration, tx, sent, row, report), note, *resume_moves(row)]
    decided = refusals.of_answer(order, row, verdicts, said, certain=meant.certain and not stale)
    moves += decided
    outcome |= {"refuses_it": True} if any(move.to is S.REFUSED for move in decided) else {}
    if said is Said.REPLACES:
        moves += earlier_answers.superseded(earlier, row, "replaced")
    moves += earlier_answers.completed(earlier, row, order, verdicts.lines)
    report.add(
        "applied",
        row.partition_date,
        document=answer.number,
        document_id=row.id,
        partner=row.partner,
        answer=outcome["result"],
    )
    if change is None:
        changes = {"parent_id": order.id, **closing(row.partner, answer.number, outcome)}
        return [*moves, Move(row.id, S.APPLIED, "recorded against the order", outcome, changes=changes)]
    outcome["agreed"] = json_values(change)
    changes = {"parent_id": order.id, "work": json.dumps(outcome, sort_keys=True)}
    return [*moves, Move(row.id, S.MATCHED, "recorded: agreed changes to write", outcome, changes=changes)]


def _settled_by_later(earlier: Sequence[Earlier], row: DocumentRow) -> bool:
    """Whether the supplier took answers back, or replaced them, after this one had come."""
    return any(one.ends_earlier and one.row.id > row.id for one in earlier)


def _outcome(
    answer: OrderAcknowledgment, verdicts: Verdicts, left: Sequence[LineVerdict], order: DocumentRow
) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        "result": verdicts.result,
        "left": len(left),
        "lines": [{"line": v.line, "verdict": v.verdict, **v.detail} for v in verdicts.lines][:LINES_SHOWN],
        "sellers_order": answer.sellers_order,
        "revision": order.revision,
    }
    return outcome | ({"header": dict(verdicts.header)} if verdicts.header else {})


def _remarks(meant: Which, order: DocumentRow, newest: DocumentRow, stale: str, verdicts: Verdicts) -> list[str]:
    """What people have to know beside the lines."""
    found: list[str] = []
    if not meant.certain:
        found.append(f"it may answer an older revision than {newest.revision} ({meant.why}): nothing is written by it")
    elif order.id != newest.id:
        found.append(
            f"it answers revision {order.revision} of the order ({meant.why}), and the newest is {newest.revision}:"
            " nothing is written by it"
        )
    if stale:
        found.append(f"{stale}: nothing is written by it")
    contradicted = sorted({v.detail["contradiction"] for v in verdicts.lines if "contradiction" in v.detail})
    return found + contradicted


def _taken_back(
    integration: Integration,
    tx: Tx,
    row: DocumentRow,
    answer: OrderAcknowledgment,
    sent: Sequence[DocumentRow],
    earlier: Sequence[Earlier],
    report: StepReport,
) -> list[Move]:
    """The supplier cancels its acknowledgment: whatever it promised does not count any more, and nobody knows what
    does. What an earlier answer wrote to the order stands, and is told.
    """
    there = [one for one in sent if one.state not in _NOT_THERE] or list(sent)
    order = there[-1]
    counting = [one for one in earlier if one.counts and one.row.id < row.id]
    remarks = [f"it takes back answer {one.row.id} ({one.result}, {one.told})" for one in counting]
    outcome: dict[str, Any] = {
        "result": "taken_back",
        "act": True,
        "left": 0,
        "lines": [],
        "sellers_order": answer.sellers_order,
        "revision": order.revision,
        "takes_back": [one.row.id for one in counting],
        "remarks": remarks or ["no earlier answer of the supplier to this order is known"],
    }
    note = Move(order.id, None, "supplier took its answer back", {"by": row.id, "act": True})
    moves = [*named_orders.arrived(integration, tx, sent, row, report), note, *resume_moves(row)]
    moves += earlier_answers.superseded(counting, row, "taken_back")
    report.add(
        "applied",
        row.partition_date,
        document=answer.number,
        document_id=row.id,
        partner=row.partner,
        answer="taken_back",
    )
    changes = {"parent_id": order.id, **closing(row.partner, answer.number, outcome)}
    return [*moves, Move(row.id, S.APPLIED, "recorded against the order", outcome, changes=changes)]


def closing(partner: str, order: str, outcome: dict[str, Any]) -> dict[str, Any]:
    """Columns of an answer that is recorded: what it said, and why a person has to act where one has."""
    changes: dict[str, Any] = {"work": json.dumps(outcome, sort_keys=True)}
    if outcome["act"]:
        result = outcome["result"]
        changes["reason"] = f"order_{'changed' if result == 'accepted' else result}"
        changes["reason_detail"] = reason_detail(
            f"{partner} answered order {order}: {_message(outcome)}.",
            refusals.REMEDY if outcome.get("refuses_it") else _REMEDY,
            {name: value for name, value in outcome.items() if name != "agreed"},
        )
    return changes


def _name(line: dict[str, str]) -> str:
    """An ordered line by its number; another by what the supplier calls it."""
    return line["line"] or f"{line.get('item') or line.get('their_line', '?')} ({line.get('note', '?')})"


def _message(outcome: dict[str, Any]) -> str:
    """The result in words, the lines that need somebody by number, and the remarks."""
    told = [str(outcome["result"]).replace("_", " ")]
    differing = [line for line in outcome["lines"] if line["verdict"] != "accepted"]
    for verdict in dict.fromkeys(line["verdict"] for line in differing):
        numbers = [_name(line) for line in differing if line["verdict"] == verdict]
        more = f" and {len(numbers) - LINES_NAMED} more" if len(numbers) > LINES_NAMED else ""
        named = ", ".join(numbers[:LINES_NAMED])
        told.append(f"line{'s' if len(numbers) > 1 else ''} {named}{more} {verdict}")
    told += [f"{name} {text}" for name, text in outcome.get("header", {}).items()]
    written = sum(1 for line in outcome["lines"] if "written_back" in line)
    told += [f"{written} written back to the order"] if written else []
    return "; ".join([*told, *outcome.get("remarks", [])])
