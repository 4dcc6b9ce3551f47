"""What customers are told of shipments: the flow's part of `flows.records_out`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Purpose, Record, changed
from ml_connector.documents.records import from_json
from ml_connector.documents.sales.shipments import SentShipment
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import SHIPMENTS, SourceRecord
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.core.strangers import partner_named, stand_in
from ml_connector.flows.customers_orders.received import Received, received_orders
from ml_connector.flows.meaning import deadlines
from ml_connector.flows.records_out.steps import RecordSteps
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.flows.shipments_out import spec
from ml_connector.flows.shipments_out.facts import NoticeFacts, ShippedFor
from ml_connector.flows.shipments_out.notice_content import ship_notice
from ml_connector.flows.shipments_out.settings import ShipmentsOut
from ml_connector.ledger.work.documents import DocumentRow

FLOW = spec.FLOW.name
#: Differences of a changed shipment that are told.
SHOWN = 8
#: When a notice was made is nothing that it tells: two are compared as of one moment.
_ANY = datetime(2000, 1, 1, tzinfo=UTC)


class ShipNotices(DecidedAlone):
    """One notice a shipment."""

    flow = FLOW
    kind = DocumentKind.SHIP_NOTICE
    source = SHIPMENTS
    what = "shipments"
    told: ClassVar = {
        "not_of_a_partner": "of no order by EDI, or of partners that are told nothing: left alone.",
        "dated_before_start": "dated before {start} and left alone: shipments_out.start_date says from when on.",
        "not_ready": "not confirmed yet: read again when they are.",
    }

    def start_date(self, integration: Integration) -> str:
        return integration.settings.flows.of(ShipmentsOut).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[SentShipment]], start: date, report: StepReport
    ) -> list[Subject]:
        """Those with lines of orders that a partner sent, which is told of them."""
        behind = received_orders(integration, {line.order_id for one in records for line in one.document.lines})
        found: list[Subject] = []
        for one in records:
            shipment = one.document
            orders = [behind[line.order_id] for line in shipment.lines if line.order_id in behind]
            partner = _taker(integration, orders)
            if partner is None:
                report.counts["not_of_a_partner"] += 1
            elif shipment.ship_date < start:
                report.counts["dated_before_start"] += 1
            else:
                found.append(_subject(integration, one, partner, behind))
        return found

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        kept, now = _facts(row), subject.facts
        assert isinstance(now, NoticeFacts)
        if kept is None or kept.shipment.gone != now.shipment.gone:
            return False
        if _still(kept) == _still(now):
            return True
        settings, rules = integration.settings, integration.settings.flows.of(ShipmentsOut)
        first, second = (
            attempt(partial(ship_notice, each, subject.partner, settings, rules, _ANY)) for each in (kept, now)
        )
        return isinstance(first, ShipNotice) and first == second

    def content(
        self, integration: Integration, row: DocumentRow, before: DocumentRow | None
    ) -> tuple[Partner, ShipNotice]:
        partner = partner_named(integration, row)
        facts = _facts(row)
        if facts is None or not partner.takes_shipments:
            raise _not_wanted(row, partner)
        if facts.shipment.gone:
            raise _gone(row, partner)
        rules = integration.settings.flows.of(ShipmentsOut)
        at = integration.clock.now()
        again = before is not None or row.reason == Reason.CHANGED_AFTER_SENDING
        purpose = Purpose.REPLACE if again else Purpose.ORIGINAL
        sent = ship_notice(facts, partner, integration.settings, rules, at, purpose=purpose)
        if again and partner.shipments.changed == "hold":
            raise _changed(row, partner, sent, before)
        return partner, sent

    def undated(self, sent: Record) -> Record:
        assert isinstance(sent, ShipNotice)
        return changed(sent, notice_date=None, notice_time=None)


def _taker(integration: Integration, orders: Sequence[Received]) -> Partner | None:
    """Who is told of a shipment: the one that sent the first of its orders, where its file asks for it."""
    if not orders:
        return None
    row = orders[0].row
    if row.network != integration.network.connection:
        return None  # its orders came another way, and it is told that way
    partner = integration.partner_of(row)
    if partner is None:
        problem = integration.stopped(row.partner)
        return stand_in(problem) if problem is not None and problem.customer else None
    return partner if partner.takes_shipments else None


def _subject(
    integration: Integration, one: SourceRecord[SentShipment], partner: Partner, behind: dict[str, Received]
) -> Subject:
    shipment = one.document
    key = integration.party(partner.name)["partner_key"]
    orders: dict[str, ShippedFor] = {}
    others: list[str] = []
    for line in shipment.lines:
        received = behind.get(line.order_id)
        theirs = received is not None and (not key or received.row.partner_key == key)
        if received is None or not theirs or line.order_id not in received.written:
            others.append(line.order_number or line.order_id)
        elif line.order_id not in orders:
            orders[line.order_id] = ShippedFor(
                order_id=line.order_id,
                document=received.row.id,
                order=received.order,
                posted=received.written[line.order_id],
            )
    first = next(iter(orders.values()), None)
    now = integration.clock.now()
    return Subject(
        key=shipment.id,
        partner=partner,
        number=shipment.number,
        order_number=first.order.number if first is not None else "",
        day=shipment.ship_date,
        ready=shipment.confirmed or shipment.gone,
        gone=shipment.gone,
        record=one.record,
        facts=NoticeFacts(shipment=shipment, orders=tuple(orders.values()), others=tuple(dict.fromkeys(others))),
        due_at=deadlines.due(partner, DocumentKind.SHIP_NOTICE, min(shipment.moved_at or now, now)),
    )


def _facts(row: DocumentRow) -> NoticeFacts | None:
    return from_json(NoticeFacts, row.work) if row.work else None


def _still(facts: NoticeFacts) -> NoticeFacts:
    """Without when its record moved, and which received documents its orders have here."""
    orders = tuple(changed(one, document=0) for one in facts.orders)
    shipment = changed(facts.shipment, moved_at=None, confirmed=True)
    return changed(facts, shipment=shipment, orders=orders)


def _not_wanted(row: DocumentRow, partner: Partner) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNKNOWN_PARTNER,
        f"Shipment {row.number} is for {partner.name}, which gets no ship notices by its file.",
        remedy="Write `shipments: {send: true}` into the customer's file; or discard this here.",
        data={"partner": partner.name, "shipment": row.number},
    )


def _gone(row: DocumentRow, partner: Partner) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.CHANGED_AFTER_SENDING,
        f"Shipment {row.number} was cancelled in the ERP; {partner.name} was told of it.",
        remedy=f"Tell {partner.name}, and discard this here.",
        data={"shipment": row.number, "partner": partner.name},
    )


def _changed(row: DocumentRow, partner: Partner, sent: ShipNotice, before: DocumentRow | None) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.CHANGED_AFTER_SENDING,
        f"Shipment {row.number} was corrected in the ERP after {partner.name} was told of it"
        f" ({_shown(sent, before) or 'no detail kept'}).",
        remedy="Agree it with the customer and discard this here; or set shipments.changed: replace in its file: then"
        " it is sent the whole notice again (BSN01 05).",
        data={"shipment": row.number, "partner": partner.name, "sent": before.id if before is not None else None},
    )


def _shown(sent: ShipNotice, before: DocumentRow | None) -> str:
    """What is different, in few words."""
    if before is None or not before.canonical:
        return ""
    had = stored(DocumentKind.SHIP_NOTICE, before.canonical, ShipNotice)
    plain = {"tree": (), "purpose": Purpose.ORIGINAL, "notice_date": None, "notice_time": None}
    found = list(differences([changed(had, **plain)], [changed(sent, **plain)]))
    told = [f"{one.path}: {one.first} -> {one.second}" for one in found[:SHOWN]]
    return "; ".join([*told, *([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])])


STEPS = RecordSteps(ShipNotices())
read, resolve, news = STEPS.read, STEPS.resolve, STEPS.news
