"""Addresses of values in documents: `number`, `references[IA]`, `parties[ST].street[0]`, `items[VP|VN]`.

A name in brackets picks by what the record is known by (qualifier, role, kind); a number picks by position, from 0.
Several names, parted by |, are alternatives: the first is what is read into, any of them is what is written from.
`items[GTIN]` is the bar code, whose qualifier follows from its length.
"""

import re
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any, Union, get_args, get_origin

from ml_connector.documents import common
from ml_connector.documents.common import Record
from ml_connector.documents.records import fields_of, names_of

#: What records are known by, and what of them is meant when nothing is named.
KNOWN_BY: dict[str, tuple[tuple[str, ...], str]] = {
    "Reference": (("qualifier",), "value"),
    "DateReference": (("qualifier",), "day"),
    "ItemId": (("qualifier",), "value"),
    "Party": (("role",), ""),
    "Contact": (("function",), ""),
    "Tax": (("kind",), ""),
    "RowValue": (("name",), "value"),
    "AllowanceCharge": (("kind", "code"), ""),
}
#: What X12 keeps of its own, and the ERP's ids that nobody is sent; no layout reads or writes it.
OF_X12 = frozenset({"kept", "extras", "tree", "erp_line"})
MOST_POSITION = 99
MOST_CHARACTERS = 1_000
_STEP = re.compile(r"([a-z_]+)(?:\[([^\[\]]+)\])?")


class BadAddress(ValueError):
    """An address that leads nowhere; its text says what would."""


@dataclass(frozen=True)
class PathStep:
    """One step: a field, and which of its records where it holds several. keys are alternatives; index from 0."""

    name: str
    keys: tuple[dict[str, str], ...] = ()
    index: int = -1
    gtin: bool = False

    @property
    def single(self) -> bool:
        return not self.keys and self.index < 0


@dataclass(frozen=True)
class Target:
    """A compiled address. leaf: the type of its value; many: it is a tuple of texts, joined when written."""

    address: str
    steps: tuple[PathStep, ...]
    leaf: type
    many: bool = False

    def of(self, record: Record) -> Any:
        """The value in a record; None when there is none."""
        found: Any = record
        for step in self.steps:
            if found is None:
                return None
            found = _stepped(getattr(found, step.name), step)
        return found

    def put(self, values: "Values", value: Any, nth: int = 0) -> None:
        """Set it among the values a record will be made of. nth: in the so manieth record of its key, from 0."""
        here = values
        if nth:
            here = here.another(self.steps[0], nth)
            for step in self.steps[1:-1]:
                here = here.inside(step, value)
            here.leave(self.steps[-1], value)
            return
        for step in self.steps[:-1]:
            here = here.inside(step, value)
        here.leave(self.steps[-1], value)


def _stepped(value: Any, step: PathStep) -> Any:
    if step.single:
        return value
    if step.index >= 0:
        return value[step.index] if len(value) > step.index else None
    for key in step.keys:
        for one in value:
            if all(str(getattr(one, name)) == wanted for name, wanted in key.items()):
                return one
    return None


@dataclass
class Values:
    """What a record will be made of: plain values, and records by key or position, in the order they came."""

    plain: dict[str, Any] = field(default_factory=dict)
    single: dict[str, "Values"] = field(default_factory=dict)
    keyed: dict[str, dict[tuple[str, ...], "Values"]] = field(default_factory=dict)
    placed: dict[str, dict[int, Any]] = field(default_factory=dict)
    lists: dict[str, list[Any]] = field(default_factory=dict)

    def inside(self, step: PathStep, value: Any) -> "Values":
        if step.single:
            return self.single.setdefault(step.name, Values())
        if step.index >= 0:
            made = self.placed.setdefault(step.name, {}).setdefault(step.index, Values())
            assert isinstance(made, Values)
            return made
        key = gtin_key(str(value)) if step.gtin else step.keys[0]
        records = self.keyed.setdefault(step.name, {})
        return records.setdefault(tuple(key.values()), Values(plain=dict(key)))

    def another(self, step: PathStep, nth: int) -> "Values":
        """A further record of one key."""
        key = step.keys[0]
        records = self.keyed.setdefault(step.name, {})
        return records.setdefault((*key.values(), f"#{nth}"), Values(plain=dict(key)))

    def leave(self, step: PathStep, value: Any) -> None:
        if step.index >= 0:
            self.placed.setdefault(step.name, {})[step.index] = value
        else:
            self.plain[step.name] = value

    def count(self, step: PathStep) -> int:
        """How many records of the key this step names there are."""
        if not step.keys:
            return int(self.has(step))
        key = tuple(step.keys[0].values())
        return sum(found[: len(key)] == key for found in self.keyed.get(step.name, {}))

    def has(self, step: PathStep) -> bool:
        """Whether something was put where this step leads; constants join only what is there."""
        if step.index >= 0:
            return step.index in self.placed.get(step.name, {})
        if step.keys:
            return tuple(step.keys[0].values()) in self.keyed.get(step.name, {})
        return step.name in self.single

    def made(self) -> dict[str, Any]:
        """Keyword values for the model."""
        return {
            **self.plain,
            **{name: inner.made() for name, inner in self.single.items()},
            **{name: tuple(one.made() for one in records.values()) for name, records in self.keyed.items()},
            **{name: tuple(_made(records[at]) for at in sorted(records)) for name, records in self.placed.items()},
            **{name: tuple(records) for name, records in self.lists.items()},
        }


