"""Chain heads exported to a file outside the database, so that a rewritten past shows.

Each line covers the events and seals since the line before:

    {"export": 7, "at": "2026-11-20T09:00:00+00:00", "after_event": 100, "last_event": 250, "events": 150,
     "documents": 40, "previous": "<hash of the line before>", "hash": "<sha256>", "after_seal": 60, "last_seal": 90,
     "departures": 31}

hash = SHA-256 of `previous` and, for every event by rising id, "\\n<id>|<document>|<seq>|<event hash>", then for
every seal by rising id "\\nseal|<id>|<seal hash>". Who rewrites events and all hashes in the database still has to
rewrite the file. Lines from before there were seals name none. departures: so many lines `departures` had then.

Where the ledger was restored from a backup, a line of another form stands between what is lost and what came after:

    {"epoch": 1, "at": "...", "last_event": 180, "previous": "<hash of the newest line that the ledger has>",
     "hash": "<sha256 of previous, epoch, last_event and at>"}

Lines before it about events after `last_event` are of the lost time: listed by `verify`, and no problem once a person
has said that the ledger was restored.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database.store import Ledger, Tx, now
from ml_connector.ledger.tables.documents import chain_head, event, restore, seal

_h = chain_head.c
L = TypeVar("L", "Head", "Epoch")
_MAX_LINE = 10_000
#: What an export's hash was made of: the hash before, and the events and seals after which and up to which.
Reach = tuple[str, int, int, int, int]
#: Exports that were counted and fit, by hash.
Fit = Mapping[str, Reach]
#: The seal of the migration: alone it is no news.
_MIGRATION = 1


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
    after_seal: int = 0
    last_seal: int = 0
    departures: int = 0

    @property
    def reach(self) -> Reach:
        """What its hash was made of."""
        return (self.previous, self.after_event, self.last_event, self.after_seal, self.last_seal)

    def line(self) -> str:
        return json.dumps({name: getattr(self, name) for name in Head.__slots__})


@dataclass(frozen=True, slots=True)
class Epoch:
    """The line that says where a restored ledger goes on. epoch: its number among the ledger's restores."""

    epoch: int
    at: str
    last_event: int
    previous: str
    hash: str

    def line(self) -> str:
        return json.dumps({name: getattr(self, name) for name in Epoch.__slots__})


def begin_epoch(tx: Tx, path: Path, epoch: int, last_event: int) -> Epoch:
    """Note where a restored ledger goes on, in the ledger and in the file; what is exported from now on follows it.

    Raises:
        OSError: the file cannot be written.
    """
    last = _last(tx)
    previous = last.hash if last is not None else ""
    at = now(tx)
    digest = hashlib.sha256(f"{previous}\n{epoch}|{last_event}|{at.isoformat()}".encode()).hexdigest()
    events = min(last.events if last is not None else 0, last_event)
    values = {"at": at, "events": events, "documents": 0, "hash": digest, "exported_to": str(path)[:400]}
    values["seals"] = last.seals if last is not None else None
    tx.execute(sa.insert(chain_head).values(values))
    made = Epoch(epoch, at.isoformat(), last_event, previous, digest)
    _append(path, made.line())
    return made


def lines_beyond(tx: Tx, path: Path) -> list[Head]:
    """Exports that name events which this ledger does not have: it is older than what it has exported.

    A line without its row alone is none: the program ended between the two. What an earlier restore lost is left out.
    """
    if not path.exists():
        return []
    newest: int = tx.execute(sa.select(sa.func.max(event.c.id))).scalar_one() or 0
    known = set(tx.execute(sa.select(_h.hash)).scalars())
    beyond: list[Head] = []
    for _, head in read_heads(path):
        if isinstance(head, Epoch) and head.hash in known:
            beyond = []
        elif isinstance(head, Head) and head.hash not in known and head.last_event > newest:
            beyond.append(head)
    return beyond


def export_heads(ledger: Ledger, path: Path) -> Head | None:
    """Append a line about what is new since the last export; None when nothing is (or another process did it).

    Raises:
        OSError: the file cannot be written. Nothing is noted in the ledger then.
    """
    with ledger.read(long=True) as tx:
        last = _last(tx)
    after, after_seal, previous = (last.events, last.seals or 0, last.hash) if last is not None else (0, 0, "")
    up_to, seal_up_to = _settled(ledger)
    if up_to <= after and seal_up_to <= max(after_seal, _MIGRATION):
        return None
    reach = (previous, after, max(after, up_to), after_seal, max(after_seal, seal_up_to))
    with ledger.read(long=True) as tx:
        digest, events, documents = _digest(tx, *reach)
    with ledger.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("LOCK TABLE chain_head IN EXCLUSIVE MODE")
        if _last(tx) != last:
            return None
        at = now(tx)
        values = {
            "at": at,
            "events": reach[2],
            "seals": reach[4],
            "documents": documents,
            "hash": digest,
            "exported_to": str(path)[:400],
        }
        number: int = tx.execute(sa.insert(chain_head).values(values).returning(_h.id)).scalar_one()
        left = sequences.peek(tx, sequences.DEPARTURES) - 1
        head = Head(number, at.isoformat(), after, reach[2], events, documents, previous, digest, *reach[3:], left)
        # Before the commit: a line without its row is still true, a row without its line would be a gap.
        _append(path, head.line())
    return head


