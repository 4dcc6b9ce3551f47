"""Does the ledger hold together? Chains, exported heads, bytes, states against operations, keys, totals."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from ml_connector.documents.kinds import RECORD_KINDS, Direction
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.audit import chain_heads, restores, retention, verify_evidence, verify_values
from ml_connector.ledger.audit.problems import Problem
from ml_connector.ledger.database.store import Ledger, Tx, now
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.search import accounted, totals
from ml_connector.ledger.tables.documents import (
    departure,
    document,
    event,
    file,
    lease,
    operation,
    remote_file,
    snapshot,
)
from ml_connector.ledger.work import copies, events, tallies
from ml_connector.ledger.work.operations import UPLOAD
from ml_connector.ledger.work.states import DocumentState as S

_d = document.c
_f = file.c
_o = operation.c
_r = remote_file.c
#: At most so many problems of one kind are named.
NAMED = 100


@dataclass(frozen=True, slots=True)
class Report:
    """problems: what must not be. waiting: what is open and says so (writes in flight, outcomes unknown).

    restores: what was lost when the ledger was restored, who noticed and who settled it.
    facts: what a reader of the report must know, and nobody can mend.
    """

    problems: list[Problem] = field(default_factory=list)
    waiting: list[Problem] = field(default_factory=list)
    restores: list[Problem] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not self.problems


def verify(
    ledger: Ledger,
    *,
    heads_file: Path | None = None,
    key: bytes | None = None,
    sample_blobs: int | None = None,
    stale: timedelta = timedelta(minutes=10),
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Check everything; reads only.

    heads_file: the export to compare with. key: that of the tombstones. sample_blobs: check only so many files'
    bytes, the newest (None: all). stale: age from which a write in flight without a living worker is told.
    """
    report = Report()
    tell = progress or (lambda _: None)
    checks: list[tuple[str, Callable[[Tx], Iterator[Problem]]]] = [
        ("values", verify_values.values),
        ("chains", _chains),
        ("keys", _keys),
        ("operations", _operations),
        ("uploads", _uploads),
        ("written twice", _written_twice),
        ("copies", _copies),
        ("totals", _totals),
        ("tallies", _tallies),
        ("listings", _listings),
        ("documents against their events", verify_evidence.documents),
        ("rows against their seals", verify_evidence.sealed),
    ]
    checks.append(("bytes", lambda tx: _bytes(tx, sample_blobs, report)))
    if key is not None:
        checks.append(("tombstones", lambda tx: _tombstones(tx, key)))
    for name, check in checks:
        tell(name)
        with _told(report, name), ledger.read(long=True) as tx:
            _collect(report.problems, check(tx))
    tell("exports")
    with _told(report, "exports"):
        changed, fit = chain_heads.verify_exports(ledger)
        report.problems.extend(Problem("exports", "chain_head", text) for text in changed)
        if heads_file is not None:
            tell("exported heads")
            _heads(ledger, heads_file, report, fit)
    with _told(report, "what waits"), ledger.read(long=True) as tx:
        report.waiting.extend(_waiting(tx, stale))
        report.facts.extend(verify_evidence.facts(tx))
        report.checked.update(_sizes(tx))
    return report


@contextmanager
def _told(report: Report, name: str) -> Iterator[None]:
    """A row that cannot be read ends its check, and no other one: where such a row is, `values` tells."""
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, WeAreWrong) as error:
        report.problems.append(Problem(name, "", f"this check met a row that cannot be read: {_of(error)}"))
    except (sqlite3.OperationalError, OperationalError) as error:
        if "decode" not in str(error):
            raise
        report.problems.append(Problem(name, "", "this check met text that is not UTF-8"))


