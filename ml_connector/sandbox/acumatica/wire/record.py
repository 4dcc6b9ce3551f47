"""Records of the stand-in: values by field, lines by collection, linked objects; and tables of them by key."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.acumatica.wire.values import Value

Key = tuple[str, ...]


@dataclass(slots=True)
class StoredFile:
    """An attachment of a record or line; its bytes lie in the tenant."""

    id: str
    name: str
    comment: str = ""


@dataclass(slots=True)
class Record:
    """A record, a line or a linked object. `custom` by "View.Field"; `inner` never leaves the stand-in.

    `error` and `errors` (by field) are what a screen refused; they stand in a draft, never in a stored record.
    """

    id: str
    values: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, list["Record"]] = field(default_factory=dict)
    links: dict[str, "Record"] = field(default_factory=dict)
    custom: dict[str, Value] = field(default_factory=dict)
    inner: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    files: list[StoredFile] = field(default_factory=list)
    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "Record":
        """A draft of it: its own values, lines and links; the same ids."""
        return Record(
            id=self.id,
            values=dict(self.values),
            lines={name: [line.copy() for line in lines] for name, lines in self.lines.items()},
            links={name: link.copy() for name, link in self.links.items()},
            custom=dict(self.custom),
            inner=dict(self.inner),
            note=self.note,
            files=list(self.files),
        )

    def get(self, name: str) -> Value:
        return self.values.get(name)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> Decimal:
        value = self.values.get(name)
        return Decimal(value) if isinstance(value, Decimal | int) else Decimal(0)

    def whole(self, name: str) -> int:
        return int(self.number(name))

    def flag(self, name: str) -> bool:
        return self.values.get(name) is True

    def day(self, name: str) -> date | None:
        value = self.values.get(name)
        return value if isinstance(value, date) and not isinstance(value, datetime) else None

    def details(self, name: str = "Details") -> list["Record"]:
        return self.lines.setdefault(name, [])

    def line(self, number: int, name: str = "Details") -> "Record | None":
        """The line of that LineNbr."""
        return next((line for line in self.details(name) if line.get("LineNbr") == number), None)

    def link(self, name: str) -> "Record":
        """The linked object, made where there is none."""
        if name not in self.links:
            self.links[name] = record()
        return self.links[name]

    @property
    def refused(self) -> bool:
        """Whether anything in this draft was refused."""
        inside = [*self.links.values(), *(line for lines in self.lines.values() for line in lines)]
        return bool(self.error or self.errors) or any(one.refused for one in inside)


def record(values: dict[str, Value] | None = None, /, **more: Value) -> Record:
    """A new record with an id of its own."""
    return Record(id=str(uuid.uuid4()), values={**(values or {}), **more})


def key_of(found: Record, keys: Iterable[str]) -> Key:
    """The key as tables know it: text, without regard to case (acumatica 3, assumed of the database)."""
    return tuple(str(found.values.get(name) or "").casefold() for name in keys)


class Table:
    """Records of one entity in the order in which they came, by id and by key."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self._rows: dict[str, Record] = {}
        self._ids: dict[Key, str] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._rows.values()))

    def by_id(self, identity: str) -> Record | None:
        return self._rows.get(identity.casefold())

    def by_key(self, *key: str) -> Record | None:
        found = self._ids.get(tuple(part.strip().casefold() for part in key))
        return self._rows.get(found) if found is not None else None

    def put(self, row: Record) -> None:
        """Add a record, or put a changed one in the place of the one with its id."""
        before = self._rows.get(row.id)
        if before is not None:
            self._ids.pop(key_of(before, self.keys), None)
        self._rows[row.id] = row
        self._ids[key_of(row, self.keys)] = row.id

    def remove(self, row: Record) -> None:
        del self._rows[row.id]
        self._ids.pop(key_of(row, self.keys), None)

    def where(self, **values: Value) -> list[Record]:
        """Records whose fields have exactly these values."""
        return [row for row in self if all(row.values.get(name) == value for name, value in values.items())]
