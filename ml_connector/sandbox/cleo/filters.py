"""The filter language of collections (cleo 4): `name sw "850" and (size gt 0 or folder.path eq "/A")`.

Operators: eq, ne, sw, ew, co, pr, gt, ge, lt, le; and, or, not; parentheses; dotted attributes. Text compares
with regard to case: Cleo's rule is not public, and this is the stricter reading.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ml_connector.sandbox.cleo.errors import ApiError

#: Reads an attribute of the resource at hand by its dotted name.
Getter = Callable[[str], Any]
Test = Callable[[Getter], bool]

_TOKEN = re.compile(r'\s*(?:(?P<paren>[()])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()"]+))')
_MAX_LENGTH = 4000
_MAX_DEPTH = 40

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, wanted: bool(found == wanted),
    "ne": lambda found, wanted: bool(found != wanted),
    "sw": lambda found, wanted: isinstance(found, str) and found.startswith(str(wanted)),
    "ew": lambda found, wanted: isinstance(found, str) and found.endswith(str(wanted)),
    "co": lambda found, wanted: isinstance(found, str) and str(wanted) in found,
    "gt": lambda found, wanted: found is not None and bool(found > wanted),
    "ge": lambda found, wanted: found is not None and bool(found >= wanted),
    "lt": lambda found, wanted: found is not None and bool(found < wanted),
    "le": lambda found, wanted: found is not None and bool(found <= wanted),
}


@dataclass(frozen=True)
class Filter:
    """A parsed filter. `equal` holds the `attribute eq "value"` that every match must meet, for look-ups by index."""

    test: Test
    equal: dict[str, Any] = field(default_factory=dict)

    def matches(self, get: Getter) -> bool:
        try:
            return self.test(get)
        except TypeError as error:
            raise ApiError(400, "Invalid filter: the attribute cannot be compared with that value") from error


def parse_filter(text: str | None, attributes: Collection[str]) -> Filter | None:
    """The filter, or None when blank (blank = all). Raises ApiError 400 for bad syntax and unknown attributes."""
    if text is None or not text.strip():
        return None
    if len(text) > _MAX_LENGTH:
        raise ApiError(400, "Invalid filter: too long")
    return _Parser(text, attributes).parse()


class _Parser:
    def __init__(self, text: str, attributes: Collection[str]) -> None:
        self._tokens = _tokens(text)
        self._attributes = attributes
        self._at = 0
        self._depth = 0

    def parse(self) -> Filter:
        found = self._either()
        if self._at != len(self._tokens):
            raise ApiError(400, f"Invalid filter near {self._tokens[self._at]}")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise ApiError(400, "Invalid filter: it ends too early")
        self._at += 1
        return token

    def _either(self) -> Filter:
        left = self._both()
        while self._peek().lower() == "or":
            self._at += 1
            left = _any_of(left, self._both())
        return left

    def _both(self) -> Filter:
        left = self._one()
        while self._peek().lower() == "and":
            self._at += 1
            left = _all_of(left, self._one())
        return left

    def _one(self) -> Filter:
        if self._peek().lower() == "not":
            self._at += 1
            inner = self._one()
            return Filter(lambda get: not inner.test(get))
        if self._peek() == "(":
            self._at += 1
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise ApiError(400, "Invalid filter: too deep")
            inner = self._either()
            if self._next() != ")":
                raise ApiError(400, "Invalid filter: a parenthesis is not closed")
            self._depth -= 1
            return inner
        return self._comparison()

    def _comparison(self) -> Filter:
        name = self._next()
        if name.startswith('"') or name in {"(", ")"}:
            raise ApiError(400, f"Invalid filter: an attribute is due, not {name}")
        if name not in self._attributes:
            raise ApiError(400, f"Invalid filter attribute: {name}")
        operator = self._next().lower()
        if operator == "pr":
            return Filter(lambda get: get(name) not in (None, "", []))
        compare = _COMPARISONS.get(operator)
        if compare is None:
            raise ApiError(400, f"Invalid filter operator: {operator}")
        wanted = _value(self._next())
        equal = {name: wanted} if operator == "eq" else {}
        return Filter(lambda get: compare(get(name), wanted), equal)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ApiError(400, "Invalid filter: a quoted value is not closed")
        tokens.append(match.group(match.lastgroup or "word"))
        at = match.end()
    return tokens


def _value(token: str) -> Any:
    """Values are double-quoted (cleo 4); numbers and true/false may stand bare."""
    if token.startswith('"'):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token in {"true", "false"}:
        return token == "true"
    if re.fullmatch(r"-?\d{1,18}", token):
        return int(token)
    raise ApiError(400, f"Invalid filter: the value {token} must stand in double quotes")


def _all_of(left: Filter, right: Filter) -> Filter:
    return Filter(lambda get: left.test(get) and right.test(get), {**left.equal, **right.equal})


def _any_of(left: Filter, right: Filter) -> Filter:
    return Filter(lambda get: left.test(get) or right.test(get))
