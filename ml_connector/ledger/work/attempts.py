"""Operations on the wire: begun behind a fence, and told of only by whoever still has them.

A worker that lost its lease may wake at any moment. What it begins and what it says about what it had begun must not
touch what another worker has taken up meanwhile: both are conditions of the statements here, not of the worker's mind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.coordination.leases import Fence
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document, lease, operation
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.operations import OPEN, WHOLE, written_rows
from ml_connector.ledger.work.transitions import chunks

_o = operation.c
_d = document.c

_AT = sa.bindparam("at", type_=_o.last_attempt_at.type)
#: Made once: it is carried out for every few calls.
_BEGIN = (
    sa.update(operation)
    .where(
        _o.id.in_(sa.bindparam("ids", expanding=True)),
        _o.state == "planned",
        sa.exists().where(
            _d.id == _o.document_id,
            _d.claimed_by == sa.bindparam("lease_name"),
            lease.c.name == _d.claimed_by,
            lease.c.holder == sa.bindparam("lease_holder"),
            lease.c.generation == sa.bindparam("lease_generation"),
            lease.c.expires_at > _AT,
        ),
    )
    .values(
        state="in_flight",
        attempts=_o.attempts + 1,
        first_attempt_at=sa.func.coalesce(_o.first_attempt_at, _AT),
        last_attempt_at=_AT,
        not_before=None,
        looked=0,
    )
    .returning(*WHOLE)
)
_STILL = (
    sa.select(_o.id, _o.attempts, _o.state, _d.claimed_by)
    .join(document, _d.id == _o.document_id)
    .where(_o.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_o.id)
    .with_for_update(of=operation)
)


def begin(tx: Tx, starts: Sequence[tuple[int, str | None]], fence: Fence) -> list[StoredOperation]:
    """Commit the intent to send: (id, payload as it will be sent, or None for the stored one); what may be sent.

    Left out are those that are not planned any more, whose document another worker has, and all of them when the lease
    behind the fence has expired or is another one by now.
    """
    payloads = dict(starts)
    begun: dict[int, StoredOperation] = {}
    for part in chunks(list(payloads)):
        values = {
            "ids": part,
            "at": now(tx),
            "lease_name": fence.name,
            "lease_holder": fence.holder,
            "lease_generation": fence.generation,
        }
        begun.update((one.id, one) for one in written_rows(tx, tx.execute(_BEGIN, values)))
    filled = {key: text for key, text in starts if text is not None and key in begun}
    if filled:
        seals.note(tx, "operation", filled)
        tx.execute(
            sa.update(operation).where(_o.id == sa.bindparam("key_")).values(payload=sa.bindparam("payload_")),
            [{"key_": key, "payload_": text} for key, text in filled.items()],
        )
    return [
        replace(begun[key], payload=filled[key]) if key in filled else begun[key] for key in payloads if key in begun
    ]


def lease_lives(tx: Tx, fence: Fence) -> bool:
    """Whether the lease behind a fence is still that one by the ledger's clock."""
    query = sa.select(lease.c.name).where(
        lease.c.name == fence.name,
        lease.c.holder == fence.holder,
        lease.c.generation == fence.generation,
        lease.c.expires_at > now(tx),
    )
    return tx.execute(query).one_or_none() is not None


def still_ours(tx: Tx, attempts: Sequence[StoredOperation], holder: str) -> Mapping[int, StoredOperation]:
    """Those of these attempts, by operation, that this worker may tell the outcome of; locked until the end.

    Its document is still claimed by it, and nobody has settled or begun the operation since.
    """
    wanted = {one.id: one for one in attempts}
    ours: dict[int, StoredOperation] = {}
    for part in chunks(sorted(wanted)):
        for row in tx.execute(_STILL, {"ids": part}).all():
            if row.claimed_by == holder and row.attempts == wanted[row.id].attempts and row.state in OPEN:
                ours[row.id] = wanted[row.id]
    return ours


def present(tx: Tx, ids: Sequence[int]) -> dict[int, Any]:
    """State and outside id of operations as they are now."""
    found: dict[int, Any] = {}
    for part in chunks(sorted(set(ids))):
        for row in tx.execute(sa.select(_o.id, _o.state, _o.outside_id, _o.document_id).where(_o.id.in_(part))).all():
            found[row.id] = row
    return found
