"""Documents: adding, claiming, moving, finding them again.

A business key is held by the one document that counts; a repeat is stored without it and points at the holder.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from ml_connector.clock import CLOCK_DOUBT
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document, file, lease
from ml_connector.ledger.work.document_insert import add_documents, holders
from ml_connector.ledger.work.events import Actor, By
from ml_connector.ledger.work.records import (
    DOCUMENT_COLUMNS,
    Added,
    ClaimLost,
    ClaimQuery,
    DocumentRow,
    Move,
    NewDocument,
    document_row,
)
from ml_connector.ledger.work.states import DocumentState
from ml_connector.ledger.work.transitions import chunks, move

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
    "count_waiting",
    "counts_of_files",
    "get",
    "get_many",
    "move",
    "note",
    "of_file_in_state",
    "original_of",
    "outbound_numbered",
    "outbound_of_orders",
    "release",
    "still_claimed",
    "take_key",
    "waiting",
    "wake",
    "work_of",
    "work_of_orders",
]

_c = document.c
_AT = sa.bindparam("at", type_=_c.updated_at.type)


def note(tx: Tx, document_id: int, action: str, detail: Mapping[str, Any], by: By) -> None:
    """An event without a change of state; the claim stays as it is."""
    move(tx, [Move(document_id, None, action, detail, release=False)], by)


def claim(tx: Tx, query: ClaimQuery, holder: str, limit: int = 200) -> list[DocumentRow]:
    """Take documents for the worker whose lease is named `holder`; by rising id, whole rows.

    A document whose claimer's lease has expired is free, but for that claimer itself, which may have it in hand still.
    What another worker is just taking is passed over.
    """
    given = _given(query, now(tx)) | {"holder": holder}
    ids = list(tx.execute(_taking(tuple(given)), given | {"limit": limit}).scalars())
    claimed: list[DocumentRow] = []
    for part in chunks(ids):
        # On PostgreSQL the rows are locked now; a look with fresh eyes sees a claim committed a moment ago.
        for row in tx.execute(_CLAIM, {"ids": part, "at": now(tx), "holder": holder}).all():
            claimed.append(document_row(row))
    return sorted(claimed, key=lambda row: row.id)


def waiting(tx: Tx, query: ClaimQuery, limit: int = 200) -> list[DocumentRow]:
    """What `claim` would take, without taking it."""
    given = _given(query, now(tx))
    ids = _candidates(tuple(given)).order_by(_c.id).limit(limit)
    return get_many(tx, list(tx.execute(ids, given).scalars()))


def count_waiting(tx: Tx, query: ClaimQuery) -> int:
    """How many documents `claim` could take now."""
    given = _given(query, now(tx))
    count = sa.select(sa.func.count()).select_from(_candidates(tuple(given)).subquery())
    return tx.execute(count, given).scalar_one()


def _given(query: ClaimQuery, at: datetime) -> dict[str, Any]:
    """What a query asks for, by the names of the parameters of `_candidates`."""
    given: dict[str, Any] = {
        "integration": query.integration,
        "states": [state.value for state in query.states],
        "at": at,
    }
    if query.books is not None:
        given |= {"system": query.books.system, "company": query.books.company}
    if query.other_than is not None:
        given |= {"other_system": query.other_than.system, "other_company": query.other_than.company}
    for name in ("flows", "partitions", "ids", "partners", "after_id"):
        if wanted := getattr(query, name):
            given[name] = wanted
    if not query.ignore_due:
        given["doubted"] = at + CLOCK_DOUBT
    return given


@cache
def _candidates(given: tuple[str, ...]) -> sa.Select[tuple[int]]:
    """The documents that fit what is given. Made once for each: making it costs more than carrying it out."""

    def several(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
        return column.in_(sa.bindparam(name, expanding=True))

    found = sa.select(_c.id).where(_c.integration == sa.bindparam("integration"), several(_c.state, "states"))
    if "system" in given:
        found = found.where(_c.system == sa.bindparam("system"), _c.company == sa.bindparam("company"))
    if "other_system" in given:
        same = _c.system == sa.bindparam("other_system"), _c.company == sa.bindparam("other_company")
        found = found.where(~sa.and_(*same))
    lists = {"flows": _c.flow, "partitions": _c.partition_date, "ids": _c.id, "partners": _c.partner}
    for name, column in lists.items():
        found = found.where(several(column, name)) if name in given else found
    if "after_id" in given:
        found = found.where(_c.id > sa.bindparam("after_id"))
    if "doubted" in given:
        # A held document without a date waits for a person; everything else without one is due at once.
        undated = sa.and_(_c.next_attempt_at.is_(None), _c.state != DocumentState.QUARANTINED.value)
        # What a clock wrote that ran ahead is not waited for.
        ahead = _c.updated_at > sa.bindparam("doubted")
        found = found.where(sa.or_(undated, _c.next_attempt_at <= _AT, ahead))
    if "holder" in given:
        found = found.where(_IS_ANOTHERS)
    return found.where(_is_free(_AT))


@cache
def _taking(given: tuple[str, ...]) -> sa.Select[tuple[int]]:
    found = _candidates(given).order_by(_c.id).limit(sa.bindparam("limit"))
    return found.with_for_update(skip_locked=True, of=document)


def _is_free(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    alive = sa.exists().where(lease.c.name == _c.claimed_by, lease.c.expires_at > at)
    return sa.or_(_c.claimed_by.is_(None), ~alive)


#: Claimed by nobody, or by somebody else.
_IS_ANOTHERS = sa.or_(_c.claimed_by.is_(None), _c.claimed_by != sa.bindparam("holder"))
_CLAIM = (
    sa.update(document)
    .where(_c.id.in_(sa.bindparam("ids", expanding=True)), _IS_ANOTHERS, _is_free(_AT))
    .values(claimed_by=sa.bindparam("holder"))
    .returning(*DOCUMENT_COLUMNS)
)
_STILL = (
    sa.select(_c.id)
    .where(_c.id.in_(sa.bindparam("ids", expanding=True)), _c.claimed_by == sa.bindparam("holder"))
    .order_by(_c.id)
    .with_for_update()
)
_BY_ID = sa.select(*DOCUMENT_COLUMNS).where(_c.id.in_(sa.bindparam("ids", expanding=True))).order_by(_c.id)


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


def wake(tx: Tx, integration: str, books: Books, reason: str) -> int:
    """What is held for this reason of a company, and was not to be looked at again, is due now; how many."""
    statement = sa.update(document).where(
        _c.integration == integration,
        _c.system == books.system,
        _c.company == books.company,
        _c.state.in_((DocumentState.QUARANTINED.value, DocumentState.UNKNOWN_OUTCOME.value)),
        _c.reason == reason,
        _c.next_attempt_at.is_(None),
    )
    return int(tx.execute(statement.values(next_attempt_at=now(tx))).rowcount)


def still_claimed(tx: Tx, ids: Sequence[int], holder: str) -> set[int]:
    """Those of these documents that this worker still has, locked until the transaction ends."""
    found: set[int] = set()
    for part in chunks(sorted(set(ids))):
        found.update(tx.execute(_STILL, {"ids": part, "holder": holder}).scalars())
    return found


def get(tx: Tx, document_id: int) -> DocumentRow | None:
    """One document, or None."""
    row = tx.execute(sa.select(*DOCUMENT_COLUMNS).where(_c.id == document_id)).one_or_none()
    return None if row is None else document_row(row)


def get_many(tx: Tx, ids: Sequence[int]) -> list[DocumentRow]:
    """Documents by rising id; unknown ids are left out."""
    found: list[DocumentRow] = []
    for part in chunks(sorted(set(ids))):
        found += [document_row(row) for row in tx.execute(_BY_ID, {"ids": part}).all()]
    return found


def children(tx: Tx, document_id: int) -> list[DocumentRow]:
    """Documents that repeat, answer or revise this one, by rising id."""
    query = sa.select(*DOCUMENT_COLUMNS).where(_c.parent_id == document_id).order_by(_c.id)
    return [document_row(row) for row in tx.execute(query)]


def by_business_key(tx: Tx, key: str) -> DocumentRow | None:
    """The document that holds a business key."""
    row = tx.execute(sa.select(*DOCUMENT_COLUMNS).where(_c.business_key == key)).one_or_none()
    return None if row is None else document_row(row)


def take_key(tx: Tx, document_id: int, key: str, by: By) -> int | None:
    """Give a document a business key that is free; the holder's id when it is not (nothing is changed then)."""
    holder = holders(tx, [key]).get(key)
    if holder is not None and holder.id != document_id:
        return holder.id
    move(tx, [Move(document_id, None, "key taken", {"key": key}, {"business_key": key}, release=False)], by)
    return None


