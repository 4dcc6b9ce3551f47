"""The `$filter` dialect: OData v3 over top-level and linked fields (acumatica 3)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.sandbox.acumatica.wire.contract import Field, Shape
from ml_connector.sandbox.acumatica.wire.errors import ODATA, edm_mismatch, exception
from ml_connector.sandbox.acumatica.wire.record import Record

Test = Callable[[Record], bool]
Operand = Callable[[Record], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<custom>cf\.\w+\(f='[^']+'\))|(?P<typed>(?:datetimeoffset|date|guid)'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?[MmLlDdFf]?)|(?P<word>[A-Za-z_][\w/]*)|(?P<mark>[(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: a is not None and b is not None and bool(a > b),
    "ge": lambda a, b: a is not None and b is not None and bool(a >= b),
    "lt": lambda a, b: a is not None and b is not None and bool(a < b),
    "le": lambda a, b: a is not None and b is not None and bool(a <= b),
}
MAX_DEPTH = 100
_FUNCTIONS = frozenset({"substringof", "startswith", "endswith"})
_KINDS = {
    "String": "String", "Decimal": "Decimal", "Int": "Int32", "Short": "Int16", "Long": "Int64", "Byte": "Byte",
    "Boolean": "Boolean", "Guid": "Guid", "DateTime": "DateTimeOffset",
}  # fmt: skip
_NUMBERS = frozenset({"Decimal", "Int32", "Int16", "Int64", "Byte", "Double"})


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a comparison. `kind` is the Edm type; None fits every one. `view` names the linked object."""

    read: Operand
    kind: str | None
    view: str = ""
    day: bool = False
    lines: bool = False  # a field of lines: what comes of it cannot be predicted, without an error


class Filter:
    """A parsed expression. `views`: the linked objects that its conditions are on; "" is the record itself."""

    def __init__(self, text: str, shape: Shape, zone: ZoneInfo, *, dates: bool = False) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._shape = shape
        self._zone = zone
        self._dates = dates
        self.views: set[str] = set()
        self.test = self._or()
        if self._at != len(self._tokens):
            raise _syntax(self._tokens[self._at][1])

    # grammar

    def _or(self) -> Test:
        tests = [self._and()]
        while self._take_word("or"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _and(self) -> Test:
        tests = [self._one()]
        while self._take_word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        kind, text = self._peek()
        if (kind, text) == ("mark", "("):
            self._at += 1
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise _syntax("(")
            inner = self._or()
            self._depth -= 1
            self._expect(")")
            return inner
        if kind == "word" and text in _FUNCTIONS:
            return self._function(text)
        return self._comparison()

    def _function(self, name: str) -> Test:
        self._at += 1
        self._expect("(")
        first = self._side()
        self._expect(",")
        second = self._side()
        self._expect(")")
        needle, field = (first, second) if name == "substringof" else (second, first)
        if self._peek() == ("word", "eq"):  # substringof(...) eq true
            self._at += 1
            if self._side().read(Record("")) is not True:
                raise _syntax("only true can be compared with a function")
        for side in (needle, field):
            if side.kind not in {None, "String"}:
                raise edm_mismatch(str(side.kind), "String")

        def test(row: Record) -> bool:
            text, part = field.read(row) or "", needle.read(row) or ""
            if name == "substringof":
                return part in text
            return bool(text.startswith(part) if name == "startswith" else text.endswith(part))

        return (lambda _: True) if field.lines else test

    def _comparison(self) -> Test:
        left = self._side()
        kind, text = self._peek()
        if kind != "word" or text not in _COMPARE:
            if left.kind == "Boolean":
                return lambda row: left.read(row) is True
            raise _syntax(text)
        self._at += 1
        right = self._side()
        self._check(left, right)
        if left.lines or right.lines:
            return lambda _: True
        compare, day = _COMPARE[text], left.day or right.day
        return lambda row: compare(_comparable(left.read(row), day=day), _comparable(right.read(row), day=day))

    @staticmethod
    def _check(left: _Side, right: _Side) -> None:
        kinds = {left.kind, right.kind} - {None}
        if len(kinds) > 1 and not kinds <= _NUMBERS:
            raise edm_mismatch(str(left.kind), str(right.kind))

    def _side(self) -> _Side:
        kind, text = self._peek()
        self._at += 1
        match kind:
            case "text":
                literal = text[1:-1].replace("''", "'").casefold()
                side = _Side(lambda _: literal, "String")
            case "number":
                number = Decimal(text.rstrip("MmLlDdFf"))
                side = _Side(lambda _: number, "Decimal")
            case "typed":
                side = self._typed(text)
            case "custom":
                side = _custom(text)
            case "word" if text in {"true", "false"}:
                side = _Side(lambda _: text == "true", "Boolean")
            case "word" if text == "null":
                side = _Side(lambda _: None, None)
            case "word":
                side = self._field(text)
            case _:
                raise _syntax(text)
        return side

    def _typed(self, text: str) -> _Side:
        name, _, rest = text.partition("'")
        value = rest[:-1]
        if name == "guid":
            return _Side(lambda _: value.casefold(), "Guid")
        if name == "date" and not self._dates:
            raise exception(f"Unrecognized literal '{text}'.", ODATA)  # from 25.200 on
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise exception(f"Unrecognized 'Edm.DateTimeOffset' literal '{text}'.", ODATA) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return _Side(lambda _: moment, "DateTimeOffset")

    def _field(self, path: str) -> _Side:
        shape, parts = self._shape, path.split("/")
        if parts[0] in shape.details:
            return _Side(lambda _: None, None, lines=True)
        for part in parts[:-1]:
            if part not in shape.linked:
                raise _no_property(path, shape)
            shape = shape.linked[part]
        field = shape.fields.get(parts[-1])
        if field is None:
            raise _no_property(path, shape)
        view = "/".join(parts[:-1])
        self.views.add(view)
        return _Side(
            _reader(parts, field), _KINDS[field.type], view, day=field.type == "DateTime" and not field.is_point
        )

    # tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "end of the expression")

    def _take_word(self, word: str) -> bool:
        if self._peek() == ("word", word):
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if self._peek() != ("mark", mark):
            raise _syntax(self._peek()[1])
        self._at += 1


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _syntax(text[at : at + 20])
        yield str(match.lastgroup), match[str(match.lastgroup)]
        at = match.end()


def _reader(parts: list[str], field: Field) -> Operand:
    def read(row: Record) -> Any:
        for part in parts[:-1]:
            if part not in row.links:
                return None
            row = row.links[part]
        value = row.values.get(field.name)
        if value is None and field.type == "Boolean":
            return False
        return value.casefold() if isinstance(value, str) else value

    return read


def _custom(text: str) -> _Side:
    match = re.fullmatch(r"cf\.(\w+)\(f='([^']+)'\)", text)
    if match is None or match[1] not in {"String", "Decimal", "DateTime", "Boolean", "Int"}:
        raise _syntax(text)
    name = match[2]

    def read(row: Record) -> Any:
        value = row.custom.get(name)
        return value.casefold() if isinstance(value, str) else value

    return _Side(read, _KINDS[match[1]])


def _comparable(value: Any, *, day: bool) -> Any:
    """A day is compared as it is written, whatever the offset; a point in time by its moment."""
    if not day or value is None:
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(value, time()) if isinstance(value, date) else value


def _syntax(near: str) -> Exception:
    return exception(f"Syntax error in the filter expression near '{near[:40]}'.", ODATA)


def _no_property(path: str, shape: Shape) -> Exception:
    return exception(f"Could not find a property named '{path}' on type 'Default.{shape.name}'.", ODATA)
