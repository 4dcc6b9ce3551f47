"""Invoices in: the steps match and code. Posting is `posting.post`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import BILLS, Existing, Identity, target_of
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.invoices_in import spec
from ml_connector.flows.invoices_in.bills import already_there, by_others
from ml_connector.flows.invoices_in.coding import code_invoice
from ml_connector.flows.invoices_in.earlier_invoices import Earlier, check_against_earlier, earlier_of
from ml_connector.flows.invoices_in.invoice_doubts import check_itself
from ml_connector.flows.invoices_in.matching import MatchedInvoice, MatchRules, OrderBook, match_invoice
from ml_connector.flows.meaning import price_bases
from ml_connector.flows.meaning.readable import readable_invoice
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.earlier_documents import goes
from ml_connector.flows.posting.partially_posted import booked as booked_already
from ml_connector.flows.posting.partially_posted import go_on
from ml_connector.flows.posting.recognised import Found
from ml_connector.flows.reference.erp_entries import note_bookings, noted
from ml_connector.flows.reference.lookup import ReferenceBook, vendor_of
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.flows.restored import named_orders
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name


@dataclass(frozen=True)
class InvoiceDecision:
    """What was decided about one invoice. admitted: columns that letting it in changes."""

    row: DocumentRow
    invoice: Invoice
    vendor: Vendor
    partner: Partner
    matched: MatchedInvoice
    admitted: dict[str, Any] = field(default_factory=dict)


def match(integration: Integration, work: RunScope) -> StepReport:
    """Match every waiting invoice to its orders; held ones are looked at again when their time has come.

    Reference data and what is spoken for are read once: what this step matches it adds to its own account.
    """
    report = StepReport("match")
    note_bookings(integration, work, report)
    books: _Books | None = None
    early: list[DocumentRow] | None = [] if work.feed is not None else None
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED), streams=True):
        books = books or _open_books(integration, work)
        _match_batch(integration, work, rows, books, report, early)
    if early and not work.stopped():
        _match_batch(integration, work, early, _open_books(integration, work), report, None)
    return report


@dataclass(frozen=True)
class _Books:
    """Reference data and the open quantities, read once; counted: orders whose invoices in mode coded are in them."""

    reference: ReferenceBook
    orders: OrderBook
    counted: set[str] = field(default_factory=set)


def _open_books(integration: Integration, work: RunScope) -> _Books:
    """The books as they are now.

    What is spoken for is read before the orders: an invoice that is posted in between counts twice, which holds
    another one for a while, and never not at all, which would let it through.
    """
    committed = _committed(integration)
    if not work.as_of and not work.dry_run:
        refresh_orders(integration)
    book = ReferenceBook.of(integration, work.as_of)
    return _Books(book, OrderBook(order=book.order, committed=committed))


def _match_batch(
    integration: Integration,
    work: RunScope,
    rows: Sequence[DocumentRow],
    books: _Books,
    report: StepReport,
    early: list[DocumentRow] | None,
) -> None:
    """Match a batch. early: takes those that wait for goods whose notice may be in hand beside us, to be looked at
    again when all receipts are posted.
    """
    book, orders = books.reference, books.orders
    _count_coded(integration, rows, orders, books.counted)
    moves: list[Move] = []
    held: list[tuple[DocumentRow, NeedsCorrection]] = []
    named_orders.settle(integration, work, rows, report)
    ours = _ours(integration, rows, book)
    told = {} if work.replay else _told_by_webhooks(integration, rows, book)
    known = earlier_of(integration, rows)
    with integration.ledger.read() as tx:
        booked = booked_already(integration, tx, rows)
    for row in rows:
        if row.id in booked:
            continue
        if row.id in ours:
            moves += recognised.moves(row, ours[row.id], report)
            goes(row, known.same_number)
            continue
        if row.id in told:
            moves += already_there(row, told[row.id], report)
            continue
        decided = attempt(_decide, integration, work, row, book, orders, known)
        if isinstance(decided, NeedsCorrection) and decided.reason is Reason.NOT_RECEIVED and early is not None:
            early.append(row)
            continue
        if isinstance(decided, NeedsCorrection):
            held.append((row, decided))
            continue
        orders.commit(decided.matched)
        goes(row, known.same_number)
        report.add_document("matched", row, mode=decided.matched.mode)
        changes = {
            "work": as_json(decided.matched),
            "snapshots": dict(book.versions),
            **decided.admitted,
        }
        moves += resume_moves(row)
        moves.append(Move(row.id, S.MATCHED, "matched", _summary(decided), changes=changes))
    entered = _keyed_by_hand(integration, work, held, book)
    for row, why in held:
        if row.id in entered:
            moves += already_there(row, entered[row.id], report)
        else:
            moves += hold_moves(integration, row, why, report, step=S.PARSED)
    if work.dry_run:
        return
    with integration.ledger.write() as tx:
        for row in rows:
            if row.id in booked:
                moves += go_on(integration, tx, row, booked[row.id], report)
            elif row.id in ours:
                recognised.record(tx, row, ours[row.id], row.connection)
        documents.move(tx, moves, work)
    work.hand_over()


def _ours(integration: Integration, rows: Sequence[DocumentRow], book: ReferenceBook) -> dict[int, list[Found]]:
    """Those that we posted before the ledger was restored: the orders' figures count them already."""
    if not recognised.is_due(integration):
        return {}
    let_in = [row for row in rows if row.business_key is not None]
    wanted = {row.id: one for row in let_in if (one := _identity_of(integration, row, book)) is not None}
    return recognised.bills(integration, wanted)


