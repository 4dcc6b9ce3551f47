"""Events: append-only, and hash-chained per document.

An event's hash covers the hash before it, so that a changed, removed or inserted event shows in every later hash of
its document. `documents.move` and `documents.add_documents` write events; nobody else does.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Protocol

import sqlalchemy as sa

from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, event

Detail = Mapping[str, Any]


class By(Protocol):
    """Who does something: the worker, person or partner, and the run and asset it is done in."""

    @property
    def actor(self) -> str: ...

    @property
    def run_id(self) -> str: ...

    @property
    def asset(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """The plain `By`."""

    actor: str
    run_id: str = ""
    asset: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as stored; `detail` is its JSON text."""

    id: int
    document_id: int
    seq: int
    at: datetime
    action: str
    state: str
    actor: str
    run_id: str
    asset: str
    detail: str
    evidence: str | None
    hash: str

    @property
    def data(self) -> dict[str, Any]:
        """The detail, parsed; numbers with a point are Decimal."""
        parsed: dict[str, Any] = json.loads(self.detail, parse_float=Decimal)
        return parsed


def plain(value: Any) -> Any:
    """What JSON has no form for: decimals as text, dates and moments as ISO, records as objects."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise WeAreWrong(f"An event's detail holds a {type(value).__name__}, which has no JSON form.")


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=plain).encode
#: A text's JSON, as `JSONEncoder(ensure_ascii=False)` has it.
_quote = encode_basestring


def canonical(detail: Detail) -> str:
    """One text for equal details."""
    return _encode(dict(detail)) if detail else "{}"


def chained(
    previous: str,
    *,
    document_id: int,
    seq: int,
    at: datetime,
    action: str,
    state: str,
    by: By,
    detail: str,
    evidence: str | None = None,
) -> str:
    """The hash of an event: SHA-256 of the previous hash and the event as canonical JSON (keys sorted).

    `detail` and `evidence` are the stored texts; `at` enters as ISO 8601 in UTC with microseconds. Events from before
    there was evidence have none in their hash either.
    """
    hashes = f'"evidence":{evidence},' if evidence is not None else ""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = (
        f'{previous}{{"action":{_quote(action)},"actor":{_quote(by.actor)},"asset":{_quote(by.asset)},'
        f'"at":"{moment}","detail":{detail},"document_id":{document_id},{hashes}"run_id":{_quote(by.run_id)},'
        f'"seq":{seq},"state":{_quote(state)}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def hash_of(previous: str, row: EventRow) -> str:
    """What the stored event's hash must be."""
    by = Actor(row.actor, row.run_id, row.asset)
    return chained(
        previous,
        document_id=row.document_id,
        seq=row.seq,
        at=row.at,
        action=row.action,
        state=row.state,
        by=by,
        detail=row.detail,
        evidence=row.evidence,
    )


_COLUMNS = [event.c[name] for name in EventRow.__slots__]
_APPEND = sa.insert(event)


def append(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Write events whose hashes were computed with `chained`. For `ledger.work.documents` only."""
    if rows:
        tx.execute(_APPEND, rows)


def history(tx: Tx, document_id: int) -> list[EventRow]:
    """All events of a document, in order."""
    query = sa.select(*_COLUMNS).where(event.c.document_id == document_id).order_by(event.c.seq)
    return [EventRow(*row) for row in tx.execute(query).all()]


def histories(tx: Tx, document_ids: list[int]) -> dict[int, list[EventRow]]:
    """The events of several documents, each in order."""
    found: dict[int, list[EventRow]] = {key: [] for key in document_ids}
    for start in range(0, len(document_ids), 500):
        query = (
            sa.select(*_COLUMNS)
            .where(event.c.document_id.in_(document_ids[start : start + 500]))
            .order_by(event.c.document_id, event.c.seq)
        )
        for row in tx.execute(query).all():
            found[row.document_id].append(EventRow(*row))
    return found


def stream(tx: Tx, *, after: int = 0, up_to: int | None = None) -> Iterator[EventRow]:
    """Events by rising id, a thousand in memory at a time."""
    query = sa.select(*_COLUMNS).where(event.c.id > after).order_by(event.c.id)
    if up_to is not None:
        query = query.where(event.c.id <= up_to)
    for row in tx.execute(query.execution_options(yield_per=1000)):
        yield EventRow(*row)


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """A document whose events are not what was written."""

    document_id: int
    seq: int
    problem: str


def verify_chain(tx: Tx, document_id: int | None = None) -> Iterator[BrokenChain]:
    """Check every document's chain (or one's) against its hashes and its head; yields the first fault of each."""
    query = (
        sa.select(*_COLUMNS, document.c.head_hash, document.c.events, document.c.state)
        .join(document, document.c.id == event.c.document_id)
        .order_by(event.c.document_id, event.c.seq)
    )
    if document_id is not None:
        query = query.where(event.c.document_id == document_id)
    current, seq, previous, broken = 0, 0, "", False
    end: tuple[str, int, str] | None = None
    last_state = ""
    width = len(_COLUMNS)
    for row in tx.execute(query.execution_options(yield_per=1000)):
        found = EventRow(*row[:width])
        if found.document_id != current:
            yield from _bad_end(current, seq, previous, last_state, end, broken=broken)
            current, seq, previous, broken = found.document_id, 0, "", False
            end = (row[width], row[width + 1], row[width + 2])
        if broken:
            continue
        if found.seq != seq + 1:
            yield BrokenChain(current, seq + 1, "an event is missing")
            broken = True
        elif hash_of(previous, found) != found.hash:
            yield BrokenChain(current, found.seq, "the event does not fit its hash")
            broken = True
        seq, previous, last_state = found.seq, found.hash, found.state
    yield from _bad_end(current, seq, previous, last_state, end, broken=broken)
    yield from _without_events(tx, document_id)


def _bad_end(
    current: int, seq: int, last: str, last_state: str, end: tuple[str, int, str] | None, *, broken: bool
) -> Iterator[BrokenChain]:
    if end is None or broken:
        return
    head, count, state = end
    if (head, count) != (last, seq):
        yield BrokenChain(current, seq, f"the document counts {count} events, its head fits another chain or length")
    elif state != last_state:
        yield BrokenChain(current, seq, f"the document is {state}, its last event says {last_state}")


def _without_events(tx: Tx, document_id: int | None) -> Iterator[BrokenChain]:
    query = sa.select(document.c.id).where(~sa.exists().where(event.c.document_id == document.c.id))
    if document_id is not None:
        query = query.where(document.c.id == document_id)
    for found in tx.execute(query.limit(1000)).scalars():
        yield BrokenChain(found, 0, "the document has no events")
    bare = sa.select(event.c.document_id, event.c.seq).where(~sa.exists().where(document.c.id == event.c.document_id))
    if document_id is not None:
        bare = bare.where(event.c.document_id == document_id)
    for found, seq in tx.execute(bare.limit(1000)).tuples():
        yield BrokenChain(found, seq, "there is no such document")
