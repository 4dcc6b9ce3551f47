"""JSON files: objects and arrays to nodes and back. Numbers stay the digits they were written with."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason, SenderMustCorrect
from ml_connector.layouts.formats.nodes import Node, take
from ml_connector.layouts.formats.unread import Unread
from ml_connector.layouts.spec.compiled_layout import CompiledField, CompiledLevel, Layout
from ml_connector.layouts.spec.paths import Path, PathStep
from ml_connector.layouts.values.findings import LayoutPlace, finding, shown
from ml_connector.layouts.values.values import MOST_DIGITS, WrongText

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_BLANKS = re.compile(r"[ \t\r\n]*")
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class _Number(str):
    """A number as it stands in the file."""

    __slots__ = ()


class _Twice(dict[str, Any]):
    """An object in which names stand twice: whoever reads them could mean either."""

    twice: frozenset[str] = frozenset()


def read(text: str, layout: Layout) -> Iterator[Node]:
    """The documents of a JSON text.

    Raises:
        SenderMustCorrect: no JSON, cut off, nested too deep, or without the place the documents stand at.
    """
    roots = _parsed(text, layout)
    unread = Unread(layout, _picked)
    for number, root in enumerate(roots):
        notes = unread.of_json(root, LayoutPlace(path="/"))
        for node in _documents(root, layout, f"[{number}]" if len(roots) > 1 else ""):
            node.findings += notes
            notes = []
            yield node


def _documents(root: Any, layout: Layout, prefix: str) -> Iterator[Node]:
    """The documents of one of a file's values."""
    try:
        found = _at(root, root, layout.document.at, prefix)
    except WrongText as error:
        raise SenderMustCorrect(
            f"{layout.document.at.text!r} cannot be read: {error}.", remedy="Ask for it again."
        ) from error
    if not found:
        raise SenderMustCorrect(
            f"There is nothing at {layout.document.at.text!r}, where the documents stand.",
            remedy="See whether the file is of this layout.",
        )
    for one, told in (member for value, path in found for member in _members(value, path)):
        place = LayoutPlace(path=told or "/")
        above = Node(layout.document, [], place)
        if isinstance(one, dict):
            yield _taken(layout.document, one, above, place, root)
            continue
        node = Node(layout.document, [None] * len(layout.document.fields), place)
        node.findings.append(finding("not_an_object", place, "", "is not an object", value=_text_of(one) or "an array"))
        yield node


def _parsed(text: str, layout: Layout) -> list[Any]:
    """The values of a text: one, or several one behind the other, as programs append them to a file."""
    depth = 0
    elements = 0
    for mark in _MARKS.finditer(text):
        if mark.group() in "[{":
            depth += 1
            elements += 1
        elif mark.group() in "]}":
            depth -= 1
        if depth > layout.settings.limits.depth or elements > layout.settings.limits.rows:
            wrong = f"nested deeper than {layout.settings.limits.depth}" if depth > 1 else "more elements than allowed"
            raise SenderMustCorrect(
                f"Line {text.count(chr(10), 0, mark.start()) + 1}: {wrong}.",
                remedy="This is not a file of this layout; limits stand in the layout.",
            )
    decoder = json.JSONDecoder(
        parse_float=_Number, parse_int=_Number, parse_constant=_no_constant, object_pairs_hook=_object
    )
    found: list[Any] = []
    at, text = 0, text.rstrip()
    try:
        while not found or at < len(text):
            value, at = decoder.raw_decode(text, _BLANKS.match(text, at).end())  # type: ignore[union-attr]
            found.append(value)
    except json.JSONDecodeError as error:
        problem = "the file is cut off" if error.pos >= len(text.rstrip()) else error.msg
        raise SenderMustCorrect(
            f"Line {error.lineno}, column {error.colno}: {problem}; there stands "
            f"{shown(text[error.pos : error.pos + 30])}.",
            remedy="The file is not JSON; ask the sender for it again.",
            data={"row": error.lineno},
        ) from error
    except (ValueError, RecursionError) as error:
        raise SenderMustCorrect(
            f"The file is not JSON: {str(error)[:100]}.", remedy="Ask the sender to mend it."
        ) from error
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    twice = _Twice(made)
    twice.twice = frozenset(name for name, count in Counter(names).items() if count > 1)
    return twice


def _taken(level: CompiledLevel, value: dict[str, Any], above: Node, place: LayoutPlace, root: Any) -> Node:
    node = take(level, lambda one: _cell(value, root, one), above, place)
    last = level.chain()[-1]
    for child in last.children:
        try:
            above_it = place.path.rstrip("/")
            below = [found for path in child.at.places for found in _at(value, root, path, above_it)]
        except WrongText as error:
            node.findings.append(finding(error.code, place, child.at.text, "cannot be read", expected=error.expected))
            continue
        for one, told in (member for found, path in below for member in _members(found, path)):
            here = LayoutPlace(path=told)
            if isinstance(one, dict):
                _taken(child, one, node, here, root)
            elif one is not None:
                node.findings.append(finding("not_an_object", here, "", "is not an object", value=_text_of(one) or ""))
    if node.level.depth == 0 or above.level is node.level:
        return node
    return above.children[level.name][-1]


def _at(value: Any, root: Any, path: Path, prefix: str) -> list[tuple[Any, str]]:
    """What stands at a path, in each member of an array on the way; nothing where there is nothing or null."""
    if path.top and isinstance(root, list):
        return []
    here = [(root, "")] if path.top else [(value, prefix)]
    for step in path.steps:
        here = [found for one, told in here for found in _step(one, step, told)]
    return here


