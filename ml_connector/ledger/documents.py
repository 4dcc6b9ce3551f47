"""Documents: adding, claiming, moving, finding them again.

A business key is held by the one document that counts; a repeat is stored without it and points at the holder.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import Direction
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.events import Actor, By
from ml_connector.ledger.moves import chunks, first_events, move
from ml_connector.ledger.rows import (
    DOCUMENT_COLUMNS,
    Added,
    ClaimLost,
    ClaimQuery,
    DocumentRow,
    Move,
    NewDocument,
    document_row,
)
from ml_connector.ledger.states import DocumentState, moves_of
from ml_connector.ledger.store import Tx, now
from ml_connector.ledger.tables import document, envelope_group, file, lease

__all__ = [
    "Actor",
    "Added",
    "ClaimLost",
    "ClaimQuery",
    "DocumentRow",
    "Move",
    "NewDocument",
    "add_documents",
    "by_business_key",
    "claim",
    "count_of_file",
    "get",
    "get_many",
    "move",
    "note",
    "of_file_in_state",
    "original_of",
    "outbound_of_orders",
    "release",
    "release_held",
    "waiting",
    "work_of",
]

_c = document.c
_OWN_COLUMNS = [
    name for name in NewDocument.__slots__ if name not in {"partition_date", "action", "detail", "answers_group_id"}
]


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
    holders = _holders(tx, [one.business_key for one in new if one.business_key])
    at = now(tx)
    values: list[dict[str, Any]] = []
    repeats: list[_Holder | None] = []
    first_of: dict[str, int] = {}
    for index, one in enumerate(new):
        key = one.business_key
        holder = holders.get(key) if key else None
        if key and holder is None and key in first_of:
            earlier = new[first_of[key]]
            holder = _Holder(-first_of[key] - 1, earlier.content_hash, earlier.state)
        row: dict[str, Any] = {name: getattr(one, name) for name in _OWN_COLUMNS}
        row |= {
            "kind": one.kind.value,
            "direction": one.direction.value,
            "state": one.state.value,
            "partition_date": one.partition_date or at.date(),
            "created_at": at,
            "updated_at": at,
            "events": 1,
            "head_hash": "",
        }
        if holder is not None:
            row["business_key"] = None
            if holder.id > 0:
                row["parent_id"] = holder.id
        elif key:
            first_of[key] = index
        repeats.append(holder)
        values.append(row)
    ids = _insert(tx, values)
    heads = first_events(
        tx,
        [(key, one.state.value, one.action, one.detail) for key, one in zip(ids, new, strict=True)],
        by,
    )
    added = [_added(one, key, holder, ids) for one, key, holder in zip(new, ids, repeats, strict=True)]
    _store_heads(tx, heads, added)
    _note_answers(tx, new, ids)
    return added


class _Holder:
    """The document that has a key; a negative id is a place in the batch."""

    __slots__ = ("content_hash", "id", "state")

    def __init__(self, key: int, content_hash: str | None, state: DocumentState) -> None:
        self.id = key
        self.content_hash = content_hash
        self.state = state


def _lock_keys(tx: Tx, new: Sequence[NewDocument]) -> None:
    """Adding to one company takes turns, so that two workers cannot both find a key free (SQLite has one writer)."""
    if tx.dialect.name != "postgresql":
        return
    for scope in sorted({f"{one.connection}|{one.company}" for one in new if one.business_key}):
        number = int.from_bytes(hashlib.sha256(b"keys|" + scope.encode()).digest()[:8], "big", signed=True)
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _holders(tx: Tx, keys: Sequence[str]) -> dict[str, _Holder]:
    found: dict[str, _Holder] = {}
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), 500):
        query = sa.select(_c.business_key, _c.id, _c.content_hash, _c.state).where(
            _c.business_key.in_(unique[start : start + 500])
        )
        for key, holder, content_hash, state in tx.execute(query):
            found[key] = _Holder(holder, content_hash, DocumentState(state))
    return found


def _insert(tx: Tx, values: list[dict[str, Any]]) -> list[int]:
    statement = sa.insert(document).returning(_c.id, sort_by_parameter_order=True)
    return list(tx.execute(statement, values).scalars())


def _added(one: NewDocument, key: int, holder: _Holder | None, ids: Sequence[int]) -> Added:
    if holder is None:
        return Added(key, one.number)
    repeats = holder.id if holder.id > 0 else ids[-holder.id - 1]
    same = one.content_hash is not None and one.content_hash == holder.content_hash
    return Added(key, one.number, repeats, same, holder.state)


def _store_heads(tx: Tx, heads: Mapping[int, str], added: Sequence[Added]) -> None:
    parents = {one.id: one.repeats for one in added}
    plain = [{"key_": key, "head_": head} for key, head in heads.items() if parents[key] is None]
    repeats = [{"key_": k, "head_": h, "parent_": parents[k]} for k, h in heads.items() if parents[k] is not None]
    statement = sa.update(document).where(_c.id == sa.bindparam("key_")).values(head_hash=sa.bindparam("head_"))
    if plain:
        tx.execute(statement, plain)
    if repeats:
        tx.execute(statement.values(parent_id=sa.bindparam("parent_")), repeats)


def _note_answers(tx: Tx, new: Sequence[NewDocument], ids: Sequence[int]) -> None:
    answers = [
        {"group_": one.answers_group_id, "answer_": key}
        for one, key in zip(new, ids, strict=True)
        if one.answers_group_id is not None
    ]
    if answers:
        statement = (
            sa.update(envelope_group)
            .where(envelope_group.c.id == sa.bindparam("group_"))
            .values(answer_document_id=sa.bindparam("answer_"))
        )
        tx.execute(statement, answers)


def note(tx: Tx, document_id: int, action: str, detail: Mapping[str, Any], by: By) -> None:
    """An event without a change of state; the claim stays as it is."""
    move(tx, [Move(document_id, None, action, detail, release=False)], by)


def claim(tx: Tx, query: ClaimQuery, holder: str, limit: int = 200) -> list[DocumentRow]:
    """Take documents for the worker whose lease is named `holder`; by rising id, whole rows.

    A document whose claimer's lease has expired is free. What another worker is just taking is passed over.
    """
    found = _candidates(query, now(tx)).order_by(_c.id).limit(limit)
    if tx.dialect.name == "postgresql":
        found = found.with_for_update(skip_locked=True, of=document)
    ids = list(tx.execute(found).scalars())
    if not ids:
        return []
    claimed: list[DocumentRow] = []
    for part in chunks(ids):
        # On PostgreSQL the rows are locked now; a look with fresh eyes sees a claim committed a moment ago.
        statement = (
            sa.update(document)
            .where(_c.id.in_(part), _is_free(now(tx)))
            .values(claimed_by=holder)
            .returning(*DOCUMENT_COLUMNS)
        )
        claimed += [document_row(row) for row in tx.execute(statement)]
    return sorted(claimed, key=lambda row: row.id)


def waiting(tx: Tx, query: ClaimQuery, limit: int = 200) -> list[DocumentRow]:
    """What `claim` would take, without taking it."""
    ids = _candidates(query, now(tx)).order_by(_c.id).limit(limit)
    return get_many(tx, list(tx.execute(ids).scalars()))


def count_waiting(tx: Tx, query: ClaimQuery) -> int:
    """How many documents `claim` could take now."""
    return tx.execute(sa.select(sa.func.count()).select_from(_candidates(query, now(tx)).subquery())).scalar_one()


def _candidates(query: ClaimQuery, at: datetime) -> sa.Select[tuple[int]]:
    found = sa.select(_c.id).where(_c.integration == query.integration)
    found = found.where(_c.state.in_([state.value for state in query.states]))
    if query.flows:
        found = found.where(_c.flow.in_(query.flows))
    if query.partitions:
        found = found.where(_c.partition_date.in_(query.partitions))
    if query.ids:
        found = found.where(_c.id.in_(query.ids))
    if query.partners:
        found = found.where(_c.partner.in_(query.partners))
    if query.after_id:
        found = found.where(_c.id > query.after_id)
    if not query.ignore_due:
        # A held document without a date waits for a person; everything else without one is due at once.
        undated = sa.and_(_c.next_attempt_at.is_(None), _c.state != DocumentState.QUARANTINED.value)
        found = found.where(sa.or_(undated, _c.next_attempt_at <= at))
    return found.where(_is_free(at))


def _is_free(at: datetime) -> sa.ColumnElement[bool]:
    alive = sa.exists().where(lease.c.name == _c.claimed_by, lease.c.expires_at > at)
    return sa.or_(_c.claimed_by.is_(None), ~alive)


def release(tx: Tx, ids: Sequence[int], *, next_attempt_at: datetime | None = None, holder: str | None = None) -> None:
    """Give up claims without an event; with next_attempt_at the documents rest until then.

    holder: only what this worker still has.
    """
    values: dict[str, Any] = {"claimed_by": None}
    if next_attempt_at is not None:
        values["next_attempt_at"] = next_attempt_at
    for part in chunks(sorted(set(ids))):
        statement = sa.update(document).where(_c.id.in_(part)).values(values)
        if holder is not None:
            statement = statement.where(_c.claimed_by == holder)
        tx.execute(statement)


def release_held(tx: Tx, holder: str) -> int:
    """Give up everything this worker has claimed; how many documents that were."""
    result = tx.execute(sa.update(document).where(_c.claimed_by == holder).values(claimed_by=None))
    return int(result.rowcount)


def get(tx: Tx, document_id: int) -> DocumentRow | None:
    """One document, or None."""
    row = tx.execute(sa.select(*DOCUMENT_COLUMNS).where(_c.id == document_id)).one_or_none()
    return None if row is None else document_row(row)


def get_many(tx: Tx, ids: Sequence[int]) -> list[DocumentRow]:
    """Documents by rising id; unknown ids are left out."""
    found: list[DocumentRow] = []
    for part in chunks(sorted(set(ids))):
        query = sa.select(*DOCUMENT_COLUMNS).where(_c.id.in_(part)).order_by(_c.id)
        found += [document_row(row) for row in tx.execute(query)]
    return found


def by_business_key(tx: Tx, key: str) -> DocumentRow | None:
    """The document that holds a business key."""
    row = tx.execute(sa.select(*DOCUMENT_COLUMNS).where(_c.business_key == key)).one_or_none()
    return None if row is None else document_row(row)


def take_key(tx: Tx, document_id: int, key: str) -> int | None:
    """Give a document a business key that is free; the holder's id when it is not (nothing is changed then)."""
    holder = _holders(tx, [key]).get(key)
    if holder is not None and holder.id != document_id:
        return holder.id
    tx.execute(sa.update(document).where(_c.id == document_id).values(business_key=key))
    return None


