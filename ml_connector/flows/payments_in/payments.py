"""Payments of the network: matched with the open items that they pay, or with the booking that they take back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.json import dump
from ml_connector.documents.payables.payments import NetworkPayment, RemittanceLine
from ml_connector.documents.payables.settlements import OpenItem, Payment, Settlement
from ml_connector.documents.records import as_json
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import NETWORK_PAYMENTS, Identity, payments_of, record_source
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.payments.allocation import Claim, Paid, Trouble, allocate, folded
from ml_connector.flows.payments.holding import held
from ml_connector.flows.payments.lines import lines_of
from ml_connector.flows.payments.spoken import add, settlement_of, spoken_for
from ml_connector.flows.payments_in import spec
from ml_connector.flows.payments_in.history import BY_OTHERS, History, Meaning, histories, meaning_of
from ml_connector.flows.payments_in.settings import PaymentsIn
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
ZERO = Decimal(0)


@dataclass
class _Batch:
    """What is known for a batch. bills: items by the ERP's id of their bill; numbered: by supplier and number."""

    settings: PaymentsIn
    today: date
    bills: dict[str, list[OpenItem]] = field(default_factory=dict)
    numbered: dict[tuple[str, str], list[OpenItem]] = field(default_factory=dict)
    spoken: dict[str, Decimal] = field(default_factory=dict)
    known: Mapping[str, History] = field(default_factory=dict)


@dataclass(frozen=True)
class _Read:
    """A payment as it is read today. vendor: the ERP's id of who is paid; empty where the network does not tell."""

    payment: NetworkPayment
    meaning: Meaning
    vendor: str

    @property
    def by_bill(self) -> list[str]:
        return [line.invoice_external_id for line in self.payment.remittances if line.invoice_external_id]

    @property
    def by_number(self) -> list[Identity]:
        lines = [one for one in self.payment.remittances if not one.invoice_external_id and one.number]
        return [Identity(self.vendor, one.number) for one in lines] if self.vendor else []


def match(integration: Integration, work: RunScope) -> StepReport:
    """Find what every waiting payment pays or takes back."""
    report = StepReport("match payments")
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook.of(integration, work.as_of)
    read = {row.id: attempt(_read, integration, row, book) for row in rows}
    batch = _batch(integration, rows, [one for one in read.values() if isinstance(one, _Read)])
    moves: list[Move] = []
    for row in rows:
        decided = _decided(row, read[row.id], batch)
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        add(batch.spoken, decided)
        report.add_document("matched", row)
        kept = {"work": as_json(decided), "snapshots": dict(book.versions)}
        if not row.canonical and isinstance(found := read[row.id], _Read):
            # Held before anybody could tell what it says: what counts as booked is known by this.
            kept["canonical"] = dump(found.payment)
        moves += resume_moves(row)
        moves.append(Move(row.id, S.MATCHED, "matched", _detail(decided), changes=kept, release=False))
        moves.append(Move(row.id, S.CODED, "ready to post"))
    make_moves(integration, work, moves)


def _read(integration: Integration, row: DocumentRow, book: ReferenceBook) -> _Read:
    """With today's settings: what a status means, and what could not be read, may have been mended."""
    payment = record_source(integration.network, NETWORK_PAYMENTS).from_record(row.source or "{}")
    settings = integration.settings.flows.of(PaymentsIn)
    vendor = book.vendor(payment.vendor) if payment.vendor else None
    return _Read(payment, meaning_of(payment, settings.paid_when), vendor.id if vendor is not None else "")


def _batch(integration: Integration, rows: Sequence[DocumentRow], read: Sequence[_Read]) -> _Batch:
    """What the books and the ledger have beside these, asked once."""
    today = integration.clock.now().date()
    batch = _Batch(integration.settings.flows.of(PaymentsIn), today, spoken=spoken_for(integration, FLOW))
    with integration.ledger.read() as tx:
        batch.known = histories(integration, tx, [row.number for row in rows])
    paid = [one for one in read if one.meaning is Meaning.PAID]
    bills = list(dict.fromkeys(bill for one in paid for bill in one.by_bill))
    numbers = list(dict.fromkeys(number for one in paid for number in one.by_number))
    erp = payments_of(integration.erp)
    for item in erp.items_of(bills) if bills else ():
        batch.bills.setdefault(folded(item.bill), []).append(item)
    for item in erp.open_items(numbers) if numbers else ():
        batch.numbered.setdefault((item.party_id.casefold(), folded(item.number)), []).append(item)
    return batch


