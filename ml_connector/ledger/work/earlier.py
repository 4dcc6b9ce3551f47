"""Received documents of a kind by number, order, amount and day, and those that take another one back."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.ledger.work.states import DocumentState
from ml_connector.ledger.work.transitions import chunks

_d = document.c
_BY_ID = sa.select(*DOCUMENT_COLUMNS).where(_d.id.in_(sa.bindparam("ids", expanding=True)))


def _received(
    tx: Tx,
    books: Books,
    kind: DocumentKind,
    which: sa.ColumnElement[bool],
    at_hand: Sequence[DocumentRow] = (),
) -> list[DocumentRow]:
    """at_hand: documents that the caller has claimed; they are not read again."""
    query = sa.select(_d.id).where(
        which,
        unindexed(_d.kind) == kind.value,
        unindexed(_d.direction) == Direction.IN.value,
        unindexed(_d.system) == books.system,
        unindexed(_d.company) == books.company,
    )
    ids = set(tx.execute(query).scalars())
    found = [row for row in at_hand if row.id in ids]
    for part in chunks(sorted(ids.difference(row.id for row in found))):
        found += (document_row(row) for row in tx.execute(_BY_ID, {"ids": part}).all())
    # Sorted here: the order must not tempt a planner to another index.
    return sorted(found, key=lambda row: row.id)


def received_numbered(
    tx: Tx, books: Books, kind: DocumentKind, numbers: Collection[str], at_hand: Sequence[DocumentRow] = ()
) -> list[DocumentRow]:
    """Received documents of a kind and company with these numbers, in capitals or not, by rising id."""
    spelled = sorted({one for number in numbers for one in (number, number.upper(), number.lower()) if number})
    found: list[DocumentRow] = []
    for part in chunks(spelled):
        found += _received(tx, books, kind, _d.number.in_(part), at_hand)
    return found


def received_of_records(tx: Tx, books: Books, kind: DocumentKind, ids: Collection[str]) -> list[DocumentRow]:
    """Received documents of a kind and company that are of these records of their sender's, by rising id."""
    found: list[DocumentRow] = []
    for part in chunks(sorted({one for one in ids if one})):
        found += _received(tx, books, kind, _d.source_id.in_(part))
    return found


def received_at(tx: Tx, books: Books, kind: DocumentKind, states: Collection[DocumentState]) -> list[DocumentRow]:
    """Received documents of a kind and company that stand at one of these states, by rising id."""
    return _received(tx, books, kind, _d.state.in_([state.value for state in states]))


def received_since(
    tx: Tx, books: Books, kind: DocumentKind, states: Collection[DocumentState], since: datetime
) -> list[DocumentRow]:
    """Received documents of a kind and company that came to one of these states since then, by rising id."""
    lately = sa.and_(_d.state.in_([state.value for state in states]), _d.updated_at >= since)
    return _received(tx, books, kind, lately)


def received_of_orders(tx: Tx, books: Books, kind: DocumentKind, orders: Collection[str]) -> list[DocumentRow]:
    """Received documents of a kind and company whose first order is one of these, by rising id."""
    found: list[DocumentRow] = []
    for part in chunks(sorted({order for order in orders if order})):
        found += _received(tx, books, kind, _d.order_number.in_(part))
    return found


def received_of_orders_dated(
    tx: Tx,
    books: Books,
    kind: DocumentKind,
    orders: Collection[str],
    days: Collection[date],
    at_hand: Sequence[DocumentRow] = (),
) -> list[DocumentRow]:
    """Received documents of a kind and company whose first order is one of these and whose day is one of these."""
    found: list[DocumentRow] = []
    for part in chunks(sorted({order for order in orders if order})):
        alike = sa.and_(_d.order_number.in_(part), unindexed(_d.business_date).in_(sorted(set(days))))
        found += _received(tx, books, kind, alike, at_hand)
    return found


def invoices_of_amounts(
    tx: Tx,
    books: Books,
    amounts: Collection[Decimal],
    days: Collection[date],
    at_hand: Sequence[DocumentRow] = (),
) -> list[DocumentRow]:
    """Received invoices of a company of one of these amounts and one of these days."""
    found: list[DocumentRow] = []
    for part in chunks(sorted(set(amounts))):
        alike = sa.and_(_d.amount.in_(part), _d.business_date.in_(sorted(set(days))))
        found += _received(tx, books, DocumentKind.INVOICE, alike, at_hand)
    return found