def counts_of_files(tx: Tx, file_ids: Sequence[int], *, without: str) -> dict[int, int]:
    """How many received documents of these files the ledger has; files without any are left out.

    without: a flow whose documents do not count.
    """
    found: dict[int, int] = {}
    for part in chunks(sorted(set(file_ids))):
        query = sa.select(_c.file_id, sa.func.count()).where(
            _c.file_id.in_(part), _c.direction == Direction.IN.value, _c.flow != without
        )
        found.update((key, count) for key, count in tx.execute(query.group_by(_c.file_id)).all() if key is not None)
    return found


def of_file_in_state(tx: Tx, file_id: int, state: DocumentState, *, size: int = 500) -> Iterator[list[DocumentRow]]:
    """A file's documents in a state, in batches by rising id; moving a batch meanwhile is all right."""
    after = 0
    while True:
        query = (
            sa.select(*DOCUMENT_COLUMNS)
            .where(_c.file_id == file_id, unindexed(_c.state) == state.value, _c.id > after)
            .order_by(_c.id)
            .limit(size)
        )
        rows = [document_row(row) for row in tx.execute(query).all()]
        if not rows:
            return
        after = rows[-1].id
        yield rows


def outbound_of_orders(
    tx: Tx, books: Books, flow: str, numbers: Sequence[str] = (), *, ids: Sequence[str] = ()
) -> list[DocumentRow]:
    """Every document sent or to be sent for these orders of a company, whoever it went to and by whichever
    integration, in rising revision.

    ids: the ERP's own ids of the orders. A document of an old release has none; it is found by the number alone.
    """
    found: dict[int, DocumentRow] = {}
    known_by = [(_c.source_id, part) for part in chunks(list(dict.fromkeys(ids)))]
    known_by += [(_c.order_number, part) for part in chunks(list(dict.fromkeys(numbers)))]
    for column, part in known_by:
        query = sa.select(*DOCUMENT_COLUMNS).where(
            column.in_(part),
            _c.system == books.system,
            _c.company == books.company,
            _c.flow == flow,
            _c.direction == Direction.OUT.value,
        )
        if ids and column is _c.order_number:
            query = query.where(_c.source_id.is_(None))
        found.update((row.id, row) for row in map(document_row, tx.execute(query)))
    return sorted(found.values(), key=lambda row: (row.order_number, row.revision, row.id))


