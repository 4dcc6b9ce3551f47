"""Payments of the network are read as they move, in windows that overlap; what means something for the books becomes a
document: that it is paid, that it is void, and what nobody understands.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from ml_connector.documents.common import Direction, DocumentKind, changed
from ml_connector.documents.json import dump
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.documents.records import as_json
from ml_connector.errors import NeedsCorrection, Reason, TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import (
    NETWORK_PAYMENTS,
    Changed,
    Ended,
    MarksRead,
    SourceRecord,
    Unreadable,
    record_source,
)
from ml_connector.flows.payments.spoken import settlement_of
from ml_connector.flows.payments_in.history import (
    BY_OTHERS,
    NOT_BEGUN,
    NOTHING_BOOKED,
    OVERTAKEN,
    History,
    Meaning,
    histories,
    is_older,
    meaning_of,
    payment_of,
)
from ml_connector.flows.payments_in.settings import PaymentsIn
from ml_connector.flows.payments_in.spec import FLOW
from ml_connector.flows.records_out.positions import Position
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.document_insert import holders
from ml_connector.ledger.work.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S

Reading = SourceRecord[NetworkPayment]
Decided = tuple[list[NewDocument], list[Move]]


def position_of(integration: Integration) -> Position:
    """Where reading stands."""
    settings = integration.settings.flows.of(PaymentsIn)
    source = f"{FLOW.name}:{integration.network.connection}:{NETWORK_PAYMENTS.name}"
    return Position(integration, FLOW.name, source, settings.start_date)


def read(integration: Integration, work: RunScope) -> StepReport:
    """Read payments that moved. A replay asks for nothing: what was read is kept.

    From where something was another worker's all is read again: what is known of that is known by then.
    """
    report = StepReport("read payments")
    if work.replay:
        return report
    position = position_of(integration)
    start = position.start(dry_run=work.dry_run)
    cursor = position.cursor(start)
    from_start = cursor is None
    # The network's day is not always that of the books: of the day it began, the one before is looked at as well.
    first = start if integration.settings.flows.of(PaymentsIn).start_date else start - timedelta(days=1)
    source = record_source(integration.network, NETWORK_PAYMENTS)
    cursor = cursor or source.begin(start)
    if not work.dry_run:
        with integration.ledger.write() as tx:
            cursors.put(tx, _polled(integration), integration.clock.now().isoformat())
        _mark(source, cursor)
    more = whole = True
    while more and not work.stopped():
        batch = source.changed(cursor)
        whole = _take(integration, work, batch, first, report) and whole
        more, cursor = batch.more and not work.dry_run, batch.cursor
        if cursor is not None and whole and not work.dry_run:
            position.put(cursor, from_start=start if from_start else None)
            _mark(source, cursor)
    return report


def _mark(source: object, cursor: str) -> None:
    """What was read up to there is kept."""
    if isinstance(source, MarksRead):
        source.mark_read(cursor)


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Whether a poll is due: what changed is known to the network alone, and asking costs a call."""
    del erp_usable
    settings = integration.settings.flows.of(PaymentsIn)
    with integration.ledger.read() as tx:
        polled = cursors.get(tx, _polled(integration))
    now = integration.clock.now()
    begun = datetime.fromisoformat(polled) if polled else None
    if look and not (begun is not None and begun <= now < begun + timedelta(seconds=settings.poll_seconds)):
        yield "payments are to be polled"


def _polled(integration: Integration) -> str:
    return f"{position_of(integration).name}:polled"


def _take(
    integration: Integration,
    work: RunScope,
    batch: Changed[NetworkPayment],
    start: date,
    report: StepReport,
) -> bool:
    """Whether all of them are taken in. One that moves while pages are read comes twice: the last reading counts."""
    readings = {one.document.id: one for one in batch.records if _is_ours(one.document, start)}
    report.counts["seen"] += len(readings)
    with integration.ledger.read() as tx:
        others = [*(_number_of(one) for one in batch.unreadable), *(one.id for one in batch.ended)]
        known = histories(integration, tx, [*readings, *others])
    new: list[NewDocument] = []
    moves = [move for one in batch.ended for move in _read_after_all(known.get(one.id, History()), one)]
    for key, reading in readings.items():
        more, done = _decide(integration, reading, known.get(key, History()), report)
        new, moves = [*new, *more], [*moves, *done]
    for bad in batch.unreadable:
        number = _number_of(bad)
        new += _question(integration, number, bad.record, bad.why, known.get(number, History()), report)
    if work.dry_run or not (new or moves):
        return True
    with integration.ledger.write() as tx:
        taken = holders(tx, [one.business_key for one in new if one.business_key])
        free = [one for one in new if one.business_key not in taken]
        if any(one.repeats is not None for one in documents.add_documents(tx, free, work)):
            # Nothing of the transaction is kept.
            raise TryAgain("Another worker was faster: it reads the same payments.", after_seconds=5)
        documents.move(tx, moves, work)
    if len(free) < len(new):
        # Another worker has added them meanwhile.
        report.counts["read_by_another"] += len(new) - len(free)
    return len(free) == len(new)


