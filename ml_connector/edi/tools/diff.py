"""What differs between two files in business terms: documents, lines and values, not bytes, order or separators."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.edi.interchange import Item, ReceivedSet
from ml_connector.edi.tools.summary import summary

#: Lists of these are matched by what names an entry, not by its place.
_NAMED = {
    "lines": ("line_number",),
    "parties": ("role",),
    "references": ("qualifier",),
    "dates": ("qualifier",),
    "remittances": ("qualifier", "number"),
    "orders": ("po_number",),
    "sets": ("set", "control_number"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. document is its kind and number; path says where ("line 1: quantity").

    first or second is None where the one has nothing there; an empty path means the document itself.
    """

    document: str
    path: str
    first: str | None
    second: str | None

    def as_dict(self) -> dict[str, str | None]:
        return {"document": self.document, "path": self.path, "first": self.first, "second": self.second}


def documents_of(items: Iterable[Item]) -> list[Record]:
    """The documents of a file in its order, accepted or not."""
    return [item.document for item in items if isinstance(item, ReceivedSet) and item.document is not None]


def differences(first: Sequence[Record], second: Sequence[Record]) -> Iterator[Difference]:
    """What differs between two files' documents, matched by kind and number, then by order of appearance."""
    one, other = _keyed(first), _keyed(second)
    for key, told in one.items():
        name = f"{key[0].replace('_', ' ')} {key[1]}".rstrip()
        if key not in other:
            yield Difference(name, "", "there", None)
        else:
            yield from _compared(name, "", told, other[key])
    for key in other:
        if key not in one:
            yield Difference(f"{key[0].replace('_', ' ')} {key[1]}".rstrip(), "", None, "there")


def _keyed(documents: Sequence[Record]) -> dict[tuple[str, str, int], dict[str, Any]]:
    keyed: dict[tuple[str, str, int], dict[str, Any]] = {}
    for document in documents:
        told = summary(document)
        kind, number = told["kind"], told["number"] or ""
        times = sum(1 for key in keyed if key[:2] == (kind, number))
        keyed[kind, number, times] = told
    return keyed


def _compared(document: str, path: str, one: Any, other: Any) -> Iterator[Difference]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _compared(document, _joined(path, key), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        yield from _lists(document, path, one, other)
    else:
        yield Difference(document, path, _shown(one), _shown(other))


def _lists(document: str, path: str, one: list[Any], other: list[Any]) -> Iterator[Difference]:
    name = path.rpartition(": ")[2]
    keys = _NAMED.get(name)
    single = {"parties": "party", "taxes": "tax"}.get(name, name.removesuffix("s"))
    prefix = path[: len(path) - len(name)]
    first, second = _entries(one, keys), _entries(other, keys)
    for key in dict.fromkeys([*first, *second]):
        place = f"{prefix}{single} {key}"
        yield from _compared(document, place, first.get(key), second.get(key))


def _entries(values: list[Any], keys: tuple[str, ...] | None) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for position, value in enumerate(values, start=1):
        named = " ".join(str(value.get(k) or "") for k in keys).strip() if keys and isinstance(value, dict) else ""
        name = named or f"#{position}"
        again = 2
        while name in entries:
            name, again = f"{named or position} ({again})", again + 1
        entries[name] = value
    return entries


def _joined(path: str, key: str) -> str:
    return f"{path}: {key}" if path else key


def _shown(value: Any) -> str | None:
    """A value as text; of a whole entry only what names it."""
    if not value and not isinstance(value, str | int):
        return None
    if isinstance(value, dict):
        said = [f"{k} {v}" for k, v in value.items() if v is not None and not isinstance(v, dict | list)]
        return ", ".join(said) or "there"
    if isinstance(value, list):
        return ", ".join(filter(None, (_shown(one) for one in value)))
    return str(value)
