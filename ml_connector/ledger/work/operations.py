"""Operations: the writes to outside systems, each with its key and exact payload.

    planned --start--> in_flight --finish--> done
                       in_flight --put_back--> planned      (certainly nothing happened)
                       in_flight --refuse--> refused        (understood and refused; nothing was written)
                       in_flight --mark_unknown--> unknown  (or mark_abandoned, when the worker died)
                       unknown --finish--> done             (found at the other side)
                       unknown --put_back--> planned        (looked for after settling, and not found)
    refused --plan_again--> planned                          (what was in the way is mended)
    planned, refused --void--> void

What is done stays done. A payload that may have been sent is never replaced (DESIGN section 3, invariant 2).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import operation
from ml_connector.ledger.work.operation_rows import NewOperation, StoredOperation
from ml_connector.ledger.work.transitions import chunks

_o = operation.c
#: States in which nobody can tell whether the other side has it.
OPEN = ("in_flight", "unknown")
#: The kind that puts a file into a folder of a network.
UPLOAD = "upload"
#: Planning the same key again may give these a new payload: nothing was written with the old one.
_RENEWED = ("refused", "void")


class WriteResult(Protocol):
    """The other side has it: its identity there, and small facts."""

    @property
    def outside_id(self) -> str: ...

    @property
    def detail(self) -> Mapping[str, Any]: ...


_NAMES = tuple(StoredOperation.__dataclass_fields__)
#: What a StoredOperation is made of, in its order.
COLUMNS = [operation.c[name] for name in _NAMES]
#: A row as it is sealed, with its id before that.
_SEALED = ("id", *seals.SEALED["operation"].columns)
WHOLE = [operation.c[name] for name in _SEALED]
_PLACES = [_SEALED.index(name) for name in _NAMES]
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
#: Statements carried out for every few documents are made once: making one costs more than carrying it out.
_ADD = sa.insert(operation).returning(*WHOLE)
_BY_ID = sa.select(*COLUMNS).where(_o.id.in_(_IDS)).order_by(_o.id)
_OF_KEYS = sa.select(*COLUMNS).where(_o.key.in_(sa.bindparam("keys", expanding=True)))
_OF_DOCUMENTS = sa.select(*COLUMNS).where(_o.document_id.in_(_IDS)).order_by(_o.document_id, _o.position)
_NOT_VOID, _DONE = _OF_DOCUMENTS.where(_o.state != "void"), _OF_DOCUMENTS.where(_o.state == "done")
_UNKNOWN = _OF_DOCUMENTS.where(_o.state.in_(OPEN))
_STATES = sa.select(_o.document_id, _o.state).where(_o.document_id.in_(_IDS), _o.state != "void")
_LAYOUT = sa.select(_o.document_id, _o.position, _o.kind).where(_o.document_id.in_(_IDS))
_DONE_AS = sa.select(_o.id, _o.outside_id).where(_o.id.in_(_IDS), _o.state == "done")
_FINISH = (
    sa.update(operation)
    .where(_o.id == sa.bindparam("key_"), _o.state != "done")
    .values(
        state="done",
        outside_id=sa.bindparam("outside_"),
        outcome=sa.bindparam("outcome_", type_=_o.outcome.type),
        finished_at=sa.bindparam("at_", type_=_o.finished_at.type),
        not_before=None,
        confirm_at=sa.bindparam("confirm_", type_=_o.confirm_at.type),
    )
)


def plan(tx: Tx, new: Sequence[NewOperation], *, renew: bool = False) -> list[StoredOperation]:
    """Store writes to be done; in the order given.

    A key that is stored already keeps its stored payload, except where it was refused or made void. renew: also
    where it was never attempted.

    Raises:
        WeAreWrong: the key belongs to another document, or another key stands at this position.
    """
    known = _by_key(tx, [one.key for one in new])
    fresh = [one for one in new if one.key not in known]
    renewed: list[str] = []
    for one in new:
        stored = known.get(one.key)
        if stored is not None:
            if stored.document_id != one.document_id:
                raise WeAreWrong(f"Key {one.key} of document {one.document_id} belongs to {stored.document_id}.")
            if stored.state in _RENEWED or (renew and stored.state == "planned" and stored.attempts == 0):
                _renew(tx, stored.id, one)
                renewed.append(one.key)
    if fresh:
        rows = [{name: getattr(one, name) for name in NewOperation.__slots__} for one in fresh]
        added = tx.execute(_ADD, [{**row, "uses": dict(row["uses"]), "state": "planned"} for row in rows])
        known.update((one.key, one) for one in written_rows(tx, added))
    if renewed:
        known |= _by_key(tx, renewed)
    return [known[one.key] for one in new]


def written_rows(tx: Tx, rows: Iterable[sa.Row[Any]]) -> list[StoredOperation]:
    """Operations of rows of `WHOLE` that a statement has just written and returned; noted as they stand."""
    found = list(rows)
    seals.note_read(tx, "operation", {row[0]: row[1:] for row in found})
    return [StoredOperation(*(row[place] for place in _PLACES)) for row in found]


def _renew(tx: Tx, operation_id: int, one: NewOperation) -> None:
    values = {
        "kind": one.kind,
        "target": one.target,
        "payload": one.payload,
        "uses": dict(one.uses),
        "ref": one.ref,
        "shares": one.shares,
        "position": one.position,
        "state": "planned",
        "not_before": None,
        "looked": 0,
        "outcome": None,
    }
    tx.execute(sa.update(operation).where(_o.id == operation_id).values(values))
    _note(tx, [operation_id])


def _note(tx: Tx, ids: Iterable[int]) -> None:
    """Every change of an operation is evidence (ledger.seals)."""
    seals.note(tx, "operation", ids)


def _by_key(tx: Tx, keys: Sequence[str]) -> dict[str, StoredOperation]:
    found: dict[str, StoredOperation] = {}
    for part in chunks(keys):
        for row in tx.execute(_OF_KEYS, {"keys": part}).all():
            found[row.key] = StoredOperation(*row)
    return found


def get_many(tx: Tx, ids: Iterable[int]) -> list[StoredOperation]:
    """Operations by rising id."""
    return _of(tx, list(ids), _BY_ID)


def of_documents(tx: Tx, document_ids: Sequence[int]) -> list[StoredOperation]:
    """All operations of these documents, by document and position; void ones left out."""
    return _of(tx, document_ids, _NOT_VOID)


def next_planned(tx: Tx, document_ids: Sequence[int]) -> list[StoredOperation]:
    """For each document the planned operation whose turn it is: all before it are done."""
    ready: dict[int, StoredOperation] = {}
    blocked: set[int] = set()
    for one in of_documents(tx, document_ids):
        if one.document_id in ready or one.document_id in blocked or one.state == "done":
            continue
        if one.state == "planned":
            ready[one.document_id] = one
        else:
            blocked.add(one.document_id)
    return list(ready.values())


def of_unknown_outcome(tx: Tx, document_ids: Sequence[int]) -> list[StoredOperation]:
    """Operations of these documents that may or may not have arrived."""
    return _of(tx, document_ids, _UNKNOWN)


def _of(tx: Tx, document_ids: Sequence[int], query: sa.Select[Any]) -> list[StoredOperation]:
    found: list[StoredOperation] = []
    for part in chunks(sorted(set(document_ids))):
        found += [StoredOperation(*row) for row in tx.execute(query, {"ids": part}).all()]
    return found


def outside_ids(tx: Tx, document_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """What the other side called the done operations: by document, by position."""
    found: dict[int, dict[int, str]] = {}
    for one in _of(tx, document_ids, _DONE):
        if one.outside_id is not None:
            found.setdefault(one.document_id, {})[one.position] = one.outside_id
    return found


def documents_written_as(tx: Tx, company: str, ids: Sequence[str], kinds: Collection[str]) -> list[int]:
    """Documents of a company that one of these outside ids was made of, by writes of these kinds."""
    found: set[int] = set()
    for part in chunks(ids):
        query = sa.select(_o.document_id).where(
            _o.outside_id.in_(part), _o.kind.in_(sorted(kinds)), _o.company == company, unindexed(_o.state) == "done"
        )
        found.update(tx.execute(query).scalars())
    return sorted(found)


def documents_by_outside_id(tx: Tx, company: str, ids: Sequence[str]) -> dict[str, list[int]]:
    """The documents of a company that wrote these records, by the other side's id of each."""
    found: dict[str, set[int]] = {}
    for part in chunks(list(dict.fromkeys(ids))):
        query = sa.select(_o.outside_id, _o.document_id).where(
            _o.outside_id.in_(part),
            unindexed(_o.company) == company,
            unindexed(_o.state) == "done",
            # Who changed what was there did not make it.
            sa.or_(_o.shares.is_(None), ~_o.shares),
        )
        for outside_id, document_id in tx.execute(query):
            found.setdefault(outside_id, set()).add(document_id)
    return {key: sorted(many) for key, many in found.items()}