def orders_dated(
    tx: Tx,
    books: Books,
    days: Collection[date],
    numbered: Callable[[str], bool],
    at_hand: Sequence[DocumentRow] = (),
) -> list[DocumentRow]:
    """Received orders of a company of one of these days, by rising id. numbered: whether a number is one that counts;
    of the others no more is read.
    """
    found: dict[int, str] = {}
    for part in chunks(sorted(set(days))):
        query = sa.select(_d.id, _d.number).where(
            _d.business_date.in_(part),
            # As the index says it: it has nothing but these.
            _d.kind == sa.literal_column(f"'{DocumentKind.ORDER.value}'"),
            _d.direction == sa.literal_column(f"'{Direction.IN.value}'"),
            unindexed(_d.system) == books.system,
            unindexed(_d.company) == books.company,
        )
        found |= {row.id: row.number for row in tx.execute(query)}
    ids = [key for key, number in found.items() if numbered(number)]
    return _received(tx, books, DocumentKind.ORDER, _d.id.in_(ids), at_hand) if ids else []


def received_held_for(tx: Tx, books: Books, kind: DocumentKind, reason: str) -> list[DocumentRow]:
    """Received documents of a kind and company that are held for this reason."""
    held = sa.and_(_d.reason == reason, unindexed(_d.state) == DocumentState.QUARANTINED.value)
    return _received(tx, books, kind, held)


def wake_documents(tx: Tx, ids: Sequence[int]) -> None:
    """These held documents are due now."""
    for part in chunks(sorted(set(ids))):
        held = sa.and_(_d.id.in_(part), _d.state == DocumentState.QUARANTINED.value)
        tx.execute(sa.update(document).where(held).values(next_attempt_at=now(tx)))


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A document that tells of a record, without what it says: that may be large."""

    id: int
    integration: str
    number: str
    source_id: str | None
    content_hash: str | None
    revision: int
    state: DocumentState
    reason: str | None
    work: str | None
    created_at: datetime
    next_attempt_at: datetime | None


_TOLD = [_d[name] for name in ToldRow.__slots__]


def told_of(tx: Tx, books: Books, flow: str, source_id: str, *, limit: int = 1000) -> list[ToldRow]:
    """What a flow told, or is to tell, of one record of a company, oldest to newest; the newest so many."""
    query = (
        sa.select(*_TOLD)
        .where(
            _d.source_id == source_id,
            unindexed(_d.flow) == flow,
            unindexed(_d.system) == books.system,
            unindexed(_d.company) == books.company,
        )
        .order_by(_d.revision.desc(), _d.id.desc())
        .limit(limit)
    )
    found = [row._asdict() for row in tx.execute(query)]
    return [ToldRow(**{**one, "state": DocumentState(one["state"])}) for one in reversed(found)]


def newest_told(tx: Tx, books: Books, flow: str, integration: str) -> dict[str, ToldRow]:
    """The newest document of each record that a flow of an integration tells, by the record."""
    query = (
        sa.select(*_TOLD)
        .where(
            # All states, by name: so the index of states is used.
            _d.state.in_([state.value for state in DocumentState]),
            _d.integration == integration,
            _d.flow == flow,
            unindexed(_d.system) == books.system,
            unindexed(_d.company) == books.company,
            _d.source_id.is_not(None),
        )
        .order_by(_d.id)
    )
    found: dict[str, ToldRow] = {}
    for row in tx.execute(query):
        one = row._asdict()
        known = found.get(one["source_id"])
        if known is None or known.revision <= one["revision"]:
            found[one["source_id"]] = ToldRow(**{**one, "state": DocumentState(one["state"])})
    return found


def sent_since(tx: Tx, books: Books, flow: str, since: datetime) -> list[DocumentRow]:
    """Documents of a company that a flow sends, made since then, by rising revision."""
    query = sa.select(*DOCUMENT_COLUMNS).where(
        _d.flow == flow,
        _d.system == books.system,
        _d.company == books.company,
        _d.direction == Direction.OUT.value,
        _d.created_at >= since,
    )
    rows = [document_row(row) for row in tx.execute(query)]
    return sorted(rows, key=lambda row: (row.revision, row.id))
