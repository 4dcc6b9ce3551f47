"""What came of every file and every group: looked at once when it is new, and again while something is open about it.

Up to a file and a group everything has been accounted for but for a short list; checks look at the list and at what
came since, however large the ledger is. `ledger verify` trusts no mark and goes through all of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document, envelope_group, file, interchange

_d = document.c
_f = file.c
_g = envelope_group.c
_i = interchange.c

#: Problems named at once.
NAMED = 20
#: What is younger is looked at again: ids are handed out before their rows can be seen.
YOUNG = timedelta(minutes=10)
#: More that is open than this: the mark stays where it is until somebody has mended it.
MOST_OPEN = 1000
#: Rows the mark passes in one step.
STEP = 5000
_FILES, _GROUPS = "accounted:files", "accounted:groups"
#: Of these something must have come.
_READ = ("parsed", "rejected")
_UNREAD = ("stored", "incomplete")


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything up to this id is accounted for, but for those that are open."""

    up_to: int = 0
    open: Sequence[int] = field(default_factory=tuple)


def _mark(tx: Tx, name: str) -> Mark:
    found = json.loads(cursors.get(tx, name) or "{}")
    return Mark(int(found.get("up_to", 0)), tuple(found.get("open", ())))


def problems(tx: Tx, integration: str) -> list[str]:
    """Files of which nothing came, and groups whose sets are not all documents, as far as it is not accounted for."""
    files, groups = _mark(tx, _FILES), _mark(tx, _GROUPS)
    found: list[str] = []
    for which in (*([_f.id.in_(files.open)] if files.open else []), _f.id > files.up_to):
        lost = _parsed_to_nothing(which, unindexed(_f.integration) == integration)
        found += [_lost(row) for row in tx.execute(lost.order_by(_f.id).limit(NAMED))]
    for which in (*([_g.id.in_(groups.open)] if groups.open else []), _g.id > groups.up_to):
        short = _sets_without_documents(which, unindexed(_g.integration) == integration)
        found += [_short(row) for row in tx.execute(short.order_by(_g.id).limit(NAMED))]
    return found


def all_problems(tx: Tx, integration: str, day: sa.ColumnElement[bool] | None = None) -> list[str]:
    """The same of all there is, or of the files of a day."""
    files = [_f.integration == integration] if day is None else [_f.integration == integration, day]
    groups = [unindexed(_g.integration) == integration]
    if day is not None:
        groups.append(_g.id.in_(_groups_of(integration, day)))
    lost = _parsed_to_nothing(*files).order_by(_f.id).limit(NAMED)
    short = _sets_without_documents(*groups).order_by(_g.id).limit(NAMED)
    return [_lost(row) for row in tx.execute(lost)] + [_short(row) for row in tx.execute(short)]


def _groups_of(integration: str, day: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    query = sa.select(_g.id).join(interchange, _i.id == _g.interchange_id).join(file, _f.id == _i.file_id)
    return query.where(_f.integration == integration, day)


def _parsed_to_nothing(*which: sa.ColumnElement[bool]) -> sa.Select[tuple[int, str, str]]:
    """A parsed or rejected file must have left an interchange or a document, unless it was read to say nothing."""
    has_envelope = sa.exists().where(_i.file_id == _f.id)
    has_document = sa.exists().where(_d.file_id == _f.id)
    received = unindexed(_f.direction) == "in"
    read = unindexed(_f.state).in_(_READ)
    says_something = _f.detail["documents"].as_integer().is_distinct_from(0)
    return sa.select(_f.id, _f.name, _f.state).where(
        *which, received, read, ~has_envelope, ~has_document, says_something
    )


def _sets_without_documents(*which: sa.ColumnElement[bool]) -> sa.Select[tuple[int, int, int | None, int, int]]:
    """Every set that a group was found to hold is one document of that group."""
    count = sa.select(sa.func.count()).where(_d.group_id == _g.id).correlate(envelope_group).scalar_subquery()
    return (
        sa.select(_g.id, _g.control_number, _g.sets_received, _i.file_id, count.label("documents"))
        .join(interchange, _i.id == _g.interchange_id)
        .where(*which, unindexed(_g.direction) == "in", _g.sets_received.is_not(None), _g.sets_received != count)
    )


def _lost(row: sa.Row[tuple[int, str, str]]) -> str:
    return f"file {row.id} ({row.name[:80]}) is {row.state}, and nothing came of it"


def _short(row: sa.Row[tuple[int, int, int | None, int, int]]) -> str:
    return (
        f"group {row.control_number} of file {row.file_id} held {row.sets_received} sets, "
        f"the ledger has {row.documents} documents of it"
    )


def lags(tx: Tx) -> bool:
    """Whether enough came since the marks were set to move them on."""
    newest = tx.execute(sa.select(sa.func.max(_f.id))).scalar_one() or 0
    groups = tx.execute(sa.select(sa.func.max(_g.id))).scalar_one() or 0
    far = STEP // 50
    return bool(newest - _mark(tx, _FILES).up_to > far or groups - _mark(tx, _GROUPS).up_to > far)


def advance(tx: Tx) -> bool:
    """Move the marks on by a step; whether there is more to pass."""
    # Both, whatever the first says.
    return any([_advance_files(tx), _advance_groups(tx)])


def _advance_files(tx: Tx) -> bool:
    mark = _mark(tx, _FILES)
    passed = _passed(
        tx, sa.select(_f.id, _f.created_at).where(_f.id > mark.up_to).order_by(_f.id).limit(STEP), mark.up_to
    )
    either = sa.or_(_f.id.in_(mark.open), sa.and_(_f.id > mark.up_to, _f.id <= passed))
    unread = sa.select(_f.id).where(either, unindexed(_f.state).in_(_UNREAD), unindexed(_f.direction) == "in")
    left = set(tx.execute(unread.limit(MOST_OPEN + 1)).scalars())
    left |= {row.id for row in tx.execute(_parsed_to_nothing(either).limit(MOST_OPEN + 1))}
    return _put(tx, _FILES, mark, passed, left)


def _advance_groups(tx: Tx) -> bool:
    mark = _mark(tx, _GROUPS)
    query = sa.select(_g.id, _i.created_at).join(interchange, _i.id == _g.interchange_id).where(_g.id > mark.up_to)
    passed = _passed(tx, query.order_by(_g.id).limit(STEP), mark.up_to)
    either = sa.or_(_g.id.in_(mark.open), sa.and_(_g.id > mark.up_to, _g.id <= passed))
    unread = sa.select(_g.id).where(either, unindexed(_g.direction) == "in", _g.sets_received.is_(None))
    left = set(tx.execute(unread.limit(MOST_OPEN + 1)).scalars())
    left |= {row.id for row in tx.execute(_sets_without_documents(either).limit(MOST_OPEN + 1))}
    return _put(tx, _GROUPS, mark, passed, left)


def _passed(tx: Tx, rows: sa.Select[tuple[int, object]], start: int) -> int:
    """The last id before the first young row."""
    young = now(tx) - YOUNG
    passed = start
    for key, created in tx.execute(rows):
        if created > young:
            break
        passed = key
    return passed


def _put(tx: Tx, name: str, mark: Mark, passed: int, left: set[int]) -> bool:
    if len(left) > MOST_OPEN:
        return False
    found = Mark(passed, tuple(sorted(left)))
    if found != mark:
        cursors.put(tx, name, json.dumps({"up_to": found.up_to, "open": found.open}))
    return passed > mark.up_to
