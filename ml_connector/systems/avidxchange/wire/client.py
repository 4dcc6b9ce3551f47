"""Calls to AvidXchange: lists page by page, single records, writes and what was said of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from ml_connector.errors import NeedsCorrection, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.results import Result, results_of
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.transport.http import ApiClient

_encode = msgspec.json.Encoder(decimal_format="number").encode
#: More pages of one list are not read: a server that links in circles would be followed for ever.
MOST_PAGES = 2000
_GONE = (404, 410)


class AvidClient:
    """Typed calls over `ApiClient`. Paths are those of the settings, below `base_path`."""

    def __init__(self, api: ApiClient, settings: AvidXchangeConnection) -> None:
        self.api = api
        self.settings = settings
        parts = urlsplit(settings.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        tenant = settings.access.tenant_header
        self._headers = {"Accept": "application/json", **({tenant: settings.tenant} if tenant else {})}

    # ------------------------------------------------------------------ reading

    def rows(self, path: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The objects of a list, over all its pages.

        Raises:
            TryAgain: an answer is no list.
        """
        yield from self._pages(self._below(path), self._template(path), params)

    def linked_rows(self, href: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list that an answer links to."""
        yield from self._pages(self.linked(href), self._template(urlsplit(href).path), None)

    def _pages(self, address: str, template: str, params: Mapping[str, str] | None) -> Iterator[Mapping[str, Any]]:
        first, seen = address, set[str]()
        size = {} if params is None else {"pageSize": str(self.settings.records_page)}
        asked = {**(params or {}), **size}
        for number in range(1, MOST_PAGES + 1):
            page = self.api.request("GET", address, template=template, params=asked, headers=self._headers).data
            yield from self._items(page, template)
            following = self._following(page, number)
            if following is None:
                return
            if isinstance(following, str):
                address, asked = following, {}
                if following in seen:
                    break
                seen.add(following)
            else:
                address, asked = first, {**(params or {}), **size, "pageNumber": str(following)}
        raise TryAgain(
            f"{self.api.name}: GET {template} has no last page: the links of its pages lead in a circle, or over more "
            f"than {MOST_PAGES}.",
            after_seconds=300,
            remedy="Set `paging` of the connection to numbers or none, and tell AvidXchange.",
        )

    def _items(self, page: Any, template: str) -> list[Mapping[str, Any]]:
        """A bare list, `Items`, or one object where a list is due (avidxchange 3)."""
        found = page
        if isinstance(page, dict):
            keys = {str(key).casefold() for key in page}
            found = Row(page).value("Items") if keys & {"items", "paging"} else page or None
        listed = [] if found is None else found if isinstance(found, list) else [found]
        if any(not isinstance(one, dict) for one in listed):
            raise TryAgain(
                f"{self.api.name}: GET {template} was answered with JSON that is not a list of records.",
                after_seconds=60,
                remedy="Check the path of the resource in the connection.",
            )
        return listed

    def _following(self, page: Any, number: int) -> str | int | None:
        """Where the next page is: a link, a number, or nowhere."""
        style = self.settings.paging
        paging = Row(page).value("Paging") if isinstance(page, dict) else None
        if style == "none" or not isinstance(paging, dict):
            return None
        told = Row(paging)
        if style in {"auto", "links"}:
            for link in told.rows("Links"):
                if link.text("Rel").casefold() == "next" and (href := link.text("Href")):
                    return self.linked(href)
            if style == "links" or told.value("Links") is not None:
                return None
        last = told.amount("PageCount", "Pages")
        return number + 1 if last is not None and number < last else None

    def linked(self, href: str) -> str:
        """The address of a link: a path from the root of the host (avidxchange 3)."""
        return f"{self._origin}{href}" if href.startswith("/") else href

    def one(self, path: str) -> Mapping[str, Any] | None:
        """A single record, wrapped in `Items` or not; None where it is gone."""
        try:
            found = self.api.request("GET", self._below(path), template=self._template(path), headers=self._headers)
        except RefusedBySystem as refused:
            if refused.data.get("status") in _GONE:
                return None
            raise
        items = self._items(found.data, self._template(path))
        return items[0] if items else None

    def bytes_of(self, address: str, *, template: str, max_bytes: int) -> Iterator[bytes]:
        """A body as it comes."""
        yield from self.api.download(address, template=template, headers=self._headers, max_bytes=max_bytes)

    # ------------------------------------------------------------------ writing

    def write(self, method: str, path: str, body: Mapping[str, Any] | None) -> Result:
        """One write, and what was said of it.

        Raises:
            RefusedBySystem: refused, also with HTTP 200. OutcomeUnknown: the answer says nothing usable.
        """
        template = f"{method} {self._template(path)}"
        text = None if body is None else _encode(body).decode()
        answer = self.api.request(
            method,
            self._below(path),
            template=self._template(path),
            json_text=text,
            headers=self._headers,
            write=True,
            accept=(200, 201, 202, 204),
        )
        try:
            results = results_of(
                answer.data,
                success_field=self.settings.success_field,
                success_words=self.settings.success_words,
            )
        except NeedsCorrection as why:
            raise OutcomeUnknown(
                f"{self.api.name}: {template} was answered with {answer.status} and what is not a result:"
                f" {why.message}",
                remedy="It is looked up before it is sent again.",
            ) from why
        if not results and answer.status == 204:
            return Result(taken=True, errors=(), item=Row({}))
        if len(results) != 1:
            raise OutcomeUnknown(
                f"{self.api.name}: {template} was answered with {answer.status} and {len(results)} results, where one "
                "is due.",
                remedy="It is looked up before it is sent again.",
            )
        if not results[0].taken:
            said = "; ".join(results[0].errors) or "no reason was given"
            raise RefusedBySystem(
                f"{self.api.name}: {template} was answered with {answer.status} and refused: {said}.",
                remedy="Mend what it says, then replay the document.",
                data={"status": answer.status, "messages": list(results[0].errors)},
            )
        return results[0]

    def _below(self, path: str) -> str:
        return f"{self.settings.base_path}{path}"

    @staticmethod
    def _template(path: str) -> str:
        return "/".join("{id}" if _is_id(part) else part for part in path.split("/"))


def _is_id(part: str) -> bool:
    return any(character.isdigit() for character in part) or len(part) > 30


def filled(path: str, **values: str) -> str:
    """A path with values in it, each one segment."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def joined(ids: Sequence[str]) -> str:
    """Several ids as a filter has them."""
    return ",".join(ids)
