"""$filter: a parser of the grammar that Exact supports, compiled to a test of stored rows (exact-online 4.3).

Each node also knows which keys can match at most, through the table's indexes, so that a look-up by YourRef or
Supplier does not read the whole table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.exact.wire.entities import NUMBERS, Field
from ml_connector.sandbox.exact.wire.errors import not_boolean, query_error
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import Row, guid, parse_datetime

MAX_DEPTH = 60

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<guid>guid\s*'[^']*')"
    r"|(?P<datetime>datetime\s*'[^']*')"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?[LlMmDdFf]?(?![\w.]))"
    r"|(?P<word>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)"
    r"|(?P<mark>[(),])"
    r")"
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_STRING_FUNCTIONS: Mapping[str, Callable[[str], Any]] = {
    "trim": str.strip,
    "tolower": str.lower,
    "toupper": str.upper,
    "length": len,
}
_PAIR_FUNCTIONS: Mapping[str, Callable[[str, str], Any]] = {
    "indexof": lambda text, part: text.find(part),
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.rstrip().endswith(part),
    "substringof": lambda part, text: part in text,  # the part comes first
}
_BOOLEAN_FUNCTIONS = frozenset({"startswith", "endswith", "substringof"})

Hint = Callable[[Table], set[str] | None]


@dataclass(frozen=True, slots=True)
class Test:
    """A condition: `holds` of a row, `hint` gives the keys it can hold for at most, or None for all."""

    holds: Callable[[Row], bool]
    hint: Hint


@dataclass(frozen=True, slots=True)
class Value:
    """An operand: `kind` is an Edm family, `get` reads it from a row, `field` is set for a plain property."""

    kind: str  # Guid, DateTime, String, Number, Boolean, Null
    get: Callable[[Row], Any]
    field: Field | None = None
    constant: Any = None
    is_constant: bool = False


def parse_filter(text: str, fields: Mapping[str, Field]) -> Test:
    """Compile a filter. Raises ApiError 400 for anything outside the grammar."""
    return _Parser(text, fields).whole()


def parse_literals(text: str) -> list[Any]:
    """The comma-separated literals of a key or a skiptoken. Raises ApiError 400."""
    return _Parser(text, {}).literals()


def no_hint(_: Table) -> set[str] | None:
    return None


class _Parser:
    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise query_error()
        return test

    def literals(self) -> list[Any]:
        found = [self._literal()]
        while self._take("mark", ","):
            found.append(self._literal())
        if self._at != len(self._tokens):
            raise query_error()
        return found

    def _literal(self) -> Any:
        value = self._operand()
        if not value.is_constant:
            raise query_error()
        return value.constant

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() == (kind, text):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take("mark", text):
            raise query_error()

    def _either(self) -> Test:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise query_error()
        tests = [self._both()]
        while self._take("word", "or"):
            tests.append(self._both())
        self._depth -= 1
        return tests[0] if len(tests) == 1 else _any(tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("word", "and"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else _all(tests)

    def _single(self) -> Test:
        if self._take("word", "not"):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise query_error()
            inner = self._single()
            self._depth -= 1
            return Test(lambda row: not inner.holds(row), no_hint)
        if self._take("mark", "("):
            test = self._either()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        kind, word = self._peek()
        if kind != "word" or word not in _COMPARISONS:
            if left.kind != "Boolean" or left.is_constant:
                raise not_boolean()
            return Test(lambda row: left.get(row) is True, no_hint)
        self._at += 1
        right = self._operand()
        return _compare(left, word, right)

    def _operand(self) -> Value:
        kind, text = self._peek()
        self._at += 1
        match kind:
            case "guid":
                found = guid(text[text.index("'") + 1 : -1])
                if found is None:
                    raise query_error()
                return _constant("Guid", found)
            case "datetime":
                ms = parse_datetime(text[text.index("'") + 1 : -1])
                if ms is None:
                    raise query_error()
                return _constant("DateTime", ms)
            case "string":
                return _constant("String", text[1:-1].replace("''", "'"))
            case "number":
                digits = text.rstrip("LlMmDdFf")
                return _constant("Number", Decimal(digits) if "." in digits else int(digits))
            case "word":
                return self._word(text)
            case _:
                raise query_error()

    def _word(self, text: str) -> Value:
        if text in {"true", "false"}:
            return _constant("Boolean", text == "true")
        if text == "null":
            return _constant("Null", None)
        if self._peek() == ("mark", "("):
            return self._function(text)
        field = self._fields.get(text)
        if field is None or field.collection or field.write_only:
            raise query_error()  # navigation properties cannot be filtered (exact-online 4.3)
        name = field.name
        kind = "Number" if field.type in NUMBERS else field.type
        return Value(kind, lambda row: row.get(name), field)

    def _function(self, name: str) -> Value:
        self._expect("(")
        arguments = [self._operand()]
        while self._take("mark", ","):
            arguments.append(self._operand())
        self._expect(")")
        if any(one.kind != "String" for one in arguments):
            raise query_error()
        if name in _STRING_FUNCTIONS and len(arguments) == 1:
            return _call_one(_STRING_FUNCTIONS[name], arguments[0], "Number" if name == "length" else "String")
        if name in _PAIR_FUNCTIONS and len(arguments) == 2:
            kind = "Boolean" if name in _BOOLEAN_FUNCTIONS else "Number"
            return _call_two(_PAIR_FUNCTIONS[name], arguments[0], arguments[1], kind)
        raise not_boolean()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise query_error()
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def _constant(kind: str, value: Any) -> Value:
    return Value(kind, lambda _: value, None, value, is_constant=True)


def _call_one(function: Callable[[str], Any], argument: Value, kind: str) -> Value:
    def get(row: Row) -> Any:
        text = argument.get(row)
        return None if text is None else function(text)

    return Value(kind, get)


def _call_two(function: Callable[[str, str], Any], first: Value, second: Value, kind: str) -> Value:
    def get(row: Row) -> Any:
        one, two = first.get(row), second.get(row)
        return None if one is None or two is None else function(one, two)

    return Value(kind, get)


def _compare(left: Value, word: str, right: Value) -> Test:
    if left.is_constant and not right.is_constant:
        left, right, word = right, left, _turned(word)
    if not right.is_constant or left.is_constant:
        raise query_error()  # a field against a field is not supported (exact-online 4.3)
    get = left.get
    if right.kind == "Null":
        if word == "eq":
            return Test(lambda row: get(row) is None, no_hint)
        if word == "ne":
            return Test(lambda row: get(row) is not None, no_hint)
        raise query_error()
    if left.kind != right.kind:
        raise query_error()
    compare, wanted = _COMPARISONS[word], right.constant
    if left.kind == "String":
        # SQL compares without the blanks on the right; those on the left count (exact-online 4.5).
        wanted = wanted.rstrip()

        def holds(row: Row) -> bool:
            value = get(row)
            return value is not None and compare(value.rstrip(), wanted)

    else:

        def holds(row: Row) -> bool:
            value = get(row)
            return value is not None and compare(value, wanted)

    return Test(holds, _hint_of(left.field, word, wanted))


def _turned(word: str) -> str:
    return {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}.get(word, word)


def _hint_of(field: Field | None, word: str, wanted: Any) -> Hint:
    if field is None:
        return no_hint
    name = field.name
    if word == "eq" and field.type in {"Guid", "String", "Int32"}:
        return lambda table: table.equal(name, wanted)
    if word in {"gt", "ge"} and name in {"Modified", "Timestamp"}:
        return lambda table: table.since(name, int(wanted))
    return no_hint


def _any(tests: list[Test]) -> Test:
    parts = [test.holds for test in tests]

    def hint(table: Table) -> set[str] | None:
        found: set[str] = set()
        for test in tests:
            keys = test.hint(table)
            if keys is None:
                return None
            found |= keys
        return found

    return Test(lambda row: any(part(row) for part in parts), hint)


def _all(tests: list[Test]) -> Test:
    parts = [test.holds for test in tests]

    def hint(table: Table) -> set[str] | None:
        best: set[str] | None = None
        for test in tests:
            keys = test.hint(table)
            if keys is not None and (best is None or len(keys) < len(best)):
                best = keys
        return best

    return Test(lambda row: all(part(row) for part in parts), hint)
