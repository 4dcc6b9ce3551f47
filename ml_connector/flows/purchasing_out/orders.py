"""Purchase orders as a network is told them, whole and with each change (avidxchange 5, 8)."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Record, changed
from ml_connector.documents.payables.invoices import LineCode
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkOrderLine
from ml_connector.documents.records import from_json
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import PURCHASE_ORDERS, TO_NETWORK_ORDERS, SourceRecord
from ml_connector.flows.outbound.records import SentRecords, network_ids
from ml_connector.flows.payables.codes import CodeGroups
from ml_connector.flows.payables.known_vendors import vendor_known
from ml_connector.flows.payables.partner import network_partner
from ml_connector.flows.purchasing_out import spec
from ml_connector.flows.purchasing_out.settings import OrderRecordsOut
from ml_connector.flows.records_out.steps import RecordSteps
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.ledger.work.documents import DocumentRow

FLOW = spec.ORDERS.name


def network_order(order: OpenOrder, groups: CodeGroups) -> NetworkOrder:
    """As it is told; its vendor goes by the ERP's id of the supplier, it by that of the order."""
    lines = tuple(_line(line, groups) for line in order.lines)
    return NetworkOrder(
        number=order.number,
        external_id=order.id,
        vendor=order.supplier_id,
        order_date=order.order_date,
        currency=order.currency,
        open=not (order.cancelled or order.complete),
        lines=lines,
    )


def _line(line: OpenOrderLine, groups: CodeGroups) -> NetworkOrderLine:
    named = ((groups.cost_center, line.cost_center), (groups.cost_unit, line.cost_unit))
    return NetworkOrderLine(
        number=line.number,
        quantity=line.quantity,
        unit_price=line.price,
        amount=line.quantity * line.price,
        item=line.item_code,
        description=line.description or line.item_description,
        unit=line.unit,
        codes=tuple(LineCode(group=group, value=value) for group, value in named if group and value),
    )


class OrderRecords(DecidedAlone):
    """One record of the network an order."""

    flow = FLOW
    kind = DocumentKind.ORDER_RECORD
    source = PURCHASE_ORDERS
    what = "orders for the network"
    told: ClassVar = {
        "dated_before_start": "dated before {start} and left alone: order_records_out.start_date says from when on.",
        "not_ready": "not approved yet: read again when they are.",
    }

    def start_date(self, integration: Integration) -> str:
        return _rules(integration).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[OpenOrder]], start: date, report: StepReport
    ) -> list[Subject]:
        partner, rules = network_partner(integration), _rules(integration)
        found: list[Subject] = []
        for one in records:
            order = one.document
            if order.order_date is not None and order.order_date < start:
                report.counts["dated_before_start"] += 1
                continue
            facts = network_order(order, rules.code_groups)
            found.append(
                Subject(
                    key=order.id,
                    partner=partner,
                    number=order.number,
                    order_number=order.number,
                    day=order.order_date,
                    ready=order.approved or not rules.approved_only or order.cancelled,
                    gone=order.cancelled,
                    record=one.record,
                    facts=facts,
                    currency=facts.currency,
                    amount=facts.total if facts.currency else None,
                )
            )
        return found

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        del integration
        return bool(row.work) and _facts(row) == subject.facts

    def content(
        self, integration: Integration, row: DocumentRow, before: DocumentRow | None
    ) -> tuple[Partner, NetworkOrder]:
        order = _facts(row)
        if not order.vendor:
            raise NeedsCorrection(
                Reason.UNKNOWN_SUPPLIER,
                f"Order {row.number} names no supplier.",
                remedy="Enter the supplier in the ERP; the order is read again by itself.",
                data={"order": row.number},
            )
        vendor_known(integration, order.vendor, f"The supplier of order {row.number}")
        if before is not None:
            with integration.ledger.read() as tx:
                order = changed(order, id=network_ids(tx, [before]).get(before.id, ""))
        return network_partner(integration), order

    def undated(self, sent: Record) -> Record:
        return sent


def _rules(integration: Integration) -> OrderRecordsOut:
    return integration.settings.flows.of(OrderRecordsOut)


def _facts(row: DocumentRow) -> NetworkOrder:
    return from_json(NetworkOrder, row.work or "{}")


STEPS = RecordSteps(OrderRecords())
SENT = SentRecords(FLOW, TO_NETWORK_ORDERS, NetworkOrder, harmless_twice=True)
read, resolve, send, news = STEPS.read, STEPS.resolve, SENT.send, STEPS.news
