"""Adding documents: identity, business keys, first events."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document, envelope_group
from ml_connector.ledger.work import events, evidence, tallies
from ml_connector.ledger.work.events import By
from ml_connector.ledger.work.records import Added, NewDocument
from ml_connector.ledger.work.states import DocumentState, moves_of
from ml_connector.ledger.work.transitions import first_event

_c = document.c
#: Made once: making a statement costs more than carrying it out.
_ADD = sa.insert(document)
_OWN_COLUMNS = [
    name for name in NewDocument.__slots__ if name not in {"partition_date", "action", "detail", "answers_group_id"}
]


@dataclass(frozen=True, slots=True)
class Holder:
    """The document that has a business key."""

    id: int
    content_hash: str | None
    state: DocumentState


def add_documents(tx: Tx, new: Sequence[NewDocument], by: By) -> list[Added]:
    """Add documents with their first events; in the order given.

    A document whose business key is held by another is stored without the key, with that one as its parent, and
    comes back with `repeats`: the caller decides whether it is a duplicate or must be held.

    Raises:
        WeAreWrong: a state that this kind of document does not have.
    """
    if not new:
        return []
    for one in new:
        if one.state not in moves_of(one.kind, one.direction):
            raise WeAreWrong(f"A {one.direction} {one.kind} cannot start as {one.state}.")
    _lock_keys(tx, new)
    known = holders(tx, [one.business_key for one in new if one.business_key])
    at = now(tx)
    hashes = evidence.file_hashes(tx, [one.file_id for one in new])
    added: list[Added] = []
    rows: list[dict[str, Any]] = []
    first: list[dict[str, Any]] = []
    for one, key in zip(new, _next_ids(tx, len(new)), strict=True):
        holder = known.get(one.business_key) if one.business_key else None
        if one.business_key and holder is None:
            known[one.business_key] = Holder(key, one.content_hash, one.state)
        added.append(_added(one, key, holder))
        row = _row(one, key, holder, at)
        hashed = evidence.text(evidence.row_hash(row), row, sha256=hashes.get(one.file_id or 0), operations={})
        first.append(first_event(key, one.state.value, one.action, one.detail, by, at, hashed))
        rows.append(row | {"head_hash": first[-1]["hash"]})
    tx.execute(_ADD, rows)
    events.append(tx, first)
    seals.note(tx, "document", [row["id"] for row in rows])
    tallies.note_documents(tx, Counter(_sort(one) for one in new))
    _note_answers(tx, new, added)
    return added


def _sort(one: NewDocument) -> tallies.Sort:
    return tallies.Sort(
        one.integration, one.direction.value, one.state.value, one.flow, one.kind.value, one.reason or ""
    )


def _row(one: NewDocument, key: int, holder: Holder | None, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(one, name) for name in _OWN_COLUMNS}
    row |= {
        "id": key,
        "kind": one.kind.value,
        "direction": one.direction.value,
        "state": one.state.value,
        "partition_date": one.partition_date or at.date(),
        "created_at": at,
        "updated_at": at,
        "events": 1,
        "attempts": 0,
        "pruned_at": None,
    }
    if holder is not None:
        row |= {"business_key": None, "parent_id": holder.id}
    return row


def _added(one: NewDocument, key: int, holder: Holder | None) -> Added:
    if holder is None:
        return Added(key, one.number)
    same = one.content_hash is not None and one.content_hash == holder.content_hash
    return Added(key, one.number, holder.id, same, holder.state)


def _next_ids(tx: Tx, count: int) -> list[int]:
    """Ids before the insert, because an event's hash covers its document's id. SQLite has this one writer."""
    if tx.dialect.name == "postgresql":
        numbers = sa.func.generate_series(1, count).table_valued("n")
        sequence = sa.func.pg_get_serial_sequence("document", "id")
        return sorted(tx.execute(sa.select(sa.func.nextval(sequence)).select_from(numbers)).scalars())
    highest: int | None = tx.execute(sa.select(sa.func.max(_c.id))).scalar_one()
    return list(range((highest or 0) + 1, (highest or 0) + 1 + count))


def _lock_keys(tx: Tx, new: Sequence[NewDocument]) -> None:
    """Adding to one company takes turns, so that two workers cannot both find a key free (SQLite has one writer)."""
    if tx.dialect.name != "postgresql":
        return
    for scope in sorted({f"{one.system}|{one.company}" for one in new if one.business_key}):
        number = int.from_bytes(hashlib.sha256(b"keys|" + scope.encode()).digest()[:8], "big", signed=True)
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def holders(tx: Tx, keys: Sequence[str]) -> dict[str, Holder]:
    """The documents that hold these business keys, by key."""
    found: dict[str, Holder] = {}
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), 500):
        query = sa.select(_c.business_key, _c.id, _c.content_hash, _c.state).where(
            _c.business_key.in_(unique[start : start + 500])
        )
        for key, holder, content_hash, state in tx.execute(query).all():
            found[key] = Holder(holder, content_hash, DocumentState(state))
    return found


def _note_answers(tx: Tx, new: Sequence[NewDocument], added: Sequence[Added]) -> None:
    answers = [
        {"group_": one.answers_group_id, "answer_": key.id}
        for one, key in zip(new, added, strict=True)
        if one.answers_group_id is not None
    ]
    if answers:
        statement = (
            sa.update(envelope_group)
            .where(envelope_group.c.id == sa.bindparam("group_"))
            .values(answer_document_id=sa.bindparam("answer_"))
        )
        tx.execute(statement, answers)
        seals.note(tx, "envelope_group", [answer["group_"] for answer in answers])
