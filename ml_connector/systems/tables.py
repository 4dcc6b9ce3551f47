"""Reference tables of an ERP, as flows read them (`flows.core.ports.ReferenceSource`)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ml_connector.flows.core.ports import ReferenceRead


@dataclass(frozen=True)
class WholeTable:
    """A table that is read whole each time."""

    rows: Callable[[], ReferenceRead]

    def read(self, cursor: str | None) -> ReferenceRead:
        """All of them."""
        del cursor
        return self.rows()


@dataclass(frozen=True)
class Position:
    """Where a table is read from the next time. full: when it was read whole last; newest: change seen last."""

    full: datetime
    newest: datetime | None

    @classmethod
    def of(cls, text: str) -> "Position | None":
        """None for one that cannot be read: the table is read whole then."""
        try:
            value = json.loads(text)
            told = value["newest"]
            return cls(datetime.fromisoformat(value["full"]), None if told is None else datetime.fromisoformat(told))
        except (ValueError, KeyError, TypeError):
            return None

    def text(self) -> str:
        """As it is stored."""
        told = None if self.newest is None else self.newest.isoformat()
        return json.dumps({"full": self.full.isoformat(), "newest": told})