def _told_by_webhooks(
    integration: Integration, rows: Sequence[DocumentRow], book: ReferenceBook
) -> dict[int, Existing]:
    """Those that webhooks told of as booked by others. A replay asks the ERP itself: the entry may have been voided."""
    wanted = {row.id: identity for row in rows if (identity := _identity_of(integration, row, book)) is not None}
    found = noted(integration, list(wanted.values()))
    return {row_id: found[identity] for row_id, identity in wanted.items() if identity in found}


def _identity_of(integration: Integration, row: DocumentRow, book: ReferenceBook) -> Identity | None:
    """How the ERP would know the invoice; None where its supplier is not known."""
    partner = integration.partner_of(row)
    vendor = book.vendor(partner.vendor) if partner is not None and partner.vendor else None
    return Identity(vendor.id, row.number) if vendor is not None else None


def _keyed_by_hand(
    integration: Integration, work: RunScope, held: Sequence[tuple[DocumentRow, NeedsCorrection]], book: ReferenceBook
) -> dict[int, Existing]:
    """Those that somebody keyed meanwhile: an order's quantity is used up then, and matching calls ours too much.

    Others that are held are looked for when a person replays them, so that waiting ones cost no calls.
    """
    if work.dry_run or not integration.settings.flows.invoices_in.look_for_hand_keyed:
        return {}
    wanted: dict[int, Identity] = {}
    for row, why in held:
        identity = _identity_of(integration, row, book)
        if identity is not None and (why.reason is Reason.QUANTITY_TOLERANCE or work.replay):
            wanted[row.id] = identity
    if not wanted:
        return {}
    return by_others(integration, wanted, target_of(integration.erp, BILLS).existing(list(wanted.values())))


def _summary(decided: InvoiceDecision) -> dict[str, object]:
    matched = decided.matched
    told: dict[str, object] = {"mode": matched.mode, "orders": list(matched.order_numbers)}
    if matched.credit:
        told["credit"] = True
    return {**told, "rounding": str(matched.rounding)} if matched.rounding else told


def _decide(
    integration: Integration,
    work: RunScope,
    row: DocumentRow,
    book: ReferenceBook,
    orders: OrderBook,
    known: Earlier,
) -> InvoiceDecision:
    """Match, and see that coding would succeed: a document that is held again must not wander through the states."""
    was = row
    row, admitted = admit(integration, row)
    invoice, _ = readable_invoice(stored(row.kind, row.canonical, Invoice))
    partner = partner_named(integration, row)
    check_still(was, partner)
    invoice = check_against_earlier(integration, row, invoice, partner, known, by_hand=work.replay)
    invoice = changed(invoice, lines=price_bases.meant(invoice.lines, partner.price_bases))
    vendor = vendor_of(book, partner)
    ahead = integration.settings.flows.invoices_in.days_ahead
    check_itself(invoice, partner, vendor, integration.clock.now().date(), ahead)
    matched = match_invoice(invoice, vendor, orders, _rules(integration, partner))
    decision = InvoiceDecision(row, invoice, vendor, partner, matched, admitted)
    if row.state is S.QUARANTINED:
        _code(integration, decision, book)
    return decision


