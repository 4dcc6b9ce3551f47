"""In which format a partner is sent documents, X12 or a layout of its own, in which set, and when it answers them."""

from datetime import datetime, timedelta

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.edi.mapping.registry import KINDS
from ml_connector.edi.validation.schema import set_rule
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.layouts import Layout
from ml_connector.ledger.work.documents import DocumentRow

#: What answers; never answered itself, and an answer that comes to one all the same changes nothing (edi-operations 7).
ANSWERS = frozenset({DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT})
#: The X12 set of each kind of document; a TA1 is none, and stands in no group.
SET_OF_KIND = {
    **{kind: set_type for set_type, kind in reversed(KINDS.items())},
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT: "TA1",
}
#: Sets that say something of the business: what a partner's application may advise about (824).
BUSINESS_SETS = tuple(
    set_type
    for kind, set_type in SET_OF_KIND.items()
    if kind not in ANSWERS and kind is not DocumentKind.APPLICATION_ADVICE
)


def group_of(set_type: str) -> str:
    """GS01 of a set; empty for what stands in no group."""
    rule = set_rule(set_type, "004010")
    return rule.group if rule is not None else ""


def kinds_of_group(functional_id: str) -> frozenset[DocumentKind]:
    """What may stand in a group with this GS01."""
    return frozenset(kind for kind, set_type in SET_OF_KIND.items() if group_of(set_type) == functional_id)


def layout_for(integration: Integration, partner: Partner, kind: DocumentKind) -> Layout | None:
    """The layout that a partner gets documents of this kind in; None for X12."""
    name = partner.layouts.send.of(kind)
    return integration.layouts[name] if name else None


def layout_of(integration: Integration, partner: Partner, row: DocumentRow) -> Layout | None:
    """The layout that a partner gets this document in; None for X12. Of a reference table it goes by the table."""
    if row.kind is not DocumentKind.REFERENCE_DATA:
        return layout_for(integration, partner, row.kind)
    rule = partner.reference_data.get(row.number)
    if rule is None:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Partner {partner.name} is not told {row.number} any more: its file has no reference_data.{row.number}.",
            remedy="Write it into the partner's file again and replay this; or discard it.",
            data={"partner": partner.name, "table": row.number},
        )
    return integration.layouts[rule.layout]


def set_name(row: DocumentRow) -> str:
    """What a file's name says of what is in it: the X12 set, or the reference table."""
    return row.number if row.kind is DocumentKind.REFERENCE_DATA else SET_OF_KIND[row.kind]


def answer_due(integration: Integration, row: DocumentRow) -> datetime | None:
    """When the partner's 997 is overdue; never for acknowledgments (edi-operations 7 and 9)."""
    partner: Partner | None = integration.partner_of(row)
    if partner is None or not partner.acknowledgments.expect:
        return None
    if row.kind in ANSWERS or row.kind is DocumentKind.REFERENCE_DATA:
        return None
    if layout_for(integration, partner, row.kind) is not None:
        return None  # the network's own 997s are not seen in flat files (truecommerce 5)
    return integration.clock.now() + timedelta(hours=partner.acknowledgments.overdue_after_hours)
