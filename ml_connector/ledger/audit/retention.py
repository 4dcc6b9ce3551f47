"""Retention: content of old finished documents is taken away on purpose; what happened to them stays.

A pruned document keeps its row, its events and its identity. Its canonical form, source record, work, the payloads of
its operations and, when nothing else needs them, its files' bytes go. A signed tombstone event names the hashes of
what was there, so that a copy kept elsewhere can still be proved, and nobody else can pretend to have pruned.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import Direction
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Ledger, Tx, now
from ml_connector.ledger.exchange import blobs, inbox
from ml_connector.ledger.tables.documents import blob, document, file, operation, snapshot
from ml_connector.ledger.work import transitions
from ml_connector.ledger.work.events import By, EventRow, canonical
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, Move, document_row
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.states import moves_of

ACTION = "pruned"
#: Nobody waits for anything any more.
PRUNABLE = (S.POSTED, S.APPLIED, S.SENT, S.ACKNOWLEDGED, S.REJECTED, S.DUPLICATE, S.DISCARDED)
_FILE_STATES = ("parsed", "repeated", "rejected", "superseded", "sent", "void")
_d = document.c
_f = file.c


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many documents and files lost their content, and how many handled webhook notices were deleted."""

    documents: int
    files: int
    notices: int = 0


def prune(ledger: Ledger, before: datetime, *, key: bytes, by: By, batch: int = 200) -> Pruned:
    """Take away the content of documents finished before that moment, and notices handled before it, in short
    transactions.

    An outbound order keeps its record and its work: what was sent is needed to tell a later change. A document that
    still waits for its answer is left alone. key: signs the tombstones (HMAC-SHA256); keep it outside the database.
    """
    documents = files = 0
    after = 0
    while True:
        with ledger.write() as tx:
            rows = _old_documents(tx, before, after, batch)
            if rows:
                _prune_documents(tx, rows, key, by)
        if not rows:
            break
        after = rows[-1].id
        documents += len(rows)
    after = 0
    while True:
        with ledger.write() as tx:
            found = _old_files(tx, before, after, batch)
            blobs.held(tx, [row.sha256 for row in found], to_delete=True)
            for row in found:
                _prune_file(tx, row, key)
        if not found:
            break
        after = found[-1].id
        files += len(found)
    with ledger.write() as tx:
        notices = inbox.prune(tx, before)
    return Pruned(documents, files, notices)


def _old_documents(tx: Tx, before: datetime, after: int, limit: int) -> list[DocumentRow]:
    query = (
        sa.select(*DOCUMENT_COLUMNS)
        .where(_d.id > after, _d.pruned_at.is_(None), _d.updated_at < before)
        .where(_d.state.in_([state.value for state in PRUNABLE]), _d.due_at.is_(None), _d.claimed_by.is_(None))
        .order_by(_d.id)
        .limit(limit)
        .with_for_update()
    )
    return [document_row(row) for row in tx.execute(query)]


def _prune_documents(tx: Tx, rows: Sequence[DocumentRow], key: bytes, by: By) -> None:
    at = now(tx)
    payloads = _payload_hashes(tx, [row.id for row in rows])
    changes: list[Move] = []
    for row in rows:
        # A later reading of the ERP's record is compared with it.
        is_read = row.direction is Direction.OUT and S.READ in moves_of(row.kind, row.direction)
        gone = {
            "canonical": _sha256(row.canonical),
            "source": "" if is_read else _sha256(row.source),
            "work": "" if is_read else _sha256(row.work),
            "payloads": payloads.get(row.id, {}),
        }
        values: dict[str, Any] = {"canonical": "", "pruned_at": at}
        if not is_read:
            values |= {"source": None, "work": None}
        changes.append(
            Move(row.id, None, ACTION, {**gone, "signature": _sign(key, row.id, row.head_hash, gone)}, values)
        )
    # Before the moves: their events tell the writes as they stand from now on.
    for part in transitions.chunks([row.id for row in rows]):
        emptied = sa.update(operation).where(operation.c.document_id.in_(part)).values(payload="")
        seals.note(tx, "operation", tx.execute(emptied.returning(operation.c.id)).scalars())
    transitions.move(tx, changes, by)


def _payload_hashes(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    o = operation.c
    for part in transitions.chunks(ids):
        query = sa.select(o.document_id, o.key, o.payload).where(o.document_id.in_(part), o.payload != "")
        for document_id, name, payload in tx.execute(query):
            found.setdefault(document_id, {})[name] = _sha256(payload)
    return found


def _sha256(text: str | None) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _sign(key: bytes, document_id: int, head: str, gone: dict[str, Any]) -> str:
    """Over the head before the tombstone: it cannot be moved to another place or document."""
    return hmac.new(key, f"{document_id}|{head}|{canonical(gone)}".encode(), hashlib.sha256).hexdigest()


def tombstone_is_ours(key: bytes, row: EventRow, previous_hash: str) -> bool:
    """Whether a `pruned` event was signed with this key, for this document and place."""
    gone = row.data
    signature = str(gone.pop("signature", ""))
    return hmac.compare_digest(_sign(key, row.document_id, previous_hash, gone), signature)


def _old_files(tx: Tx, before: datetime, after: int, limit: int) -> list[sa.Row[Any]]:
    """Files whose documents have all been pruned, and whose bytes no other file or snapshot shows."""
    unpruned = sa.exists().where(_d.file_id == _f.id, _d.pruned_at.is_(None))
    query = (
        sa.select(_f.id, _f.sha256, _f.size, _f.detail)
        .where(_f.id > after, _f.pruned_at.is_(None), _f.created_at < before)
        .where(_f.state.in_(_FILE_STATES), _f.removal != "pending", ~unpruned)
        .order_by(_f.id)
        .limit(limit)
    )
    return list(tx.execute(query).all())


def _prune_file(tx: Tx, row: sa.Row[Any], key: bytes) -> None:
    at = now(tx)
    signed = f"file|{row.id}|{row.sha256}|{row.size}|{at.isoformat()}"
    tombstone = {
        "sha256": row.sha256,
        "size": row.size,
        "at": at.isoformat(),
        "signature": hmac.new(key, signed.encode(), hashlib.sha256).hexdigest(),
    }
    values = {"pruned_at": at, "detail": {**row.detail, "tombstone": tombstone}}
    tx.execute(sa.update(file).where(_f.id == row.id).values(values))
    seals.note(tx, "file", [row.id])
    others = sa.select(_f.id).where(_f.sha256 == row.sha256, _f.pruned_at.is_(None)).limit(1)
    shown = sa.select(snapshot.c.id).where(snapshot.c.sha256 == row.sha256).limit(1)
    if tx.execute(others).first() is None and tx.execute(shown).first() is None:
        tx.execute(sa.delete(blob).where(blob.c.sha256 == row.sha256))


def file_tombstone_is_ours(key: bytes, file_id: int, detail: dict[str, Any]) -> bool:
    """Whether a pruned file's tombstone was signed with this key."""
    stone = detail.get("tombstone") or {}
    signed = f"file|{file_id}|{stone.get('sha256')}|{stone.get('size')}|{stone.get('at')}"
    expected = hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, str(stone.get("signature", "")))
