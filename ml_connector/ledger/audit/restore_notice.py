"""Noticing a restore: a ledger that is older than its witnesses outside begins a new epoch (see `restores`)."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import Reason, reason_detail
from ml_connector.ledger.audit import chain_heads as heads
from ml_connector.ledger.audit.restores import LINES, Restore, add_rows, newest, set_document, unknown_row
from ml_connector.ledger.coordination import cursors, sequences
from ml_connector.ledger.database import departures as log_of
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.departures import Departure, DepartureLog
from ml_connector.ledger.database.store import Ledger, Tx, now
from ml_connector.ledger.exchange import related
from ml_connector.ledger.tables.documents import departure, document, event, operation, restore
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.events import By
from ml_connector.ledger.work.records import Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.transitions import chunks

_r = restore.c
_p = departure.c
_o = operation.c


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What stands outside the database."""

    heads: Path
    log: DepartureLog


def is_older(tx: Tx, outside: Witnesses) -> bool:
    """Whether the witnesses tell of events that this ledger does not have; cheap when they do not."""
    last = newest(tx)
    seen: dict[str, Any] = last.evidence if last is not None else {}
    departed = outside.log.last_line()
    if departed and _mark(departed) != seen.get("log"):
        line = log_of.parsed(departed)
        if line is not None and not _has_event(tx, line):
            return True
    exported = log_of.last_line(outside.heads)
    if not exported or _mark(exported) == seen.get("heads"):
        return False
    return bool(heads.lines_beyond(tx, outside.heads))


