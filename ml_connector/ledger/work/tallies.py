"""Counts of documents and files, kept beside them: no list, page or check counts what is finished again.

Whoever adds a row or changes what it is counted under writes the difference in the same transaction, as new rows of
`tally`: nobody updates a row that others update too, so that writers neither wait for each other nor deadlock. The
sum of the rows is the count. `fold` makes one row of many; `differences` counts everything again (`ledger verify`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, file, tally

_t = tally.c
_d = document.c
_f = file.c
_NOTE = sa.insert(tally)

#: So many rows are no effort to add up.
LOOSE = 500
#: Rows taken in one go of folding.
_FOLDED_AT_ONCE = 20_000


class Sort(NamedTuple):
    """What a document is counted under; of a file flow, kind and reason are empty."""

    integration: str
    direction: str
    state: str
    flow: str = ""
    kind: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What `tally` says and what there is."""

    subject: str
    sort: Sort
    told: int
    found: int


_SORT = [_t[name] for name in Sort._fields]
Changes = Counter[Sort]


def changed(before: Sort, after: Sort, changes: Changes) -> None:
    """Note a row that is counted under something else now."""
    if before != after:
        changes[before] -= 1
        changes[after] += 1


def note(tx: Tx, subject: str, changes: Mapping[Sort, int]) -> None:
    """Write differences of the rows of this transaction; subject: document, file, or what somebody else counts."""
    rows = [{"subject": subject, **sort._asdict(), "change": change} for sort, change in changes.items() if change]
    if rows:
        tx.execute(_NOTE, rows)


def note_documents(tx: Tx, changes: Mapping[Sort, int]) -> None:
    """So many documents of each sort more."""
    note(tx, "document", changes)


def note_files(tx: Tx, changes: Mapping[Sort, int]) -> None:
    """So many files of each sort more."""
    note(tx, "file", changes)


def of_documents(tx: Tx, integration: str | None = None) -> dict[Sort, int]:
    """How many documents there are of each sort."""
    return _counts(tx, "document", integration)


def of_files(tx: Tx, integration: str | None = None) -> dict[Sort, int]:
    """How many files there are of each sort."""
    return _counts(tx, "file", integration)


def of_subject(tx: Tx, subject: str, integration: str | None = None) -> dict[Sort, int]:
    """Counts that others keep here, by a subject of their own."""
    return _counts(tx, subject, integration)


def _counts(tx: Tx, subject: str, integration: str | None) -> dict[Sort, int]:
    total = sa.func.sum(_t.change)
    query = sa.select(*_SORT, sa.cast(total, sa.BigInteger)).where(_t.subject == subject)
    if integration is not None:
        query = query.where(_t.integration == integration)
    return {Sort(*row[:-1]): row[-1] for row in tx.execute(query.group_by(*_SORT).having(total != 0)).all()}


def is_loose(tx: Tx) -> bool:
    """Whether there are more rows than should be added up at every question."""
    some = sa.select(_t.id).limit(LOOSE + 1).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() > LOOSE


def fold(tx: Tx) -> int:
    """Make one row of all that are counted under the same; how many there were. Two at once share them."""
    oldest = sa.select(_t.id).order_by(_t.id).limit(_FOLDED_AT_ONCE)
    if tx.dialect.name == "postgresql":
        oldest = oldest.with_for_update(skip_locked=True)
    columns = [_t.subject, *_SORT, _t.change]
    sums: dict[str, Changes] = {}
    rows = tx.execute(sa.delete(tally).where(_t.id.in_(oldest)).returning(*columns)).all()
    for row in rows:
        sums.setdefault(row[0], Counter())[Sort(*row[1:-1])] += row[-1]
    for subject, changes in sums.items():
        note(tx, subject, changes)
    return len(rows)


def differences(tx: Tx) -> Iterable[Difference]:
    """Count all documents and files again. One statement, so that writers meanwhile do not show as differences."""
    for subject, table, columns in (
        ("document", document, [_d.integration, _d.direction, _d.state, _d.flow, _d.kind, _reason()]),
        ("file", file, [_f.integration, _f.direction, _f.state, *[sa.literal("").label(n) for n in Sort._fields[3:]]]),
    ):
        told = sa.select(*_SORT, _t.change.label("told"), sa.literal(0).label("found")).where(_t.subject == subject)
        found = _found(table, columns)
        both = sa.union_all(told, found).subquery()
        sort = [both.c[name] for name in Sort._fields]
        sums = sa.func.sum(both.c.told), sa.func.sum(both.c.found)
        query = sa.select(*sort, *sums).group_by(*sort).having(sums[0] != sums[1]).order_by(*sort)
        for row in tx.execute(query).all():
            yield Difference(subject, Sort(*row[:-2]), int(row[-2]), int(row[-1]))


def _reason() -> sa.ColumnElement[str]:
    return sa.func.coalesce(_d.reason, "").label("reason")


def _found(table: sa.Table, columns: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    inner = sa.select(*columns).select_from(table).subquery()
    sort = [inner.c[name] for name in Sort._fields]
    return sa.select(*sort, sa.literal(0).label("told"), sa.func.count().label("found")).group_by(*sort)


def recount(tx: Tx) -> int:
    """Count everything again and keep that; how many counts were wrong. Nobody else may write meanwhile."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE document, file, tally IN SHARE ROW EXCLUSIVE MODE")
    wrong = list(differences(tx))
    for one in wrong:
        note(tx, one.subject, {one.sort: one.found - one.told})
    return len(wrong)
