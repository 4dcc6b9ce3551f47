"""What has been sent of a record so far, whoever it went to and by which integration."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: Not begun yet: a newer reading of the record replaces the stored one instead of making a revision.
NOT_BEGUN = frozenset({S.READ, S.RESOLVED, S.QUARANTINED})
#: The partner is about to have it: what is told of the same record waits until that is known.
ON_ITS_WAY = frozenset({S.READ, S.RESOLVED, S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME})
#: The partner has it, or is getting it.
HAS = frozenset({S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME, S.SENT, S.OVERDUE, S.ACKNOWLEDGED})


@dataclass(frozen=True)
class RecordHistory:
    """The documents of one record of the ERP, oldest to newest."""

    rows: tuple[DocumentRow, ...] = ()

    @property
    def newest(self) -> DocumentRow | None:
        """The newest that says something: a person's word that it is not to leave counts, a withdrawal does not."""
        counts = [row for row in self.rows if row.state is not S.DISCARDED or row.reason == "discarded"]
        return counts[-1] if counts else None

    @property
    def waiting(self) -> DocumentRow | None:
        """The one that has not left yet."""
        newest = self.newest
        return newest if newest is not None and newest.state in NOT_BEGUN else None

    @property
    def held_by_partner(self) -> DocumentRow | None:
        """The newest that the partner has or is getting; None where it has none, or refused it."""
        has = [row for row in self.rows if row.state in HAS or _may_be_there(row)]
        return has[-1] if has else None

    @property
    def next_revision(self) -> int:
        return max((row.revision for row in self.rows), default=-1) + 1

    def before(self, row: DocumentRow) -> "RecordHistory":
        """What there was before this one."""
        return RecordHistory(tuple(one for one in self.rows if one.revision < row.revision))


def _may_be_there(row: DocumentRow) -> bool:
    """Whether a discarded document had left: nobody answered it, and a person put an end to the waiting."""
    was = row.reason_data.get("was")
    return row.state is S.DISCARDED and was == S.OVERDUE


def histories(integration: Integration, tx: Tx, flow: str, ids: Sequence[str]) -> dict[str, RecordHistory]:
    """What was sent of these records of our company, by the ERP's id of them."""
    rows = [
        row
        for row in documents.outbound_of_orders(tx, integration.books, flow, ids=ids)
        if row.state is not S.DUPLICATE
    ]
    by_id: dict[str, list[DocumentRow]] = {}
    for row in sorted(rows, key=lambda one: (one.revision, one.id)):
        by_id.setdefault(row.source_id or "", []).append(row)
    return {key: RecordHistory(tuple(found)) for key, found in by_id.items()}
