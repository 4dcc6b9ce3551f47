"""In which format a partner is sent documents: X12, or a layout of its own."""

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.integration import Integration
from ml_connector.layouts import Layout


def layout_for(integration: Integration, partner: Partner, kind: DocumentKind) -> Layout | None:
    """The layout that a partner gets documents of this kind in; None for X12."""
    sent = partner.layouts.send
    name = {DocumentKind.ORDER: sent.order, DocumentKind.ORDER_CHANGE: sent.order_change}.get(kind, "")
    return integration.layouts[name] if name else None