def outbound_numbered(tx: Tx, books: Books, kind: DocumentKind, numbers: Sequence[str]) -> list[DocumentRow]:
    """Documents of a kind and company that were sent or are to be sent under these numbers, in rising revision."""
    found: list[DocumentRow] = []
    for part in chunks(sorted({number for number in numbers if number})):
        query = sa.select(*DOCUMENT_COLUMNS).where(
            _c.number.in_(part),
            unindexed(_c.kind) == kind.value,
            unindexed(_c.direction) == Direction.OUT.value,
            unindexed(_c.system) == books.system,
            unindexed(_c.company) == books.company,
        )
        found += map(document_row, tx.execute(query))
    return sorted(found, key=lambda row: (row.number, row.revision, row.id))


def work_of(tx: Tx, books: Books, flow: str, states: Sequence[DocumentState]) -> list[tuple[DocumentState, str]]:
    """State and work of a company's documents of a flow in these states, those that have any work."""
    query = (
        sa.select(_c.state, _c.work)
        .where(_c.state.in_([state.value for state in states]), _c.flow == flow)
        .where(_c.system == books.system, _c.company == books.company)
        .where(_c.work.is_not(None))
        .order_by(_c.id)
    )
    return [(DocumentState(state), work) for state, work in tx.execute(query).all()]


def work_of_orders(tx: Tx, books: Books, flow: str, state: DocumentState, orders: Sequence[str]) -> list[str]:
    """The work of a company's documents of a flow in a state whose (first) order is one of these."""
    found: list[str] = []
    unique = sorted(set(orders))
    for start in range(0, len(unique), 500):
        query = sa.select(_c.work).where(
            _c.order_number.in_(unique[start : start + 500]),
            _c.system == books.system,
            _c.company == books.company,
            _c.flow == flow,
            # Not by the state: that index leads through everything that was ever posted.
            unindexed(_c.state) == state.value,
            _c.work.is_not(None),
        )
        found += tx.execute(query.order_by(_c.id)).scalars()
    return found


def original_of(tx: Tx, row: DocumentRow) -> tuple[str, str]:
    """Hash and name of the file a document came in; empty when it came in none."""
    if row.file_id is None:
        return "", ""
    found = tx.execute(sa.select(file.c.sha256, file.c.name).where(file.c.id == row.file_id)).one()
    return found.sha256, found.name
