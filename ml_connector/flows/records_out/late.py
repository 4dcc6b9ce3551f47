"""Standing questions to the ledger: what is past its partner's deadline and has not left."""

from ml_connector.clock import Clock
from ml_connector.documents.kinds import DocumentKind
from ml_connector.flows.core.spec import LedgerFinding
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search import owed


def acknowledgments(tx: Tx, clock: Clock, integration: str) -> LedgerFinding:
    """Orders that are not acknowledged in time."""
    return _late(tx, clock, integration, DocumentKind.ORDER_ACKNOWLEDGMENT)


def notices(tx: Tx, clock: Clock, integration: str) -> LedgerFinding:
    """Shipments that are not told in time."""
    return _late(tx, clock, integration, DocumentKind.SHIP_NOTICE)


def _late(tx: Tx, clock: Clock, integration: str, kind: DocumentKind) -> LedgerFinding:
    rows = [row for row in owed.owed(tx, clock.now(), integration) if owed.owed_kind(row.kind) is kind]
    shown = [
        {
            "document_id": row.id,
            "partner": row.partner,
            "number": row.number,
            "state": str(row.state),
            "due": row.due_at.isoformat(timespec="minutes") if row.due_at else "",
        }
        for row in rows[:20]
    ]
    before = sum(one.number for one in owed.missed(tx, integration) if one.kind == kind)
    return LedgerFinding(len(rows), shown, {"left_too_late": before})
