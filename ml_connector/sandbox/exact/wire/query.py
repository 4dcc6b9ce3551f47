"""Query options of a GET: parsing, and running a list with its paging (exact-online 4.2, 4.3, 4.6)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cmp_to_key
from typing import Any
from urllib.parse import quote, unquote_plus

from ml_connector.sandbox.exact.wire.entities import ENTITIES, Entity
from ml_connector.sandbox.exact.wire.errors import query_error
from ml_connector.sandbox.exact.wire.filters import Test, no_hint, parse_filter, parse_literals
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import Row, iso_wall

_KNOWN = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$expand", "$format"}
)
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {"Guid": (str,), "String": (str,), "Boolean": (bool,)}
_UNQUOTED = "'(),/*$"


@dataclass(slots=True)
class Query:
    """Parsed options. `select` None means all; `nested` holds the selected fields of expanded lines."""

    raw: dict[str, str] = field(default_factory=dict)
    select: frozenset[str] | None = None
    nested: dict[str, frozenset[str] | None] = field(default_factory=dict)
    expand: frozenset[str] = frozenset()
    test: Test = field(default_factory=lambda: Test(lambda _: True, no_hint))
    order: list[tuple[str, bool]] = field(default_factory=list)  # (field, descending)
    top: int | None = None
    skip: int = 0
    token: list[Any] | None = None
    counted: bool = False

    @property
    def has_select(self) -> bool:
        return "$select" in self.raw


@dataclass(slots=True)
class Page:
    """One page of a list; `following` are the options of the next one."""

    rows: list[Row]
    bare: bool
    count: int | None = None
    following: dict[str, str] | None = None


def split_query(text: str) -> dict[str, str]:
    """Decoded pairs; + and %20 are blanks, %24 is $. Raises ApiError 400 for a repeated option."""
    found: dict[str, str] = {}
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        name = unquote_plus(name)
        if name in found and name.startswith("$"):
            raise query_error()
        found[name] = unquote_plus(value)
    return found


def parse_query(raw: dict[str, str], entity: Entity) -> Query:
    """Check the options against the entity. Raises ApiError 400."""
    if any(name.startswith("$") and name not in _KNOWN for name in raw):
        raise query_error()
    query = Query(raw=raw)
    _parse_expand(query, entity)
    _parse_select(query, entity)
    if raw.get("$filter"):
        # Only Timestamp may be filtered at sync endpoints (exact-online 7).
        is_sync = entity.path.startswith("sync/")
        fields = {"Timestamp": entity.fields["Timestamp"]} if is_sync else entity.fields
        query.test = parse_filter(raw["$filter"], fields)
    if raw.get("$orderby"):
        query.order = [_order(part, entity) for part in raw["$orderby"].split(",")]
    query.top = _whole(raw.get("$top"))
    query.skip = _whole(raw.get("$skip")) or 0
    if "$skiptoken" in raw:
        query.token = _token(raw["$skiptoken"], query, entity)
    if "$inlinecount" in raw:
        if raw["$inlinecount"] not in {"allpages", "none"}:
            raise query_error()
        query.counted = raw["$inlinecount"] == "allpages"
    return query


def _parse_expand(query: Query, entity: Entity) -> None:
    text = query.raw.get("$expand")
    if not text:
        return
    names = [part.strip() for part in text.split(",")]
    for name in names:
        known = entity.fields.get(name)
        if known is None or not known.collection:
            raise query_error()  # only collections are expanded, one level deep
        query.nested[name] = None
    query.expand = frozenset(names)


def _parse_select(query: Query, entity: Entity) -> None:
    text = query.raw.get("$select")
    if not text:
        return
    chosen: set[str] = set()
    nested: dict[str, set[str]] = {}
    everything = False
    for part in (one.strip() for one in text.split(",")):
        name, slash, inner = part.partition("/")
        if part == "*":
            everything = True
            continue
        known = entity.fields.get(name)
        if known is None or (slash and (not known.collection or name not in query.expand)):
            raise query_error()
        chosen.add(name)
        if slash and inner != "*":
            _check_inner(entity, name, inner)
            nested.setdefault(name, set()).add(inner)
    if everything:
        chosen = set(entity.fields)
    query.select = frozenset(chosen)
    for name, inner_names in nested.items():
        query.nested[name] = frozenset(inner_names)


def _check_inner(entity: Entity, name: str, inner: str) -> None:
    child = entity.child(name)
    if child is not None and inner not in ENTITIES[child[0]].fields:
        raise query_error()


def _order(part: str, entity: Entity) -> tuple[str, bool]:
    words = part.split()
    if len(words) not in {1, 2} or (len(words) == 2 and words[1] not in {"asc", "desc"}):
        raise query_error()
    known = entity.fields.get(words[0])
    if known is None or known.collection or known.write_only:
        raise query_error()
    return words[0], len(words) == 2 and words[1] == "desc"


def _token(text: str, query: Query, entity: Entity) -> list[Any]:
    """The literals of a skiptoken: of the fields of $orderby, then of the key."""
    literals = parse_literals(text)
    names = [*(name for name, _ in query.order), entity.key]
    if len(literals) != len(names):
        raise query_error()
    for name, literal in zip(names, literals, strict=True):
        wanted = _PYTHON_TYPES.get(entity.fields[name].type, (int, Decimal))
        if not isinstance(literal, wanted) and (literal is not None or name == entity.key):
            raise query_error()
    return literals


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise query_error()
    return int(text)


def run(
    table: Table, entity: Entity, query: Query, *, page_size: int, among: set[str] | None, next_on_full: bool
) -> Page:
    """One page of the table's rows that pass; `among` restricts to those keys (lines of a header)."""
    candidates = _candidates(table, query, among)
    rows = _sorted(table, entity, query, candidates) if query.order else None
    wanted = page_size if query.top is None else min(page_size, query.top)
    found = _take(rows if rows is not None else _by_key(table, query, candidates), query.skip, wanted + 1)
    more = len(found) > wanted and (query.top is None or query.top > page_size)
    if next_on_full and len(found) == wanted == page_size:
        more = True
    page = Page(
        rows=found[:wanted],
        bare=query.top is not None and query.top <= page_size and query.token is None and not query.counted,
    )
    if query.counted:
        page.count = count(table, query, among)
    if more:
        page.following = _following(entity, query, page.rows[-1], page_size)
    return page