def count_of_file(tx: Tx, file_id: int) -> int:
    """How many received documents of a file the ledger has."""
    query = sa.select(sa.func.count()).where(_c.file_id == file_id, _c.direction == Direction.IN.value)
    return tx.execute(query).scalar_one()


def of_file_in_state(tx: Tx, file_id: int, state: DocumentState, *, size: int = 500) -> Iterator[list[DocumentRow]]:
    """A file's documents in a state, in batches by rising id; moving a batch meanwhile is all right."""
    after = 0
    while True:
        query = (
            sa.select(*DOCUMENT_COLUMNS)
            .where(_c.file_id == file_id, _c.state == state.value, _c.id > after)
            .order_by(_c.id)
            .limit(size)
        )
        rows = [document_row(row) for row in tx.execute(query)]
        if not rows:
            return
        after = rows[-1].id
        yield rows


def outbound_of_orders(tx: Tx, integration: str, flow: str, numbers: Sequence[str]) -> list[DocumentRow]:
    """Every document sent or to be sent for these orders, in rising revision."""
    found: list[DocumentRow] = []
    unique = list(dict.fromkeys(numbers))
    for start in range(0, len(unique), 500):
        query = sa.select(*DOCUMENT_COLUMNS).where(
            _c.order_number.in_(unique[start : start + 500]),
            _c.integration == integration,
            _c.flow == flow,
            _c.direction == Direction.OUT.value,
        )
        found += [document_row(row) for row in tx.execute(query)]
    return sorted(found, key=lambda row: (row.order_number, row.revision, row.id))


def work_of(tx: Tx, integration: str, flow: str, states: Sequence[DocumentState]) -> list[tuple[DocumentState, str]]:
    """State and work of the documents of a flow in these states, those that have any work."""
    query = (
        sa.select(_c.state, _c.work)
        .where(_c.integration == integration, _c.flow == flow, _c.state.in_([state.value for state in states]))
        .where(_c.work.is_not(None))
        .order_by(_c.id)
    )
    return [(DocumentState(state), work) for state, work in tx.execute(query)]


def original_of(tx: Tx, row: DocumentRow) -> tuple[str, str]:
    """Hash and name of the file a document came in; empty when it came in none."""
    if row.file_id is None:
        return "", ""
    found = tx.execute(sa.select(file.c.sha256, file.c.name).where(file.c.id == row.file_id)).one()
    return found.sha256, found.name
