"""`query`: select, filter, order, pages (sage-intacct 6.1)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.shapes import Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call, boolean
from ml_connector.sandbox.sage_intacct.functions.filters import comparable, parse_filter, refused
from ml_connector.sandbox.sage_intacct.wire.errors import cannot_query
from ml_connector.sandbox.sage_intacct.wire.values import Value
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node

MOST = 2000
DEFAULT = 100
AGGREGATES: dict[str, Callable[[Sequence[Any]], Value]] = {
    "count": len,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "sum": lambda values: sum(values, Decimal(0)),
    "avg": lambda values: sum(values, Decimal(0)) / len(values) if values else None,
}
Row = tuple[Record, Values]
_CHILDREN = {"object", "select", "filter", "orderby", "options", "docparid", "pagesize", "offset"}


def query(call: Call) -> None:
    """Rows in upper case, with what is left (sage-intacct 3)."""
    element = call.element
    strange = [child.tag for child in element.children if child.tag not in _CHILDREN]
    if strange:
        raise refused(f"'{strange[0]}' is not part of a query.")
    name = element.value("object")
    shape = call.shape(name, "QUERY")
    select = element.find("select")
    fields, aggregates = _select(call, shape, select)
    options = element.find("options") or node("options")
    fold = boolean(options.value("caseinsensitive"))
    rows = call.rows(shape, private=boolean(options.value("showprivate")))
    wanted = element.find("filter")
    if wanted is not None:
        test = parse_filter(call, shape, wanted, fold=fold)
        rows = [row for row in rows if test(row[1])]
    if element.value("docparid") and "DOCPARID" in shape.fields:
        rows = [row for row in rows if row[1].get("DOCPARID") == element.value("docparid")]
    size, offset = _whole(element, "pagesize", DEFAULT, 1, MOST), _whole(element, "offset", 0, 0, 10**9)
    if aggregates:
        made = _grouped(call, shape, rows, fields, aggregates)
        page = made[offset : offset + size]
        total = len(made)
    else:
        total = len(rows)
        ordered = _ordered(call, shape, rows, element.find("orderby"), offset)
        page = [
            node(name, *(call.field(shape, values, field) for field in fields))
            for _, values in ordered[offset : offset + size]
        ]
    left = max(total - offset - len(page), 0)
    call.result.data = node(
        "data", *page, listtype=name, totalcount=total, offset=offset, count=len(page), numremaining=left
    )


def _select(call: Call, shape: Shape, select: Node | None) -> tuple[list[str], list[tuple[str, str]]]:
    """Fields and aggregates; `*` is refused."""
    if select is None or not select.children:
        raise refused("The select element is missing.")
    fields: list[str] = []
    aggregates: list[tuple[str, str]] = []
    for child in select.children:
        name = child.text.strip()
        if child.tag != "field" and child.tag not in AGGREGATES:
            raise refused(f"'{child.tag}' is not part of a select.")
        if child.tag == "field":
            fields.append(name)
        else:
            aggregates.append((child.tag, name))
    names = [*fields, *(name for _, name in aggregates)]
    bad = [name for name in names if not call.known(shape, name) or name in shape.not_queried]
    if bad:
        raise cannot_query(", ".join(bad))
    return fields, aggregates


def _whole(element: Node, name: str, default: int, low: int, high: int) -> int:
    text = element.value(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not low <= int(text) <= high:
        raise refused(f"{name} must be between {low} and {high}.")
    return int(text)


def _ordered(call: Call, shape: Shape, rows: list[Row], orderby: Node | None, offset: int) -> list[Row]:
    """In the order that is asked for; without one, in none that could be relied on."""
    if orderby is None or not orderby.children:
        if call.options.shuffled and len(rows) > 1:
            start = (offset * 7 + len(rows) // 2) % len(rows)
            return rows[start:] + rows[:start]
        return rows
    for order in reversed(orderby.all("order")):
        name = order.value("field")
        if not call.known(shape, name) or name in shape.not_queried:
            raise cannot_query(name)
        down = order.find("descending") is not None
        rows = sorted(rows, key=lambda row, name=name: _sortable(call.value(shape, row[1], name)), reverse=down)  # type: ignore[misc]
    return rows


def _sortable(value: Value) -> tuple[int, Any]:
    return (0, "") if value in {None, ""} else (1, comparable(value))


def _grouped(
    call: Call, shape: Shape, rows: list[Row], fields: list[str], aggregates: list[tuple[str, str]]
) -> list[Node]:
    """Aggregates over the rows with equal fields; the tag of each is like COUNT.RECORDNO."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = tuple(call.formats.show(call.value(shape, row[1], field)) for field in fields)
        groups.setdefault(key, []).append(row)
    if not fields and not groups:
        groups[()] = []
    made: list[Node] = []
    for key, members in groups.items():
        shown = [node(field, text) for field, text in zip(fields, key, strict=True)]
        for kind, name in aggregates:
            values = [value for _, one in members if (value := call.value(shape, one, name)) is not None]
            try:
                result = AGGREGATES[kind](values)
            except TypeError:
                raise refused(f"{kind} cannot be worked out for {name}.") from None
            shown.append(node(f"{kind.upper()}.{name}", call.formats.show(result)))
        made.append(node(shape.name, *shown))
    return made