def _of(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _heads(ledger: Ledger, path: Path, report: Report, fit: chain_heads.Fit) -> None:
    """What the exported heads say; what a restore lost is listed for good, and no problem once a person settled it."""
    compared = chain_heads.compare_heads(ledger, path, fit)
    report.problems.extend(Problem("heads", str(path), text) for text in compared.problems)
    report.facts.extend(
        f"{text} (ledger.heads_file was changed): compare that file too, with --heads" for text in compared.elsewhere
    )
    with ledger.read(long=True) as tx:
        epochs = restores.all_of(tx)
    for one in epochs:
        where, lost = f"restore {one.id}", compared.lost.get(one.id, [])
        to = f"to {_moment(one.last_event_at)}, event {one.last_event}"
        told = f"restored {to}; noticed {_moment(one.noticed_at)} by {one.noticed_by}"
        if one.settled_at is not None:
            told += f"; settled {_moment(one.settled_at)} by {one.settled_by}: {one.why}"
            report.restores.append(Problem("restore", where, told))
            report.restores.extend(Problem("lost", where, text) for text in lost)
            continue
        told += "; nobody has settled it: `ml-connector ledger restored`"
        (report.problems if lost else report.waiting).append(Problem("restore", where, told))
        report.problems.extend(Problem("lost", where, text) for text in lost)


def _collect(found: list[Problem], problems: Iterator[Problem]) -> None:
    """The first hundred; a last line tells that there are more."""
    for number, problem in enumerate(problems):
        if number == NAMED:
            found.append(Problem(problem.check, "", f"more than {NAMED} problems of this kind"))
            return
        found.append(problem)


def _chains(tx: Tx) -> Iterator[Problem]:
    for broken in events.verify_chain(tx):
        yield Problem("chain", f"document {broken.document_id}", f"event {broken.seq}: {broken.problem}")


def _keys(tx: Tx) -> Iterator[Problem]:
    """The database keeps business keys unique; this notices that somebody took the constraint away."""
    query = (
        sa.select(_d.business_key, sa.func.count())
        .where(_d.business_key.is_not(None))
        .group_by(_d.business_key)
        .having(sa.func.count() > 1)
    )
    for name, count in tx.execute(query):
        yield Problem("business key", name, f"{count} documents hold it")


def _operations(tx: Tx) -> Iterator[Problem]:
    """A posted document's writes are all done; a finished one has none open."""
    posted = (
        sa.select(_d.id, _d.number, _d.state.label("document_state"), _o.position, _o.state)
        .join(operation, _o.document_id == _d.id)
        .where(_d.state.in_((S.POSTED.value, S.APPLIED.value)), _o.state.not_in(("done", "void")))
        .order_by(_d.id)
    )
    for row in tx.execute(posted):
        message = f"{row.number} is {row.document_state}, its write {row.position} is {row.state}"
        yield Problem("operation", f"document {row.id}", message)
    has_done = sa.exists().where(_o.document_id == _d.id, _o.state == "done")
    bare = sa.select(_d.id, _d.number).where(_d.state == S.POSTED.value, _d.direction == Direction.IN.value, ~has_done)
    for row in tx.execute(bare.order_by(_d.id)):
        yield Problem("operation", f"document {row.id}", f"{row.number} is posted, and nothing was written for it")
    given_up = (S.REJECTED, S.DUPLICATE, S.DISCARDED)
    loose = (
        sa.select(_d.id, _d.number, _d.state, _o.state)
        .join(operation, _o.document_id == _d.id)
        .where(_d.state.in_([state.value for state in given_up]), _o.state.in_(("in_flight", "unknown")))
        .order_by(_d.id)
    )
    for key, number, state, write in tx.execute(loose):
        yield Problem("operation", f"document {key}", f"{number} is {state}, and one of its writes is {write}")


def _uploads(tx: Tx) -> Iterator[Problem]:
    """What counts as sent left in a file whose upload is done, or had left before a restore; a record, by a call."""
    sent = (S.SENT, S.ACKNOWLEDGED, S.REFUSED, S.OVERDUE)
    records = [kind.value for kind in RECORD_KINDS]
    carrier = document.alias("carrier")
    done = sa.exists().where(
        carrier.c.file_id == _d.file_id, _o.document_id == carrier.c.id, _o.kind == "upload", _o.state == "done"
    )
    before = sa.exists().where(departure.c.document_id == _d.id, departure.c.decided == "arrived")
    query = sa.select(_d.id, _d.number, _d.state, _d.file_id).where(
        _d.direction == Direction.OUT.value,
        _d.state.in_([state.value for state in sent]),
        _d.kind.not_in(records),
        ~before,
        sa.or_(_d.file_id.is_(None), ~done),
    )
    for row in tx.execute(query.order_by(_d.id)):
        message = f"{row.number} is {row.state}, the upload of its file {row.file_id or ''} is not done"
        yield Problem("upload", f"document {row.id}", message)
    written = sa.exists().where(_o.document_id == _d.id, _o.state == "done")
    bare = sa.select(_d.id, _d.number).where(
        _d.direction == Direction.OUT.value, _d.state == S.SENT.value, _d.kind.in_(records), ~written
    )
    for row in tx.execute(bare.order_by(_d.id)):
        yield Problem("operation", f"document {row.id}", f"{row.number} is sent, and nothing was written for it")


def _written_twice(tx: Tx) -> Iterator[Problem]:
    """Two writes never have one identity at the other side."""
    query = (
        sa.select(_o.connection, _o.kind, _o.outside_id, sa.func.count(), sa.func.min(_o.document_id))
        .where(
            _o.state == "done",
            _o.outside_id.is_not(None),
            _o.outside_id != "",
            _o.kind != UPLOAD,
            _o.shares.is_not(True),
        )
        .group_by(_o.connection, _o.company, _o.kind, _o.outside_id)
        .having(sa.func.count() > 1)
    )
    for connection, kind, outside_id, count, first in tx.execute(query):
        message = f"{count} writes of kind {kind} to {connection} have the outside id {outside_id}"
        yield Problem("outside id", f"document {first}", message)


def _copies(tx: Tx) -> Iterator[Problem]:
    """One key of ours never has two records at the other side; where a look-up found them, a person takes one away."""
    for one in copies.doubled(tx):
        message = f"{one.number}: {one.kind} stands {len(one.ids)} times at {one.connection}: {', '.join(one.ids)}"
        yield Problem("written twice", f"document {one.document_id}", message)


def _listings(tx: Tx) -> Iterator[Problem]:
    """A file of a network's folder that counts as read is kept here: nobody would look at it again."""
    kept = sa.exists().where(_f.id == _r.file_id, _f.remote_id == _r.remote_id)
    query = sa.select(_r.channel, _r.name).where(_r.state == "stored", ~kept)
    for row in tx.execute(query.order_by(_r.channel, _r.remote_id)):
        yield Problem("listing", f"folder {row.channel}", f"{row.name[:80]} counts as read, and is not kept here")


def _totals(tx: Tx) -> Iterator[Problem]:
    for name in totals.integrations(tx):
        told = [*totals.control_totals(tx, name).problems, *accounted.all_problems(tx, name)]
        for message in dict.fromkeys(told):
            yield Problem("totals", name, message)


def _tallies(tx: Tx) -> Iterator[Problem]:
    """The counts that are kept are those of the rows; `ledger recount` mends them."""
    for one in tallies.differences(tx):
        sort = " ".join(part for part in one.sort if part)
        yield Problem("tallies", sort, f"{one.told} {one.subject}s are told, {one.found} are there")


def _bytes(tx: Tx, sample: int | None, report: Report) -> Iterator[Problem]:
    query = sa.select(_f.id, _f.name, _f.sha256, _f.size).where(_f.pruned_at.is_(None)).order_by(_f.id.desc())
    if sample is not None:
        query = query.limit(sample)
    known: dict[str, bool | None] = {}
    rows = tx.execute(query).all()
    report.checked["blobs"] = len(rows)
    for row in rows:
        if row.sha256 not in known:
            known[row.sha256] = blobs.check_blob(tx, row.sha256)
        if (state := known[row.sha256]) is not True:
            message = "its bytes are missing" if state is None else "its bytes do not have their hash"
            yield Problem("bytes", f"file {row.id}", f"{row.name[:80]}: {message}")
    s = snapshot.c
    versions = sa.select(s.connection, s.table_name, s.version, s.sha256).order_by(s.id.desc())
    if sample is not None:
        versions = versions.limit(sample)
    for version in tx.execute(versions).all():
        if blobs.check_blob(tx, version.sha256) is not True:
            where = f"snapshot {version.connection}/{version.table_name} {version.version}"
            yield Problem("bytes", where, "its rows are missing or do not have their hash")


def _tombstones(tx: Tx, key: bytes) -> Iterator[Problem]:
    previous = event.alias("previous")
    query = (
        sa.select(*[event.c[name] for name in events.EventRow.__slots__], previous.c.hash)
        .outerjoin(
            previous,
            sa.and_(previous.c.document_id == event.c.document_id, previous.c.seq == event.c.seq - 1),
        )
        .where(event.c.action == retention.ACTION)
    )
    signed: set[int] = set()
    for row in tx.execute(query.execution_options(yield_per=1000)):
        found = events.EventRow(*row[:-1])
        if retention.tombstone_is_ours(key, found, row[-1] or ""):
            signed.add(found.document_id)
        else:
            yield Problem("tombstone", f"document {found.document_id}", "the tombstone is not signed by us")
    for document_id in tx.execute(sa.select(_d.id).where(_d.pruned_at.is_not(None))).scalars():
        if document_id not in signed:
            yield Problem("tombstone", f"document {document_id}", "its content is gone without a signed tombstone")
    for file_id, detail in tx.execute(sa.select(_f.id, _f.detail).where(_f.pruned_at.is_not(None))):
        if not retention.file_tombstone_is_ours(key, file_id, detail):
            yield Problem("tombstone", f"file {file_id}", "its bytes are gone without a signed tombstone")


def _waiting(tx: Tx, stale: timedelta) -> list[Problem]:
    at = now(tx)
    alive = sa.exists().where(lease.c.name == _d.claimed_by, lease.c.expires_at > at)
    query = (
        sa.select(_o.id, _o.state, _o.kind, _o.last_attempt_at, _d.id.label("document"), _d.number)
        .join(document, _d.id == _o.document_id)
        .where(
            sa.or_(
                _o.state == "unknown",
                sa.and_(_o.state == "in_flight", _o.last_attempt_at < at - stale, ~alive),
            )
        )
        .order_by(_o.id)
        .limit(NAMED)
    )
    return [
        Problem(
            "open write",
            f"document {row.document}",
            f"{row.number}: write {row.kind} is {row.state} since {_moment(row.last_attempt_at)}",
        )
        for row in tx.execute(query)
    ]


def _moment(at: Any) -> str:
    return at.isoformat(timespec="seconds") if at is not None else "an unknown moment"


def _sizes(tx: Tx) -> dict[str, int]:
    tables = {"documents": document, "events": event, "operations": operation, "files": file}
    return {
        name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for name, table in tables.items()
    }
