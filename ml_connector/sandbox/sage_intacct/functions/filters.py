"""The filter of `query`: operators over fields, nested by and, or (sage-intacct 6.1)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.sage_intacct.books.record import Values
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES, Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.wire.errors import GATEWAY, Entry, Failed, cannot_query
from ml_connector.sandbox.sage_intacct.wire.values import Value, flag, number
from ml_connector.sandbox.sage_intacct.wire.xml import Node

Test = Callable[[Values], bool]
Get = Callable[[Values], Value]
MOST_VALUES = 1000
MOST_DEPTH = 20
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "equalto": lambda a, b: a == b, "notequalto": lambda a, b: a != b, "lessthan": lambda a, b: a < b,
    "lessthanorequalto": lambda a, b: a <= b, "greaterthan": lambda a, b: a > b,
    "greaterthanorequalto": lambda a, b: a >= b,
}  # fmt: skip


def refused(text: str) -> Failed:
    """A query that is not well made."""
    return Failed(Entry(GATEWAY, text, "Query Failed"))


def parse_filter(call: Call, shape: Shape, element: Node, *, fold: bool) -> Test:
    """The test of a `filter` element: exactly one operator at the top. Raises Failed."""
    if len(element.children) != 1:
        raise refused("The filter element must have exactly one operator.")
    return _operator(call, shape, element.children[0], fold=fold, depth=0)


def _operator(call: Call, shape: Shape, element: Node, *, fold: bool, depth: int) -> Test:
    if depth > MOST_DEPTH:
        raise refused("The filter is nested too deeply.")
    if element.tag in {"and", "or"}:
        if len(element.children) < 2:
            raise refused(f"The {element.tag} operator needs at least two operands.")
        tests = [_operator(call, shape, child, fold=fold, depth=depth + 1) for child in element.children]
        join = all if element.tag == "and" else any
        return lambda values: join(test(values) for test in tests)
    name = element.value("field")
    if not call.known(shape, name) or name in shape.not_queried:
        raise cannot_query(name)
    sent = [child.text.strip() for child in element.all("value")]
    read = _reader(call, kind_of(shape, name), fold=fold)
    if name in shape.fields and not fold and element.tag == "equalto" and len(sent) == 1:
        against = read(sent[0])  # by far the most frequent, over many rows
        return lambda values: values.get(name) == against
    get: Get = lambda values: call.value(shape, values, name)  # noqa: E731 - a field of a row, used by every branch
    return _comparison(element.tag, get, read, sent)


def kind_of(shape: Shape, name: str) -> str:
    """The kind of a field, also of a related object's."""
    if name in shape.fields:
        return shape.fields[name]
    relation, _, field = name.partition(".")
    return SHAPES[shape.related[relation][0]].fields[field]


def _reader(call: Call, kind: str, *, fold: bool) -> Callable[[str], Any]:
    """How a sent value is read so that it compares with the field."""

    def read(text: str) -> Any:
        try:
            match kind:
                case "whole" | "decimal":
                    return number(text)
                case "flag":
                    return flag(text)
                case "day":
                    return call.formats.day(text)
                case "moment":
                    return call.formats.moment(text)
        except ValueError:
            raise refused(f"'{text[:60]}' is not a valid value.") from None
        return text.casefold() if fold else text

    read.fold = fold  # type: ignore[attr-defined]  # how the field's own text is read
    return read


def _comparison(operator: str, get: Get, read: Callable[[str], Any], sent: list[str]) -> Test:
    fold = bool(getattr(read, "fold", False))
    if operator in {"isnull", "isnotnull"}:
        wanted = operator == "isnull"
        return lambda values: (get(values) in {None, ""}) is wanted
    if operator in {"in", "notin"}:
        if not 1 <= len(sent) <= MOST_VALUES:
            raise refused(f"The {operator} operator takes 1 to {MOST_VALUES} values.")
        chosen = {read(one) for one in sent}
        return lambda values: (comparable(get(values), fold=fold) in chosen) is (operator == "in")
    if operator == "between":
        if len(sent) != 2:
            raise refused("The between operator takes two values.")
        low, high = read(sent[0]), read(sent[1])
        return lambda values: _holds(comparable(get(values), fold=fold), lambda one: low <= one <= high)
    if len(sent) != 1:
        raise refused(f"The {operator} operator takes one value.")
    if operator in {"like", "notlike"}:
        pattern = like(sent[0], fold=fold)
        return lambda values: pattern(_text(get(values))) is (operator == "like")
    compare = _COMPARED.get(operator)
    if compare is None:
        raise refused(f"'{operator}' is not an operator.")
    against = read(sent[0])
    if operator == "notequalto":  # what is empty differs from everything
        return lambda values: comparable(get(values), fold=fold) != against
    return lambda values: _holds(comparable(get(values), fold=fold), lambda one: compare(one, against))


def _holds(value: Any, test: Callable[[Any], bool]) -> bool:
    """Nothing compares with what is empty."""
    if value is None:
        return False
    try:
        return test(value)
    except TypeError:
        return False


def comparable(value: Value, *, fold: bool = False) -> Any:
    """A field's value as it compares with a sent one."""
    if isinstance(value, str):
        return value.casefold() if fold else value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


def _text(value: Value) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def like(pattern: str, *, fold: bool = False) -> Callable[[str], bool]:
    """The test of LIKE: % stands for anything, _ for one character. Its time grows with the text alone."""
    parts = (pattern.casefold() if fold else pattern).split("%")

    def matches(text: str) -> bool:
        if fold:
            text = text.casefold()
        if len(parts) == 1:
            return len(text) == len(parts[0]) and _stands_at(text, parts[0], 0)
        first, *middle, last = parts
        at, end = len(first), len(text) - len(last)
        if at > end or not _stands_at(text, first, 0) or not _stands_at(text, last, end):
            return False
        for part in middle:
            at = _place(text, part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


def _stands_at(text: str, part: str, at: int) -> bool:
    if "_" not in part:
        return text.startswith(part, at)
    return at + len(part) <= len(text) and all(one in {"_", text[at + n]} for n, one in enumerate(part))


def _place(text: str, part: str, at: int, end: int) -> int:
    if "_" not in part:
        return text.find(part, at, end)
    return next((place for place in range(at, end - len(part) + 1) if _stands_at(text, part, place)), -1)
