"""Goods receipts as a network is told them: one record a line, behind its order (avidxchange 5)."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.payables.purchasing import NetworkReceipt
from ml_connector.documents.payables.received import ReceivedLine
from ml_connector.documents.records import from_json
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import (
    PURCHASE_ORDERS,
    RECEIVED_GOODS,
    TO_NETWORK_RECEIPTS,
    SourceRecord,
    source_of,
)
from ml_connector.flows.outbound.records import SentRecords, network_ids
from ml_connector.flows.payables.partner import network_partner
from ml_connector.flows.purchasing_out import spec
from ml_connector.flows.purchasing_out.settings import ReceiptRecordsOut
from ml_connector.flows.records_out.history import histories
from ml_connector.flows.records_out.steps import RecordSteps
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.RECEIPTS.name


class ReceiptRecords(DecidedAlone):
    """One record of the network a line that was received."""

    flow = FLOW
    kind = DocumentKind.RECEIPT_RECORD
    source = RECEIVED_GOODS
    what = "receipts for the network"
    told: ClassVar = {
        "dated_before_start": "dated before {start} and left alone: receipt_records_out.start_date says from when on.",
    }

    def start_date(self, integration: Integration) -> str:
        return integration.settings.flows.of(ReceiptRecordsOut).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[ReceivedLine]], start: date, report: StepReport
    ) -> list[Subject]:
        partner = network_partner(integration)
        found: list[Subject] = []
        for one in records:
            line = one.document
            if line.received_on is not None and line.received_on < start:
                report.counts["dated_before_start"] += 1
                continue
            found.append(
                Subject(
                    key=line.id,
                    partner=partner,
                    number=line.receipt_number,
                    order_number=line.order_number,
                    day=line.received_on,
                    ready=True,
                    gone=False,
                    record=one.record,
                    facts=line,
                )
            )
        return found

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        del integration
        return bool(row.work) and _facts(row) == subject.facts

    def content(
        self, integration: Integration, row: DocumentRow, before: DocumentRow | None
    ) -> tuple[Partner, NetworkReceipt]:
        line = _facts(row)
        _order_is_there(integration, line)
        known = ""
        if before is not None:
            with integration.ledger.read() as tx:
                known = network_ids(tx, [before]).get(before.id, "")
        return network_partner(integration), NetworkReceipt(
            id=known,
            external_id=line.id,
            order_number=line.order_number,
            order_line=_line_number(integration, line),
            quantity=line.quantity,
            item=line.item,
            description=line.description,
            unit=line.unit,
            received_on=line.received_on,
            reference=line.reference or line.receipt_number,
        )

    def undated(self, sent: Record) -> Record:
        return sent


def _facts(row: DocumentRow) -> ReceivedLine:
    return from_json(ReceivedLine, row.work or "{}")


def _order_is_there(integration: Integration, line: ReceivedLine) -> None:
    """An order is told before what was received of it. Raises NeedsCorrection: it is not there yet."""
    with integration.ledger.read() as tx:
        known = histories(integration, tx, spec.ORDERS.name, [line.order_id]).get(line.order_id)
    has = known.held_by_partner if known is not None else None
    if has is not None and has.state is S.SENT:
        return
    raise NeedsCorrection(
        Reason.NO_SUCH_ORDER,
        f"Receipt {line.receipt_number} is of order {line.order_number}, which the network does not have yet.",
        remedy="It goes by itself once the order is sent (order_records_out); discard it if the order is to stay.",
        data={"order": line.order_number, "receipt": line.receipt_number},
    )


def _line_number(integration: Integration, line: ReceivedLine) -> int:
    """The number of the order's line, which the receipt names by its id."""
    orders = source_of(integration.erp, PURCHASE_ORDERS).by_id([line.order_id])
    number = next((each.number for one in orders for each in one.document.lines if each.id == line.order_line_id), 0)
    if not number:
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER_LINE,
            f"Receipt {line.receipt_number} is of a line that order {line.order_number} does not have any more.",
            remedy="Look at the order in the ERP; discard this if the line is gone for good.",
            data={"order": line.order_number, "line": line.order_line_id},
        )
    return number


STEPS = RecordSteps(ReceiptRecords())
SENT = SentRecords(FLOW, TO_NETWORK_RECEIPTS, NetworkReceipt)
read, resolve, send, news = STEPS.read, STEPS.resolve, SENT.send, STEPS.news
