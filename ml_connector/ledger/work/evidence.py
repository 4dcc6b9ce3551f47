"""What an event says of its document's columns, bytes and done writes: hashes, hashed with the event.

    {"row": <hash of the document's own columns>, "canonical": ..., "source": ..., "work": ..., "bytes": <SHA-256 of its
     file>, "operations": {"<id>": "done:<hash of the row>"}}

`row` stands in every event. Texts and bytes are named by the events that set them, writes by those that came with them;
the newest one holds. So nothing has to be read again to write an event.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, file, operation

#: Columns of a document that `row` covers. Its names and keys, which can be taken over, are sealed (`seals.LABELS`).
ROW = (
    "kind",
    "direction",
    "flow",
    "system",
    "company",
    "number",
    "revision",
    "order_number",
    "business_date",
    "currency",
    "amount",
    "partition_date",
    "reason",
    "reason_detail",
    "held_step",
    "source_id",
    "source_changes",
    "content_hash",
    "file_id",
    "interchange_id",
    "group_id",
    "set_control",
    "byte_start",
    "byte_end",
    "parent_id",
    "snapshots",
    "attempts",
    "due_at",
    "created_at",
    "pruned_at",
    "operation_key",
)
#: Long columns, each with a hash of its own.
TEXTS = frozenset(("canonical", "source", "work"))
ROW_COLUMNS = [document.c[name] for name in ROW]
#: Of a write that is done. Its connection's name may be taken over, and it is looked up again; what was written stays.
_LATER = frozenset(("connection", "confirm_at", "copies"))
_SEALED = seals.SEALED["operation"].columns
_WRITE = tuple(name for name in _SEALED if name not in _LATER)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_BYTES = sa.select(file.c.id, file.c.sha256).where(file.c.id.in_(_IDS))
_WRITES = (
    sa.select(operation.c.id, *(operation.c[name] for name in _SEALED))
    .where(operation.c.id.in_(_IDS))
    .order_by(operation.c.id)
)
_WRITES_LOCKED = _WRITES.with_for_update(key_share=True)
_PLACES = tuple(_SEALED.index(name) for name in _WRITE)
_STATE, _DOCUMENT = _SEALED.index("state"), _SEALED.index("document_id")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def text(row: str, changed: Mapping[str, Any], *, sha256: str | None, operations: Mapping[str, str]) -> str:
    """The evidence of an event. row: the hash of the document as it stands after it. changed: what the event sets.

    sha256: of the file's bytes, where the event sets the file. operations: `done:<hash>` by id.
    """
    found: dict[str, Any] = {"row": row}
    for name in TEXTS:
        if name in changed:
            found[name] = text_hash(changed[name])
    if sha256 is not None:
        found["bytes"] = sha256
    if operations:
        found["operations"] = dict(operations)
    return _encode(found)


def row_hash(row: Mapping[str, Any]) -> str:
    """One hash over the columns that evidence covers."""
    return seals.digest(ROW, [row.get(name) for name in ROW])


def text_hash(value: str | None) -> str:
    """Empty for what is not there."""
    return seals.text_hash(value) if value else ""


def file_hashes(tx: Tx, file_ids: Iterable[int | None]) -> dict[int, str]:
    """SHA-256 of files' bytes."""
    found: dict[int, str] = {}
    ids = sorted({key for key in file_ids if key is not None})
    for start in range(0, len(ids), 500):
        found.update((key, value) for key, value in tx.execute(_BYTES, {"ids": ids[start : start + 500]}).all())
    return found


def done_operations(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Those of these writes that are done: by document, id -> `done:<hash of the row>`."""
    return _done(_rows_of(tx, ids, _WRITES))


def done_here(tx: Tx) -> dict[int, dict[str, str]]:
    """The same of the writes that this transaction has noted. They are read for its seal as well."""
    rows = _rows_of(tx, seals.noted(tx, "operation"), _WRITES_LOCKED)
    if rows:
        seals.note_read(tx, "operation", rows)
    return _done(rows)


def _rows_of(tx: Tx, ids: Sequence[int], query: sa.Select[Any]) -> dict[int, Sequence[Any]]:
    rows: dict[int, Sequence[Any]] = {}
    for start in range(0, len(ids), 500):
        rows.update((row[0], row[1:]) for row in tx.execute(query, {"ids": ids[start : start + 500]}).all())
    return rows


def _done(rows: Mapping[int, Sequence[Any]]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for key, values in rows.items():
        if values[_STATE] == "done":
            hashed = seals.digest(_WRITE, [values[place] for place in _PLACES])
            found.setdefault(values[_DOCUMENT], {})[str(key)] = f"done:{hashed}"
    return found