def _decided(row: DocumentRow, read: _Read | NeedsCorrection, batch: _Batch) -> Settlement | NeedsCorrection:
    return read if isinstance(read, NeedsCorrection) else attempt(_decide, row, read, batch)


def _decide(row: DocumentRow, read: _Read, batch: _Batch) -> Settlement:
    before = batch.known.get(row.number, History()).before(row)
    if read.meaning in {Meaning.UNCLEAR, Meaning.WAITS}:
        raise _unclear(read.payment, read.meaning)
    if read.meaning is Meaning.VOID:
        payments = _reversal(row, read.payment, before, batch)
    else:
        _check_not_booked(read.payment, before)
        payments = (_booking(row, read, batch),)
    told = tuple(line for payment in payments for line in payment.told)
    return Settlement(payments=payments, told=told, status=read.payment.status)


def _unclear(payment: NetworkPayment, meaning: Meaning) -> NeedsCorrection:
    why = "does not count as paid by now" if meaning is Meaning.WAITS else "is not a known status"
    troubles = "; ".join(f"{one.code} {one.text}".strip() for one in payment.troubles)
    return NeedsCorrection(
        Reason.PAYMENT_STATUS,
        f"Payment {payment.id} of {_amount(payment)}: {payment.status or 'its empty status'} {why}."
        f"{f' The network says: {troubles}.' if troubles else ''}",
        remedy="Ask the network what it means. Name it under payment_stages of the connection and replay this, or book"
        " by hand what became of it and discard this. A later status answers it by itself.",
        data={"payment": payment.id, "status": payment.status, "amount": decimal_text(payment.amount)},
    )


def _check_not_booked(payment: NetworkPayment, before: History) -> None:
    """Raises NeedsCorrection for a payment that is booked already, and says something else now."""
    booking = before.booking
    if booking is None:
        return
    raise NeedsCorrection(
        Reason.PAYMENT_DIFFERENCE,
        f"Payment {payment.id} was booked with document {booking.id} and pays something else now: {_amount(payment)}.",
        remedy="Ask the network what changed. Put the entry right in the ERP by hand, then discard this.",
        data={"payment": payment.id, "booked_by": booking.id, "amount": decimal_text(payment.amount)},
    )


# ---------------------------------------------------------------------- what is taken back


def _reversal(row: DocumentRow, payment: NetworkPayment, before: History, batch: _Batch) -> tuple[Payment, ...]:
    """The booking with opposite signs, naming the same invoices, in the period in which it was voided."""
    booking = before.booking
    if booking is None:
        raise NeedsCorrection(
            Reason.PAYMENT_ITEM_UNKNOWN,
            f"Payment {payment.id} is void ({payment.status}), and nothing is booked of it that could be taken back.",
            remedy="Nothing to do in the books: discard this.",
            data={"payment": payment.id, "status": payment.status},
        )
    if booking.state in BY_OTHERS:
        raise NeedsCorrection(
            Reason.PAYMENT_STATUS,
            f"Payment {payment.id} is void ({payment.status}); it was not booked from here (document {booking.id}).",
            remedy="Take its entry back in the ERP by hand, then discard this.",
            data={"payment": payment.id, "status": payment.status, "document": booking.id},
        )
    if booking.state is not S.POSTED:
        raise NeedsCorrection(
            Reason.PAYMENT_STATUS,
            f"Payment {payment.id} is void ({payment.status}); whether it is booked is not known yet (document"
            f" {booking.id}).",
            remedy="Nothing to do: it goes on once that is known.",
            data={"payment": payment.id, "status": payment.status, "document": booking.id},
        )
    day, told = _open_day(payment, _moved(payment) or batch.today, batch.settings)
    made = []
    for booked in settlement_of(booking.work).payments:
        lines = tuple(changed(line, amount=-line.amount, discount=-line.discount) for line in booked.lines)
        made.append(
            changed(
                booked,
                reference=_reference(payment, row),
                payment_date=day,
                amount=-booked.amount,
                description=f"Void of payment {booked.reference}",
                told=told,
                lines=lines,
            )
        )
    return tuple(made)


