"""Rows of one entity in one division, with the indexes that keep look-ups cheap."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Any

from ml_connector.sandbox.exact.wire.wire import Row


def index_value(value: Any) -> Any:
    """Strings compare without blanks on the right."""
    return value.rstrip() if isinstance(value, str) else value


class _Index:
    """Keys by the value of one field. Rows are changed in place, so the value last seen is kept by key."""

    def __init__(self) -> None:
        self.keys: dict[Any, set[str]] = {}
        self._values: dict[str, Any] = {}

    def put(self, key: str, value: Any) -> None:
        value = index_value(value)
        if key in self._values:
            if self._values[key] == value:
                return
            self.remove(key)
        self.keys.setdefault(value, set()).add(key)
        self._values[key] = value

    def remove(self, key: str) -> None:
        value = self._values.pop(key)
        keys = self.keys[value]
        keys.discard(key)
        if not keys:
            del self.keys[value]


class Table:
    """Rows by key. Keys are strings; lists go in the order of the keys, as a skiptoken by key needs."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.rows: dict[str, Row] = {}
        self._order: list[str] = []
        self._indexes: dict[str, _Index] = {}
        # Append-only logs of (value, key); an entry is stale once the row has a later value.
        self._logs: dict[str, list[tuple[int, str]]] = {"Modified": [], "Timestamp": []}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self.rows.values()))

    def get(self, key: str) -> Row | None:
        return self.rows.get(key)

    def put(self, row: Row) -> None:
        """Add a row, or take over changed values of one: the row given is the row kept."""
        key = str(row[self.key])
        known = self.rows.get(key)
        if known is None:
            self.rows[key] = row
            insort(self._order, key)
        for name, index in self._indexes.items():
            index.put(key, row.get(name))
        if known is not None and known is not row:
            self.rows[key] = row
        for name, log in self._logs.items():
            value = row.get(name)
            if value is None or (log and log[-1] == (value, key)):
                continue
            if log and value < log[-1][0]:
                insort(log, (value, key))
            else:
                log.append((value, key))

    def remove(self, key: str) -> None:
        del self.rows[key]
        at = bisect_left(self._order, key)
        del self._order[at]
        for index in self._indexes.values():
            index.remove(key)

    def equal(self, name: str, value: Any) -> set[str]:
        """Keys of the rows whose field has that value: the index's own set, not to be changed."""
        index = self._indexes.get(name)
        if index is None:
            index = _Index()
            for key, row in self.rows.items():
                index.put(key, row.get(name))
            self._indexes[name] = index
        return index.keys.get(index_value(value)) or set()

    def where(self, name: str, value: Any) -> list[Row]:
        """Rows whose field has that value, in the order of their keys."""
        return [self.rows[key] for key in sorted(self.equal(name, value))]

    def since(self, name: str, value: int) -> set[str]:
        """Keys of the rows whose Modified or Timestamp is at least that value (a few more may come)."""
        log = self._logs[name]
        start = bisect_left(log, (value, ""))
        return {key for _, key in log[start:] if key in self.rows}

    def newer(self, version: int) -> Iterator[Row]:
        """Rows whose row version is beyond that one, in the order of their versions."""
        log = self._logs["Timestamp"]
        for at in range(bisect_right(log, (version, "\uffff")), len(log)):
            number, key = log[at]
            row = self.rows.get(key)
            if row is not None and row["Timestamp"] == number:
                yield row

    def keys_after(self, key: str | None, among: Iterable[str] | None) -> Iterable[str]:
        """Keys in order, after the given one; of the whole table or of the given ones."""
        if among is not None:
            return sorted(one for one in among if key is None or one > key)
        start = 0 if key is None else bisect_right(self._order, key)
        return _slice(self._order, start)


def _slice(order: list[str], start: int) -> Iterator[str]:
    for at in range(start, len(order)):
        yield order[at]