def _mark(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _has_event(tx: Tx, line: Departure) -> bool:
    """Whether the ledger has the newest event that there was when a file left."""
    if not line.event:
        return True
    found = tx.execute(sa.select(event.c.hash).where(event.c.id == line.event)).scalar_one_or_none()
    return found == line.hash


def notice(
    ledger: Ledger, outside: Witnesses, by: By, *, since: datetime | None = None, until: datetime | None = None
) -> Restore | None:
    """Begin an epoch where the ledger is older than its witnesses, or a person says so; the restore, or None.

    since: the moment that the database was restored to, as a person tells. until: when the connector was stopped
    before the restore; without it, the present moment.

    Raises:
        OSError: the file of the chain heads cannot be written.
    """
    with ledger.read() as tx:
        if since is None and not is_older(tx, outside):
            return None
    with ledger.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("LOCK TABLE restore IN EXCLUSIVE MODE")
        if since is None and not is_older(tx, outside):
            return None  # another process was faster
        return _begin(tx, outside, by, since, until)


def _begin(tx: Tx, outside: Witnesses, by: By, since: datetime | None, until: datetime | None) -> Restore:
    exported = heads.lines_beyond(tx, outside.heads)
    lost, whole = _lost(tx, outside.log, told=max((one.departures for one in exported), default=0))
    # Files that are no newer than the database may have been restored together with it: they prove nothing.
    complete = whole and bool(lost or exported)
    at = now(tx)
    last_event, last_event_at = _last_event(tx, since)
    values = {
        "noticed_at": at,
        "noticed_by": by.actor,
        "last_event": last_event,
        "last_event_at": last_event_at,
        "last_document": _last_document(tx, since),
        "until": until or at,
        "complete": complete,
        "marker": "",
        "evidence": {},
    }
    number: int = tx.execute(sa.insert(restore).values(values).returning(_r.id)).scalar_one()
    if lost:
        add_rows(tx, _rows(number, lost))
    evidence: dict[str, Any] = {
        "told_since": since.isoformat() if since is not None else "",
        "exports_lost": len(exported),
        "last_export": exported[-1].at if exported else "",
        "files_left": len(lost),
        "last_left": lost[-1].at if lost else "",
        "raised": _go_on_above(tx, lost) if complete else {},
        "positions": {name: value for name, value in cursors.listing(tx).items() if name.endswith(cursors.READ_AGAIN)},
        "log": _mark(outside.log.last_line()),
    }
    if not complete:
        evidence["stopped"] = sequences.stop_all(tx, number)
    _doubt_writes(tx)
    _doubt_uploads(tx, number, lost, by, complete=complete)
    marker = heads.begin_epoch(tx, outside.heads, number, last_event)
    evidence["heads"] = _mark(marker.line())
    changes = {"marker": marker.hash, "evidence": evidence}
    tx.execute(sa.update(restore).where(_r.id == number).values(changes))
    seals.note(tx, "restore", [number])
    found = newest(tx)
    assert found is not None
    return found


def _last_event(tx: Tx, since: datetime | None) -> tuple[int, datetime | None]:
    query = sa.select(event.c.id, event.c.at).order_by(event.c.id.desc()).limit(1)
    if since is not None:
        query = query.where(event.c.at <= since)
    row = tx.execute(query).one_or_none()
    return (row.id, row.at) if row is not None else (0, None)


def _last_document(tx: Tx, since: datetime | None) -> int:
    query = sa.select(sa.func.max(document.c.id))
    if since is not None:
        query = query.where(document.c.created_at <= since)
    found: int | None = tx.execute(query).scalar_one()
    return found or 0


def _lost(tx: Tx, log: DepartureLog, told: int) -> tuple[list[Departure], bool]:
    """Departures that the ledger knows nothing of, and whether these are all there were since its newest event.

    told: so many lines there were, by the newest export: the file may be older than that one.
    """
    lines: list[Departure] = []
    broken = False
    for line in log.read():
        broken = broken or line is None
        if line is not None:
            lines.append(line)
    if not lines:
        return [], False
    known = _begun(tx, [line.key for line in lines])
    known |= set(tx.execute(sa.select(_p.operation_key).where(_p.operation_key != "")).scalars())
    lost = [line for line in lines if line.key not in known]
    numbers = {line.n for line in lines}
    expected = range(sequences.peek(tx, LINES), max(told, *(line.n for line in lost), 0) + 1)
    return lost, not broken and _written_down(tx, lines[0]) and all(n in numbers for n in expected)


def _written_down(tx: Tx, first: Departure) -> bool:
    """Whether what left was written down already when the restored database was as it is now."""
    if sequences.peek(tx, LINES) > 1 or _has_event(tx, first):
        return True
    began = sa.select(sa.func.count()).select_from(operation).where(_o.kind == "upload", _o.attempts > 0)
    return first.n == 1 and not tx.execute(began).scalar_one()


def _begun(tx: Tx, keys: Sequence[str]) -> set[str]:
    """Those of these uploads that the ledger has begun."""
    found: set[str] = set()
    for part in chunks(sorted(set(keys))):
        query = sa.select(_o.key).where(_o.key.in_(part), sa.or_(_o.attempts > 0, _o.state != "planned"))
        found.update(tx.execute(query).scalars())
    return found


def _rows(number: int, lost: Sequence[Departure]) -> Iterator[dict[str, Any]]:
    for line in lost:
        group = next((value for name, value in line.numbers.items() if name.startswith("GS06:")), None)
        for one in line.documents:
            yield {
                **{name: getattr(one, name) for name in type(one).__slots__},
                "restore_id": number,
                "operation_key": line.key,
                "target": line.to[:600],
                "left_at": line.at,
                "group_control": group,
            }


def _go_on_above(tx: Tx, lost: Sequence[Departure]) -> dict[str, int]:
    """Raise every sequence above what left in the lost time; the new values."""
    used: dict[str, int] = {}
    for line in lost:
        for name, value in line.numbers.items():
            used[name] = max(value, used.get(name, 0))
    known = dict(sequences.all_next(tx))
    raised = {name: value + 1 for name, value in used.items() if known.get(name, 0) <= value}
    for name, value in raised.items():
        sequences.set_next(tx, name, value)
    highest = max((line.n for line in lost), default=0)
    if highest >= sequences.peek(tx, LINES):
        sequences.set_next(tx, LINES, highest + 1)
    return raised


def _doubt_writes(tx: Tx) -> None:
    """What was planned for an ERP may have been written in the lost time: it is looked for before it is written."""
    doubted = sa.update(operation).where(_o.kind != "upload", _o.state == "planned").values(state="unknown")
    seals.note(tx, "operation", tx.execute(doubted.returning(_o.id)).scalars())


def _doubt_uploads(tx: Tx, number: int, lost: Sequence[Departure], by: By, *, complete: bool) -> None:
    """Files that were ready to leave may have left in the lost time: as after an upload that nobody confirmed."""
    query = sa.select(_o.id, _o.key, _o.target, _o.document_id).where(_o.kind == "upload", _o.state == "planned")
    open_uploads = tx.execute(query.order_by(_o.id)).all()
    left = {line.key for line in lost}
    doubtful = [one for one in open_uploads if not complete or one.key in left]
    for part in chunks([one.id for one in doubtful]):
        tx.execute(sa.update(operation).where(_o.id.in_(part)).values(state="unknown", attempts=_o.attempts + 1))
        seals.note(tx, "operation", part)
    files = {one.document_id: one for one in doubtful}
    for carrier in documents.get_many(tx, list(files)):
        upload = files[carrier.id]
        of_file = related.documents_of_file(tx, carrier.file_id) if carrier.file_id is not None else []
        together = [row for row in of_file if row.state in {S.RENDERED, S.SENDING}]
        documents.move(tx, [move for row in together for move in _doubted(row, number, upload.target)], by)
        _attach(tx, number, upload.key, together, known=upload.key in left, target=upload.target)


def _doubted(row: documents.DocumentRow, number: int, target: str) -> list[Move]:
    begun = [Move(row.id, S.SENDING, "sending", release=False)] if row.state is S.RENDERED else []
    detail = reason_detail(
        f"The ledger was restored; {row.number} may have left in {target} before.",
        "A 997 says so, or a person: `ml-connector ledger restored`.",
        {"target": target},
    )
    changes = {"reason": str(Reason.OUTCOME_UNKNOWN), "reason_detail": detail}
    return [*begun, Move(row.id, S.UNKNOWN_OUTCOME, "the ledger was restored", {"restore": number}, changes=changes)]


def _attach(tx: Tx, number: int, key: str, rows: Sequence[documents.DocumentRow], *, known: bool, target: str) -> None:
    for row in rows:
        if known:
            mine = sa.and_(_p.restore_id == number, _p.operation_key == key, _p.number == row.number)
            set_document(tx, mine, row.id)
        else:
            add_rows(tx, [unknown_row(number, row) | {"target": target[:600]}])