# ---------------------------------------------------------------------- what is paid


def _booking(row: DocumentRow, read: _Read, batch: _Batch) -> Payment:
    payment = read.payment
    if not payment.remittances:
        raise NeedsCorrection(
            Reason.PAYMENT_ITEM_UNKNOWN,
            f"Payment {payment.id} of {_amount(payment)} to {payment.vendor_name or payment.vendor or 'nobody named'}"
            " does not say what it pays: the network tells no remittances.",
            remedy="Look there which invoices it pays; book it in the ERP by hand, then discard this.",
            data={"payment": payment.id, "amount": decimal_text(payment.amount), "vendor": payment.vendor_name},
        )
    claims, items, shown = _claimed(read, batch)
    currency, told = _currency(payment, items)
    paid = Paid(payment.amount, currency, claims, spoken=batch.spoken)
    allocated = allocate(paid, items)
    if allocated.troubles:
        named = [_named(one, shown) for one in allocated.troubles]
        raise held(f"Payment {payment.id}", currency, named)
    if payment.amount < 0:
        raise NeedsCorrection(
            Reason.SIGN_CONTRADICTION,
            f"Payment {payment.id} comes to {_amount(payment)}: credits are more than invoices.",
            remedy="A refund is not booked from here: book it by hand, then discard this.",
            data={"payment": payment.id, "amount": decimal_text(payment.amount)},
        )
    parties = sorted({one.item.party_id for one in allocated.settled})
    if len(parties) > 1 or (read.vendor and parties[0].casefold() != read.vendor.casefold()):
        raise NeedsCorrection(
            Reason.SUPPLIER_CONTRADICTED,
            f"Payment {payment.id} to {payment.vendor_name or payment.vendor} pays invoices of another supplier.",
            remedy="Ask the network whom it paid; book it by hand, then discard this.",
            data={"payment": payment.id, "suppliers": parties, "vendor": payment.vendor},
        )
    day, moved = _open_day(payment, _day(payment, batch), batch.settings)
    fee = (f"the network tells a fee of {decimal_text(payment.fee)}, which is the supplier's",) if payment.fee else ()
    return Payment(
        party_id=parties[0],
        reference=_reference(payment, row),
        payment_date=day,
        currency=currency,
        amount=payment.amount,
        method=payment.method,
        account=batch.settings.account,
        exchange_rate=payment.exchange_rate,
        description=_description(payment),
        told=(*told, *moved, *fee),
        lines=lines_of(allocated, shown),
    )


def _named(trouble: Trouble, shown: Mapping[str, str]) -> Trouble:
    """A trouble that names an item as people know it."""
    return replace(trouble, number=shown.get(folded(trouble.number), trouble.number))


def _claimed(read: _Read, batch: _Batch) -> tuple[list[Claim], list[OpenItem], dict[str, str]]:
    """What is claimed of which items: by our own id of the invoice where the network tells it, else by its number."""
    claims: list[Claim] = []
    items: dict[tuple[str, str], OpenItem] = {}
    shown: dict[str, str] = {}
    for line in read.payment.remittances:
        key = line.invoice_external_id or line.number
        discount = line.discount or ZERO
        _check_line(read.payment, line, discount)
        found = batch.bills.get(folded(key), []) if line.invoice_external_id else []
        if not line.invoice_external_id:
            found = batch.numbered.get((read.vendor.casefold(), folded(line.number)), [])
        claims.append(Claim(key, line.net, discount))
        shown[folded(key)] = line.number or key
        items |= {(one.id, folded(key)): changed(one, number=key) for one in found}
    return claims, list(items.values()), shown


