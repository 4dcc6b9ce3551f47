"""The endpoint's contract, from the compact facts in facts.json (acumatica-entities).

A field is written `Name:Type`, with `-20` for each version in whose contract it is absent (20.200.001). A field whose
type is DateTime is a day, unless its name begins with LastModified or Created (acumatica 2).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

#: Members of every record that are no fields of the contract (acumatica 4).
SYSTEM_MEMBERS = frozenset({"id", "rowNumber", "note", "custom", "files", "error", "_links", "delete"})
_FIELD = re.compile(r"(\w+):(\w+)((?:-\d\d)*)")
_POINTS = ("LastModified", "Created")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is Decimal, String, Boolean, Int, Short, Long, Byte, Guid or DateTime."""

    name: str
    type: str
    absent: frozenset[str] = frozenset()

    @property
    def is_point(self) -> bool:
        """Whether a DateTime is a point in time rather than a day."""
        return self.name.startswith(_POINTS)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a record, a line or a linked object consists of in one version."""

    name: str
    fields: Mapping[str, Field]
    linked: Mapping[str, "Shape"] = field(default_factory=dict)
    details: Mapping[str, "Shape"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entity:
    """A top-level entity. `actions`: the parameters of each by its name. No keys: an inquiry."""

    name: str
    screen: str
    keys: tuple[str, ...]
    shape: Shape
    actions: Mapping[str, Mapping[str, str]]

    @property
    def is_inquiry(self) -> bool:
        return not self.keys


@cache
def _facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        files("ml_connector.sandbox.acumatica").joinpath("facts.json").read_text("utf-8")
    )
    return found


def _field(text: str) -> Field:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise ValueError(f"facts.json: not a field: {text}")
    return Field(match[1], match[2], _absent(match[3]))


def _absent(marks: str) -> frozenset[str]:
    return frozenset(f"{one}.200.001" for one in marks.split("-") if one)


@cache
def contract(version: str) -> Mapping[str, Entity]:
    """The entities of one version of the Default endpoint; of a newer one than is known, those of the newest."""
    shapes: dict[str, Shape] = {}

    def shape(name: str, fact: dict[str, Any]) -> Shape:
        fields = {one.name: one for one in map(_field, fact["fields"].split()) if version not in one.absent}
        linked = {member: named(kind) for member, kind in fact.get("linked", {}).items()}
        details: dict[str, Shape] = {}
        for member, text in fact.get("details", {}).items():
            kind, _, marks = text.partition("-")
            if version not in _absent(marks):
                details[member] = named(kind)
        return Shape(name, fields, linked, details)

    def named(kind: str) -> Shape:
        if kind not in shapes:
            shapes[kind] = shape(kind, _facts()["_types"][kind])
        return shapes[kind]

    found: dict[str, Entity] = {}
    for name, fact in _facts().items():
        if name == "_types":
            continue
        made = shape(name, fact)
        keys = tuple(fact["keys"])
        if not all(key in made.fields for key in keys):
            continue  # the entity itself is younger than this version
        actions = {
            action: {one.name: one.type for one in map(_field, parameters.split())}
            for action, parameters in fact.get("actions", {}).items()
        }
        found[name] = Entity(name, fact["screen"], keys, made, actions)
    return found
