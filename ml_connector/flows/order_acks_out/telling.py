"""What the customers of sales orders are told: the flow's part of `flows.records_out`."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Record, changed
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.documents.records import from_json
from ml_connector.documents.sales.standing import OrderStanding, StandingOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import STANDING_ORDERS, SourceRecord, source_of
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.strangers import partner_named, stand_in
from ml_connector.flows.customers_orders.received import Received, received_orders
from ml_connector.flows.meaning import deadlines
from ml_connector.flows.order_acks_out import spec
from ml_connector.flows.order_acks_out.ack_content import acknowledge, same_to_customer
from ml_connector.flows.order_acks_out.facts import AckFacts, TakenOrder
from ml_connector.flows.order_acks_out.settings import OrderAcksOut
from ml_connector.flows.records_out.history import HAS
from ml_connector.flows.records_out.steps import RecordSteps
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.ledger.work.documents import DocumentRow, Move

FLOW = spec.FLOW.name


class OrderAcks(DecidedAlone):
    """One acknowledgment an order of a customer, whatever it became in the ERP."""

    flow = FLOW
    kind = DocumentKind.ORDER_ACKNOWLEDGMENT
    source = STANDING_ORDERS
    what = "sales orders"
    told: ClassVar = {
        "not_of_a_partner": "that no order of a partner's is behind, or whose partner is told nothing: left alone.",
        "came_before_start": "that came before {start} and left alone: order_acks_out.start_date says from when on.",
        "not_ready": "that nobody has accepted yet: read again when they are.",
    }

    def start_date(self, integration: Integration) -> str:
        return integration.settings.flows.of(OrderAcksOut).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[StandingOrder]], start: date, report: StepReport
    ) -> list[Subject]:
        """By the order that came: those of which a record moved, with all records that they became."""
        by_id = {one.document.id: one for one in records}
        behind = received_orders(integration, by_id)
        report.counts["not_of_a_partner"] += len(by_id) - len(behind)
        wanted: dict[int, tuple[Received, Partner]] = {}
        for received in behind.values():
            partner = _taker(integration, received)
            if partner is None:
                report.counts["not_of_a_partner"] += 1
            elif received.row.created_at.astimezone(integration.erp.traits.zone).date() < start:
                report.counts["came_before_start"] += 1
            else:
                wanted[received.row.id] = (received, partner)
        missing = {key for received, _ in wanted.values() for key in received.written} - by_id.keys()
        if missing:
            found = source_of(integration.erp, STANDING_ORDERS).by_id(sorted(missing))
            by_id |= {one.document.id: one for one in found}
        made = (_subject(integration, received, partner, by_id) for received, partner in wanted.values())
        return [one for one in made if one is not None]

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        del integration
        if row.state in HAS and subject.partner.order_acks.again == "never":
            return True
        kept = _facts(row)
        assert isinstance(subject.facts, AckFacts)
        if not subject.facts.taken:
            return True  # the customer has cancelled it, and is told nothing of its own doing
        return kept is not None and _says_the_same(kept, subject.facts, subject.partner)

    def content(
        self, integration: Integration, row: DocumentRow, before: DocumentRow | None
    ) -> tuple[Partner, OrderAcknowledgment]:
        partner = partner_named(integration, row)
        facts = _facts(row)
        if facts is None or not partner.takes_order_acks:
            raise _not_wanted(row, partner)
        again = before is not None or row.reason == Reason.CHANGED_AFTER_SENDING
        if again and partner.order_acks.again == "hold":
            raise _changed(row, partner)
        sent = acknowledge(facts, partner, again=again)
        return partner, changed(sent, acknowledgment_date=integration.clock.now().date())

    def undated(self, sent: Record) -> Record:
        assert isinstance(sent, OrderAcknowledgment)
        return changed(sent, acknowledgment_date=None)

    def withdrawn(self, row: DocumentRow) -> list[Move]:
        """The order has its deadline back."""
        facts = _facts(row)
        if facts is None or row.due_at is None:
            return []
        back = {"due_at": row.due_at}
        return [Move(facts.document, None, "its answer was given up", changes=back, release=False)]


def _taker(integration: Integration, received: Received) -> Partner | None:
    """Who is told of an order: the partner that sent it, where its file asks for it.

    A partner that is stopped by its file has what is for it kept, until the file is mended.
    """
    if received.row.network != integration.network.connection:
        return None  # it came another way, and is answered that way
    partner = integration.partner_of(received.row)
    if partner is None:
        problem = integration.stopped(received.row.partner)
        return stand_in(problem) if problem is not None and problem.customer else None
    return partner if partner.takes_order_acks else None


def _subject(
    integration: Integration,
    received: Received,
    partner: Partner,
    by_id: dict[str, SourceRecord[StandingOrder]],
) -> Subject | None:
    """None where a sales order of it is not in the ERP any more: nobody can tell how that stands."""
    if not received.written.keys() <= by_id.keys():
        return None
    key = received.key
    taken = tuple(TakenOrder(posted=posted, standing=by_id[key].document) for key, posted in received.written.items())
    row = received.row
    facts = AckFacts(document=row.id, came_at=row.created_at, order=received.order, taken=taken)
    due = deadlines.due(partner, DocumentKind.ORDER_ACKNOWLEDGMENT, row.created_at)
    return Subject(
        key=key,
        partner=partner,
        number=row.number,
        order_number=row.number,
        day=integration.clock.now().date(),
        ready=facts.decided,
        gone=not taken,
        record=by_id[key].record if key in by_id else "",
        facts=facts,
        due_at=due,
        on_behalf=row.id if row.due_at is not None else None,
    )


def _facts(row: DocumentRow) -> AckFacts | None:
    return from_json(AckFacts, row.work) if row.work else None


def _says_the_same(had: AckFacts, now: AckFacts, partner: Partner) -> bool:
    """Whether a customer sees no difference between two readings, under the same settings."""
    if had == now:
        return True
    first, second = (attempt(partial(acknowledge, each, partner, again=True)) for each in (had, now))
    if isinstance(first, OrderAcknowledgment) and isinstance(second, OrderAcknowledgment):
        return same_to_customer(first, second, done=_is_done(now))
    # What cannot be told is compared as it was read, but for when its records moved.
    return _still(had) == _still(now)


def _is_done(facts: AckFacts) -> bool:
    """Whether nothing more comes of any line."""
    return all(
        one.standing.standing is OrderStanding.CANCELLED
        or all(line.closed or line.shipped >= line.quantity for line in one.standing.lines)
        for one in facts.taken
    )


def _still(facts: AckFacts) -> AckFacts:
    taken = tuple(changed(one, standing=changed(one.standing, moved_at=None)) for one in facts.taken)
    return changed(facts, taken=taken)


def _not_wanted(row: DocumentRow, partner: Partner) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"Order {row.number} is of {partner.name}, which gets no acknowledgments by its file.",
        remedy="Write `order_acks: {send: true}` into the customer's file; or discard this here.",
        data={"partner": partner.name, "order": row.number},
    )


def _changed(row: DocumentRow, partner: Partner) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.CHANGED_AFTER_SENDING,
        f"Order {row.number} was changed in the ERP after {partner.name} was told what is taken of it.",
        remedy="Agree it with the customer and discard this here; or set order_acks.again: replace in its file: then it"
        " is told again (BAK01 05).",
        data={"order": row.number, "partner": partner.name},
    )


STEPS = RecordSteps(OrderAcks())
read, resolve, news = STEPS.read, STEPS.resolve, STEPS.news
