"""Proposed vendors are decided one after another, the older first: what two of them propose becomes one vendor."""

from collections.abc import Mapping, Sequence
from functools import partial

from ml_connector.documents.common import DocumentKind
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import NEW_VENDORS
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.vendors_in.book import Older, VendorBook, key_of, open_book, read_proposal
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.flows.vendors_in.deciding import decide, proposed
from ml_connector.flows.vendors_in.settings import VendorsIn
from ml_connector.ledger.work import documents, earlier
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = "vendors_in"


def match(integration: Integration, work: RunScope) -> StepReport:
    """Decide about every proposal that waits."""
    report = StepReport("match vendors")
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED), streams=True):
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    moves: list[Move] = []
    book = open_book(integration, work.as_of)
    linked = linked_before(integration, rows)
    older, done = Older(integration, book), set[int]()
    for row in sorted(rows, key=lambda one: one.id):
        here = older.than(row, done)
        decided = attempt(partial(_decide, integration, row, here, linked.get(row.id, "")))
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        changes = {"work": decided.text(), "snapshots": dict(book.versions)}
        moves += resume_moves(row)
        if decided.new is not None:
            report.add_document("to_create", row)
            moves.append(Move(row.id, S.MATCHED, "to be created", {"name": decided.new.name}, changes=changes))
        else:
            done.add(row.id)
            moves.append(linking(row, decided, report, changes))
    if work.dry_run:
        return
    with integration.ledger.write() as tx:
        documents.move(tx, moves, work)
    work.hand_over()


def linking(row: DocumentRow, decided: Decided, report: StepReport, changes: Mapping[str, object]) -> Move:
    """It is a vendor of ours."""
    report.add_document("linked", row)
    detail = {"vendor": decided.vendor, "why": decided.why, "differences": dict(decided.differences)}
    return Move(row.id, S.APPLIED, f"linked with {decided.vendor}", detail, changes=changes)


def _decide(integration: Integration, row: DocumentRow, book: VendorBook, linked: str) -> Decided:
    settings = integration.settings.flows.of(VendorsIn)
    proposal = read_proposal(row)
    decided = decide(proposal, key_of(row.id), Decided.read(row.work), book, settings, linked)
    if decided.new is not None and NEW_VENDORS.name not in integration.erp.targets:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"The ERP has no vendor like {proposal.number} {proposal.name}, and none is created there from here.",
            remedy="Create it there; it is linked by itself then.",
            data={"proposal": proposed(proposal)},
        )
    return decided


def linked_before(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """The vendors that the senders' numbers of these were linked with, by document: the newest word counts."""
    with integration.ledger.read() as tx:
        known = earlier.received_numbered(
            tx, integration.books, DocumentKind.VENDOR_PROPOSAL, {row.number for row in rows}, rows
        )
    found: dict[tuple[str, str], str] = {}
    for one in known:
        if one.state is S.APPLIED and (vendor := Decided.read(one.work).vendor):
            found[_sender(one)] = vendor
    return {row.id: found[_sender(row)] for row in rows if _sender(row) in found}


def _sender(row: DocumentRow) -> tuple[str, str]:
    return row.partner_key or row.partner, row.number
