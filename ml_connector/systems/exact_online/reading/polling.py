"""Polling by `Modified`: records that changed since the last poll, oldest first (exact-online 4)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from ml_connector.clock import Clock
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, SourceRecord
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, readable
from ml_connector.systems.exact_online.wire.odata_literals import poll_start, wall_literal, wall_of, wall_time

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """Where polling goes on, in wall time.

    newest: the latest Modified read. link: the next page of a poll not ended. given: somebody set it to begin there.
    """

    newest: datetime
    link: str = ""
    given: bool = False

    @staticmethod
    def of(text: str) -> "Cursor":
        """Also takes a plain ISO day or moment, as wall time: where somebody wants polling to begin."""
        try:
            if not text.startswith("{"):
                return Cursor(datetime.fromisoformat(text).replace(tzinfo=None), given=True)
            value = json.loads(text)
            return Cursor(datetime.fromisoformat(value["newest"]), str(value.get("link", "")))
        except (ValueError, KeyError, TypeError) as error:
            raise WeAreWrong("the stored position of polling Exact is unreadable") from error

    def text(self) -> str:
        value = {"newest": self.newest.isoformat()}
        return json.dumps({**value, "link": self.link} if self.link else value)


@dataclass(frozen=True)
class Poll(Generic[T]):
    """The poll of one endpoint. whole: what asks for whole records. what: one of them, for people. records: made of
    the rows of a poll together, so that what belongs to them is looked up at once.
    """

    client: ExactClient
    clock: Clock
    endpoint: str
    whole: Mapping[str, str]
    what: str
    records: Callable[[Sequence[Row]], Sequence[SourceRecord[T]]]

    def changed(self, cursor: str | None, *, limit: int) -> Changed[T]:
        """Records modified since the cursor, of at most about `limit` rows (whole pages of 60).

        Each poll reaches back over the overlap, so one may come again: flows tell by content what is new.
        """
        position = Cursor.of(cursor) if cursor else Cursor(self._beginning(), given=True)
        params = {**self.whole, "$orderby": "Modified", "$filter": f"Modified ge {wall_literal(self._reach(position))}"}
        link: str | None = self.client.api.base_url + position.link if position.link else None
        since, found, pages = position.newest, list[Row](), 0
        while True:
            page = self.client.page(self.endpoint, params, link=link)
            with readable(self.client.settings.connection, f"a changed {self.what}"):
                for row in page.rows:
                    since = max(since, wall_time(row.get("Modified")) or since)
            found += page.rows
            pages += 1
            link = page.next_link
            # Pages without rows count too: a server may go on with them for ever.
            if link is None or max(len(found), pages) >= limit:
                break
        with readable(self.client.settings.connection, f"a changed {self.what}"):
            made = self.records(found)
        return Changed(made, Cursor(since, self._relative(link) if link else "").text(), link is not None)

    def _reach(self, position: Cursor) -> datetime:
        if position.given:
            return position.newest
        settings = self.client.settings
        return poll_start(position.newest, timedelta(seconds=settings.poll_overlap_seconds), settings.time_zone)

    def _beginning(self) -> datetime:
        return datetime.combine(wall_of(self.clock.now(), self.client.settings.time_zone).date(), time.min)

    def _relative(self, link: str) -> str:
        """A next-page address below our base URL: checked now, and again when it is used."""
        self.client.api.url(link)
        parts, base = urlsplit(link), urlsplit(self.client.api.base_url).path
        return f"{parts.path.removeprefix(base)}?{parts.query}"
