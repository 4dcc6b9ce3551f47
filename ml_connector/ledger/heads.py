"""Chain heads exported to a file outside the database, so that a rewritten past shows.

Each line covers the events since the line before:

    {"export": 7, "at": "2026-11-20T09:00:00+00:00", "after_event": 100, "last_event": 250, "events": 150,
     "documents": 40, "previous": "<hash of the line before>", "hash": "<sha256>"}

hash = SHA-256 of `previous` and, for every event by rising id, "\\n<id>|<document>|<seq>|<event hash>". Who rewrites
events and all hashes in the database still has to rewrite the file.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.store import Ledger, Tx, now
from ml_connector.ledger.tables import chain_head, event

_h = chain_head.c
_MAX_LINE = 10_000


@dataclass(frozen=True, slots=True)
class Head:
    """One export."""

    export: int
    at: str
    after_event: int
    last_event: int
    events: int
    documents: int
    previous: str
    hash: str

    def line(self) -> str:
        return json.dumps({name: getattr(self, name) for name in Head.__slots__})


def export_heads(ledger: Ledger, path: Path) -> Head | None:
    """Append a line about all events since the last export; None when there were none (or another process did it).

    Raises:
        OSError: the file cannot be written. Nothing is noted in the ledger then.
    """
    with ledger.read() as tx:
        last = _last(tx)
    after, previous = (last.events, last.hash) if last is not None else (0, "")
    up_to = _settled_event(ledger)
    if up_to <= after:
        return None
    with ledger.read() as tx:
        digest, events, documents = _digest(tx, previous, after, up_to)
    with ledger.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("LOCK TABLE chain_head IN EXCLUSIVE MODE")
        if _last(tx) != last:
            return None
        at = now(tx)
        values = {"at": at, "events": up_to, "documents": documents, "hash": digest, "exported_to": str(path)[:400]}
        number: int = tx.execute(sa.insert(chain_head).values(values).returning(_h.id)).scalar_one()
        head = Head(number, at.isoformat(), after, up_to, events, documents, previous, digest)
        # Before the commit: a line without its row is still true, a row without its line would be a gap.
        _append(path, head.line())
    return head


def _last(tx: Tx) -> Any:
    query = sa.select(_h.id, _h.events, _h.hash, _h.at).order_by(_h.id.desc()).limit(1)
    return tx.execute(query).one_or_none()


def _settled_event(ledger: Ledger) -> int:
    """The highest event id below which no transaction can still add one.

    PostgreSQL hands ids out before the commit: a moment's lock waits for those under way.
    """
    with ledger.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("LOCK TABLE event IN SHARE MODE")
        highest: int | None = tx.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
        return highest or 0


def _digest(tx: Tx, previous: str, after: int, up_to: int) -> tuple[str, int, int]:
    digest = hashlib.sha256(previous.encode())
    documents: set[int] = set()
    count = 0
    query = (
        sa.select(event.c.id, event.c.document_id, event.c.seq, event.c.hash)
        .where(event.c.id > after, event.c.id <= up_to)
        .order_by(event.c.id)
    )
    for key, document_id, seq, value in tx.execute(query.execution_options(yield_per=5000)):
        digest.update(f"\n{key}|{document_id}|{seq}|{value}".encode())
        documents.add(document_id)
        count += 1
    return digest.hexdigest(), count, len(documents)


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_heads(path: Path) -> Iterator[tuple[int, Head | None]]:
    """The lines of an export file with their numbers; None for a line that is none of ours (broken off or changed)."""
    with path.open(encoding="ascii", errors="replace") as file:
        for number, text in enumerate(iter(lambda: file.readline(_MAX_LINE), ""), 1):
            yield number, _parsed(text)


def _parsed(text: str) -> Head | None:
    try:
        values = json.loads(text)
        head = Head(**values)
    except (ValueError, TypeError):
        return None
    wanted = (int, str, int, int, int, int, str, str)
    fits = all(isinstance(getattr(head, name), kind) for name, kind in zip(Head.__slots__, wanted, strict=True))
    return head if fits else None


def verify_heads(ledger: Ledger, path: Path) -> list[str]:
    """Compare the ledger's events with an export file; what differs, in words."""
    if not path.exists():
        with ledger.read() as tx:
            return [f"{path} is missing"] if _last(tx) is not None else []
    problems: list[str] = []
    hashes = {""}
    seen: set[str] = set()
    for number, head in read_heads(path):
        if head is None:
            problems.append(f"{path}:{number}: not a line of an export")
            continue
        if head.previous not in hashes:
            problems.append(f"{path}:{number}: does not follow any line before it")
        with ledger.read() as tx:
            digest, count, _ = _digest(tx, head.previous, head.after_event, head.last_event)
        if digest != head.hash:
            difference = "changed" if count == head.events else f"{head.events - count} missing or added"
            problems.append(
                f"{path}:{number}: events {head.after_event + 1} to {head.last_event} are not those that were "
                f"exported at {head.at} ({difference})"
            )
        hashes.add(head.hash)
        seen.add(head.hash)
    return problems + _missing_lines(ledger, path, seen)


def _missing_lines(ledger: Ledger, path: Path, seen: set[str]) -> list[str]:
    with ledger.read() as tx:
        rows = tx.execute(
            sa.select(_h.id, _h.at, _h.hash).where(_h.exported_to == str(path)[:400]).order_by(_h.id)
        ).all()
    missing = [row for row in rows if row.hash not in seen]
    return [f"{path}: the line of export {row.id} ({row.at.isoformat()}) is missing" for row in missing[:20]]