def _last(tx: Tx) -> Any:
    query = sa.select(_h.id, _h.events, _h.seals, _h.hash, _h.at).order_by(_h.id.desc()).limit(1)
    return tx.execute(query).one_or_none()


def _settled(ledger: Ledger) -> tuple[int, int]:
    """The highest ids of events and seals below which no transaction can still add one.

    PostgreSQL hands ids out before the commit: a moment's lock waits for those under way.
    """
    with ledger.write() as tx:
        if tx.dialect.name == "postgresql":
            # In the order in which a transaction writes them.
            tx.exec_driver_sql("LOCK TABLE event, seal IN SHARE MODE")
        highest: int | None = tx.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
        sealed: int | None = tx.execute(sa.select(sa.func.max(seal.c.id))).scalar_one()
        return highest or 0, sealed or 0


def _digest(tx: Tx, previous: str, after: int, up_to: int, after_seal: int, up_to_seal: int) -> tuple[str, int, int]:
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
    seals = sa.select(seal.c.id, seal.c.hash).where(seal.c.id > after_seal, seal.c.id <= up_to_seal).order_by(seal.c.id)
    for key, value in tx.execute(seals.execution_options(yield_per=5000)):
        digest.update(f"\nseal|{key}|{value}".encode())
    return digest.hexdigest(), count, len(documents)


