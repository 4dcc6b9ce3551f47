"""Letting in a document that was held at the door: its envelope is judged again, and its business key taken.

A document held for its envelope (unknown sender, test on production, repeated control number) or for a number that
came before has no business key yet: only the one document that counts holds it.
"""

from typing import Any

from ml_connector.documents.json import load
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.document_identity import identity_of
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.inbound.envelope_policy import judge_stored
from ml_connector.flows.inbound.flat_documents import judge_flat
from ml_connector.ledger.exchange import envelopes, files
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S


def admit(integration: Integration, row: DocumentRow) -> tuple[DocumentRow, dict[str, Any]]:
    """The row as it is let in, and the columns that this changes; unchanged for documents that are in already.

    Raises:
        NeedsCorrection: the envelope is still wrong, or another document holds the number.
    """
    if row.state is not S.QUARANTINED or row.business_key is not None:
        return row, {}
    changes: dict[str, Any] = {}
    if row.interchange_id is None:
        changes |= _of_flat_file(integration, row)
    else:
        with integration.ledger.read() as tx:
            interchange = envelopes.interchange_row(tx, row.interchange_id)
            file = files.get(tx, row.file_id) if row.file_id is not None else None
        if interchange is not None:
            changes |= integration.party(judge_stored(integration, interchange, file, row.reason or "").name)
    partner = changes.get("partner", row.partner)
    identity = identity_of(load(row.kind, row.canonical), row.canonical)
    key = integration.business_key(partner, row.kind, identity.number, identity.distinct or row.revision or "")
    with integration.ledger.read() as tx:
        holder = documents.by_business_key(tx, key)
    if holder is not None and holder.id != row.id:
        raise NeedsCorrection(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"Number {row.number} came before with other content.",
            remedy="Ask the supplier which one counts; discard the other. A credit note needs a number of its own.",
            data={"number": row.number, "earlier_document": holder.id},
        )
    changes["business_key"] = key
    let_in = {name: changes[name] for name in ("partner", "partner_key") if name in changes}
    return row.having(**let_in, business_key=key), changes


def _of_flat_file(integration: Integration, row: DocumentRow) -> dict[str, Any]:
    """Whose a document of a flat file is, where that was not known."""
    with integration.ledger.read() as tx:
        file = files.get(tx, row.file_id) if row.file_id is not None else None
    partner = judge_flat(integration, file, row.reason_detail or {}) if file is not None else None
    return dict(integration.party(partner.name)) if partner is not None else {}
