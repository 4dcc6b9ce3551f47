"""Which flow a document that came belongs to, and the flows that are of no integration's choosing."""

from ml_connector.documents.common import DocumentKind

FLOW_OF_KIND = {
    DocumentKind.INVOICE: "invoices_in",
    DocumentKind.SHIP_NOTICE: "shipments_in",
    DocumentKind.ORDER_ACKNOWLEDGMENT: "acknowledgments_in",
    DocumentKind.CHANGE_ACKNOWLEDGMENT: "acknowledgments_in",
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT: "acknowledgments_in",
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT: "acknowledgments_in",
    DocumentKind.APPLICATION_ADVICE: "acknowledgments_in",
}
UNREADABLE_FLOW = "unreadable"
ANSWERS_FLOW = "acknowledgments_out"
