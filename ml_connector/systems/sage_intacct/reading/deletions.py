"""Deleted orders, from the audit history (intacct 6.4): where the user may read it, and a setting says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Deleted
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, all_of, at_least, equals
from ml_connector.systems.sage_intacct.wire.values import Row, key, moment, stamp, text

HISTORY = "AUDITHISTORY"


@dataclass(frozen=True)
class Seen:
    """Where the history was read to. ids: entries of the time that is looked back on, so that none is told twice."""

    newest: datetime | None
    ids: frozenset[str]

    @classmethod
    def of(cls, stored: str | None) -> "Seen":
        """Raises WeAreWrong: it cannot be read."""
        if stored is None:
            return cls(None, frozenset())
        try:
            value = json.loads(stored)
            told = value["newest"]
            return cls(None if told is None else datetime.fromisoformat(told), frozenset(map(str, value["ids"])))
        except (ValueError, KeyError, TypeError) as error:
            raise WeAreWrong("the stored position of the audit history is unreadable") from error

    def text(self) -> str:
        """As it is stored."""
        told = None if self.newest is None else self.newest.isoformat()
        return json.dumps({"newest": told, "ids": sorted(self.ids)})


class Deletions:
    """Deleted documents of some definitions. Entries may become visible late: each look reaches back (intacct 5)."""

    def __init__(self, gateway: Gateway, settings: IntacctConnection, definitions: Sequence[str]) -> None:
        self._gateway = gateway
        self._settings = settings
        self._definitions = definitions

    def __call__(self, cursor: str | None) -> Deleted:
        """What was deleted since a cursor, or as far back as the history is kept."""
        seen = Seen.of(cursor)
        look_back = timedelta(seconds=self._settings.look_back_seconds)
        since = None if seen.newest is None else seen.newest - look_back
        with readable(self._gateway.connection, "the audit history"):
            entries = [(self._at(row), key(row, "RECORDNO"), row) for row in self._entries(since)]
        new = [row for _, number, row in entries if number not in seen.ids]
        newest = max([at for at, _, _ in entries] + ([seen.newest] if seen.newest else []), default=None)
        kept = {number for at, number, _ in entries if newest is not None and at >= newest - look_back}
        ids = [document for document in (text(row, "OBJECTKEY") for row in new) if self._is_ours(document)]
        return Deleted(list(dict.fromkeys(ids)), Seen(newest, frozenset(kept)).text())

    def _entries(self, since: datetime | None) -> list[dict[str, str]]:
        settings = self._settings
        where = all_of(
            [
                equals("OBJECTTYPE", "podocument"),
                equals("ACCESSMODE", "D"),
                None if since is None else at_least("ACCESSTIME", stamp(since, settings.gmt_offset)),
            ]
        )
        select = ("OBJECTKEY", "ACCESSTIME")
        query = Query(HISTORY, select, where, page_size=settings.page_size, private=settings.shows_private)
        return whole_list(self._gateway, query)

    def _at(self, row: Row) -> datetime:
        found = moment(row, "ACCESSTIME", self._settings.gmt_offset)
        if found is None:
            raise WeAreWrong("an entry of the audit history has no ACCESSTIME")
        return found

    def _is_ours(self, document: str) -> bool:
        return any(document.startswith(f"{one}-") for one in self._definitions)
