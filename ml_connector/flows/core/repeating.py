"""What may be sent twice without harm."""

from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.work.documents import DocumentRow

#: Saying the same twice does no harm: the partner sees the same bytes under the same ISA13 (DESIGN section 3), or the
#: same rows of a table under the same name, before anything newer of that table (docs/decisions/0021).
_REPEATABLE = (
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT,
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT,
    DocumentKind.REFERENCE_DATA,
)


def may_be_repeated(integration: Integration, row: DocumentRow) -> bool:
    """Whether the same bytes under the same name may go twice."""
    if row.kind in _REPEATABLE:
        return True
    partner = integration.partner_of(row)
    return partner is not None and partner.orders.deduplicates