def _append(path: Path, line: str) -> None:
    """One line, on disk when it returns. Of one that a full disk broke off nothing is left, where the file can be cut.

    Who calls holds the ledger's lock: nobody else writes here meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        rest = f"{line}\n".encode("ascii")
        if end:
            file.seek(-1, os.SEEK_END)
            # One that a power cut broke off stays a line of its own.
            rest = rest if file.read(1) == b"\n" else b"\n" + rest
        try:
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            _cut(file, end)
            raise


def _cut(file: FileIO, end: int) -> None:
    with suppress(OSError):
        file.truncate(end)


def read_heads(path: Path) -> Iterator[tuple[int, Head | Epoch | None]]:
    """The lines of an export file with their numbers; None for a line that is none of ours (broken off or changed)."""
    with path.open(encoding="ascii", errors="replace") as file:
        for number, text in enumerate(iter(lambda: file.readline(_MAX_LINE), ""), 1):
            yield number, _parsed(text)


def _parsed(text: str) -> Head | Epoch | None:
    try:
        values = json.loads(text)
        if "epoch" in values:
            return _typed(Epoch(**values), (int, str, int, str, str))
        return _typed(Head(**values), (int, str, int, int, int, int, str, str, int, int, int))
    except (ValueError, TypeError):
        return None


def _typed(line: L, wanted: tuple[type, ...]) -> L | None:
    names = type(line).__slots__
    fits = all(isinstance(getattr(line, name), kind) for name, kind in zip(names, wanted, strict=True))
    return line if fits else None


@dataclass(frozen=True, slots=True)
class Compared:
    """problems: what differs, in words. lost: exports that restores took away, by epoch, in words. elsewhere: where
    others went before, which this file goes on from.
    """

    problems: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    lost: dict[int, list[str]] = field(default_factory=dict)


def verify_exports(ledger: Ledger) -> tuple[list[str], dict[str, Reach]]:
    """The ledger's own memory of its exports against its events and seals.

    Returns what differs, in words, and by hash what the exports that fit were made of.
    """
    problems: list[str] = []
    fit: dict[str, Reach] = {}
    previous, after, after_seal = "", 0, 0
    with ledger.read(long=True) as tx:
        markers = set(tx.execute(sa.select(restore.c.marker)).scalars())
        rows = tx.execute(sa.select(_h.id, _h.events, _h.seals, _h.documents, _h.hash).order_by(_h.id)).all()
        for row in rows:
            reach = (previous, after, row.events, after_seal, row.seals or 0)
            if row.hash in markers:
                # Where a restored ledger goes on: no export (see `Epoch`).
                previous, after, after_seal = row.hash, row.events, row.seals or 0
                continue
            digest, _, documents = _digest(tx, *reach)
            if (digest, documents) == (row.hash, row.documents) and _ends(tx, row.events, row.seals or 0):
                fit[row.hash] = reach
            else:
                problems.append(f"export {row.id} is not of events {after + 1} to {row.events} as they are now")
            previous, after, after_seal = row.hash, row.events, row.seals or 0
    return problems, fit


def _ends(tx: Tx, last_event: int, last_seal: int) -> bool:
    """Whether an export can have ended there: a number with nothing behind it would count the same events."""
    there = sa.select(sa.exists().where(event.c.id == last_event), sa.exists().where(seal.c.id == last_seal))
    has_event, has_seal = tx.execute(there).one()
    return (bool(has_event) or last_event == 0) and (bool(has_seal) or last_seal == 0)


def compare_heads(ledger: Ledger, path: Path, fit: Fit | None = None) -> Compared:
    """Compare the ledger's events and seals with an export file.

    fit: exports that `verify_exports` has counted already.
    """
    found = Compared()
    if not path.exists():
        with ledger.read(long=True) as tx:
            found.problems.extend([f"{path} is missing"] if _last(tx) is not None else [])
        return found
    lines = list(read_heads(path))
    with ledger.read(long=True) as tx:
        markers = dict(tx.execute(sa.select(restore.c.marker, restore.c.last_event)).tuples().all())
        places = dict(tx.execute(sa.select(_h.hash, _h.exported_to)).tuples().all())
    hashes = {""}
    broken: list[str] = []
    for number, head in lines:
        where = f"{path}:{number}"
        if head is None:
            broken.append(f"{where}: not a line of an export")
            continue
        if head.previous in hashes:
            # The chain goes on over it: an export that was broken off, and made again.
            broken.clear()
        elif places.get(head.previous, str(path)[:400]) != str(path)[:400]:
            found.elsewhere.append(f"{where} goes on from {places[head.previous]}")
        else:
            found.problems.append(f"{where}: does not follow any line before it")
        hashes.add(head.hash)
        if isinstance(head, Epoch):
            if head.hash not in markers:
                found.problems.append(f"{where}: the ledger knows nothing of the restore of {head.at}")
        elif (told := _difference(ledger, head, fit or {})) is not None:
            epoch = _lost_by(head, lines[number:], markers)
            if epoch is None:
                found.problems.append(f"{where}: {told}")
            else:
                text = f"{where}: events {head.after_event + 1} to {head.last_event}, exported at {head.at}, are lost"
                found.lost.setdefault(epoch, []).append(text)
    found.problems.extend([*broken, *_missing_lines(ledger, path, hashes)])
    return found


def _difference(ledger: Ledger, head: Head, fit: Fit) -> str | None:
    """How the ledger's events differ from those exported; None where they do not."""
    with ledger.read(long=True) as tx:
        if not _fits_row(tx, head):
            return f"the ledger says something else of export {head.export}"
        if fit.get(head.hash) == head.reach:
            return None
        digest, count, _ = _digest(tx, *head.reach)
    if digest == head.hash:
        return None
    difference = "changed" if count == head.events else f"{head.events - count} missing or added"
    covered = f"events {head.after_event + 1} to {head.last_event}"
    return f"{covered} are not those that were exported at {head.at} ({difference})"


def _lost_by(head: Head, after: Sequence[tuple[int, Head | Epoch | None]], markers: Mapping[str, int]) -> int | None:
    """The first restore noted after an export that took some of its events away."""
    for _, line in after:
        if isinstance(line, Epoch) and line.hash in markers and head.last_event > markers[line.hash]:
            return line.epoch
    return None


def _fits_row(tx: Tx, head: Head) -> bool:
    """A line without its row is true all the same; a row that says something else was changed."""
    query = sa.select(_h.id, _h.at, _h.events, _h.documents).where(_h.hash == head.hash)
    told = (head.export, head.at, head.last_event, head.documents)
    return all((row.id, row.at.isoformat(), row.events, row.documents) == told for row in tx.execute(query))


def _missing_lines(ledger: Ledger, path: Path, seen: set[str]) -> list[str]:
    with ledger.read(long=True) as tx:
        rows = tx.execute(
            sa.select(_h.id, _h.at, _h.hash).where(_h.exported_to == str(path)[:400]).order_by(_h.id)
        ).all()
    missing = [row for row in rows if row.hash not in seen]
    return [f"{path}: the line of export {row.id} ({row.at.isoformat()}) is missing" for row in missing[:20]]