def _check_line(payment: NetworkPayment, line: RemittanceLine, discount: Decimal) -> None:
    if line.gross is None or line.gross - discount == line.net:
        return
    raise NeedsCorrection(
        Reason.PAYMENT_DIFFERENCE,
        f"Payment {payment.id}: of {line.number} {decimal_text(line.gross)} less discount {decimal_text(discount)} is"
        f" not what is paid, {decimal_text(line.net)}.",
        remedy="Ask the network what the difference is; book it by hand, then discard this.",
        data={"payment": payment.id, "number": line.number},
    )


def _currency(payment: NetworkPayment, items: Sequence[OpenItem]) -> tuple[str, tuple[str, ...]]:
    """The payment's; where the network does not tell one, that of all its invoices, and it is told."""
    if payment.currency:
        return payment.currency, ()
    found = sorted({one.currency for one in items})
    if len(found) == 1:
        return found[0], (f"the network tells no currency: {found[0]}, as its invoices have it",)
    if not found:
        return "", ()
    raise NeedsCorrection(
        Reason.CURRENCY_MISMATCH,
        f"Payment {payment.id} of {decimal_text(payment.amount)} has no currency, its invoices are in"
        f" {', '.join(found)}.",
        remedy="Amounts of several currencies are never added: book it by hand, then discard this.",
        data={"payment": payment.id, "currencies": found},
    )


def _day(payment: NetworkPayment, batch: _Batch) -> date:
    """The day of payment; of one that counts once it has cleared, that day."""
    cleared = payment.cleared_date if batch.settings.paid_when == "cleared" else None
    return cleared or payment.payment_date or _moved(payment) or batch.today


def _moved(payment: NetworkPayment) -> date | None:
    """When it moved there."""
    try:
        return datetime.fromisoformat(payment.modified).date() if payment.modified else None
    except ValueError:
        return None


def _open_day(payment: NetworkPayment, day: date, settings: PaymentsIn) -> tuple[date, tuple[str, ...]]:
    """The day that it is booked on: its own, or the first that is open, by setting.

    Raises:
        NeedsCorrection: its period is closed.
    """
    closed = settings.closed_until
    if closed is None or day > closed:
        return day, ()
    if settings.closed_periods == "first_open_day":
        first = closed + timedelta(days=1)
        return first, (f"dated {day.isoformat()} in a closed period, booked on {first.isoformat()}",)
    raise NeedsCorrection(
        Reason.PERIOD_CLOSED,
        f"Payment {payment.id} is dated {day.isoformat()}; the books are closed until {closed.isoformat()}.",
        remedy="Open the period, or set closed_periods: first_open_day, then replay this; or book it by hand and"
        " discard this.",
        data={"payment": payment.id, "day": day.isoformat(), "closed_until": closed.isoformat()},
    )


def _reference(payment: NetworkPayment, row: DocumentRow) -> str:
    """What tells its entry in the ERP; what happens to the same payment later has a number behind it."""
    return payment.id if row.revision <= 1 else f"{payment.id}/{row.revision}"


def _description(payment: NetworkPayment) -> str:
    number = payment.issued_number or payment.check_number or payment.trace_number
    return f"Payment {payment.id}{f' {number}' if number else ''}"


def _amount(payment: NetworkPayment) -> str:
    return f"{decimal_text(payment.amount)} {payment.currency}".strip()


def _detail(settlement: Settlement) -> dict[str, Any]:
    """What is booked, for people."""
    lines = list(_shown(settlement))
    told = {"told": list(settlement.told)} if settlement.told else {}
    return {"status": settlement.status, "pays": lines[:50], "pays_in_all": len(lines), **told}


def _shown(settlement: Settlement) -> Iterator[dict[str, str]]:
    for payment in settlement.payments:
        for line in payment.lines:
            yield {"number": line.number, "entry": line.entry, "paid": decimal_text(line.amount)}