def _rules(integration: Integration, partner: Partner) -> MatchRules:
    settings = integration.settings.flows.invoices_in
    return MatchRules(
        mode=partner.invoice_mode or settings.mode,
        three_way=settings.match == "three_way",
        tolerances=integration.tolerances(partner),
        units=partner.units,
        order_units=integration.settings.flows.orders_out.unit_codes,
        numbers_are_ours=partner.line_numbers == "ours",
        invoice_types=partner.invoice_types,
    )


def _committed(integration: Integration) -> dict[str, Decimal]:
    """Quantities of invoices that are matched and not yet in the ERP's figures."""
    book = OrderBook(order=lambda _: None)
    states = (S.MATCHED, S.CODED, S.POSTING, S.UNKNOWN_OUTCOME)
    with integration.ledger.read() as tx:
        pending = documents.work_of(tx, integration.books, FLOW, states)
    for state, text in pending:
        book.commit(from_json(MatchedInvoice, text) if state is S.MATCHED else from_json(Bill, text))
    return book.committed


def _count_coded(integration: Integration, rows: Sequence[DocumentRow], orders: OrderBook, counted: set[str]) -> None:
    """Add what was invoiced of these rows' orders in mode coded: the ERP does not count that against its orders.

    By the first order that an invoice names: what a consolidated invoice took of its other orders is not seen here.
    """
    numbers = {row.order_number for row in rows if row.order_number} - counted
    if not numbers:
        return
    counted |= numbers
    with integration.ledger.read() as tx:
        posted = documents.work_of_orders(tx, integration.books, FLOW, S.POSTED, sorted(numbers))
    for text in posted:
        if '"mode":"coded"' in text:
            orders.commit(from_json(Bill, text))


def code(integration: Integration, work: RunScope) -> StepReport:
    """Give every matched invoice its accounts, cost centers and VAT codes: the bill to post."""
    report = StepReport("code")
    book = ReferenceBook.of(integration, work.as_of)
    for rows in batches(integration, work, FLOW, (S.MATCHED,), streams=True):
        moves: list[Move] = []
        for row in rows:
            decided = attempt(_code_row, integration, row, book)
            if isinstance(decided, NeedsCorrection):
                moves += hold_moves(integration, row, decided, report, step=S.PARSED)
                continue
            report.add_document("coded", row)
            versions = {**(row.snapshots or {}), **book.versions}
            changes = {"work": as_json(decided), "snapshots": versions}
            told = {"told": list(decided.told)} if decided.told else {}
            moves.append(Move(row.id, S.CODED, "coded", {"snapshots": versions, **told}, changes=changes))
        if work.dry_run:
            continue
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)
        work.hand_over()
    return report


def _code_row(integration: Integration, row: DocumentRow, book: ReferenceBook) -> Bill:
    invoice, unread = readable_invoice(stored(row.kind, row.canonical, Invoice))
    partner = partner_named(integration, row)
    matched = from_json(MatchedInvoice, row.work or "{}")
    bill = _code(integration, InvoiceDecision(row, invoice, vendor_of(book, partner), partner, matched), book)
    bill = changed(bill, told=(*unread, *bill.told)) if unread else bill
    if not bill.attach_original:
        return bill
    with integration.ledger.read() as tx:
        sha256, name = documents.original_of(tx, row)
    return changed(bill, attachment_sha256=sha256, attachment_name=name)


def _code(integration: Integration, decision: InvoiceDecision, book: ReferenceBook) -> Bill:
    settings = integration.settings.flows.invoices_in
    return code_invoice(
        decision.invoice,
        decision.matched,
        decision.vendor,
        decision.partner,
        settings.coding,
        book.coding_tables(),
        integration.tolerances(decision.partner),
        attach_original=settings.attach_original,
        traits=integration.erp.traits.coding,
    )
