"""Remittance advices in: matched with the bills that they pay; recorded so, or made ready to be entered as payments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import DocumentKind, changed
from ml_connector.documents.payables.settlements import (
    EntryLine,
    JournalEntry,
    OpenItem,
    Payment,
    Settlement,
)
from ml_connector.documents.records import as_json
from ml_connector.documents.reference import Vendor
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Identity, payments_of
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.payments.allocation import Paid, allocate, folded
from ml_connector.flows.payments.holding import held
from ml_connector.flows.payments.lines import lines_of
from ml_connector.flows.payments.spoken import add, settlement_of, spoken_for
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.remittances_in import advice as advices
from ml_connector.flows.remittances_in import spec
from ml_connector.flows.remittances_in.advice import Advice, Part
from ml_connector.flows.remittances_in.payees import payee_of
from ml_connector.flows.remittances_in.settings import RemittancesIn
from ml_connector.ledger.work import earlier, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
#: A payment of these states stands, is on its way, or was recorded.
_COUNTS = frozenset({S.MATCHED, S.CODED, S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME, S.APPLIED})


@dataclass(frozen=True)
class Read:
    """An advice as far as it can be read without asking what is open. parts: each with who is paid."""

    document: Remittance
    admitted: Mapping[str, Any]
    #: About our customers' invoices, or words alone: why it is recorded and no more.
    recorded: str = ""
    advice: Advice | None = None
    parts: tuple[tuple[Part, Vendor], ...] = ()

    @property
    def identities(self) -> list[Identity]:
        """The bills that it pays, as the ERP would know them."""
        return [Identity(vendor.id, claim.number) for part, vendor in self.parts for claim in part.claims]

    @property
    def parties(self) -> frozenset[str]:
        """Who is paid."""
        return frozenset(vendor.id for _, vendor in self.parts)


@dataclass
class _Batch:
    """What is known for a batch. items: by whose they are and their number, folded; spoken: by item."""

    settings: RemittancesIn
    items: dict[tuple[str, str], list[OpenItem]] = field(default_factory=dict)
    spoken: dict[str, Decimal] = field(default_factory=dict)
    #: Documents of which a payment is in the ERP already, while something behind it was refused.
    begun: frozenset[int] = frozenset()
    #: Earlier payments by their number: document and who is paid.
    numbered: dict[str, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)


def match(integration: Integration, work: RunScope) -> StepReport:
    """Find what every waiting advice pays."""
    report = StepReport("match remittances")
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook.of(integration, work.as_of)
    read = {row.id: attempt(_read, integration, row, book) for row in rows}
    batch = _batch(integration, rows, [one for one in read.values() if isinstance(one, Read)])
    moves: list[Move] = []
    for row in rows:
        one = read[row.id]
        decided = _decided(row, one, batch)
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        assert isinstance(one, Read)  # what could not be read is held
        add(batch.spoken, decided)
        _remember(batch, row.number, row.id, decided.parties)
        moves += _moves(row, one, decided, batch.settings, report, book)
    make_moves(integration, work, moves)


def _read(integration: Integration, row: DocumentRow, book: ReferenceBook) -> Read:
    row, admitted = admit(integration, row)
    document = stored(row.kind, row.canonical, Remittance)
    partner = partner_named(integration, row)
    settings = integration.settings.flows.of(RemittancesIn)
    if partner.role == "customer" or advices.is_about_sales(document):
        return Read(document, admitted, recorded="about invoices of ours to a customer")
    if advices.meaning_of(document, settings.handling) == "recorded":
        return Read(document, admitted, recorded=f"an announcement, no payment (BPR01 {document.handling.strip()})")
    advices.check_pays(document, settings.handling)
    _check_day(integration, document, settings)
    told = advices.read(document)
    parts = tuple((part, payee_of(document, part.entity, partner, book.vendor)) for part in told.parts)
    return Read(document, admitted, advice=told, parts=parts)


def _check_day(integration: Integration, document: Remittance, settings: RemittancesIn) -> None:
    day = document.payment_date
    latest = integration.clock.now().date() + timedelta(days=settings.days_ahead)
    if day is not None and day <= latest:
        return
    says = "does not say its day (BPR16)" if day is None else f"is dated {day.isoformat()}, far ahead (BPR16)"
    raise NeedsCorrection(
        Reason.BAD_VALUE,
        f"Payment {document.number} {says}.",
        remedy="Ask the sender for the day of payment; enter it by hand and discard this.",
        data={"trace": document.number, "day": day.isoformat() if day else ""},
    )


def _batch(integration: Integration, rows: Sequence[DocumentRow], read: Sequence[Read]) -> _Batch:
    """What the books and the ledger have beside these, asked once."""
    batch = _Batch(integration.settings.flows.of(RemittancesIn), spoken=spoken_for(integration, FLOW))
    wanted = list(dict.fromkeys(identity for one in read for identity in one.identities))
    for item in payments_of(integration.erp).open_items(wanted) if wanted else ():
        batch.items.setdefault((item.party_id, folded(item.number)), []).append(item)
    numbers = {row.number for row in rows}
    with integration.ledger.read() as tx:
        held_rows = [row.id for row in rows if row.state is S.QUARANTINED and row.work]
        batch.begun = frozenset(operations.outside_ids(tx, held_rows)) if held_rows else frozenset()
        found = earlier.received_numbered(tx, integration.books, DocumentKind.REMITTANCE, numbers, rows)
    for row in found:
        if row.state in _COUNTS:
            _remember(batch, row.number, row.id, settlement_of(row.work).parties)
    return batch


def _remember(batch: _Batch, number: str, document: int, parties: frozenset[str]) -> None:
    if parties:
        batch.numbered.setdefault(folded(number), []).append((document, parties))


def _decided(row: DocumentRow, read: Read | NeedsCorrection, batch: _Batch) -> Settlement | NeedsCorrection:
    return read if isinstance(read, NeedsCorrection) else attempt(_decide, row, read, batch)


def _decide(row: DocumentRow, read: Read, batch: _Batch) -> Settlement:
    """What it settles; nothing of one that is recorded only."""
    if read.recorded or read.advice is None:
        return Settlement(told=(read.recorded,))
    if row.id in batch.begun:
        # Once begun it is finished: what was entered of it stands, and its bills are paid by that.
        return changed(settlement_of(row.work), entries=_entries(read, batch.settings))
    _check_first(row, read, batch)
    payments = tuple(_payment(read, part, vendor, batch) for part, vendor in read.parts if part.claims)
    return Settlement(
        payments=payments,
        entries=_entries(read, batch.settings),
        told=tuple(line for part, _ in read.parts for line in part.told),
    )


def _check_first(row: DocumentRow, read: Read, batch: _Batch) -> None:
    """Raises NeedsCorrection for a payment whose number came before for the same payee."""
    for document, parties in batch.numbered.get(folded(row.number), ()):
        if document != row.id and parties & read.parties:
            raise NeedsCorrection(
                Reason.DUPLICATE_INVOICE_NUMBER,
                f"Payment {row.number} to the same supplier came before, with document {document}.",
                remedy="Ask the sender whether it is the same payment told twice; discard the one that does not count.",
                data={"number": row.number, "earlier_document": document},
            )


def _payment(read: Read, part: Part, vendor: Vendor, batch: _Batch) -> Payment:
    document = read.document
    assert document.payment_date is not None
    items = [
        item
        for claim in dict.fromkeys(folded(claim.number) for claim in part.claims)
        for item in batch.items.get((vendor.id, claim), ())
    ]
    paid = Paid(part.amount, document.currency, part.claims, spoken=batch.spoken)
    allocated = allocate(paid, items)
    if allocated.troubles:
        raise held(f"Payment {document.number} to {vendor.code}", document.currency, allocated.troubles)
    if part.amount < 0:
        raise NeedsCorrection(
            Reason.SIGN_CONTRADICTION,
            f"Payment {document.number} to {vendor.code} comes to {decimal_text(part.amount)} {document.currency}:"
            " credits are more than bills.",
            remedy="A refund is not entered from here: enter it by hand, then discard this.",
            data={"trace": document.number, "amount": decimal_text(part.amount)},
        )
    return Payment(
        party_id=vendor.id,
        party_code=vendor.code,
        reference=as_key(document.number.strip()),
        payment_date=document.payment_date,
        currency=document.currency,
        amount=part.amount,
        method=document.method.strip().upper(),
        account=batch.settings.account,
        description=f"Payment {document.number.strip()}",
        told=part.told,
        lines=lines_of(allocated),
    )


def _entries(read: Read, settings: RemittancesIn) -> tuple[JournalEntry, ...]:
    """What the payment holds that no bill carries: the account it was paid from has that much more or less.

    Raises:
        NeedsCorrection: its reason has no account.
    """
    document = read.document
    beside = [(one, vendor) for part, vendor in read.parts for one in part.besides]
    if not settings.apply or not beside:
        return ()
    assert document.payment_date is not None
    lines: list[EntryLine] = []
    for one, vendor in beside:
        amount = one.amount or Decimal(0)
        account = settings.differences.get(one.reason.strip().upper(), "")
        if not account:
            raise NeedsCorrection(
                Reason.PAYMENT_DIFFERENCE,
                f"Payment {document.number} holds {decimal_text(amount)} {document.currency} that no bill carries"
                f" (ADX02 {one.reason.strip() or 'empty'}).",
                remedy="Name an account for that reason under remittances_in.differences and replay this; or enter the"
                " payment by hand and discard it.",
                data={"trace": document.number, "reason": one.reason, "amount": decimal_text(amount)},
            )
        text = f"{one.reason.strip()} {one.number}".strip()
        lines.append(EntryLine(account=account, amount=amount, description=text, party_id=vendor.id))
    total = sum((line.amount for line in lines), Decimal(0))
    if total:
        lines.append(EntryLine(account=settings.offset_account, amount=-total, description="Paid beside the bills"))
    return (
        JournalEntry(
            journal=settings.journal,
            reference=as_key(document.number.strip()),
            entry_date=document.payment_date,
            currency=document.currency,
            description=f"Differences of payment {document.number.strip()}",
            lines=tuple(lines),
        ),
    )


def _moves(
    row: DocumentRow, read: Read, decided: Settlement, settings: RemittancesIn, report: StepReport, book: ReferenceBook
) -> list[Move]:
    """To be entered, or recorded and done."""
    entered = settings.apply and bool(decided.payments)
    told = {"document": row.number, "document_id": row.id, "partner": row.partner, "payments": len(decided.payments)}
    report.add("matched" if entered else "recorded", row.partition_date, **told)
    detail = _detail(read, decided)
    kept = {"work": as_json(decided), "snapshots": dict(book.versions), **read.admitted}
    moves = resume_moves(row)
    if not entered:
        return [*moves, Move(row.id, S.APPLIED, "recorded, not entered in the ERP", detail, changes=kept)]
    moves.append(Move(row.id, S.MATCHED, "matched", detail, changes=kept, release=False))
    return [*moves, Move(row.id, S.CODED, "ready to post")]


def _detail(read: Read, decided: Settlement) -> dict[str, Any]:
    """What is recorded, for people: what is paid, of whom and for what."""
    document = read.document
    paid = [
        {"supplier": payment.party_code, "number": line.number, "paid": decimal_text(line.amount), "entry": line.entry}
        for payment in decided.payments
        for line in payment.lines
    ]
    if not decided.payments:
        paid = [
            {"number": item.number, "paid": "" if item.amount is None else decimal_text(item.amount)}
            for item in document.items
        ]
    facts: dict[str, Any] = {
        "trace": document.number,
        "amount": "" if document.amount is None else decimal_text(document.amount),
        "currency": document.currency,
        "day": document.payment_date.isoformat() if document.payment_date else "",
        "pays": paid[:50],
        "pays_in_all": len(paid),
    }
    return {**facts, **({"told": list(decided.told)} if decided.told else {})}