def _made(value: Any) -> Any:
    return value.made() if isinstance(value, Values) else value


#: Bar codes by length (x12-procurement 4): EAN-8 and EAN-13, UPC-12, GTIN-14.
_GTIN_LENGTHS = {8: "EN", 12: "UP", 13: "EN", 14: "UK"}


def gtin_key(value: str) -> dict[str, str]:
    """The qualifier of a bar code, by its length."""
    return {"qualifier": _GTIN_LENGTHS.get(len(value), "UP")}


def compiled(model: type[Record], address: str) -> Target:
    """The target that an address means in a model. Raises BadAddress, naming what there is."""
    steps: list[PathStep] = []
    here: type = model
    many = False
    parts = _parts(address)
    for number, part in enumerate(parts):
        found = _STEP.fullmatch(part)
        if found is None:
            raise BadAddress(f"{part!r} is not a step of an address; write field or field[KEY]")
        if many or not issubclass(here, Record):
            raise BadAddress(f"{parts[number - 1]!r} holds a single value, there is no {part!r} in it")
        name, key = found.groups()
        kind, many = _field_type(here, name)
        step, many = _step(name, key, kind, many)
        steps.append(step)
        here = kind
        if step.keys and number == len(parts) - 1 and (meant := KNOWN_BY[kind.__name__][1]):
            steps.append(PathStep(meant))
            here, many = _field_type(kind, meant)
    if issubclass(here, Record):
        raise BadAddress(f"{address!r} leads to a {here.__name__}; name a field of it: {_names(here)}")
    return Target(address, tuple(steps), here, many)


def repeated(model: type[Record], name: str) -> type[Record]:
    """The model of the records in a field. Raises BadAddress when it holds none."""
    kind, many = _field_type(model, name)
    if not many or not issubclass(kind, Record):
        raise BadAddress(f"{name!r} of {model.__name__} holds no list of records")
    return kind


def _parts(address: str) -> Sequence[str]:
    if len(address) > MOST_CHARACTERS:
        raise BadAddress(f"{address[:40]!r} is longer than {MOST_CHARACTERS} characters")
    return re.split(r"\.(?![^\[]*\])", address)


def _names(model: type[Record]) -> str:
    return ", ".join(name for name in names_of(model) if name not in OF_X12)


def _field_type(model: type[Record], name: str) -> tuple[type, bool]:
    """The type of a field, or of what its tuple holds."""
    info = fields_of(model).get(name)
    if info is None or name in OF_X12:
        raise BadAddress(f"{model.__name__} has no {name!r}; it has {_names(model)}")
    return _plain_type(info.type)


def _plain_type(annotation: Any) -> tuple[type, bool]:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _plain_type(next(arg for arg in get_args(annotation) if arg is not type(None)))
    if origin is tuple:
        inner, _ = _plain_type(get_args(annotation)[0])
        return inner, True
    plain: type = annotation
    return plain, False


def _step(name: str, key: str | None, kind: type, many: bool) -> tuple[PathStep, bool]:
    """The step, and whether a tuple is still left behind it."""
    if key is None:
        if many and issubclass(kind, Record):
            hint = "a key" if kind.__name__ in KNOWN_BY else "a position"
            raise BadAddress(f"{name!r} holds several; write {hint} in brackets: {name}[...]")
        return PathStep(name), many
    if not many:
        raise BadAddress(f"{name!r} holds one value; leave [{key}] out")
    if kind.__name__ not in KNOWN_BY:
        if not (key.isascii() and key.isdigit() and int(key) <= MOST_POSITION):
            raise BadAddress(f"{name!r} is known by position: {name}[0] to {name}[{MOST_POSITION}]")
        return PathStep(name, index=int(key)), False
    names = KNOWN_BY[kind.__name__][0]
    if key == "GTIN" and kind is common.ItemId:
        return PathStep(name, tuple({"qualifier": q} for q in common.GTIN), gtin=True), False
    keys = []
    for one in key.split("|"):
        parts = one.split(":")
        if len(parts) != len(names) or not all(parts):
            raise BadAddress(
                f"{name!r} is known by {' and '.join(names)}: {name}[{':'.join(n.upper() for n in names)}]"
            )
        keys.append(dict(zip(names, parts, strict=True)))
    return PathStep(name, tuple(keys)), False


#: Types that a value can have, by the name of how it is written.
LEAVES: dict[type, str] = {Decimal: "number", int: "integer", bool: "flag", date: "date", time: "time"}


def form_of(leaf: type) -> str:
    """text, number, integer, flag, date or time."""
    return LEAVES.get(leaf, "text")
