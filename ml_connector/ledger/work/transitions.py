"""Changing documents: states are checked, events chained and heads stored for a whole batch in few statements."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.coordination.leases import living
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import events, evidence, tallies
from ml_connector.ledger.work.events import By
from ml_connector.ledger.work.records import CHANGEABLE, ClaimLost, Move
from ml_connector.ledger.work.states import EXPLAINED, DocumentState, check_move
from ml_connector.ledger.work.tallies import Sort
from ml_connector.logs import fields

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Ids in one IN list.
CHUNK = 500
_d = document.c
#: Made once: making a statement costs several times as much as carrying it out.
_TAKE = (
    sa.select(_d.id, _d.state, _d.events, _d.head_hash, _d.claimed_by, _d.integration, *evidence.ROW_COLUMNS)
    .where(_d.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_d.id)
    .with_for_update()
)
_CHANGE = sa.update(document).where(_d.id == sa.bindparam("key_"))
#: An event's action is a few words (its column).
ACTION_LENGTH = 40
_LABELS = frozenset(seals.LABELS)
#: The action of a change without one that must leave an event all the same.
QUIETLY = "noted"
#: These no longer count: another document may take the business key.
_GIVES_UP_KEY = frozenset({DocumentState.DISCARDED, DocumentState.REJECTED})


#: Where a document stops until somebody or something outside moves it on.
_TOLD = frozenset({
    DocumentState.QUARANTINED.value, DocumentState.REJECTED.value, DocumentState.REFUSED.value,
    DocumentState.UNKNOWN_OUTCOME.value, DocumentState.OVERDUE.value,
})  # fmt: skip


@dataclass(slots=True)
class _Working:
    """A document while its moves are worked out."""

    id: int
    kind: DocumentKind
    direction: Direction
    state: DocumentState
    events: int
    head: str
    claimed_by: str | None
    row: dict[str, Any]
    sort: Sort
    changes: dict[str, Any] = field(default_factory=dict)


def chunks(ids: Sequence[T], size: int = CHUNK) -> Iterable[Sequence[T]]:
    """In parts that one statement takes."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def move(tx: Tx, moves: Sequence[Move], by: By, *, expect: str | None = None) -> None:
    """Carry out a batch of moves, in their order; several of one document are allowed.

    expect: every document must be claimed by this holder. Without it, `by.holder` (where `by` has one) must at least
    not write over the work of another worker that is alive.

    When a document that was held, refused or overdue goes on, reason, reason_detail and held_step are emptied; on any
    change of state next_attempt_at is, unless the move sets them. Rejected and discarded documents give up their
    business key.

    Raises:
        ClaimLost: another worker has one of the documents.
        WeAreWrong: a move that the state table does not allow, an unknown document, a column that no move may set.
    """
    if not moves:
        return
    at = now(tx)
    working = _load(tx, sorted({one.document_id for one in moves}))
    _check_claims(tx, working.values(), expect, getattr(by, "holder", None))
    rows: list[dict[str, Any]] = []
    hashes = evidence.file_hashes(tx, [one.changes.get("file_id") for one in moves])
    done = evidence.done_here(tx)
    for one in moves:
        row = _apply(working, one, by, at, hashes, done)
        if row is not None:
            rows.append(row)
    events.append(tx, rows)
    _store(tx, working.values())
    _count(tx, working.values())
    _log(rows)


