"""The SQL-like condition of readByQuery: no joins, no ORDER BY, dates in the user's format (sage-intacct 6.2)."""

import re
from collections.abc import Callable
from typing import Any, Protocol

from ml_connector.sandbox.sage_intacct.books.record import Values
from ml_connector.sandbox.sage_intacct.books.shapes import Shape
from ml_connector.sandbox.sage_intacct.functions.call import Call
from ml_connector.sandbox.sage_intacct.functions.filters import MOST_DEPTH, MOST_VALUES, comparable, like
from ml_connector.sandbox.sage_intacct.wire.errors import processing_error
from ml_connector.sandbox.sage_intacct.wire.values import Value, flag, number

Test = Callable[[Values], bool]


class Reading(Protocol):
    """How a field is read for a condition: states by their codes, STATUS as T and F as well."""

    def __call__(self, values: Values, name: str) -> Value: ...

    def spelled(self, name: str, text: str) -> str:
        """A sent text as the field has it."""
        ...


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.|'')*')|(?P<operator><=|>=|<>|!=|=|<|>)|(?P<mark>[(),])"
    r"|(?P<word>[^\s'(),<>=!]+))"
)
MOST_LENGTH = 20_000
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip


class Condition:
    """A parser by recursive descent. Raises Failed (DL02000001) for what it cannot read."""

    def __init__(self, call: Call, shape: Shape, text: str, reading: Reading) -> None:
        self._call, self._shape, self._reading = call, shape, reading
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise processing_error()
        return test

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _word(self) -> str:
        """The next token in upper case, if it is a word."""
        return self._peek().upper() if self._at < len(self._tokens) and self._tokens[self._at][0] == "word" else ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise processing_error()
        self._at += 1
        return self._tokens[self._at - 1]

    def _either(self) -> Test:
        tests = [self._both()]
        while self._word() == "OR":
            self._take()
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._word() == "AND":
            self._take()
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def _single(self) -> Test:
        if self._peek() == "(":
            self._depth += 1
            if self._depth > MOST_DEPTH:
                raise processing_error()
            self._take()
            test = self._either()
            if self._take()[1] != ")":
                raise processing_error()
            self._depth -= 1
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        kind, name = self._take()
        if kind != "word" or name not in self._shape.fields:
            raise processing_error()
        word = self._word()
        negative = word == "NOT"
        if negative:
            self._take()
            word = self._word()
        if word == "IS" and not negative:
            return self._null(name)
        if word == "LIKE":
            self._take()
            pattern = like(self._value(), fold=False)
            return lambda values: pattern(_text(self._reading(values, name))) is not negative
        if word == "IN":
            self._take()
            chosen = {self._read(name, text) for text in self._list()}
            return lambda values: (comparable(self._reading(values, name)) in chosen) is not negative
        kind, operator = self._take()
        if kind != "operator" or negative:
            raise processing_error()
        against, compare = self._read(name, self._value()), _COMPARED[operator]

        def test(values: Values) -> bool:
            value = comparable(self._reading(values, name))
            if value is None:
                return False
            try:
                return compare(value, against)
            except TypeError:
                return False

        return test

    def _null(self, name: str) -> Test:
        self._take()
        wanted = True
        if self._word() == "NOT":
            self._take()
            wanted = False
        if self._word() != "NULL":
            raise processing_error()
        self._take()
        return lambda values: (self._reading(values, name) in {None, ""}) is wanted

    def _value(self) -> str:
        kind, text = self._take()
        if kind not in {"text", "word"}:
            raise processing_error()
        return text

    def _list(self) -> list[str]:
        if self._take()[1] != "(":
            raise processing_error()
        found = [self._value()]
        while self._peek() == ",":
            self._take()
            found.append(self._value())
        if self._take()[1] != ")" or len(found) > MOST_VALUES:
            raise processing_error()
        return found

    def _read(self, name: str, text: str) -> Any:
        """An ISO date is refused (observed)."""
        try:
            match self._shape.fields[name]:
                case "whole" | "decimal":
                    return number(text)
                case "flag":
                    return flag(text)
                case "day":
                    return self._call.formats.day(text)
                case "moment":
                    return self._call.formats.moment(text)
        except ValueError:
            raise processing_error() from None
        return self._reading.spelled(name, text)


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MOST_LENGTH:
        raise processing_error()
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise processing_error()
        value = match.group(match.lastgroup)
        if match.lastgroup == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1].replace("''", "'"))
        found.append((match.lastgroup, value))
        at = match.end()
    return found


def _text(value: Value) -> str:
    return "" if value is None else str(value)
