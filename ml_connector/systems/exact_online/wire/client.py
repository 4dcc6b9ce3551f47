"""Exact's OData dialect over the shared HTTP client: both list shapes, paging, batched filters (exact-online 4)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from ml_connector.clock import Clock
from ml_connector.errors import AuthorizationNeeded, OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.filters import packed
from ml_connector.systems.exact_online.wire.odata_literals import guid_literal, text_literal
from ml_connector.systems.unreadable import Replies
from ml_connector.transport.http import ApiClient
from ml_connector.transport.retries import retried

Row = dict[str, Any]
T = TypeVar("T")

#: More pages than any list has: a server that never ends is not followed for ever.
MAX_PAGES = 20_000
#: What the address of a next page has more than the one that was asked: its `$skiptoken`, of moment and guid.
NEXT_PAGE = 160
IF_IT_LASTS = "If it lasts, look at base_url of the connection and at Exact's status page."
readable = Replies(IF_IT_LASTS).readable


@dataclass(frozen=True)
class ExactPage:
    """Rows of one answer and the address of the next page; None when this is the last."""

    rows: list[Row]
    next_link: str | None


class ExactClient:
    """Calls to one division. Reads and unsent writes are made again when that is safe and the wait is short.

    calls: pages read so far, for reports; a figure, not an account, when several threads read.
    """

    def __init__(self, api: ApiClient, settings: ExactSettings, clock: Clock, division: Callable[[], int]) -> None:
        self.api = api
        self.settings = settings
        self.calls = 0
        self._division = division
        self._clock = clock

    @cached_property
    def division(self) -> int:
        """The division all calls go to; asked for once, then never another."""
        return self._division()

    def path(self, endpoint: str) -> str:
        """`crm/Accounts` -> `/api/v1/124132/crm/Accounts`; `current/Me` has no division."""
        if endpoint.startswith("current/"):
            return f"/api/v1/{endpoint}"
        return f"/api/v1/{self.division}/{endpoint}"

    def page(self, endpoint: str, params: Mapping[str, str], *, link: str | None = None) -> ExactPage:
        """One page: the first, or that of a `__next` link.

        Raises:
            TryAgain, RefusedBySystem, AuthorizationNeeded.
        """
        self.calls += 1
        address, query = (link, None) if link is not None else (self.path(endpoint), params)
        answer = self._retried(
            lambda: self.api.request("GET", address, template=endpoint, params=query, headers=self._headers())
        )
        return page_of(answer.data, endpoint, self.api.name)

    def pages(self, endpoint: str, params: Mapping[str, str]) -> Iterator[list[Row]]:
        """All pages, one after the other: Exact warns of gaps when pages are read in parallel (exact-online 4.6)."""
        link: str | None = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            page = self.page(endpoint, params, link=link)
            yield page.rows
            link = page.next_link
            if link is None:
                return
            if link in seen:
                break
            seen.add(link)
        raise RefusedBySystem(f"{self.api.name}: the pages of {endpoint} do not end.", remedy="Ask Exact's support.")

    def rows(self, endpoint: str, params: Mapping[str, str]) -> list[Row]:
        return [row for page in self.pages(endpoint, params) for row in page]

    def rows_matching(
        self,
        endpoint: str,
        params: Mapping[str, str],
        items: Sequence[T],
        condition: Callable[[Sequence[T]], str],
    ) -> Iterator[list[Row]]:
        """The rows that fit `condition` for any of the items, in as few calls as addresses allow, several at once."""
        bare = len(self.api.url(self.path(endpoint), {**params, "$filter": ""}))
        # Where the rows are more than a page, Exact's `__next` repeats the whole filter.
        batches = list(packed(items, condition, self.settings.max_url - bare - NEXT_PAGE))

        def matching(batch: Sequence[T]) -> list[Row]:
            return self.rows(endpoint, {**params, "$filter": condition(batch)})

        if len(batches) < 2:
            yield from map(matching, batches)
            return
        with ThreadPoolExecutor(self.settings.concurrency, thread_name_prefix="look-up") as pool:
            yield from pool.map(matching, batches)

    def may_read(self, endpoint: str) -> bool:
        """Whether the user may read an endpoint, for lists that come back empty: without rights they do, too
        (exact-online 6). True also when Exact does not say.
        """
        try:
            answer = self._retried(
                lambda: self.api.request(
                    "GET",
                    self.path("users/UserHasRights"),
                    template="users/UserHasRights",
                    params={"endpoint": text_literal(endpoint), "action": "'GET'"},
                    headers=self._headers(),
                    accept=(200, 404),
                )
            )
        except (TryAgain, RefusedBySystem, AuthorizationNeeded):
            return True
        inner = answer.data.get("d") if isinstance(answer.data, dict) else None
        said = inner.get("UserHasRights") if isinstance(inner, dict) else inner
        return said is not False

    def create(self, endpoint: str, payload: str) -> Row:
        """POST a record, answered with all its fields.

        Raises:
            OutcomeUnknown: it may have been written. RefusedBySystem: it was not. TryAgain: it was not sent.
        """
        if len(payload) > self.settings.max_post:
            raise RefusedBySystem(
                f"{self.api.name}: a POST to {endpoint} of {len(payload)} bytes is more than Exact takes.",
                remedy="Leave the attachment out, or split the document.",
                data={"limit": self.settings.max_post},
            )
        answer = self._retried(
            lambda: self.api.request(
                "POST",
                self.path(endpoint),
                template=endpoint,
                json_text=payload,
                headers={**self._headers(), "Prefer": "return=representation"},
                write=True,
                accept=(200, 201),
            )
        )
        try:
            rows = page_of(answer.data, endpoint, self.api.name).rows
        except TryAgain:
            rows = []
        if len(rows) != 1:
            raise OutcomeUnknown(
                f"{self.api.name}: POST {endpoint} was answered with {answer.status} but without the record.",
                remedy="It is looked up before it is sent again.",
            )
        return rows[0]

    def update(self, endpoint: str, key: str, payload: str) -> None:
        """PUT some fields of a record; the others stay as they are. The answer has no content (exact-online 4.7).

        Raises:
            OutcomeUnknown: it may have been written. RefusedBySystem: it was not. TryAgain: it was not sent.
        """
        self._retried(
            lambda: self.api.request(
                "PUT",
                f"{self.path(endpoint)}({guid_literal(key)})",
                template=endpoint,
                json_text=payload,
                headers=self._headers(),
                write=True,
                accept=(200, 204),
                expect="any",
            )
        )

    def delete(self, endpoint: str, key: str) -> None:
        """DELETE a record; 404 is a success. An unknown guid may also be a 403 (exact-online 6): RefusedBySystem."""
        self._retried(
            lambda: self.api.request(
                "DELETE",
                f"{self.path(endpoint)}({guid_literal(key)})",
                template=endpoint,
                headers=self._headers(),
                write=True,
                accept=(200, 204, 404),
                expect="any",
            )
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.settings.language:
            headers["CustomDescriptionLanguage"] = self.settings.language
        return headers

    def _retried(self, call: Callable[[], T]) -> T:
        return retried(
            call,
            clock=self._clock,
            attempts=self.settings.attempts,
            longest_wait=self.settings.longest_wait,
        )


def page_of(data: Any, endpoint: str, connection: str) -> ExactPage:
    """Rows of either list shape, or of a single record: {"d": [...]}, {"d": {"results": [...]}}, {"d": {...}}.

    Raises:
        TryAgain: JSON of another shape.
    """
    inner = data.get("d") if isinstance(data, dict) else None
    link: Any = None
    if isinstance(inner, dict) and "results" in inner:
        link = inner.get("__next")
        inner = inner["results"]
    elif isinstance(inner, dict):
        inner = [inner]
    if not isinstance(inner, list) or not all(isinstance(row, dict) for row in inner):
        raise TryAgain(
            f"{connection}: the answer of {endpoint} has not the shape of Exact's lists.", remedy=IF_IT_LASTS
        )
    if link is not None and not isinstance(link, str):
        raise TryAgain(f"{connection}: the answer of {endpoint} has an unreadable next page.", remedy=IF_IT_LASTS)
    return ExactPage(inner, link or None)


def nested(row: Mapping[str, Any], name: str) -> tuple[list[Row], str | None] | None:
    """An expanded collection with its next page; None when it was not expanded (`__deferred`).

    Raises:
        WeAreWrong: it holds something else than records.
    """
    value = row.get(name)
    link: Any = None
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        link = value.get("__next")
        value = value["results"]
    if not isinstance(value, list):
        return None
    if not all(isinstance(inner, dict) for inner in value):
        raise WeAreWrong(f"Exact sent {name} that are not records")
    return value, link if isinstance(link, str) else None
