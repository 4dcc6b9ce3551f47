"""One division: its tables, numbers, stock and what changed since webhooks were last told."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.wire.entities import CHILDREN, DELETED_TYPES, ENTITIES, Entity, unset
from ml_connector.sandbox.exact.wire.table import Table
from ml_connector.sandbox.exact.wire.wire import Row, wall_ms

LINES = {lines: (path.rpartition(".")[0], header) for path, (lines, header) in CHILDREN.items()}


@dataclass(frozen=True, slots=True)
class User:
    """Who is said to have created or modified a row."""

    id: str
    full_name: str
    name: str


class Company:
    """The books of one division. Rows are added, changed and dropped here, so that Modified, row versions,
    sync/Deleted and webhooks follow.
    """

    def __init__(
        self, *, code: int, name: str, currency: str, clock: FileClock, rng: random.Random, user: User
    ) -> None:
        self.code = code
        self.name = name
        self.currency = currency
        self.clock = clock
        self.user = user
        self.stock: dict[tuple[str, str], Decimal] = {}
        self.pending: dict[tuple[str, str], tuple[str, str]] = {}  # (topic, key) -> (action, path)
        self._rng = rng
        self._tables: dict[str, Table] = {}
        self._numbers: dict[str, int] = {}
        self._version = 1_000
        self._moment: int | None = None

    def table(self, path: str) -> Table:
        found = self._tables.get(path)
        if found is None:
            found = self._tables[path] = Table(ENTITIES[path].key)
        return found

    def get(self, path: str, key: str | None) -> Row | None:
        return None if key is None else self.table(path).get(key)

    def by_code(self, path: str, code: str, field: str = "Code") -> Row | None:
        """The row with that code, padding disregarded on the right."""
        found = self.table(path).where(field, code)
        return found[0] if found else None

    def lines(self, path: str, header: Row) -> list[Row]:
        """The lines of a header, by line number."""
        (lines, field) = next(
            pair for name, pair in CHILDREN.items() if name.startswith(path + ".") and pair[0] in LINES
        )
        found = self.table(lines).where(field, header[ENTITIES[path].key])
        return sorted(found, key=lambda row: row.get("LineNumber") or 0)

    def new_guid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def now_ms(self) -> int:
        return wall_ms(self.clock.now()) if self._moment is None else self._moment

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is done meanwhile is done at one moment; the clock's file is read for every row otherwise."""
        self._moment = self.now_ms()
        yield
        self._moment = None

    def next_number(self, name: str, first: int = 1) -> int:
        number = self._numbers.get(name, first - 1) + 1
        self._numbers[name] = number
        return number

    def add(self, path: str, row: Row) -> Row:
        """Keep a new row; fills key, division, creation and modification fields and false flags."""
        entity = ENTITIES[path]
        fields = entity.fields
        if not row.get(entity.key):
            row[entity.key] = self.new_guid()
        for name, value in unset(path).items():
            if row.get(name) is None:
                row[name] = value
        now = self.now_ms()
        stamps: Row = {
            "Division": self.code,
            "Created": now,
            "Creator": self.user.id,
            "CreatorFullName": self.user.full_name,
        }
        row.update({name: value for name, value in stamps.items() if name in fields})
        self._stamp(entity, row, now)
        self.table(path).put(row)
        self._event(entity, row, "Create")
        return row

    def change(self, path: str, row: Row) -> None:
        """Keep a row that was changed in place; Modified and the row version move."""
        entity = ENTITIES[path]
        self._stamp(entity, row, self.now_ms())
        self.table(path).put(row)
        self._event(entity, row, "Update")

    def drop(self, path: str, row: Row) -> None:
        """Delete a row; it shows in sync/Deleted where its kind is kept there."""
        entity = ENTITIES[path]
        key = row[entity.key]
        self.table(path).remove(key)
        self._event(entity, row, "Delete")
        if path in DELETED_TYPES:
            self._version += 1
            self.table("sync/Deleted").put(
                {
                    "Timestamp": self._version,
                    "DeletedBy": self.user.id,
                    "DeletedDate": self.now_ms(),
                    "Division": self.code,
                    "EntityKey": key,
                    "EntityType": DELETED_TYPES[path],
                    "ID": self.new_guid(),
                }
            )

    def _stamp(self, entity: Entity, row: Row, now: int) -> None:
        self._version += 1
        row["Timestamp"] = self._version
        if "Modified" in entity.fields:
            row["Modified"] = now
        if "Modifier" in entity.fields:
            row["Modifier"] = self.user.id
            row["ModifierFullName"] = self.user.full_name

    def _event(self, entity: Entity, row: Row, action: str) -> None:
        """Note an event for the row, or for its header when it is a line (exact-online 8.4)."""
        if entity.topic is None:
            return
        path, key = entity.path, row[entity.key]
        if entity.path in LINES and entity.path != "crm/BankAccounts":
            path, header = LINES[entity.path]
            key, action = row.get(header), "Update"
            if key is None:
                return
        known = self.pending.get((entity.topic, key))
        if known is not None and (known[0] == "Create" and action == "Update"):
            return
        if known is not None and known[0] == "Delete":
            return
        self.pending[entity.topic, key] = (action, path)