def count(table: Table, query: Query, among: set[str] | None) -> int:
    """How many rows pass, whatever the page."""
    candidates = _candidates(table, query, among)
    holds = query.test.holds
    return sum(1 for key in (table.rows if candidates is None else candidates) if holds(table.rows[key]))


def _candidates(table: Table, query: Query, among: set[str] | None) -> set[str] | None:
    hinted = query.test.hint(table)
    if hinted is None:
        return among
    return hinted if among is None else hinted & among


def _by_key(table: Table, query: Query, candidates: set[str] | None) -> Iterator[Row]:
    after = None if query.token is None else str(query.token[-1])
    holds = query.test.holds
    for key in table.keys_after(after, candidates):
        row = table.rows[key]
        if holds(row):
            yield row


def _sorted(table: Table, entity: Entity, query: Query, candidates: set[str] | None) -> list[Row]:
    """All rows that pass, in order of $orderby then key, after the composite token (exact-online 4.6)."""
    keys = table.rows if candidates is None else candidates
    holds = query.test.holds
    order = [*query.order, (entity.key, False)]
    rows = [row for row in (table.rows[key] for key in keys) if holds(row)]

    def compare(a: Row, b: Row) -> int:
        return _compare(a, b, order)

    rows.sort(key=cmp_to_key(compare))
    if query.token is None:
        return rows
    mark = {name: literal for (name, _), literal in zip(order, query.token, strict=True)}
    return [row for row in rows if _compare(row, mark, order) > 0]


def _compare(a: Mapping[str, Any], b: Mapping[str, Any], order: list[tuple[str, bool]]) -> int:
    for name, descending in order:
        one, two = a.get(name), b.get(name)
        if one == two:
            continue
        smaller = two is not None and (one is None or one < two)  # nulls come first, as in SQL Server
        result = -1 if smaller else 1
        return -result if descending else result
    return 0


def _take(rows: Iterable[Row], skip: int, wanted: int) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        if skip > 0:
            skip -= 1
            continue
        found.append(row)
        if len(found) >= wanted:
            break
    return found


def _following(entity: Entity, query: Query, last: Row, page_size: int) -> dict[str, str]:
    options = {k: v for k, v in query.raw.items() if k not in {"$top", "$skip", "$skiptoken"}}
    if query.top is not None:
        options["$top"] = str(query.top - page_size)
    names = [*(name for name, _ in query.order), entity.key]
    options["$skiptoken"] = ",".join(_literal(entity, name, last.get(name)) for name in names)
    return options


def _literal(entity: Entity, name: str, value: Any) -> str:
    if value is None:
        return "null"
    forms: dict[str, Callable[[Any], str]] = {
        "Guid": lambda v: f"guid'{v}'",
        "DateTime": lambda v: f"datetime'{iso_wall(v)}'",
        "String": lambda v: "'" + str(v).replace("'", "''") + "'",
        "Boolean": lambda v: "true" if v else "false",
        "Int64": lambda v: f"{v}L",
    }
    return forms.get(entity.fields[name].type, str)(value)


def next_url(base: str, options: dict[str, str]) -> str:
    """The absolute URL of the next page, from the address that the request came to."""
    pairs = (f"{quote(name, safe='$')}={quote(value, safe=_UNQUOTED)}" for name, value in options.items())
    return f"{base}?{'&'.join(pairs)}"