def complete_documents(tx: Tx, document_ids: Sequence[int]) -> set[int]:
    """Those of these documents that have operations, all of them done."""
    left: set[int] = set()
    some: set[int] = set()
    for part in chunks(sorted(set(document_ids))):
        for document_id, state in tx.execute(_STATES, {"ids": part}).all():
            some.add(document_id)
            if state != "done":
                left.add(document_id)
    return some - left


def layouts(tx: Tx, document_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """What was ever planned for these documents: by document, the kind at each position."""
    found: dict[int, dict[int, str]] = {}
    for part in chunks(sorted(set(document_ids))):
        for row in tx.execute(_LAYOUT, {"ids": part}).all():
            found.setdefault(row.document_id, {})[row.position] = row.kind
    return found


def known_keys(tx: Tx, bases: Sequence[str]) -> set[str]:
    """Those of these keys under which a write is stored."""
    return set(writers(tx, bases))


def writers(tx: Tx, bases: Sequence[str]) -> dict[str, int]:
    """Whose writes are stored under these keys, by key: the document. A write's position stands behind a slash."""
    found: dict[str, int] = {}
    for part in chunks(list(bases)):
        ranges = [sa.and_(_o.key >= f"{base}/", _o.key < f"{base}0") for base in part]
        for key, document_id in tx.execute(sa.select(_o.key, _o.document_id).where(sa.or_(*ranges))):
            found[key.rpartition("/")[0]] = document_id
    return found


def next_position(tx: Tx, document_id: int) -> int:
    """The position after all operations that a document ever had."""
    last: int | None = tx.execute(sa.select(sa.func.max(_o.position)).where(_o.document_id == document_id)).scalar_one()
    return 0 if last is None else last + 1


def start(tx: Tx, starts: Sequence[tuple[int, str | None]]) -> list[StoredOperation]:
    """Commit the intent to send: (id, payload as it will be sent, or None for the stored one). In the order given.

    Raises:
        WeAreWrong: one of them is not planned: somebody else has begun it, or its outcome is unknown.
    """
    if not starts:
        return []
    at = now(tx)
    states = _states(tx, [key for key, _ in starts])
    for key, _ in starts:
        if states.get(key) != "planned":
            raise WeAreWrong(f"Operation {key} cannot be started: it is {states.get(key, 'unknown to the ledger')}.")
    begun = sa.update(operation).values(
        state="in_flight",
        attempts=_o.attempts + 1,
        first_attempt_at=sa.func.coalesce(_o.first_attempt_at, sa.literal(at, _o.last_attempt_at.type)),
        last_attempt_at=at,
        not_before=None,
        looked=0,
    )
    filled = [{"key_": key, "payload_": payload} for key, payload in starts if payload is not None]
    if filled:
        tx.execute(
            sa.update(operation).where(_o.id == sa.bindparam("key_")).values(payload=sa.bindparam("payload_")), filled
        )
    by_id: dict[int, StoredOperation] = {}
    for part in chunks([key for key, _ in starts]):
        for row in tx.execute(begun.where(_o.id.in_(part)).returning(*COLUMNS)).all():
            by_id[row.id] = StoredOperation(*row)
    _note(tx, by_id)
    return [by_id[key] for key, _ in starts]


def refill(tx: Tx, payloads: Sequence[tuple[int, str]]) -> None:
    """What operations that are under way have come to, before their next step is taken: (id, payload)."""
    if payloads:
        statement = sa.update(operation).where(_o.id == sa.bindparam("key_"), _o.state == "in_flight")
        filled = [{"key_": key, "payload_": payload} for key, payload in payloads]
        tx.execute(statement.values(payload=sa.bindparam("payload_")), filled)
        _note(tx, [key for key, _ in payloads])


def _states(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """The states of operations, locked until the transaction ends."""
    found: dict[int, str] = {}
    for part in chunks(sorted(set(ids))):
        query = sa.select(_o.id, _o.state).where(_o.id.in_(part)).order_by(_o.id).with_for_update()
        found.update((key, state) for key, state in tx.execute(query).all())
    return found


def finish(tx: Tx, written: Sequence[tuple[int, WriteResult]], *, confirm_at: datetime | None = None) -> None:
    """The other side has these. confirm_at: when that is looked up once more.

    Raises:
        WeAreWrong: one was done already with another outside id: it was written twice.
    """
    if not written:
        return
    _refuse_second(tx, written)
    times = {"at_": now(tx), "confirm_": confirm_at}
    rows = [{"key_": key, "outside_": one.outside_id[:200], "outcome_": dict(one.detail)} for key, one in written]
    tx.execute(_FINISH, [row | times for row in rows])
    _note(tx, [key for key, _ in written])


def _refuse_second(tx: Tx, written: Sequence[tuple[int, WriteResult]]) -> None:
    ids = {key: one.outside_id[:200] for key, one in written}
    for part in chunks(sorted(ids)):
        for key, outside_id in tx.execute(_DONE_AS, {"ids": part}).all():
            if outside_id != ids[key]:
                raise WeAreWrong(f"Operation {key} is done as {outside_id} and came back as {ids[key]}.")


def _set(tx: Tx, ids: Sequence[int], states: Sequence[str], **values: Any) -> int:
    return _change(tx, _o.id, ids, _o.state.in_(states), **values) if ids else 0


def _change(
    tx: Tx, column: sa.ColumnElement[int], keys: Sequence[int], which: sa.ColumnElement[bool], **values: Any
) -> int:
    """Change operations by their ids or their documents' and note which they were; how many."""
    changed: list[int] = []
    for part in chunks(sorted(set(keys))):
        statement = sa.update(operation).where(column.in_(part), which).values(values).returning(_o.id)
        changed += tx.execute(statement).scalars()
    _note(tx, changed)
    return len(changed)


def put_back(tx: Tx, ids: Sequence[int], *, not_before: datetime | None = None) -> None:
    """Nothing happened at the other side, or it was not found there: the stored payload may be sent again."""
    _set(tx, ids, OPEN, state="planned", not_before=not_before)


def refuse(tx: Tx, refused: Sequence[tuple[int, str]]) -> None:
    """The other side understood and refused, with this message; nothing was written."""
    for key, message in refused:
        outcome = {"message": message[:2000]}
        _set(tx, [key], (*OPEN, "planned"), state="refused", outcome=outcome, finished_at=now(tx))


def plan_again(tx: Tx, document_ids: Sequence[int]) -> None:
    """What was refused for these documents is to be done after all, with the stored payload."""
    values = {"state": "planned", "outcome": None, "finished_at": None, "not_before": None}
    _change(tx, _o.document_id, document_ids, _o.state == "refused", **values)


def mark_unknown(tx: Tx, ids: Sequence[int], *, not_before: datetime | None = None) -> None:
    """Nobody can tell whether these arrived; not to be looked for before that moment."""
    _set(tx, ids, OPEN, state="unknown", not_before=not_before)


def mark_abandoned(tx: Tx, document_ids: Sequence[int], *, not_before: datetime | None = None) -> int:
    """What a worker that is gone left in flight is of unknown outcome. Only for documents that the caller has claimed.

    not_before: until then it may still arrive; what was taken up so before keeps its moment.
    """
    gone = _o.state == "in_flight"
    return _change(tx, _o.document_id, document_ids, gone, state="unknown", not_before=not_before)


def mark_looked(tx: Tx, ids: Sequence[int], *, not_before: datetime | None = None) -> None:
    """Looked for at the other side and not found. not_before: when it may be written again, where that changes."""
    values = {} if not_before is None else {"not_before": not_before}
    _set(tx, ids, OPEN, looked=_o.looked + 1, **values)


def void(tx: Tx, document_ids: Sequence[int]) -> int:
    """What was planned for these documents and never written is not to be done: a person discarded them."""
    loose = _o.state.in_(("planned", "refused"))
    return _change(tx, _o.document_id, document_ids, loose, state="void", finished_at=now(tx))
