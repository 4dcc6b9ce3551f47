"""Regular expressions that people configure: refused when a name from outside could keep them busy.

Python tries a pattern's alternatives one after the other. Each `*`, `+` or `{m,n}` may take a name's characters in many
ways, and what stands behind one another, or in one another, multiplies. The product is bounded for the longest name.
"""

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any, cast

#: Longer names are never matched.
LONGEST_NAME = 400

#: Three `.*` behind one another, each of which may take all of a name, and some alternatives: moments, not minutes.
MOST_WAYS = 100_000_000

_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def checked_expression(text: str) -> str:
    """The pattern, for names of at most LONGEST_NAME characters. Raises ValueError, saying why it cannot be used."""
    try:
        re.compile(text)
        # the tree that `re` itself makes of a pattern; it has no public name
        tree: Any = import_module("re._parser").parse(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    if _ways(tree) > MOST_WAYS:
        raise ValueError(
            "could be tried in too many ways on one name: at most three of * + {m,n} behind one another, "
            "and none inside another"
        )
    return text


def _ways(tree: Iterable[tuple[Any, Any]]) -> int:
    """In how many ways a sequence may take a name, at most; not counted beyond the limit."""
    ways = 1
    for op, value in tree:
        ways = min(ways * _ways_of(str(op), value), MOST_WAYS + 1)
    return ways


def _ways_of(op: str, value: Any) -> int:
    if op in _REPEATS:
        least, most, body = value
        return _repeated(_ways(body), min(int(least), LONGEST_NAME), min(int(most), LONGEST_NAME))
    if op == "BRANCH":
        return sum(_ways(branch) for branch in value[1])
    return _ways(_inside(op, value))


def _inside(op: str, value: Any) -> Iterable[tuple[Any, Any]]:
    """What a group, a look ahead or a look behind holds; nothing for characters and places."""
    if op == "SUBPATTERN":
        return cast(Iterable[tuple[Any, Any]], value[3])
    if op in {"ASSERT", "ASSERT_NOT"}:
        return cast(Iterable[tuple[Any, Any]], value[1])
    if op == "GROUPREF_EXISTS":
        return [*value[1], *(value[2] or ())]
    return cast(Iterable[tuple[Any, Any]], value) if op == "ATOMIC_GROUP" else ()


def _repeated(ways: int, least: int, most: int) -> int:
    if ways == 1:
        return most - least + 1
    # each round may go any way
    return int(min(ways ** min(most, 64), MOST_WAYS + 1))
