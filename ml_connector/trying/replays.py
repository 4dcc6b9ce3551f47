"""What a replay of documents would do: the steps of a run over a scratch ledger, and nobody is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ml_connector.documents.kinds import Direction
from ml_connector.errors import ConfigError, NotPossibleError
from ml_connector.flows import operator_actions, pipeline
from ml_connector.flows.concurrent import Step
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.spec import ANSWERS_FLOW, INBOUND, OUTBOUND
from ml_connector.flows.core.spec import Direction as Way
from ml_connector.flows.inbound import receiving
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.trying.explain import Decided, decisions
from ml_connector.trying.results import Reason, Reference, Write, reason_of, writes_of
from ml_connector.trying.scratch import Wanted, fill, scratch
from ml_connector.trying.trial import name_what, reference_of, stage

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

_d, _o = t.document, t.operation.c
#: More documents than this are not tried at once.
MOST = 50


@dataclass(frozen=True)
class Replayed:
    """What would become of one document. writes: those that are not made yet and would be."""

    row: DocumentRow
    after: S
    reason: Reason | None
    writes: Sequence[Write]
    decided: Sequence[Decided]


@dataclass(frozen=True)
class TriedReplay:
    """What a replay would do. reference: the tables that it would decide by, as read last."""

    documents: Sequence[Replayed]
    reference: Sequence[Reference]
    as_of: date | None

    @property
    def read_at(self) -> datetime | None:
        """When the oldest of the tables was last found as it is."""
        return min((one.checked_at for one in self.reference), default=None)


def try_replay(deployment: "Deployment", ids: Sequence[int], *, as_of: date | None = None) -> TriedReplay:
    """What would become of documents of one integration. Nothing is written anywhere.

    Raises:
        ConfigError: there is no ledger, nothing was ever read from the ERP, or there is no such document.
        NotPossibleError: they are of several integrations, or too many.
    """
    patience = deployment.loaded.settings.ledger.patience_seconds
    real = Ledger.open(deployment.ledger_url, deployment.clock, create=False, patience=patience)
    try:
        with real.read() as tx:
            rows = documents.get_many(tx, ids)
        integration = _integration_of(rows, ids)
        connection = deployment.loaded.integration(integration).erp
        wanted = Wanted(ids={row.id for row in rows})
        for row in rows:
            name_what(row, wanted)
        with scratch(deployment.clock) as ledger:
            fill(real, ledger, connection, wanted, as_of=as_of)
            made = stage(deployment, integration, ledger)
            return TriedReplay(_replayed(made, rows), reference_of(made), as_of)
    finally:
        real.close()


def _integration_of(rows: Sequence[DocumentRow], ids: Sequence[int]) -> str:
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing or not rows:
        raise ConfigError(f"The ledger has no document {(missing or [0])[0]}.", remedy="Name others.")
    names = sorted({row.integration for row in rows})
    if len(names) > 1:
        raise NotPossibleError(f"These are of {len(names)} integrations: {', '.join(names)}.", remedy="Take one.")
    if len(rows) > MOST:
        raise NotPossibleError(f"{len(rows)} documents cannot be tried at once.", remedy=f"Take at most {MOST}.")
    return names[0]


def _replayed(made: Integration, rows: Sequence[DocumentRow]) -> list[Replayed]:
    ids = [row.id for row in rows]
    with made.ledger.engine.begin() as tx:
        # Everything that was copied waits for ever, but for what is tried.
        for row in rows:
            tx.execute(sa.update(_d).where(_d.c.id == row.id).values(next_attempt_at=row.next_attempt_at))
        written = set(tx.execute(sa.select(_o.id).where(_o.document_id.in_(ids), _o.state == "done")).scalars())
    with worker(made.ledger) as lease:
        work = RunScope(holder=lease.name, actor="try", documents=tuple(ids), replay=True)
        operator_actions.prepare_replay(made, work, rows)
        directions = {INBOUND if _comes(row) else OUTBOUND for row in rows}
        for direction in (OUTBOUND, INBOUND):
            if direction in directions:
                pipeline.run(made, work, _steps(made, direction))
    with made.ledger.read() as tx:
        after = {row.id: row for row in documents.get_many(tx, ids)}
        writes = {row.id: writes_of(tx, row, written) for row in after.values()}
    book = ReferenceBook.of(made)
    told = []
    for row in rows:
        now = after[row.id]
        told.append(Replayed(row, now.state, reason_of(now), writes[row.id], decisions(made, book, now)))
    return told


def _steps(made: Integration, direction: Way) -> list[Step]:
    """The steps of a direction, but for looking into folders and at kept bytes: neither is in a scratch ledger."""
    return [step for step in pipeline.steps_of(made.flows, direction) if step is not receiving.receive]


def _comes(row: DocumentRow) -> bool:
    return row.direction is Direction.IN or row.flow == ANSWERS_FLOW