def _number_of(bad: Unreadable) -> str:
    """What one that cannot be read is known by: its id, else what it holds."""
    return bad.id or f"unreadable {_digest(bad.record)[:12]}"


def _digest(record: str) -> str:
    return hashlib.sha256(record.encode()).hexdigest()


def _read_after_all(before: History, ended: Ended) -> list[Move]:
    """What was held because it could not be read ends by itself."""
    held = [row for row in before.questions if row.source == ended.record]
    changes = {"reason": "read_after_all", "business_key": None}
    return [Move(row.id, S.DISCARDED, "read after all", changes=changes) for row in held]


def _is_ours(payment: NetworkPayment, start: date) -> bool:
    """What was paid before we came is settled. One without a day is looked at."""
    return bool(payment.id) and (payment.payment_date is None or payment.payment_date >= start)


def _decide(integration: Integration, reading: Reading, before: History, report: StepReport) -> Decided:
    payment = reading.document
    meaning = meaning_of(payment, integration.settings.flows.of(PaymentsIn).paid_when)
    if meaning is Meaning.UNCLEAR:
        return _asked(integration, reading, before, report)
    questions = [row for row in before.questions if row.source != reading.record]
    answered = [_overtaken(row, payment) for row in questions]
    new, moves = _understood(integration, reading, before, meaning, report)
    return new, [*answered, *moves]


def _understood(
    integration: Integration, reading: Reading, before: History, meaning: Meaning, report: StepReport
) -> Decided:
    """A reading whose status is known, beside what is booked of the payment."""
    payment, booking = reading.document, before.booking
    if booking is None:
        if meaning is Meaning.PAID:
            return _first_or_again(integration, reading, before, report), []
        report.counts[f"{meaning}_unbooked"] += 1
        known = before.void is not None and not is_older(before.void, payment)
        return [] if meaning is not Meaning.VOID or known else [_void(integration, reading, before)], []
    if meaning is Meaning.VOID:
        return _voided(integration, reading, before, booking, report)
    known = any(is_same(payment_of(row), payment) for row in (booking, *_held(before)))
    if meaning is Meaning.WAITS or known:
        return [], _status(booking, payment)
    # Of what is not booked yet the newer reading counts; else it is held beside what is booked.
    gone = [_overtaken(row, payment) for row in (*_held(before), booking) if row.state in NOT_BEGUN]
    return [_new(integration, reading, before, report)], list({move.document_id: move for move in gone}.values())


def _voided(
    integration: Integration, reading: Reading, before: History, booking: DocumentRow, report: StepReport
) -> Decided:
    """A void of what is booked, or is about to be. One that may be of before that is for a person."""
    payment = reading.document
    if (doubt := _of_before(reading, before, payment_of(booking))) is not None:
        remedy = "It is void: replay this, and the booking is taken back."
        return _question(integration, payment.id, reading.record, _asks(payment, doubt, remedy), before, report), []
    gone = [_overtaken(row, payment) for row in {row.id: row for row in (*_held(before), booking)}.values()
            if row.state in NOT_BEGUN]  # fmt: skip
    if booking.state in NOT_BEGUN:
        report.counts["void_before_booked"] += 1
        return [_void(integration, reading, before)], gone
    return [_new(integration, reading, before, report)], gone


def _held(before: History) -> list[DocumentRow]:
    """Bookings that are held beside one that stands: the same reading is no news."""
    return [row for row in before.counting if row.state is S.QUARANTINED]


def is_same(one: NetworkPayment, other: NetworkPayment) -> bool:
    """Whether two readings pay the same."""

    def paid(payment: NetworkPayment) -> tuple[Any, ...]:
        lines = sorted((line.invoice_external_id, line.number, line.net, line.discount) for line in payment.remittances)
        return payment.amount, payment.currency, [tuple(str(part) for part in line) for line in lines]

    return paid(one) == paid(other)


def _status(booking: DocumentRow, payment: NetworkPayment) -> list[Move]:
    """How far it is by now, where that is news."""
    settlement = settlement_of(booking.work)
    if (settlement.status or payment_of(booking).status) == payment.status or booking.state in BY_OTHERS:
        return []
    changes = {"work": as_json(changed(settlement, status=payment.status))}
    detail = {"status": payment.status, "stage": payment.stage, "modified": payment.modified}
    return [Move(booking.id, None, "the network tells a new status", detail, changes=changes, release=False)]


