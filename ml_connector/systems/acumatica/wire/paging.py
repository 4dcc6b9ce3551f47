"""Reading a list whole although its order is not promised and its records move (acumatica 3, 10).

Pages go by key, never by a count to skip: keys do not move. A short page is all there is in its range. A full one is
believed to be the first of its range only when a second, cheap read of the range up to its last key says that there is
nothing more in it; else the range is halved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.filters import after, all_of, before, equals, up_to
from ml_connector.systems.acumatica.wire.values import Row, identity, text


@dataclass(frozen=True)
class _Range:
    """Keys after `low`, up to `high`; not with it where it is open."""

    low: str | None = None
    high: str | None = None
    open: bool = False

    def conditions(self, key: str) -> list[str]:
        found = [after(key, self.low)] if self.low is not None else []
        if self.high is not None:
            found.append(before(key, self.high) if self.open else up_to(key, self.high))
        return found


def whole_list(
    client: AcumaticaClient, entity: str, key: str | tuple[str, ...], query: Query, *, size: int
) -> list[Row]:
    """All records that the query finds, each once, by the id of the record.

    key: one that tells records apart, or several that do so together, the widest first.
    """
    keys = (key,) if isinstance(key, str) else key
    found: dict[str, Row] = {}
    for row in _Pages(client, entity, size).read(query, keys):
        found.setdefault(identity(row), row)
    return list(found.values())


class _Pages:
    def __init__(self, client: AcumaticaClient, entity: str, size: int) -> None:
        self._client = client
        self._entity = entity
        self._size = size

    def read(self, query: Query, keys: Sequence[str]) -> Iterator[Row]:
        """Ranges of the first key, each read to its end."""
        key, more = keys[0], keys[1:]
        waiting = [_Range()]
        given: set[str] = set()
        while waiting:
            here = waiting.pop()
            rows = self._rows(query, here.conditions(key), self._size)
            if rows and all(identity(row) in given for row in rows):
                # Ranges do not meet: whoever brings the same again takes no notice of them, and would for ever.
                raise WeAreWrong(f"a page of {self._entity} after {here.low} brings the records before it again")
            if len(rows) < self._size:
                given.update(map(identity, rows))
                yield from rows
                continue
            found = sorted(text(row, key) for row in rows)
            if not found[0]:
                raise WeAreWrong(f"a record of {self._entity} has no {key}")
            last = max(found, key=str.casefold)
            if last != here.high and self._is_all(query, key, replace(here, high=last, open=False)):
                given.update(map(identity, rows))
                yield from rows
                waiting.append(replace(here, low=last))
                continue
            middle = sorted(found, key=str.casefold)[(len(found) - 1) // 2]
            if middle == here.high or len(set(found)) == 1:
                if not more:
                    raise WeAreWrong(f"{self._entity} holds more than {self._size} records of one {key}")
                yield from self.read(_narrowed(query, [equals(key, middle)]), more)
                waiting += [] if middle == here.high else [replace(here, low=middle)]
                waiting.append(_Range(here.low, middle, open=True))
                continue
            waiting += [replace(here, low=middle), _Range(here.low, middle)]

    def _is_all(self, query: Query, key: str, here: _Range) -> bool:
        """Whether the range up to the last key of a full page holds nothing that the page did not have."""
        narrow = replace(query, select=[key], expand=(), custom=())
        return len(self._rows(narrow, here.conditions(key), self._size + 1)) <= self._size

    def _rows(self, query: Query, conditions: Sequence[str], size: int) -> list[Row]:
        return self._client.rows(self._entity, replace(_narrowed(query, conditions), top=size))


def _narrowed(query: Query, conditions: Sequence[str]) -> Query:
    own = f"({query.filter})" if " or " in query.filter else query.filter
    return replace(query, filter=all_of([own, *conditions]))