def _log(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each document that stops, or for each move where somebody asked for that much."""
    if not log.isEnabledFor(logging.INFO):
        return
    for row in rows:
        level = logging.INFO if row["state"] in _TOLD else logging.DEBUG
        if not log.isEnabledFor(level):
            continue
        log.log(
            level,
            "document moved",
            extra=fields(document=row["document_id"], state=row["state"], run=row["run_id"], action=row["action"]),
        )


def _load(tx: Tx, ids: list[int]) -> dict[int, _Working]:
    found: dict[int, _Working] = {}
    for part in chunks(ids):
        for key, state, count, head, claimed_by, integration, *values in tx.execute(_TAKE, {"ids": part}).all():
            row = dict(zip(evidence.ROW, values, strict=True))
            sort = Sort(integration, row["direction"], state, row["flow"], row["kind"], row["reason"] or "")
            kind, direction = DocumentKind(row["kind"]), Direction(row["direction"])
            found[key] = _Working(key, kind, direction, DocumentState(state), count, head, claimed_by, row, sort)
    if len(found) != len(ids):
        missing = sorted(set(ids) - set(found))
        raise WeAreWrong(f"The ledger has no document {missing[0]}.")
    return found


def _check_claims(tx: Tx, rows: Iterable[_Working], expect: str | None, holder: str | None) -> None:
    if expect is not None:
        lost = [row for row in rows if row.claimed_by != expect]
        if lost:
            raise ClaimLost(f"Document {lost[0].id} is no longer claimed by {expect}.", data={"documents": len(lost)})
        return
    if holder is None:
        return
    others = {row.claimed_by: row.id for row in rows if row.claimed_by is not None and row.claimed_by != holder}
    alive = living(tx, list(others))
    for name in alive:
        raise ClaimLost(f"Document {others[name]} is claimed by {name}, not by {holder}.")


def _apply(
    working: Mapping[int, _Working],
    one: Move,
    by: By,
    at: datetime,
    hashes: Mapping[int, str],
    done: Mapping[int, dict[str, str]],
) -> dict[str, Any] | None:
    row = working[one.document_id]
    changed: dict[str, Any] = {}
    if one.to is not None:
        check_move(row.kind, row.direction, row.state, one.to)
        changed.update(_implied(row.state, one.to))
        row.state = one.to
        row.changes["state"] = one.to.value
    for name in one.changes:
        if name not in CHANGEABLE:
            raise WeAreWrong(f"A move may not set {name}.")
    changed.update(one.changes)
    row.changes.update(changed)
    if row.state is DocumentState.QUARANTINED and one.to is not None and not row.changes.get("reason"):
        raise WeAreWrong(f"Document {row.id} is to be held without a reason.")
    if one.release:
        row.changes["claimed_by"] = None
    before = evidence.row_hash(row.row) if one.to is None and not one.action else ""
    row.row.update((name, value) for name, value in changed.items() if name in row.row)
    after = evidence.row_hash(row.row)
    if before == after and evidence.TEXTS.isdisjoint(changed):
        return None
    action = one.action or QUIETLY
    if len(action) > ACTION_LENGTH:
        raise WeAreWrong(f"An action has at most {ACTION_LENGTH} characters: {action}.")
    detail = events.canonical(one.detail)
    hashed = evidence.text(
        after, changed, sha256=hashes.get(changed.get("file_id") or 0), operations=done.get(row.id, {})
    )
    row.events += 1
    row.head = events.chained(
        row.head,
        document_id=row.id,
        seq=row.events,
        at=at,
        action=action,
        state=row.state.value,
        by=by,
        detail=detail,
        evidence=hashed,
    )
    row.changes |= {"events": row.events, "head_hash": row.head, "updated_at": at}
    return {
        "document_id": row.id,
        "seq": row.events,
        "at": at,
        "action": action,
        "state": row.state.value,
        "actor": by.actor,
        "run_id": by.run_id,
        "asset": by.asset,
        "detail": detail,
        "evidence": hashed,
        "hash": row.head,
    }


def _implied(old: DocumentState, new: DocumentState) -> dict[str, Any]:
    """What a change of state changes with it, unless the move says otherwise."""
    implied: dict[str, Any] = {"next_attempt_at": None}
    if old in EXPLAINED and new not in EXPLAINED:
        implied |= {"reason": None, "reason_detail": None, "held_step": None}
    elif new in EXPLAINED and old not in EXPLAINED:
        implied |= {"reason": None, "reason_detail": None}
        implied["held_step"] = old.value if new is DocumentState.QUARANTINED else None
    if new in _GIVES_UP_KEY:
        implied["business_key"] = None
    return implied


def _store(tx: Tx, rows: Iterable[_Working]) -> None:
    """One statement for each set of columns that change together."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        names = tuple(sorted(row.changes))
        if not _LABELS.isdisjoint(names):
            seals.note(tx, "document", [row.id])
        groups.setdefault(names, []).append({"key_": row.id, **row.changes})
    for names, values in groups.items():
        if not names:
            continue
        tx.execute(_CHANGE, values)


def _count(tx: Tx, rows: Iterable[_Working]) -> None:
    changes: tallies.Changes = Counter()
    for row in rows:
        after = row.sort._replace(
            state=row.state.value,
            flow=row.changes.get("flow", row.sort.flow),
            kind=str(row.changes.get("kind", row.sort.kind)),
            reason=row.changes.get("reason", row.sort.reason) or "",
        )
        tallies.changed(row.sort, after, changes)
    tallies.note_documents(tx, changes)


def first_event(
    document_id: int, state: str, action: str, detail: Mapping[str, Any], by: By, at: datetime, hashed: str
) -> dict[str, Any]:
    """The row of a new document's first event; its `hash` is the document's head."""
    text = events.canonical(detail)
    head = events.chained(
        "", document_id=document_id, seq=1, at=at, action=action, state=state, by=by, detail=text, evidence=hashed
    )
    return {
        "document_id": document_id,
        "seq": 1,
        "at": at,
        "action": action,
        "state": state,
        "actor": by.actor,
        "run_id": by.run_id,
        "asset": by.asset,
        "detail": text,
        "evidence": hashed,
        "hash": head,
    }
