"""Partners: who is behind a network, by role. One file each."""

from ml_connector.config.partners.acknowledged import ACK_CODES, LineStatus, OrderAcksToPartner
from ml_connector.config.partners.answers import (
    ANSWER_ELEMENTS,
    NOTICE_ELEMENTS,
    AcknowledgmentRules,
    OrderAnswers,
    ShipNotices,
    upper_codes,
)
from ml_connector.config.partners.deadlines import BusinessDays, Deadline, Deadlines
from ml_connector.config.partners.files import Channels, PartnerLayouts, SentLayouts
from ml_connector.config.partners.invoices import InvoicesToPartner
from ml_connector.config.partners.orders import FILE_NAME_PARTS, OrderChanges, OrdersToPartner
from ml_connector.config.partners.partner import Partner, Role
from ml_connector.config.partners.reference import TableToPartner
from ml_connector.config.partners.sales import OrderTypeMeaning, PriceTolerance, SalesRules, rules_for
from ml_connector.config.partners.shipped import ShipmentsToPartner
from ml_connector.config.partners.tolerances import MatchTolerances, Tolerance
from ml_connector.config.partners.x12 import X12Guide, X12Identity, X12Writing

__all__ = [
    "ACK_CODES",
    "ANSWER_ELEMENTS",
    "FILE_NAME_PARTS",
    "NOTICE_ELEMENTS",
    "AcknowledgmentRules",
    "BusinessDays",
    "Channels",
    "Deadline",
    "Deadlines",
    "InvoicesToPartner",
    "LineStatus",
    "MatchTolerances",
    "OrderAcksToPartner",
    "OrderAnswers",
    "OrderChanges",
    "OrderTypeMeaning",
    "OrdersToPartner",
    "Partner",
    "PartnerLayouts",
    "PriceTolerance",
    "Role",
    "SalesRules",
    "SentLayouts",
    "ShipNotices",
    "ShipmentsToPartner",
    "TableToPartner",
    "Tolerance",
    "X12Guide",
    "X12Identity",
    "X12Writing",
    "rules_for",
    "upper_codes",
]
