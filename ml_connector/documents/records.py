"""Records as JSON and back: what is stored of them, and what is read is checked."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec

from ml_connector.documents.common import Record

T = TypeVar("T")

#: What reading raises: its text names the field and what was expected there, never the value.
NoSuchRecord = msgspec.ValidationError

_encode = msgspec.json.Encoder(decimal_format="string").encode
_loads = msgspec.json.Decoder(float_hook=Decimal).decode


def as_json(record: Record | Sequence[Record]) -> str:
    """A record, or a list of them; of parts of documents the fields that hold their default are left out."""
    return _encode(record).decode()


def indented(record: Record) -> str:
    """A document for people: a field a line; fields that hold their default are left out."""
    return msgspec.json.format(_encode(record), indent=2).decode()


def from_json(model: type[T], text: str | bytes) -> T:
    """The record, or tuple of records, that a text says. Raises NoSuchRecord."""
    return msgspec.json.decode(text, type=model)


def from_values(model: type[T], values: object) -> T:
    """The record, or tuple of records, of values as JSON has them. Raises NoSuchRecord."""
    return msgspec.convert(values, model)


#: Where in a value something does not fit, as msgspec says it: "... - at `$.items[0].value`".
_PLACE = re.compile(r"`\$([^`]*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


def misfits(model: type[Record], values: Mapping[str, object]) -> list[tuple[list[str], str]]:
    """What keeps values from being a record: the names that lead there, and what is the matter; one a field."""
    found: list[tuple[list[str], str]] = []
    for name, one in _fields_of(model).items():
        if name not in values:
            if one.required:
                found.append(([name], "is empty"))
            continue
        try:
            msgspec.convert(values[name], one.type)
        except NoSuchRecord as error:
            said = str(error)
            place, missing = _PLACE.search(said), _MISSING.search(said)
            names = re.findall(r"\w+", place.group(1)) if place is not None else []
            found.append(
                ([name, *names, missing.group(1)], "is empty")
                if missing is not None
                else ([name, *names], "does not fit the document")
            )
    return found


def values_of(text: str | bytes) -> Any:
    """What a JSON text says, no number of it a float. Raises msgspec.DecodeError for what is no JSON."""
    return _loads(text)


def names_of(model: type[Record]) -> tuple[str, ...]:
    """The fields of a model, in their order."""
    return model.__struct_fields__


def fields_of(model: type[Record]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """The fields of a model by name, with types and defaults."""
    return _fields_of(model)


@cache
def _fields_of(model: type[Record]) -> dict[str, msgspec.structs.FieldInfo]:
    return {one.name: one for one in msgspec.structs.fields(model)}


@cache
def _kept(model: type[Record]) -> tuple[tuple[str, bool], ...]:
    """The fields of a model that are stored, each with whether that is so whatever it says."""
    added = frozenset[str]().union(*(vars(one).get("added", ()) for one in model.__mro__))
    return tuple((name, name not in added) for name in model.__struct_fields__ if name not in model.unkept)


def stored_values(value: Any) -> Any:
    """A record as JSON values, all its fields, but those that a later release added and that say nothing."""
    if isinstance(value, Record):
        found = ((name, getattr(value, name), always) for name, always in _kept(type(value)))
        return {name: stored_values(one) for name, one, always in found if always or one}
    if isinstance(value, tuple):
        return [stored_values(one) for one in value]
    # of these msgspec has the form: text, numbers, days, codes, tables of them
    return msgspec.to_builtins(value)


def json_values(record: Record) -> dict[str, Any]:
    """A part of a document as JSON values, without the fields that hold their default."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    return values


def as_values(value: Any) -> Any:
    """A record as a dictionary of all its fields, amounts as Decimal and days as dates; those inside too."""
    if isinstance(value, Record):
        return {name: as_values(getattr(value, name)) for name in value.__struct_fields__}
    return [as_values(one) for one in value] if isinstance(value, tuple) else value


def said(record: Record) -> dict[str, Any]:
    """The fields of a record that do not hold their default, as they are."""
    fields = _fields_of(type(record))
    found = ((name, getattr(record, name), one.default) for name, one in fields.items())
    return {name: value for name, value, default in found if value != default}
