"""Lists of documents, newest first, in pages; and how many there are. However many are finished, a page costs the same.

A list is made of ways: each is one walk by an index that has the newest document first, or leads to few. Which ways
there are is decided here and not by the planner, whose guesses are wrong where a state is everything or nothing.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from heapq import nlargest

import sqlalchemy as sa

from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.ledger.database.access import by_index_alone, unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.document_summary import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.tables.documents import document, operation
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.states import EXPLAINED, DocumentState

_d = document.c
#: So many documents are quickly looked through one by one.
FEW = 1000
#: Counting one by one ends here: a list says "more than".
COUNTED = 1000
#: Documents whose number only begins as asked for: so many of them.
BEGUN = 1000

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Way:
    """Documents by one index: a walk along the columns that it has before the id, from the newest on; or what it finds
    (few). asked: what those documents are then asked.
    """

    walk: Sequence[tuple[sa.ColumnElement[str], str]] = ()
    found_by: Condition | None = None
    asked: Sequence[Condition] = ()

    def query(self, tx: Tx, limit: int, before: int | None) -> sa.Select[tuple[int]]:
        query = sa.select(_d.id).where(*self.asked).limit(limit)
        if self.found_by is not None:
            query = query.where(self.found_by).order_by(unindexed(_d.id).desc())
            return query if before is None else query.where(unindexed(_d.id) < before)
        columns, values = [column for column, _ in self.walk], [value for _, value in self.walk]
        if tx.dialect.name == "postgresql":
            # As a stretch of the index, in its own order: by equal columns it might as well walk along the ids.
            start = [sa.literal(value) for value in values]
            ends = [sa.tuple_(*start, sa.literal(end, _d.id.type)) for end in (0, before or _NO_ID)]
            here = sa.tuple_(*columns, _d.id)
            return query.where(here > ends[0], here < ends[1]).order_by(*(one.desc() for one in (*columns, _d.id)))
        query = query.where(*(column == value for column, value in self.walk)).order_by(_d.id.desc())
        return query if before is None else query.where(_d.id < before)


#: Above all ids.
_NO_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents to list; what is empty or None does not matter. Both days are included."""

    integration: str | None = None
    flows: Sequence[str] = ()
    states: Sequence[DocumentState] = ()
    kinds: Sequence[DocumentKind] = ()
    reasons: Sequence[str] = ()
    direction: Direction | None = None
    company: str | None = None
    partner: str | None = None
    partition_from: date | None = None
    partition_to: date | None = None
    file_id: int | None = None
    ids: Sequence[int] = ()
    text: str = ""

    @property
    def all_states(self) -> Sequence[DocumentState]:
        return list(self.states) or (list(EXPLAINED) if self.reasons else [])


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Newest first; `next_before` continues the list, None at its end."""

    rows: list[DocumentSummary]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """more: there are more than `number`, and nobody counted how many."""

    number: int
    more: bool = False


def list_documents(tx: Tx, wanted: DocumentFilter, *, limit: int = 50, before: int | None = None) -> ListingPage:
    """A page of documents, newest first."""
    ids = _newest(tx, wanted, limit + 1, before)
    rows: list[DocumentSummary] = []
    for start in range(0, min(len(ids), limit), 500):
        part = ids[:limit][start : start + 500]
        query = sa.select(*SUMMARY_COLUMNS).where(_d.id.in_(part)).order_by(_d.id.desc())
        rows += [summary(row) for row in tx.execute(query)]
    return ListingPage(rows, rows[-1].id if len(ids) > limit else None)


def count_documents(tx: Tx, wanted: DocumentFilter) -> Count:
    """How many documents the filter lets through: told by the tallies where they can, else counted up to a bound."""
    if _is_tallied(wanted):
        return Count(sum(_sorts(tx, wanted).values()))
    found = len(_newest(tx, wanted, COUNTED + 1, None))
    return Count(min(found, COUNTED), found > COUNTED)


def _is_tallied(wanted: DocumentFilter) -> bool:
    days = wanted.partition_from is not None or wanted.partition_to is not None
    narrow = days or wanted.company is not None
    return not (narrow or wanted.partner is not None or wanted.file_id is not None or wanted.ids or wanted.text.strip())


def _sorts(tx: Tx, wanted: DocumentFilter) -> dict[tallies.Sort, int]:
    """The tallies that the filter lets through."""
    states, kinds = {str(one) for one in wanted.all_states}, {str(one) for one in wanted.kinds}
    return {
        sort: count
        for sort, count in tallies.of_documents(tx, wanted.integration).items()
        if (not wanted.flows or sort.flow in wanted.flows)
        and (not states or sort.state in states)
        and (not kinds or sort.kind in kinds)
        and (not wanted.reasons or sort.reason in wanted.reasons)
        and (wanted.direction is None or sort.direction == wanted.direction)
    }


def _newest(tx: Tx, wanted: DocumentFilter, limit: int, before: int | None) -> list[int]:
    """The newest ids below `before`."""
    found: set[int] = set()
    for way in _ways(tx, wanted):
        query = way.query(tx, limit, before)
        with by_index_alone(tx) if way.found_by is None else nullcontext():
            found.update(tx.execute(query).scalars())
    return nlargest(limit, found)


def _ways(tx: Tx, wanted: DocumentFilter) -> list[Way]:
    partner = [Way([(_d.partner, wanted.partner)])] if wanted.partner is not None else []
    if wanted == DocumentFilter(partner=wanted.partner):
        return partner or [Way()]
    asked, text = _asked(wanted), wanted.text.strip()
    ways = _by_id(wanted)
    if not ways:
        sorts = _sorts(tx, wanted)
        if sum(sorts.values()) <= FEW:
            ways = _by_state(sorts)
        elif text:
            return [replace(one, asked=asked) for one in _by_text(tx, text, asked)]
        else:
            ways = _by_day(wanted) or partner or _by_state(sorts)
    return [replace(one, asked=[*asked, *_text(tx, text)]) for one in ways]


def _by_id(wanted: DocumentFilter) -> list[Way]:
    if wanted.ids:
        return _by_ids(wanted.ids)
    return [Way(found_by=_d.file_id == wanted.file_id)] if wanted.file_id is not None else []


def _by_ids(ids: Sequence[int]) -> list[Way]:
    return [Way(found_by=_d.id.in_(ids[start : start + 500])) for start in range(0, len(ids), 500)]


def _by_state(sorts: dict[tallies.Sort, int]) -> list[Way]:
    """A walk for each integration, flow and state: the index of states has their newest first."""
    walks = sorted({(sort.state, sort.integration, sort.flow) for sort in sorts})
    return [Way(list(zip((_d.state, _d.integration, _d.flow), walk, strict=True))) for walk in walks]


def _by_day(wanted: DocumentFilter) -> list[Way]:
    days: list[Condition] = []
    if wanted.partition_from is not None:
        days.append(_d.partition_date >= wanted.partition_from)
    if wanted.partition_to is not None:
        days.append(_d.partition_date <= wanted.partition_to)
    return [Way(found_by=sa.and_(*days))] if days else []


def _asked(wanted: DocumentFilter) -> list[Condition]:
    """Everything but the text, in a form that leaves the way by the index alone."""
    found: list[Condition] = []
    for column, values in (
        (_d.integration, [wanted.integration] if wanted.integration is not None else []),
        (_d.state, [state.value for state in wanted.all_states]),
        (_d.flow, wanted.flows),
        (_d.kind, [kind.value for kind in wanted.kinds]),
        (_d.reason, wanted.reasons),
        (_d.direction, [wanted.direction.value] if wanted.direction is not None else []),
        (_d.company, [wanted.company] if wanted.company is not None else []),
        (_d.partner, [wanted.partner] if wanted.partner is not None else []),
        (_d.file_id, [wanted.file_id] if wanted.file_id is not None else []),
    ):
        if values:
            found.append(unindexed(column).in_(values))
    if wanted.partition_from is not None:
        found.append(unindexed(_d.partition_date) >= wanted.partition_from)
    if wanted.partition_to is not None:
        found.append(unindexed(_d.partition_date) <= wanted.partition_to)
    return found


def _by_text(tx: Tx, text: str, asked: Sequence[Condition]) -> list[Way]:
    """A way for each thing that a text may be: a number or its beginning, a partner, an amount, an outside id."""
    spellings = _spellings(text)
    ways = [Way([(_d.partner, spelling)]) for spelling in spellings]
    amount = _amount(text)
    if amount is not None:
        ways.append(Way(found_by=_d.amount == amount))
    ids = list(tx.execute(_written_as(spellings)).scalars())
    for column in (_d.number, _d.order_number):
        ways.append(Way(found_by=column.in_(spellings)))
        for spelling in spellings:
            begun = sa.select(_d.id).where(_begins(tx, column, spelling), *asked).limit(BEGUN)
            with by_index_alone(tx):
                ids += tx.execute(begun).scalars()
    return ways + _by_ids(ids)


def _text(tx: Tx, text: str) -> list[Condition]:
    """The text as a question to documents that were found by other means."""
    if not text:
        return []
    spellings = _spellings(text)
    parts: list[Condition] = [unindexed(_d.partner).in_(spellings), _d.id.in_(_written_as(spellings))]
    for column in (_d.number, _d.order_number):
        parts += [_begins(tx, unindexed(column), spelling) for spelling in spellings]
    amount = _amount(text)
    if amount is not None:
        parts.append(unindexed(_d.amount) == amount)
    return [sa.or_(*parts)]


def _spellings(text: str) -> list[str]:
    return list(dict.fromkeys((text, text.upper(), text.lower())))


def _written_as(spellings: Sequence[str]) -> sa.Select[tuple[int]]:
    return sa.select(operation.c.document_id).where(operation.c.outside_id.in_(spellings))


def _begins(tx: Tx, column: sa.ColumnElement[str], text: str) -> Condition:
    """Begins with `text`: LIKE on PostgreSQL; a range on SQLite, whose LIKE would not use the index."""
    if tx.dialect.name == "postgresql":
        return column.startswith(text, autoescape=True)
    return sa.and_(column >= text, column < text + "\U0010ffff")


def _amount(text: str) -> Decimal | None:
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." in plain:
        last = max(plain.rfind(","), plain.rfind("."))
        plain = plain[:last].replace(",", "").replace(".", "") + "." + plain[last + 1 :]
    plain = plain.replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < 18 else None
