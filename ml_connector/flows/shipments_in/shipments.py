"""Ship notices in: matched to order lines, they become goods receipts, one a supplier and warehouse."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import GoodsReceipt
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.shipments import ShipNotice
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Identity
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.meaning.notice_codes import check_codes
from ml_connector.flows.meaning.readable import readable_notice
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.earlier_documents import goes
from ml_connector.flows.posting.recognised import Found
from ml_connector.flows.reference.lookup import ReferenceBook, vendor_of
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.flows.restored import named_orders
from ml_connector.flows.shipments_in import spec
from ml_connector.flows.shipments_in.earlier_notices import Earlier, check_against_earlier, earlier_of
from ml_connector.flows.shipments_in.notice_doubts import EXPECTED, check_itself
from ml_connector.flows.shipments_in.receipts import ReceiptRules, receipts_for
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name


def match(integration: Integration, work: RunScope) -> StepReport:
    """Turn every waiting ship notice into the receipts to post."""
    report = StepReport("match shipments")
    refreshed = False
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        if not refreshed and not work.as_of and not work.dry_run:
            refresh_orders(integration)
            refreshed = True
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook.of(integration, work.as_of)
    spoken = _spoken_for(integration)
    moves: list[Move] = []
    named_orders.settle(integration, work, rows, report)
    ours = _ours(integration, rows, book)
    known = earlier_of(integration, rows)
    for row in rows:
        if row.id in ours:
            moves += recognised.moves(row, ours[row.id], report)
            goes(row, known.same_number)
            continue
        decided = attempt(_decide, integration, work, row, book, spoken, known)
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        receipts, admitted = decided
        goes(row, known.same_number)
        for receipt in receipts:
            for line in receipt.lines:
                spoken[line.order_line_id] = spoken.get(line.order_line_id, Decimal(0)) + line.quantity
        work_text = as_json(receipts)
        report.add_document("matched", row, receipts=len(receipts))
        moves += resume_moves(row)
        moves.append(
            Move(
                row.id,
                S.MATCHED,
                "matched",
                _summary(receipts),
                changes={"work": work_text, "snapshots": dict(book.versions), **admitted},
                release=False,
            )
        )
        moves.append(Move(row.id, S.CODED, "ready to post"))
    if not work.dry_run:
        with integration.ledger.write() as tx:
            for row in rows:
                if row.id in ours:
                    recognised.record(tx, row, ours[row.id], row.connection)
            documents.move(tx, moves, work)


def _summary(receipts: Sequence[GoodsReceipt]) -> dict[str, Any]:
    told = dict.fromkeys(one for receipt in receipts for one in receipt.told)
    return {"receipts": len(receipts), **({"told": list(told)} if told else {})}


def _ours(integration: Integration, rows: Sequence[DocumentRow], book: ReferenceBook) -> dict[int, list[Found]]:
    """Those whose receipts we posted before the ledger was restored: the orders' figures count them already."""
    if not recognised.is_due(integration):
        return {}
    wanted: dict[int, Identity] = {}
    for row in rows:
        partner = integration.partner_of(row)
        vendor = book.vendor(partner.vendor) if partner is not None and partner.vendor else None
        if vendor is not None and row.business_key is not None:
            wanted[row.id] = Identity(vendor.id, row.number)
    return recognised.receipts(integration, wanted)


def _spoken_for(integration: Integration) -> dict[str, Decimal]:
    """Quantities of receipts that are matched and not yet in the ERP's figures."""
    spoken: dict[str, Decimal] = {}
    states = (S.MATCHED, S.CODED, S.POSTING, S.UNKNOWN_OUTCOME)
    with integration.ledger.read() as tx:
        pending = documents.work_of(tx, integration.books, FLOW, states)
    for _, text in pending:
        for receipt in receipts_from(text):
            for line in receipt.lines:
                spoken[line.order_line_id] = spoken.get(line.order_line_id, Decimal(0)) + line.quantity
    return spoken


def receipts_from(text: str) -> list[GoodsReceipt]:
    """The receipts in a document's work."""
    return from_json(list[GoodsReceipt], text)


def _decide(
    integration: Integration,
    work: RunScope,
    row: DocumentRow,
    book: ReferenceBook,
    spoken: dict[str, Decimal],
    known: Earlier,
) -> tuple[list[GoodsReceipt], dict[str, Any]]:
    if row.state is S.QUARANTINED and row.work and _partly_booked(integration, row):
        # Once begun it is finished: what was booked of it stands, and would look like too much now.
        return receipts_from(row.work), {}
    was = row
    row, admitted = admit(integration, row)
    notice, unread = readable_notice(stored(row.kind, row.canonical, ShipNotice))
    partner = partner_named(integration, row)
    check_still(was, partner)
    notice = check_against_earlier(integration, row, notice, partner, known, by_hand=work.replay)
    vendor = vendor_of(book, partner)
    codes = partner.ship_notices.codes
    check_codes(notice, codes)
    settings = integration.settings.flows.shipments_in
    latest = integration.clock.now().date() + timedelta(days=settings.days_ahead)
    check_itself(notice, partner, vendor, latest, expected_counts=settings.receipt_date == "expected")
    day, told = _receipt_date(integration, notice)
    rules = ReceiptRules(
        receipt_date=day,
        over_shipment_percent=Decimal(settings.over_shipment_percent),
        spoken=spoken,
        units=partner.units,
        order_units=integration.settings.flows.orders_out.unit_codes,
        numbers_are_ours=partner.line_numbers == "ours",
        told=(*unread, *told),
    )
    return receipts_for(notice, vendor, book.order, rules), admitted


def _partly_booked(integration: Integration, row: DocumentRow) -> bool:
    with integration.ledger.read() as tx:
        return bool(operations.outside_ids(tx, [row.id]))


def _receipt_date(integration: Integration, notice: ShipNotice) -> tuple[date, tuple[str, ...]]:
    """The day that the goods are booked on, and what is told where the notice does not say the one that counts."""
    today = integration.clock.now().date()
    rule = integration.settings.flows.shipments_in.receipt_date
    if rule == "today":
        return today, ()
    day = notice.shipped_date if rule == "shipped" else notice.date_of(*EXPECTED)
    return (day, ()) if day is not None else (today, (f"the notice does not say when it is {rule}: booked today",))
