"""Which fields an object has: those that the sheet calls assumed are asked for only where `lookup` lists them (7.2)."""

import threading
from collections.abc import Sequence

from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import Gateway
from ml_connector.systems.sage_intacct.wire.reply import Result


class Fields:
    """Fields of objects, each object looked up once in a process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._known: dict[str, frozenset[str]] = {}

    def of(self, name: str) -> frozenset[str]:
        """All fields of an object, in capitals."""
        with self._lock:
            if name not in self._known:
                element = xml.built("lookup", [("object", name)])
                self._known[name] = fields_in(self._gateway.ask(element, f"lookup {name}"))
            return self._known[name]

    def there(self, name: str, needed: Sequence[str], wished: Sequence[str]) -> list[str]:
        """What is asked for: all that is needed, and of the wishes what the object has."""
        has = self.of(name)
        return [*needed, *(one for one in wished if one in has)]


def fields_in(result: Result) -> frozenset[str]:
    """The fields that a lookup lists, however it spells them: an ID below, or a Name beside."""
    found = set()
    for one in () if result.data is None else result.data.iter():
        if not isinstance(one.tag, str) or one.tag.casefold() != "field":
            continue
        told = xml.words(one, "ID") or one.get("Name", "") or "".join(one.itertext()).strip()
        found.add(told.upper())
    return frozenset(found)
