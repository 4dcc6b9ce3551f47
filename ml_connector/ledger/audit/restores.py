"""A restore is not an amnesia: a ledger that is older than what it exported knows it, and what had left since.

Two witnesses stand outside the database: the exported chain heads (`ledger.audit.chain_heads`) and the files that left
(`ledger.database.departures`). Where either tells of events that the ledger has not, it was restored from a backup:
`notice` begins a new epoch. What left in the lost time is known by name, where the departures are whole; then control
numbers go on above the last one used. Where they are not, numbers stop until a person raises them, and everything that
may have left is held (`flows.restored.held`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import departure, restore
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.transitions import chunks

_r = restore.c
_p = departure.c
#: The sequence that numbers the lines of departures.
LINES = sequences.DEPARTURES


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore. complete: what left in the lost time is known by name. until: nothing unknown has left since."""

    id: int
    noticed_at: datetime
    noticed_by: str
    last_event: int
    last_event_at: datetime | None
    last_document: int
    until: datetime
    complete: bool
    evidence: dict[str, Any]
    settled_at: datetime | None
    settled_by: str | None
    why: str | None


_COLUMNS = [_r[name] for name in Restore.__slots__]


def newest(tx: Tx) -> Restore | None:
    """The last restore; None for a ledger that never was restored."""
    row = tx.execute(sa.select(*_COLUMNS).order_by(_r.id.desc()).limit(1)).one_or_none()
    return None if row is None else Restore(*row)


def all_of(tx: Tx) -> list[Restore]:
    """Every restore, the oldest first."""
    return [Restore(*row) for row in tx.execute(sa.select(*_COLUMNS).order_by(_r.id))]


def add_rows(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add what is known to have left in the lost time."""
    for row in rows:
        seals.note(tx, "departure", tx.execute(sa.insert(departure).values(row).returning(_p.id)).scalars())


def party(row: documents.DocumentRow) -> str:
    """The partner's identity: names may change until a restore."""
    return row.partner_key or row.partner


def unknown_row(number: int, row: documents.DocumentRow) -> dict[str, Any]:
    """A document of which nobody knows whether it left."""
    return {
        "restore_id": number,
        "flow": row.flow,
        "company": row.company,
        "partner": party(row),
        "kind": str(row.kind),
        "number": row.number,
        "revision": row.revision,
        "content_hash": "",
        "document_id": row.id,
    }


# what flows ask and record


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that left in the lost time, or may have. target: where to; empty when nobody knows."""

    id: int
    restore_id: int
    flow: str
    company: str
    partner: str
    kind: str
    number: str
    revision: int
    content_hash: str
    target: str
    left_at: str
    group_control: int | None
    document_id: int | None
    decided: str | None


_LOST = [_p[name] for name in Lost.__slots__]


def of_documents(tx: Tx, ids: Sequence[int]) -> dict[int, Lost]:
    """What is known of these documents, the newest."""
    found: dict[int, Lost] = {}
    for part in chunks(sorted(set(ids))):
        query = sa.select(*_LOST).where(_p.document_id.in_(part)).order_by(_p.id)
        found.update({row.document_id: Lost(*row) for row in tx.execute(query)})
    return found


def of_numbers(tx: Tx, flow: str, numbers: Sequence[str]) -> list[Lost]:
    """What left of a flow under these numbers and is no document's yet, in the order it left."""
    found: list[Lost] = []
    for part in chunks(sorted(set(numbers))):
        query = sa.select(*_LOST).where(_p.flow == flow, _p.number.in_(part), _p.document_id.is_(None))
        found += [Lost(*row) for row in tx.execute(query.order_by(_p.id))]
    return sorted(found, key=lambda one: one.id)


def of_group(tx: Tx, partner: str, control: int) -> list[Lost]:
    """What left to a partner under this group control number."""
    query = sa.select(*_LOST).where(_p.partner == partner, _p.group_control == control)
    return [Lost(*row) for row in tx.execute(query.order_by(_p.id))]


def open_of(tx: Tx, ids: Sequence[int] = ()) -> list[Lost]:
    """What nobody has decided about yet; ids: only of these documents."""
    query = sa.select(*_LOST).where(_p.decided.is_(None)).order_by(_p.id)
    found = [Lost(*row) for row in tx.execute(query)]
    return [one for one in found if not ids or one.document_id in ids]


def attach(tx: Tx, lost: Sequence[Lost], document_id: int) -> None:
    """These departures are this document's."""
    for one in lost:
        set_document(tx, _p.id == one.id, document_id)


def set_document(tx: Tx, which: sa.ColumnElement[bool], document_id: int) -> None:
    """Say which document those departures are."""
    statement = sa.update(departure).where(which).values(document_id=document_id).returning(_p.id)
    seals.note(tx, "departure", tx.execute(statement).scalars())


def add_unknown(tx: Tx, number: int, row: documents.DocumentRow) -> None:
    """Nobody knows whether this document left in the lost time."""
    add_rows(tx, [unknown_row(number, row)])


def decide(tx: Tx, lost: Sequence[Lost], decided: str, by: str) -> None:
    """Somebody or something says whether these arrived."""
    for part in chunks([one.id for one in lost]):
        statement = sa.update(departure).where(_p.id.in_(part), _p.decided.is_(None))
        decision = statement.values(decided=decided, decided_at=now(tx), decided_by=by).returning(_p.id)
        seals.note(tx, "departure", tx.execute(decision).scalars())


def settle(tx: Tx, by: str, why: str) -> int:
    """A person has said what there was to say: restores without an open question are settled; how many."""
    undecided = sa.exists().where(_p.restore_id == _r.id, _p.decided.is_(None))
    statement = sa.update(restore).where(_r.settled_at.is_(None), ~undecided)
    settled = statement.values(settled_at=now(tx), settled_by=by, why=why[:400]).returning(_r.id)
    rows = list(tx.execute(settled).scalars())
    seals.note(tx, "restore", rows)
    return len(rows)
