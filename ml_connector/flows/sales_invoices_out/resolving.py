"""Sales invoices out: decide what the customer is sent. Reading: `reading`. Rendering and sending: `flows.outbound`.

An invoice that the customer has is never silently replaced: one that was changed since is held, or goes again as a
corrected one (BIG08 05) where the customer's file says so. A credit memo follows the invoice that it names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.json import dump
from ml_connector.documents.records import as_json
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import SALES_INVOICES, source_of
from ml_connector.flows.core.quarantine import attempt, hold_moves, is_held, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out.order_revisions import REFUSED_BY_PARTNER
from ml_connector.flows.records_out.history import HAS, ON_ITS_WAY, RecordHistory, histories
from ml_connector.flows.sales_invoices_out.completing import MasterData
from ml_connector.flows.sales_invoices_out.history import FLOW, addressee, numbered_otherwise, rules_of
from ml_connector.flows.sales_invoices_out.invoice_content import content_hash, corrected, resolve_invoice
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: So long a document waits for an earlier one before it is looked at again.
WAIT_SECONDS = 60.0
#: Differences of a changed invoice that are told.
SHOWN = 8


@dataclass(frozen=True)
class _Around:
    """What is known of the invoices of a batch: their own documents, and those of the invoices that they name."""

    known: dict[str, RecordHistory]
    named: dict[str, list[DocumentRow]]
    credits: frozenset[int]

    def originals(self, row: DocumentRow, number: str) -> list[DocumentRow]:
        """Documents of the invoice of that number, the newest last."""
        found = (one for one in self.named.get(number, ()) if one.id not in self.credits)
        return [one for one in found if one.source_id != row.source_id]


class _WaitsError(Exception):
    """An earlier document of the same invoice, or the invoice that is credited, is on its way."""


def resolve(integration: Integration, work: RunScope) -> StepReport:
    """Decide what the customer is sent: the invoice, a corrected one, or nothing."""
    report = StepReport("resolve invoices")
    for rows in batches(integration, work, FLOW, (S.READ, S.QUARANTINED)):
        _resolve_batch(integration, work, rows, report)
    return report


def _resolve_batch(
    integration: Integration, work: RunScope, claimed: Sequence[DocumentRow], report: StepReport
) -> None:
    # What may have left is resolved already: a replay does not say whether it left.
    moves: list[Move] = [Move(row.id, None, "") for row in claimed if is_held(row)]
    rows = [row for row in claimed if not is_held(row)]
    again = _read_again(integration, [row for row in rows if row.reason == REFUSED_BY_PARTNER])
    rows = [row.having(source=again.get(row.id, row.source)) for row in rows]
    read, master = source_of(integration.erp, SALES_INVOICES).from_record, MasterData(integration)
    invoices = {row.id: master.completed(read(row.source or "")) for row in rows}
    around = _look_around(integration, rows, list(invoices.values()))
    for row in rows:
        try:
            decided = attempt(partial(_content, integration, row, invoices[row.id], around))
        except _WaitsError:
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": at}))
            report.add_document("waits_for_earlier", row)
            continue
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.READ)
            continue
        partner, sent = decided
        moves += resume_moves(row)
        report.add_document("resolved", row)
        changes: dict[str, Any] = {
            "canonical": dump(sent),
            "work": as_json(invoices[row.id]),
            "content_hash": content_hash(sent),
            "source": row.source,
            "reason": None,
            "snapshots": master.versions,
            # One that was read while its partner's file was wrong learns here whose it is.
            **integration.party(partner.name),
        }
        moves.append(Move(row.id, S.RESOLVED, "resolved", {}, changes=changes))
    make_moves(integration, work, moves)


def _read_again(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """Records of refused invoices as the ERP has them now, with what was mended there meanwhile."""
    ids = {row.id: row.source_id or "" for row in rows}
    if not ids:
        return {}
    found = source_of(integration.erp, SALES_INVOICES).by_id(list(ids.values()))
    records = {one.document.id: one.record for one in found}
    return {row_id: records[key] for row_id, key in ids.items() if key in records}


def _look_around(integration: Integration, rows: Sequence[DocumentRow], invoices: Sequence[SalesInvoice]) -> _Around:
    numbers = {number for one in invoices for number in (one.number, *_taken_back(one))}
    with integration.ledger.read() as tx:
        known = histories(integration, tx, FLOW, [row.source_id or "" for row in rows])
        every = documents.outbound_numbered(tx, integration.books, DocumentKind.INVOICE, sorted(numbers - {""}))
    read = source_of(integration.erp, SALES_INVOICES).from_record
    ours = [row for row in every if row.flow == FLOW]
    credits = frozenset(row.id for row in ours if row.source and read(row.source).is_credit)
    named: dict[str, list[DocumentRow]] = {}
    for row in ours:
        named.setdefault(row.number, []).append(row)
    return _Around(known, named, credits)


def _content(
    integration: Integration, row: DocumentRow, invoice: SalesInvoice, around: _Around
) -> tuple[Partner, Invoice]:
    """Who is sent what.

    Raises:
        NeedsCorrection: it cannot be sent as it is, or a person decides. _WaitsError: an earlier document goes first.
    """
    partner = addressee(integration, row, invoice)
    twice = numbered_otherwise(around.named.get(invoice.number, ()), row, invoice, around.credits)
    if twice is not None:
        raise NeedsCorrection(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"{invoice.number} is a document here already ({twice.id}, {twice.state}), made of another record of the"
            " ERP.",
            remedy="If the ERP shows one invoice in two lists, discard this one; else give one of them another number.",
            data={"invoice": invoice.number, "document": twice.id, "record": twice.source_id},
        )
    earlier = around.known.get(row.source_id or "", RecordHistory()).before(row)
    if earlier.newest is not None and earlier.newest.state in ON_ITS_WAY:
        raise _WaitsError
    before = earlier.held_by_partner
    if before is not None or row.reason == Reason.CHANGED_AFTER_SENDING:
        return partner, _changed(integration, invoice, before, partner)
    sent = resolve_invoice(invoice, partner, integration.settings, rules_of(integration))
    for number in _taken_back(invoice):
        _follow(invoice, number, partner, around.originals(row, number))
    return partner, sent


def _taken_back(invoice: SalesInvoice) -> list[str]:
    """Invoices that a credit memo names, in its header and its lines."""
    named = (invoice.original_invoice, *(line.original_invoice for line in invoice.lines))
    return list(dict.fromkeys(number for number in named if number)) if invoice.is_credit else []


def _changed(integration: Integration, invoice: SalesInvoice, before: DocumentRow | None, partner: Partner) -> Invoice:
    """An invoice that the customer has otherwise: as a corrected one, where its file says so.

    Raises:
        NeedsCorrection: a person decides: by setting, or for it was voided, or went to somebody else.
    """
    remedy = "Change it back, or reverse it by a credit memo and a new invoice, and discard this here."
    if invoice.voided:
        what = f"was voided in the ERP without a credit memo; {partner.name} has it"
        remedy = f"Tell {partner.name}, or make a credit memo in the ERP, which is sent; then discard this here."
    elif before is not None and before.partner_key != integration.party(partner.name)["partner_key"]:
        what = f"is for {partner.name} in the ERP now, and was sent to {before.partner}"
    else:
        sent = resolve_invoice(invoice, partner, integration.settings, rules_of(integration))
        if partner.sales_invoices.changed == "corrected":
            return corrected(sent)
        what = f"was changed in the ERP after {partner.name} was sent it ({_shown(sent, before) or 'no detail kept'})"
        remedy += (
            " With sales_invoices.changed: corrected in the customer's file it is sent again whole, marked as corrected"
            " (BIG08 05)."
        )
    raise NeedsCorrection(
        Reason.CHANGED_AFTER_SENDING,
        f"Invoice {invoice.number} {what}.",
        remedy=remedy,
        data={"invoice": invoice.number, "partner": partner.name, "sent": before.id if before is not None else None},
    )


def _shown(sent: Invoice, before: DocumentRow | None) -> str:
    """What is different, in few words."""
    if before is None or not before.canonical:
        return ""
    had = stored(DocumentKind.INVOICE, before.canonical, Invoice)
    found = [one for one in differences([had], [sent]) if "purpose" not in one.path]
    told = [f"{one.path}: {one.first} -> {one.second}" for one in found[:SHOWN]]
    return "; ".join([*told, *([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])])


def _follow(invoice: SalesInvoice, number: str, partner: Partner, originals: Sequence[DocumentRow]) -> None:
    """A credit memo leaves behind an invoice that it names.

    Raises:
        NeedsCorrection: that has not left, or the customer's file has a person look first. _WaitsError: it is leaving.
    """
    counts = [one for one in originals if one.state is not S.DUPLICATE]
    has = [one for one in counts if one.state in HAS]
    newest = counts[-1] if counts else None
    data = {"invoice": invoice.number, "original": number, "partner": partner.name}
    if not has and newest is not None:
        if newest.state in ON_ITS_WAY:
            raise _WaitsError
        raise NeedsCorrection(
            Reason.CREDIT_OF_UNSENT,
            f"Credit memo {invoice.number} takes back invoice {number}, which is {newest.state} here and not with"
            f" {partner.name}.",
            remedy=f"See document {newest.id} first. If the customer is to get neither, discard both here.",
            data={**data, "document": newest.id},
        )
    if any(one.state in ON_ITS_WAY for one in has):
        raise _WaitsError
    if partner.sales_invoices.reversals == "hold":
        raise NeedsCorrection(
            Reason.REVERSED_AFTER_SENDING,
            f"Credit memo {invoice.number} takes back invoice {number}, which {partner.name} has.",
            remedy=f"Agree it with {partner.name} and discard this here; or set sales_invoices.reversals: credit in its"
            " file: then it is sent and names the invoice (REF*OI).",
            data=data,
        )
