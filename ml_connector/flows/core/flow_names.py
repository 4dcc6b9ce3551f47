"""Which flow a document that came belongs to, and the flows that are of no integration's choosing."""

from collections.abc import Mapping

from ml_connector.config.partners import Role
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
#: Whose documents a flow is for. One that is not here (acknowledgments of anybody) serves all roles.
ROLES_OF_FLOW: Mapping[str, frozenset[Role]] = {
    "orders_out": frozenset({"supplier"}),
    "invoices_in": frozenset({"supplier"}),
    "shipments_in": frozenset({"supplier"}),
}
UNREADABLE_FLOW = "unreadable"
ANSWERS_FLOW = "acknowledgments_out"