def _step(here: Any, step: PathStep, told: str) -> Iterator[tuple[Any, str]]:
    for one, place in _members(here, told):
        if isinstance(one, _Twice) and step.name in one.twice:
            raise WrongText("repeated", f"{step.name} once, it stands there twice")
        value = one.get(step.name) if isinstance(one, dict) else None
        if value is None:
            continue
        inside = f"{place}/{step.name}"
        found = _members(value, inside) if step.picks else [(value, inside)]
        yield from (there for there in found if all(_picked(there[0], pick) for pick in step.picks))


def _members(value: Any, place: str) -> list[tuple[Any, str]]:
    """The members of an array; what is none, is the only one."""
    return (
        [(one, f"{place}[{number}]") for number, one in enumerate(value)]
        if isinstance(value, list)
        else [(value, place)]
    )


def _picked(value: Any, pick: tuple[str, str]) -> bool:
    name, wanted = pick
    return isinstance(value, dict) and _text_of(value.get(name)) == wanted


def _cell(value: dict[str, Any], root: Any, one: CompiledField) -> str | None:
    found: list[Any] = []
    for place in one.path.places:
        found = [there for there, _ in _at(value, root, place, "") if there not in (None, "")]
        if found:
            break
    if one.target and one.target.many:
        texts = [member for there in found for member, _ in _members(there, "")]
        return (one.settings.join or "").join(filter(None, map(_text_of, texts)))
    if len(found) > 1:
        raise WrongText("repeated", f"it once, it stands {len(found)} times")
    if not found:
        return None
    text = _text_of(found[0])
    if text is None:
        raise WrongText("not_a_value", "a single value")
    return _in_form(found[0], one) if isinstance(found[0], _Number) else text


def _text_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def _in_form(found: _Number, one: CompiledField) -> str:
    """A JSON number as the layout writes numbers: its own form does not concern it.

    One that stands for a text is a number of something: 4711.0 is 4711, whoever made floats of them.
    """
    exponent = found.lower().partition("e")[2]
    if len(found) > 2 * MOST_DIGITS or (exponent and abs(int(exponent)) > MOST_DIGITS):
        raise WrongText("not_a_number", f"a number of at most {MOST_DIGITS} digits")
    if one.numbers is not None:
        try:
            return one.numbers.write(Decimal(found))
        except WrongText:
            return str(found)
    if exponent:
        raise WrongText("not_a_text", "a text, or a whole number")
    whole, _, fraction = found.partition(".")
    return whole if not fraction.strip("0") else str(found)


# ---- writing ----


def write(nodes: list[Node], layout: Layout) -> str:
    """The JSON text of documents."""
    made = [_object_of(node) for node in nodes]
    whole: Any = made if layout.settings.json_.documents == "list" else made[0]
    if layout.document.at.steps:
        top: dict[str, Any] = {}
        holder = _holder(top, layout.document.at.steps[:-1])
        holder[layout.document.at.steps[-1].name] = whole
        whole = top
    indent = "\n" if layout.settings.json_.indent else ""
    return _dumped(whole, indent) + ("\n" if indent else "")


def _object_of(node: Node) -> dict[str, Any]:
    [made] = _objects(node, [])
    return made


def _objects(node: Node, above: list[Node]) -> list[dict[str, Any]]:
    """The objects of a node: one, or one for each of the inline records below it."""
    if node.level.inline and (inner := node.children.get(node.level.inline.name)):
        return [made for child in inner for made in _objects(child, [*above, node])]
    made: dict[str, Any] = {}
    for part in [*above, node]:
        for one in part.level.fields:
            if one.writes:
                _put(made, one, part.cells[one.index])
    for child in node.level.children:
        members = [made_one for inner in node.children.get(child.name, ()) for made_one in _objects(inner, [])]
        _holder(made, child.at.steps[:-1])[child.at.steps[-1].name] = members
    return [made]


def _put(made: dict[str, Any], one: CompiledField, text: str | None) -> None:
    if not text:
        return
    if one.path.top or one.path.steps[-1].picks:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Field {one.name} stands at {one.path.text!r}, where nothing can be written.",
            remedy="Give it `only: read`, or another path.",
        )
    holder = _holder(made, one.path.steps[:-1])
    name = one.path.steps[-1].name
    if one.form in {"number", "integer"} and not one.settings.as_text and _NUMBER.fullmatch(text):
        holder[name] = _Number(text)
    elif one.form == "flag" and not one.settings.as_text and text in {"true", "false"}:
        holder[name] = text == "true"
    elif one.target and one.target.many:
        holder[name] = text.split(one.settings.join or "\n")
    else:
        holder[name] = text


def _holder(made: dict[str, Any], steps: tuple[PathStep, ...]) -> dict[str, Any]:
    """The object a path leads to, made on the way."""
    here = made
    for step in steps:
        if not step.picks:
            here = here.setdefault(step.name, {})
            continue
        members = here.setdefault(step.name, [])
        found = next((one for one in members if all(one.get(n) == v for n, v in step.picks)), None)
        if found is None:
            found = dict(step.picks)
            members.append(found)
        here = found
    return here


def _dumped(value: Any, indent: str) -> str:
    """JSON text; numbers as the digits they are made of."""
    inner = f"{indent}  " if indent else ""
    joint = f",{inner}" if indent else ","
    if isinstance(value, dict):
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {_dumped(v, inner)}" for k, v in value.items()]
        return "{" + inner + joint.join(parts) + indent + "}" if parts else "{}"
    if isinstance(value, list):
        parts = [_dumped(one, inner) for one in value]
        return "[" + inner + joint.join(parts) + indent + "]" if parts else "[]"
    if isinstance(value, _Number):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
