"""Approved invoices are compared with what came before, and given the ERP's vendor, accounts and dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.payables.entered import EnteredInvoice
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.records import as_json, from_json
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import NeedsCorrection, Reason, reason_detail
from ml_connector.flows.coded_invoices_in import spec
from ml_connector.flows.coded_invoices_in.coded_otherwise import recoding
from ml_connector.flows.coded_invoices_in.coding import bill_of
from ml_connector.flows.coded_invoices_in.readings import (
    Earlier,
    compare,
    earlier_readings,
    invoice_of,
    replaced_moves,
)
from ml_connector.flows.coded_invoices_in.settings import CodedInvoicesIn
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import network_invoices
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.records_out.history import RecordHistory, histories
from ml_connector.flows.reference.coding_tables import CodingTables
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
#: The flow whose documents an invoice may come back of.
SENT_BY = "invoices_out"
SHOWN = 8


@dataclass(frozen=True)
class _Around:
    """What a batch of documents is decided by."""

    tables: CodingTables
    earlier: Earlier
    sent: Mapping[str, RecordHistory]
    rules: CodedInvoicesIn


def match(integration: Integration, work: RunScope) -> StepReport:
    """Decide each approved invoice: booked, set aside, or held; one that does not fit never stops the others."""
    report = StepReport("code approved invoices")
    book: ReferenceBook | None = None
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        book = book or ReferenceBook.of(integration, work.as_of)
        _match_batch(integration, work, rows, book.coding_tables(), report)
    return report


def _match_batch(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow], tables: CodingTables, report: StepReport
) -> None:
    # What is shown to a person of a booked one stays until they have decided; it says nothing by itself.
    shown = [row for row in rows if not row.canonical]
    if shown and not work.dry_run:
        with integration.ledger.write() as tx:
            documents.release(tx, [row.id for row in shown], holder=work.holder)
    invoices = {row.id: invoice_of(row) for row in rows if row.canonical}
    with integration.ledger.read() as tx:
        ours = [one.external_id for one in invoices.values() if one.external_id]
        sent = histories(integration, tx, SENT_BY, ours)
    around = _Around(
        tables,
        earlier_readings(integration, list(invoices.values())),
        sent,
        integration.settings.flows.of(CodedInvoicesIn),
    )
    gone: set[int] = set()
    for row in sorted(rows, key=lambda one: one.id):
        if row.id in gone or row.id not in invoices:
            continue
        moves, replaced = _decided(integration, row, invoices[row.id], around, report)
        gone.update(replaced)
        if work.dry_run:
            continue
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)


def _decided(
    integration: Integration, row: DocumentRow, invoice: NetworkInvoice, around: _Around, report: StepReport
) -> tuple[list[Move], list[int]]:
    """The moves of one document, and those whose place it takes."""
    told = {"document": row.number, "document_id": row.id, "partner": row.partner}
    compared = attempt(compare, row, invoice, around.earlier)
    if isinstance(compared, NeedsCorrection):
        return hold_moves(integration, row, compared, report, step=S.PARSED), []
    if compared.same is not None:
        report.add("as_before", row.partition_date, **told)
        return [_set_aside(row, f"It came before and says the same: document {compared.same.id}.", {})], []
    replaced = replaced_moves(compared.replaced, row)
    ids = [one.id for one in compared.replaced]
    back = attempt(_back_from_there, row, invoice, around)
    if isinstance(back, NeedsCorrection):
        return [*replaced, *hold_moves(integration, row, back, report, step=S.PARSED)], ids
    if back is not None:
        report.add("approved_as_sent" if len(back) == 1 else "coded_otherwise", row.partition_date, **told)
        return [*replaced, *back], ids
    coded = attempt(_coded, integration, row, invoice, around)
    if isinstance(coded, NeedsCorrection):
        return [*replaced, *hold_moves(integration, row, coded, report, step=S.PARSED)], ids
    report.add("coded", row.partition_date, **told)
    done = {"work": coded, "reason": None}
    return [
        *replaced,
        *resume_moves(row),
        Move(row.id, S.MATCHED, "vendor found", changes=done, release=False),
        Move(row.id, S.CODED, "coded", {}),
    ], ids


def _set_aside(row: DocumentRow, message: str, data: dict[str, Any]) -> Move:
    """It is booked already, or will be by another document: nothing is booked for this one."""
    detail = reason_detail(message, "Nothing to do.", data)
    changes = {"reason": str(Reason.KEYED_BY_HAND), "reason_detail": detail}
    return Move(row.id, S.DUPLICATE, "is there already", data, changes=changes)


def _back_from_there(row: DocumentRow, invoice: NetworkInvoice, around: _Around) -> list[Move] | None:
    """An invoice that we sent: it is booked in the ERP. One move that ends it, or those of one whose booking is to be
    coded otherwise. None: it is none of ours.

    Raises:
        NeedsCorrection: it was coded otherwise there and that is for a person, or has another amount.
    """
    history = around.sent.get(invoice.external_id) if invoice.external_id else None
    ours = history.held_by_partner if history is not None else None
    if ours is None or not ours.canonical:
        return None
    had, now = _booked(invoice_of(ours)), _booked(invoice)
    if had == now:
        told = f"It was approved as it was sent: document {ours.id}."
        return [
            replace(_set_aside(row, told, {"sent": ours.id, "document": ours.id}), action="approved as it was sent")
        ]
    found = list(differences([had], [now]))
    told = "; ".join(f"{one.path}: {one.first} -> {one.second}" for one in found[:SHOWN])
    if around.rules.coded_otherwise == "write" and ours.work:
        entry = from_json(EnteredInvoice, ours.work)
        other = recoding(entry, invoice_of(ours), invoice, bill_of(invoice, around.tables, around.rules).lines)
        if other is not None:
            done = {"work": as_json(other), "reason": None, "parent_id": ours.id}
            detail = {"sent": ours.id, "entry": invoice.external_id, "differences": told}
            return [
                *resume_moves(row),
                Move(row.id, S.MATCHED, "coded otherwise than it was sent", detail, changes=done, release=False),
                Move(row.id, S.CODED, "coded", {}),
            ]
    raise NeedsCorrection(
        Reason.CODED_OTHERWISE,
        f"Invoice {row.number} is booked in the ERP, and was coded otherwise at the network: {told}.",
        remedy="Correct the entry in the ERP by what was approved, then discard this; nothing is booked a second time.",
        data={"sent": ours.id, "entry": invoice.external_id},
    )


def _booked(invoice: NetworkInvoice) -> NetworkInvoice:
    """What of it is booked: its number, amount and lines."""
    lines = tuple(
        changed(
            line,
            number=at,
            description="",
            codes=tuple(changed(one, description="", group=one.group.casefold()) for one in _sorted(line.codes)),
        )
        for at, line in enumerate(invoice.lines, 1)
    )
    return NetworkInvoice(number=invoice.number, total=invoice.total, currency=invoice.currency, lines=lines)


def _sorted(codes: Sequence[Any]) -> list[Any]:
    return sorted(codes, key=lambda one: (one.group.casefold(), one.value))


def _coded(integration: Integration, row: DocumentRow, invoice: NetworkInvoice, around: _Around) -> str:
    partner_named(integration, row)
    bill = bill_of(invoice, around.tables, around.rules)
    if not around.rules.attach_original:
        return as_json(bill)
    data = network_invoices(integration.network).image(invoice, around.rules.largest_original)
    if data is None:
        return as_json(bill)
    with integration.ledger.write() as tx:
        sha256 = blobs.put_blob(tx, data)
    name = f"{invoice.number}.pdf" if data.startswith(b"%PDF") else f"{invoice.number}.img"
    return as_json(changed(bill, attach_original=True, attachment_sha256=sha256, attachment_name=name))
