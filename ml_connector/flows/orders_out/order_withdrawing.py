"""Orders that a partner has and is to have no longer: deleted in the ERP, or given to another supplier.

Both are cancelled with the partner that has them, or held for the buyer (`orders.withdrawn` of the partner). What the
new supplier gets waits until the old one is told.
"""

from collections.abc import Sequence

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import SourceOrder
from ml_connector.flows.orders_out.order_comparing import expects_more, is_received, same_supplier
from ml_connector.flows.orders_out.order_records import Reader, Withdrawal, order_reader, withdrawn
from ml_connector.flows.orders_out.order_revisions import FLOW, NOT_BEGUN, OrderHistory, histories, order_ids, record_of
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, NewDocument
from ml_connector.ledger.work.states import DocumentState as S


def known_ids(integration: Integration, ids: Sequence[str]) -> list[str]:
    """Those of these orders of which documents were made."""
    with integration.ledger.read() as tx:
        rows = documents.outbound_of_orders(tx, integration.books, FLOW, ids=ids)
    return list(dict.fromkeys(row.source_id for row in rows if row.source_id))


def deleted_orders(integration: Integration, ids: Sequence[str], report: StepReport) -> list[SourceOrder]:
    """Orders that are gone from the ERP as they were known last; those of which nothing was ever made are left out."""
    if not ids:
        return []
    read = order_reader(integration.erp)
    with integration.ledger.read() as tx:
        rows = documents.outbound_of_orders(tx, integration.books, FLOW, ids=ids)
    found: list[SourceOrder] = []
    for key, before in histories(rows, order_ids(rows, read)).items():
        newest = before.newest
        if newest is None:
            continue
        if newest.source:
            found.append(withdrawn(newest.source, Withdrawal.DELETED, read))
        else:
            report.notes.append(
                f"Order {newest.number} ({key}) was deleted in the ERP; its record is not kept here any more: "
                f"tell {newest.partner} that it is cancelled."
            )
    return found


def suppliers_left(integration: Integration, before: OrderHistory, order: OpenOrder, read: Reader) -> list[DocumentRow]:
    """What other suppliers have of an order that is not theirs any more, and are not being told.

    A partner of an integration that does not run any more cannot be told: who gets the order is asked then.
    """
    running = {integration.name, *integration.notice_readers}
    found: dict[str, DocumentRow] = {}
    for holder in before.holders:
        record = record_of(holder, read)
        if record is None or same_supplier(record, order) or holder.integration not in running:
            continue
        if is_received(order) and not expects_more(order, record):
            continue  # it delivered all of it, and whose the order is by now changes nothing for it
        if not before.is_leaving(holder, read):
            found[record.supplier_id or record.supplier_code] = holder  # its newest, under whatever identity
    return list(found.values())


def withdrawals_taken_back(before: OrderHistory, order: OpenOrder, read: Reader) -> list[DocumentRow]:
    """Withdrawals that have not left, from a supplier that has the order again."""
    found: list[DocumentRow] = []
    for row in before.withdrawals:
        record = record_of(row, read) if row.state in NOT_BEGUN else None
        if record is not None and same_supplier(record, order):
            found.append(row)
    return found


def withdrawal(integration: Integration, holder: DocumentRow, revision: int, read: Reader) -> NewDocument:
    """The document that tells a partner that the order is another supplier's now; it leaves the way the order went."""
    source = withdrawn(holder.source or "", Withdrawal.MOVED, read)
    return NewDocument(
        kind=DocumentKind.ORDER_CHANGE if holder.kind is DocumentKind.ORDER_CHANGE else DocumentKind.ORDER,
        direction=Direction.OUT,
        flow=FLOW,
        integration=holder.integration,
        connection=holder.connection,
        system=holder.system,
        company=holder.company,
        network=holder.network,
        partner=holder.partner,
        partner_key=holder.partner_key,
        number=holder.number,
        revision=revision,
        order_number=holder.order_number,
        business_key=integration.order_key(source.document.id, revision),
        business_date=holder.business_date,
        currency=holder.currency,
        amount=holder.amount,
        state=S.READ,
        canonical="",
        source=source.record,
        source_id=source.document.id,
        parent_id=holder.id,
        action="given to another supplier in the ERP",
    )
