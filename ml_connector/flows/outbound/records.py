"""Records sent to a network that has them (`flows.core.ports.network`), each once as far as it can be known.

As bills are posted to an ERP: the exact payload is stored before the call, a write whose answer was lost is looked up
by our id of the record before it is sent again, and what stands twice all the same is found and told (`flows.posting`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from ml_connector.documents.common import Record, changed
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import PlannedOperation, RecordTarget, TargetName, record_target
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.outbound.later_answers import take_answers
from ml_connector.flows.outbound.left_before import left_before
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

R = TypeVar("R", bound=Record)

#: Says which writes a document is: `plan` of the target, or `withdraw`.
Writes = Callable[[RecordTarget[R], DocumentRow, R, str], Sequence[PlannedOperation]]


def as_it_is(target: RecordTarget[R], row: DocumentRow, record: R, key: str) -> Sequence[PlannedOperation]:
    """The record is brought there: made where it has no `id` of the network, else changed."""
    del row
    return target.plan(record, key)


@dataclass(frozen=True)
class SentRecords(Generic[R]):
    """Documents of a flow whose canonical form is a record of a network.

    wakes: what others are held for that may be mended once one has arrived. harmless_twice: the newer one counts there.
    """

    flow: str
    target: TargetName[R]
    model: type[R]
    writes: Writes[R] = as_it_is
    wakes: frozenset[Reason] = frozenset()
    harmless_twice: bool = False

    def planned(self, integration: Integration, row: DocumentRow, sent_before: int = 0) -> list[PlannedOperation]:
        """The writes of one document. sent_before: how often it was sent and refused later; each time has its own key.

        Raises:
            NeedsCorrection: it cannot be expressed there.
        """
        record = stored(row.kind, row.canonical or "", self.model)
        key = f"{operation_key(row)}-{sent_before + 1}" if sent_before else operation_key(row)
        return list(self.writes(record_target(integration.network, self.target), row, record, key))

    def _changed(self, integration: Integration, row: DocumentRow, known: str) -> list[PlannedOperation]:
        """The writes that bring the record of this id there to what the document says."""
        record = changed(stored(row.kind, row.canonical or "", self.model), id=known)
        return list(self.writes(record_target(integration.network, self.target), row, record, operation_key(row)))

    @property
    def kind(self) -> PostableKind:
        return PostableKind(
            self.flow,
            self.planned,
            self._prepare,
            ready=S.RESOLVED,
            begun=S.SENDING,
            done=S.SENT,
            held_at=S.READ,
            side="network",
            wakes=self.wakes,
        )

    def send(self, integration: Integration, work: RunScope) -> StepReport:
        """Send everything that is resolved, each once, and finish what an earlier run left open."""
        answered = take_answers(integration, work)
        report = post(integration, work, self.kind)
        report.merge(answered)
        return report

    def _prepare(
        self, integration: Integration, rows: Sequence[DocumentRow], report: StepReport
    ) -> Mapping[int, Prepared | NeedsCorrection]:
        with integration.ledger.read() as tx:
            known = operations.of_documents(tx, [row.id for row in rows])
        before = Counter(one.document_id for one in known if one.state == "done" and one.ref is None)
        plans = {row.id: attempt(partial(self.planned, integration, row, before[row.id])) for row in rows}
        first = {
            row.id: (row, plan)
            for row in rows
            if not before[row.id] and row.parent_id is None and not isinstance(plan := plans[row.id], NeedsCorrection)
        }
        change = partial(self._changed, integration) if self.harmless_twice else None
        left = left_before(integration, first, report, change=change)
        return {
            key: left[key] if key in left else plan if isinstance(plan, NeedsCorrection) else Prepared(plan)
            for key, plan in plans.items()
        }


def network_ids(tx: Tx, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """The network's id of the record that each of these documents brought there, by document; absent: none yet.

    Writes that are about a part of it (`ref`) have ids of their own.
    """
    known = operations.of_documents(tx, [row.id for row in rows])
    done = (one for one in known if one.state == "done" and one.ref is None)
    return {one.document_id: one.outside_id for one in done if one.outside_id}
