"""Whether a pattern's work grows with the length of a text, or faster. Texts are made from the pattern itself.

Run as a program: reads patterns from standard input, prints the name of each before it is tried and what was found.
A pattern that does not end is ended by the limit on processor time that the caller sets.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

parser: Any = re._parser  # type: ignore[attr-defined]

#: Eight times the text is eight times the work; it would be 64 times if it grew with the square.
SHORT, LONG = 500, 4_000
TOO_MUCH = 25.0

#: Texts that are tried on one pattern, about.
MOST_STARTS = 80

_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_FILLERS = ("0", "a", "A", " ", "\n", "!", "<", '"', "[", "\\", "~", "*")
_CATEGORIES = {"DIGIT": "07", "SPACE": " \n", "WORD": "a0_", "NOT_DIGIT": "x", "NOT_SPACE": "x", "NOT_WORD": "-"}


def texts(pattern: str | bytes, flags: int) -> Iterator[tuple[str, str, str]]:
    """(before, repeated, behind): what such a pattern may choke on."""
    plain = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(plain, flags)
    whole = _witness(tree)
    starts: dict[tuple[str, str], None] = {}
    for before, pump in _pumps(tree, ""):
        starts[before, pump] = None
        starts["", pump] = None
    for cut in range(1, min(len(whole), 10) + 1):
        starts["", whole[:cut]] = None
    for filler in dict.fromkeys((*_FILLERS, *whole[:4])):
        starts["", filler] = None
    # a large pattern has many places of the same kind: so many of them, evenly spread
    for before, pump in list(starts)[:: max(1, len(starts) // MOST_STARTS)]:
        if pump:
            for behind in ("", "!", "\x01"):
                yield before, pump, behind


def _pumps(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    for op, value in tree:
        name = str(op)
        if name in _REPEATS:
            _, most, body = value
            if most > 20:
                many = _variants(body)
                yield from ((before, one) for one in many)
                yield from ((before, one + other) for one in many for other in many if one != other)
            yield from _pumps(body, before)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _pumps(branch, before)
        elif name == "SUBPATTERN":
            yield from _pumps(value[3], before)
        elif name == "ATOMIC_GROUP":
            yield from _pumps(value, before)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from _pumps(value[1], before)
        before += _witness([(op, value)])


def _variants(body: Any) -> list[str]:
    if len(body) == 1 and str(body[0][0]) == "IN":
        return _members(body[0][1])[:4]
    if len(body) == 1 and str(body[0][0]) == "BRANCH":
        return [_witness(branch) for branch in body[0][1][1]][:6]
    return list(dict.fromkeys((_witness(body), _witness(body, fewest=False))))


def _witness(tree: Any, *, fewest: bool = True) -> str:
    made = ""
    for op, value in tree:
        name = str(op)
        if name == "LITERAL":
            made += chr(value)
        elif name == "NOT_LITERAL":
            made += "y" if chr(value) == "x" else "x"
        elif name == "ANY":
            made += "x"
        elif name == "IN":
            made += _members(value)[0]
        elif name == "BRANCH":
            made += _witness(value[1][0], fewest=fewest)
        elif name == "SUBPATTERN":
            made += _witness(value[3], fewest=fewest)
        elif name == "ATOMIC_GROUP":
            made += _witness(value, fewest=fewest)
        elif name in _REPEATS:
            least, most, body = value
            times = max(least, 1) if fewest else min(max(least, 2), int(most))
            made += _witness(body, fewest=fewest) * min(int(times), 400)
    return made


def _members(parts: Any) -> list[str]:
    """Characters of a class."""
    if parts and str(parts[0][0]) == "NEGATE":
        there = {c for c in map(chr, (0x78, 0x30, 0x20, 0x0A, 0x2D, 0x41, 0x21)) if not _holds(parts[1:], c)}
        return sorted(there, reverse=True) or ["\x02"]
    found: list[str] = []
    for op, value in parts:
        name = str(op)
        if name == "LITERAL":
            found.append(chr(value))
        elif name == "RANGE":
            found += [chr(value[0]), chr(value[1])]
        elif name == "CATEGORY":
            found += _CATEGORIES[str(value).removeprefix("CATEGORY_")]
    return list(dict.fromkeys(found))


def _holds(parts: Any, character: str) -> bool:
    made = "".join(
        re.escape(chr(v)) if str(op) == "LITERAL"
        else f"{re.escape(chr(v[0]))}-{re.escape(chr(v[1]))}" if str(op) == "RANGE"
        else {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}.get(str(v).removeprefix("CATEGORY_"), "")
        for op, v in parts
    )  # fmt: skip
    return bool(made) and re.match(f"[{made}]", character) is not None


def _work(call: Callable[[Any], Any], text: Any, times: int) -> float:
    best = float("inf")
    for _ in range(times):
        began = time.thread_time_ns()
        call(text)
        best = min(best, time.thread_time_ns() - began)
    return max(best, 200.0)


def _caller(pattern: str | bytes, flags: int, method: str) -> Callable[[Any], Any]:
    compiled: Any = re.compile(pattern, flags)
    empty: Any = b"" if isinstance(pattern, bytes) else ""
    if method in {"sub", "subn"}:
        return lambda text: getattr(compiled, method)(empty, text)
    if method == "finditer":
        return lambda text: sum(1 for _ in compiled.finditer(text))
    asked: Callable[[Any], Any] = getattr(compiled, method)
    return asked


def worst(pattern: str | bytes, flags: int, method: str) -> str:
    """A text on which the work grows faster than the text; empty where none was found."""
    call = _caller(pattern, flags, method)
    for before, pump, behind in texts(pattern, flags):
        if _grows_too_fast(call, pattern, before, pump, behind):
            return f"{before[:40]!r} + {pump[:40]!r} * n + {behind!r}"
    return ""


def _grows_too_fast(call: Callable[[Any], Any], pattern: str | bytes, before: str, pump: str, behind: str) -> bool:
    def text(size: int) -> str | bytes:
        made = before + pump * (size // len(pump)) + behind
        return made.encode("latin-1", "replace") if isinstance(pattern, bytes) else made

    short, long = text(SHORT), text(LONG)
    # a moment's noise is not growth: it has to show three times
    return all(_work(call, long, tries) / _work(call, short, 3 * tries) > TOO_MUCH for tries in (1, 3, 6))


def main() -> None:
    for line in sys.stdin:
        one = json.loads(line)
        pattern = one["pattern"].encode("latin-1") if one["bytes"] else one["pattern"]
        print(json.dumps({"trying": one["place"]}), flush=True)
        for method in one["methods"]:
            found = worst(pattern, one["flags"], method)
            if found:
                print(json.dumps({"found": f"{one['place']}: {method} of {pattern!r:.300} on {found}"}), flush=True)
    print(json.dumps({"done": True}), flush=True)


if __name__ == "__main__":
    main()
