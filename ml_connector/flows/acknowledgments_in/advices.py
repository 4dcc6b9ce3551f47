"""824, application advice: what a partner's application says of a document of ours, after its syntax was accepted.

The document is found by the controls of its group and set (OTI08, OTI09), by its number (OTI03, REF), or by both, which
then have to agree. What is refused is refused here, with the advice's text; what is accepted with changes, in part or
line by line is for a person.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.application_advice import AdviceItem, ApplicationAdvice
from ml_connector.documents.common import DocumentKind
from ml_connector.errors import reason_detail
from ml_connector.flows.acknowledgments_in.advised import advised, nothing_sent, texts
from ml_connector.flows.acknowledgments_in.refusals import ADVICE, refused_by
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.quarantine import resume_moves
from ml_connector.flows.core.sent_formats import answer_due
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.orders_out.order_revisions import REFUSED_BY_PARTNER
from ml_connector.ledger.exchange import related
from ml_connector.ledger.exchange.envelopes import SentTo
from ml_connector.ledger.exchange.files import Tx
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: Element 110 (OTI01): of what it speaks, and what it says of it.
_OF_WHAT = {"T": "document", "I": "item", "G": "group", "B": "batch"}
_SAYS = {
    "A": "accepted",
    "C": "accepted with changes",
    "E": "accepted with errors",
    "P": "accepted in part",
    "R": "refused",
}
MEANINGS: Mapping[str, tuple[str, str]] = {
    of + says: (what, said) for of, what in _OF_WHAT.items() for says, said in _SAYS.items()
}
#: BGN01 (element 353) of an advice that says something anew: original, confirmation, response, rejection.
PURPOSES = frozenset({"", "00", "06", "11", "44"})
#: Reasons of a recorded advice that a person has to act on, and what is done about it; by what it is about.
ORDER_ADVISED, INVOICE_ADVISED, SALE_ADVISED = "order_advised", "invoice_advised", "sale_advised"
_ACT = {
    ORDER_ADVISED: "Agree it with the partner; a change of the order in the ERP sends the change to them.",
    INVOICE_ADVISED: "Agree it with the customer; what it is right about is put right in the ERP by a credit memo.",
    SALE_ADVISED: "Agree it with the customer; what is changed in the ERP is told to it as its file says.",
}
#: What customers are told of their orders.
_OF_SALES = {DocumentKind.ORDER_ACKNOWLEDGMENT, DocumentKind.SHIP_NOTICE}
#: Texts of an advice that are kept and shown.
SHOWN = 20


@dataclass(frozen=True)
class _Verdict:
    """What one OTI says of a document."""

    code: str
    what: str
    said: str
    texts: tuple[str, ...]

    @property
    def refuses(self) -> bool:
        return self.said == "refused" and self.what != "item"

    @property
    def accepts(self) -> bool:
        """Whether the document as a whole is accepted, in whatever way."""
        return self.said.startswith("accepted") and self.said != "accepted in part" and self.what != "item"

    @property
    def plain(self) -> bool:
        """Whether nobody has to look at it."""
        return self.said == "accepted"


def record(
    integration: Integration,
    tx: Tx,
    row: DocumentRow,
    advice: ApplicationAdvice,
    sent_to: Sequence[SentTo],
    report: StepReport,
) -> list[Move]:
    """The moves that record an advice and what becomes of the documents it names.

    Raises:
        NeedsCorrection: it names nothing that we sent, contradicts itself, or has a code that no list decides.
    """
    if advice.purpose.value not in PURPOSES:
        raise answer_codes.unknown("BGN01", advice.purpose.value, f"Application advice {advice.number}")
    partner = integration.partner_of(row)
    codes = partner.order_answers.codes if partner is not None else {}
    said: dict[int, list[_Verdict]] = {}
    named: dict[int, DocumentRow] = {}
    for item in advice.items:
        verdict = _verdict(advice, item, codes)
        whole = verdict.what in {"group", "batch"}
        for document in advised(integration, tx, row, item, sent_to, whole_group=whole):
            named[document.id] = document
            said.setdefault(document.id, []).append(verdict)
    if not named:
        raise nothing_sent(None, row)
    moves = [
        move
        for key, verdicts in said.items()
        for move in _moves_of(integration, tx, named[key], verdicts, advice, row, report)
    ]
    report.add_document("applied", row, answer=_worst(said))
    first = min(named.values(), key=lambda one: one.id)
    changes = {"parent_id": first.id, "order_number": first.order_number, **_closing(row, advice, said, named)}
    return [*moves, *resume_moves(row), Move(row.id, S.APPLIED, "applied", _facts(said), changes=changes)]


def _verdict(advice: ApplicationAdvice, item: AdviceItem, codes: Mapping[str, Mapping[str, str]]) -> _Verdict:
    code = answer_codes.read("OTI01", item.code, codes)
    if code not in MEANINGS:
        raise answer_codes.unknown("OTI01", code, f"Application advice {advice.number}")
    what, said = MEANINGS[code]
    if said == "accepted" and item.errors:
        said = "accepted with errors"  # what it says beside it counts too
    return _Verdict(code, what, said, texts(item))


def _moves_of(
    integration: Integration,
    tx: Tx,
    document: DocumentRow,
    verdicts: Sequence[_Verdict],
    advice: ApplicationAdvice,
    row: DocumentRow,
    report: StepReport,
) -> list[Move]:
    """What becomes of a document of which these are said: the worst counts."""
    related.confirm_uploads(tx, document.file_id, f"named by {row.id}")
    told = [text for one in verdicts for text in one.texts][:SHOWN]
    detail = {"by": row.id, "codes": [one.code for one in verdicts][:SHOWN], "texts": told}
    if any(one.refuses for one in verdicts):
        if document.state is S.REFUSED:
            return [Move(document.id, None, "refused by 824 too", detail, release=False)]
        report.add_document("refused", document)
        return [Move(document.id, S.REFUSED, "refused by 824", detail, changes=_refusal(document, advice, detail))]
    cleared = {"reason": None, "reason_detail": None, "next_attempt_at": None}
    if any(one.accepts for one in verdicts) and all(one.accepts or one.plain for one in verdicts):
        if document.state is S.REFUSED and refused_by(document) != ADVICE:
            raise answer_codes.undecided(
                f"Application advice {advice.number} accepts {document.number}, which the partner has refused before.",
                remedy="Ask the partner whether it has the document; then replay that one, or discard this.",
                data={"document": document.id, "codes": detail["codes"]},
            )
        if document.state is S.ACKNOWLEDGED:
            return [Move(document.id, None, "accepted by 824", detail, release=False)]
        return [Move(document.id, S.ACKNOWLEDGED, "accepted by 824", detail, changes={"due_at": None, **cleared})]
    note = Move(document.id, None, "partner's 824 names it", detail, release=False)
    if document.state is S.UNKNOWN_OUTCOME:
        due = {"due_at": answer_due(integration, document), **cleared}
        return [note, Move(document.id, S.SENT, "arrived: named by 824", {"by": row.id}, changes=due)]
    return [note]


def _refusal(document: DocumentRow, advice: ApplicationAdvice, detail: Mapping[str, Any]) -> dict[str, Any]:
    told = "; ".join(detail["texts"][:3]) or "no reason given"
    return {
        "due_at": None,
        "next_attempt_at": None,
        "reason": REFUSED_BY_PARTNER,
        "reason_detail": reason_detail(
            f"The partner's application advice {advice.number} refused {document.number}: {told}."[:600],
            "Mend what it says in the ERP or the partner's settings, then replay this document.",
            {**detail, "by": ADVICE, "advice": advice.number},
        ),
    }


def _closing(
    row: DocumentRow,
    advice: ApplicationAdvice,
    said: Mapping[int, Sequence[_Verdict]],
    named: Mapping[int, DocumentRow],
) -> dict[str, Any]:
    """Columns of a recorded advice: a refusal is told at what was refused, the rest that needs somebody here."""
    open_ = {key: [one for one in verdicts if not one.plain] for key, verdicts in said.items()}
    act = any(verdicts and not any(one.refuses for one in verdicts) for verdicts in open_.values())
    changes: dict[str, Any] = {"work": json.dumps({"result": _worst(said), "act": act, **_facts(said)}, sort_keys=True)}
    if act:
        told = [
            f"{named[key].number} {one.said}{' (an item of it)' if one.what == 'item' else ''}: "
            + ("; ".join(one.texts) or "no reason given")
            for key, verdicts in open_.items()
            for one in verdicts
        ]
        kinds = {one.kind for one in named.values()}
        reason = SALE_ADVISED if kinds <= _OF_SALES else ORDER_ADVISED
        reason = INVOICE_ADVISED if kinds == {DocumentKind.INVOICE} else reason
        changes["reason"] = reason
        message = f"{row.partner}'s application advice {advice.number}: {' | '.join(told)}."[:600]
        changes["reason_detail"] = reason_detail(message, _ACT[reason], _facts(said))
    return changes


def _facts(said: Mapping[int, Sequence[_Verdict]]) -> dict[str, Any]:
    return {
        "documents": [
            {
                "document": key,
                "codes": [one.code for one in verdicts],
                "texts": [t for one in verdicts for t in one.texts],
            }
            for key, verdicts in said.items()
        ][:SHOWN]
    }


def _worst(said: Mapping[int, Sequence[_Verdict]]) -> str:
    """The worst that is said of anything."""
    order = list(_SAYS.values())
    return max((one.said for verdicts in said.values() for one in verdicts), key=order.index)
