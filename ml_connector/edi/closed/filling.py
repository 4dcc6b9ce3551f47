"""Makes the functions that make lines of the text of the segments that open them, field by field written out.

For order lines the function is this one:

    def made(found, bounds, maker):
        lines = []
        for start, end in zip(bounds, bounds[1:]):
            text = found[start].split("*", 6)
            if len(text) < 6:
                text += NONE
            line = NEW(KIND)
            SET(line, {
                SOURCE: (maker, found, start, end),
                "number": text[1] or "",
                "quantity": READ_2(text[2]) if text[2] else None,
                ...
            })
            lines.append(line)
        return tuple(lines)

By tables it took 2.3 microseconds a line; it takes 1.3 (`benchmarks.edi_speed`, documents opened).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.later import SOURCE, set_values, unmade
from ml_connector.edi.framing.values import MOST_DIGITS
from ml_connector.edi.mapping.fields import NUMBER, TEXT, Field, SegmentMap
from ml_connector.edi.mapping.scopes import Scope
from ml_connector.edi.validation.schema import SegmentRule

#: Makes records of the segments that begin at all bounds but the last; the maker will make their other fields.
Fill = Callable[[list[str], list[int], Any], tuple[Any, ...]]

#: Makes one record of its source, further values and its segment's elements; None where there is no such segment.
FillOne = Callable[[tuple[Any, ...], tuple[Any, ...], list[str]], Any]


def lines_of(scope: Scope, rule: SegmentRule, mark: str) -> Fill:
    """What makes the lines of a scope as far as their opening segment tells."""
    fields, count, names = _fields(scope.head, scope, rule)
    names.update(SOURCE=SOURCE, NONE=[""] * count, SET=set_values, KIND=unmade(scope.model), MARK=mark)
    names["NEW"] = names["KIND"].__new__
    lines = [
        "def made(found, bounds, maker):",
        "    lines = []",
        "    for start, end in zip(bounds, bounds[1:]):",
        f"        text = found[start].split(MARK, {count})",
        f"        if len(text) < {count}:",
        "            text += NONE",
        "        line = NEW(KIND)",
        "        SET(line, {SOURCE: (maker, found, start, end), " + ", ".join(fields) + "})",
        "        lines.append(line)",
        "    return tuple(lines)",
    ]
    fill: Fill = _compiled(lines, names)
    return fill


def record_of(model: type[Record], mapping: SegmentMap, scope: Scope, rule: SegmentRule, given: str) -> FillOne:
    """What makes one record of a segment that is not its first; `given` is a field whose value is known already."""
    fields, count, names = _fields(mapping, scope, rule)
    names.update(SOURCE=SOURCE, NONE=[""] * count, SET=set_values, KIND=unmade(model), GIVEN=given)
    names["NEW"] = names["KIND"].__new__
    lines = [
        "def made(source, given, text):",
        f"    if len(text) < {count}:",
        "        text += NONE",
        "    record = NEW(KIND)",
        "    SET(record, {SOURCE: source, GIVEN: given, " + ", ".join(fields) + "})",
        "    return record",
    ]
    fill: FillOne = _compiled(lines, names)
    return fill


def _compiled(lines: list[str], names: dict[str, Any]) -> Any:
    exec(compile("\n".join(lines), "<made>", "exec"), names)  # noqa: S102 - made of our own tables
    return names["made"]


def _fields(mapping: SegmentMap, scope: Scope, rule: SegmentRule) -> tuple[list[str], int, dict[str, Any]]:
    """The fields that are made at once, as parts of a dictionary; how many elements they need; what they name."""
    fields = [f for f in mapping.fields if _at_once(f, rule) and f.position not in mapping.constants]
    names: dict[str, Any] = {}
    parts = []
    for field in fields:
        text, read, empty = f"text[{field.position}]", _reader(field, rule), scope.empty[field.name]
        names[f"EMPTY_{field.position}"], names[f"READ_{field.position}"] = empty, read
        made = text if read is None else f"READ_{field.position}({text})"
        parts.append(f'"{field.name}": {made} if {text} else EMPTY_{field.position}')
    return parts, max((f.position for f in fields), default=0) + 1, names


def _at_once(field: Field, rule: SegmentRule) -> bool:
    plain = field.name and not field.usual and not field.composite
    return bool(plain) and field.position not in rule.composites and field.position <= len(rule.elements)


def _reader(field: Field, rule: SegmentRule) -> Any:
    """What reads a text that is right; None for text itself."""
    if field.codec is TEXT:
        return None
    element = rule.elements[field.position - 1][0]
    # the pattern has seen that it is a number, and it is short enough
    if field.codec is NUMBER and element.kind == "R" and element.most + 2 <= MOST_DIGITS:
        return Decimal
    return field.codec.read