def _asked(integration: Integration, reading: Reading, before: History, report: StepReport) -> Decided:
    """A word that nobody knows: once, and the one before it is answered by it."""
    payment = reading.document
    same = [row for row in before.questions if row.canonical and payment_of(row).status == payment.status]
    if same:
        return [], []
    overtaken = [_overtaken(row, payment) for row in before.questions]
    return [_new(integration, reading, before, report)], overtaken


def _overtaken(row: DocumentRow, payment: NetworkPayment) -> Move:
    detail = {"status": payment.status, "stage": payment.stage}
    changes = {"reason": OVERTAKEN, "reason_detail": {"message": f"Overtaken: it is {payment.status} by now."}}
    return Move(row.id, S.DISCARDED, "overtaken by a later reading", detail, changes=changes)


def _new(integration: Integration, reading: Reading, before: History, report: StepReport) -> NewDocument:
    payment = reading.document
    report.add("read", None, document=payment.id, partner=partner_name(integration), status=payment.status)
    return _told(integration, reading, before, state=S.PARSED)


def _void(integration: Integration, reading: Reading, before: History) -> NewDocument:
    """That it is void, where nothing is to be taken back: kept, so that an older word is not booked after it."""
    payment = reading.document
    message = f"Payment {payment.id} is void ({payment.status}), and nothing is booked of it: nothing to take back."
    why = {"message": message, "data": {"payment": payment.id, "status": payment.status}}
    return _told(integration, reading, before, state=S.DISCARDED, reason=NOTHING_BOOKED, reason_detail=why)


def _told(integration: Integration, reading: Reading, before: History, **more: Any) -> NewDocument:
    payment = reading.document
    return _document(
        integration,
        payment.id,
        before,
        canonical=dump(payment),
        source=reading.record,
        # Of several invoices the first: `trace` finds the payment by it, and the others by what they were told.
        order_number=next((line.number for line in payment.remittances if line.number), "")[:80],
        business_date=payment.payment_date,
        currency=payment.currency or None,
        amount=payment.amount,
        **more,
    )


def _first_or_again(
    integration: Integration, reading: Reading, before: History, report: StepReport
) -> list[NewDocument]:
    """A payment of which nothing is booked. Told in the very words of before its void, or by a word that is older than
    it, nobody can tell what it is.
    """
    payment, void = reading.document, before.void
    doubt = _of_before(reading, before, void)
    if doubt is None:
        return [_new(integration, reading, before, report)]
    why = _asks(payment, doubt, "It was paid again: replay this, and it is booked.")
    return _question(integration, payment.id, reading.record, why, before, report)


def _of_before(reading: Reading, before: History, last: NetworkPayment | None) -> str | None:
    """What may be a word of before the last one that counts, in words; None where it is news."""
    payment = reading.document
    if before.was_told(reading.record):
        return f"has moved on, and what came before that comes again as it was: {payment.status}."
    if last is not None and is_older(payment, last):
        return f"is {last.status!r}, and an older word of it comes only now: {payment.status}."
    return None


def _asks(payment: NetworkPayment, doubt: str, remedy: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.PAYMENT_REPEATED,
        f"Payment {payment.id} {doubt}",
        remedy=f"Ask the network. {remedy} An old file came once more: discard this.",
        data={"payment": payment.id, "status": payment.status},
    )


def _question(
    integration: Integration, key: str, record: str, why: NeedsCorrection, before: History, report: StepReport
) -> list[NewDocument]:
    """A reading that is no booking and no void, once for each content."""
    digest = _digest(record)
    if any(row.content_hash == digest for row in before.rows):
        return []
    report.add("held", None, document=key, reason=str(why.reason))
    return [
        _document(
            integration,
            key,
            before,
            canonical="",
            source=record,
            state=S.QUARANTINED,
            reason=str(why.reason),
            reason_detail=why.detail,
            held_step=str(S.PARSED),
            content_hash=digest,
        )
    ]


def _document(integration: Integration, number: str, before: History, **more: Any) -> NewDocument:
    partner = partner_name(integration)
    revision = before.next_revision
    return NewDocument(
        kind=DocumentKind.PAYMENT,
        direction=Direction.IN,
        flow=FLOW.name,
        **integration.scope,
        **integration.party(partner),
        number=number[:80],
        revision=revision,
        business_key=integration.business_key(partner, DocumentKind.PAYMENT, number, revision),
        action="read from the network",
        **more,
    )


def partner_name(integration: Integration) -> str:
    """The partner that stands for the network; empty where no file does."""
    return next((name for name, one in integration.partners.items() if one.role == "network"), "")
