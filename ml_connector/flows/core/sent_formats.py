"""In which format a partner is sent documents, X12 or a layout of its own, and when it acknowledges them."""

from datetime import datetime, timedelta

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.integration import Integration
from ml_connector.layouts import Layout
from ml_connector.ledger.work.documents import DocumentRow


def layout_for(integration: Integration, partner: Partner, kind: DocumentKind) -> Layout | None:
    """The layout that a partner gets documents of this kind in; None for X12."""
    sent = partner.layouts.send
    name = {DocumentKind.ORDER: sent.order, DocumentKind.ORDER_CHANGE: sent.order_change}.get(kind, "")
    return integration.layouts[name] if name else None


def answer_due(integration: Integration, row: DocumentRow) -> datetime | None:
    """When the partner's 997 is overdue; never for acknowledgments (edi-operations 7 and 9)."""
    partner: Partner | None = integration.partner_of(row)
    if partner is None or not partner.acknowledgments.expect:
        return None
    if row.kind not in {DocumentKind.ORDER, DocumentKind.ORDER_CHANGE}:
        return None
    if layout_for(integration, partner, row.kind) is not None:
        return None  # the network's own 997s are not seen in flat files (truecommerce 5)
    return integration.clock.now() + timedelta(hours=partner.acknowledgments.overdue_after_hours)
