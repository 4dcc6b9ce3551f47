"""Calls to one endpoint of one tenant: lists, records, writes, actions, inquiries.

Answers of every status are read here (`answers`); a write whose answer cannot be read leaves its outcome unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from ml_connector.clock import Clock
from ml_connector.errors import OutcomeUnknown, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.systems.acumatica.wire.answers import IF_IT_LASTS, Meanings, NotThere, seat_refused
from ml_connector.systems.acumatica.wire.filters import room_beside
from ml_connector.systems.acumatica.wire.values import Row, errors_in
from ml_connector.systems.unreadable import LOOKED_UP, Replies
from ml_connector.transport.http import ApiClient
from ml_connector.transport.response_body import clean
from ml_connector.transport.responses import ApiResponse
from ml_connector.transport.retries import retried

#: Every status but 401, which another token may mend: what they mean is told by their body.
_ANY = frozenset(range(200, 600)) - {401}
_JSON = {"Accept": "application/json"}

#: A form that is used by a call, or (act) by an action, which nobody else of the session may meet meanwhile.
FormUse = Callable[[str, Literal["call", "act"]], AbstractContextManager[None]]


def _free(entity: str, use: str) -> AbstractContextManager[None]:
    del entity, use
    return nullcontext()


@dataclass(frozen=True)
class Query:
    """What of which records is asked for. select: fields, those of lines as `Details/Qty`; empty: all of them."""

    filter: str = ""
    select: Sequence[str] = ()
    expand: Sequence[str] = ()
    custom: Sequence[str] = ()
    top: int | None = None

    def params(self) -> dict[str, str]:
        """As the address has them; an empty $expand is left out."""
        named = {
            "$filter": self.filter,
            "$select": ",".join(self.select),
            "$expand": ",".join(self.expand),
            "$custom": ",".join(self.custom),
            "$top": "" if self.top is None else str(self.top),
        }
        return {name: value for name, value in named.items() if value}

    @property
    def room(self) -> int:
        """How long a filter of it may be, in an address."""
        return room_beside(replace(self, filter="").params())


@dataclass(frozen=True)
class Site:
    """What a site says of itself without a log-in. endpoints: (name, version)."""

    build: str
    endpoints: Sequence[tuple[str, str]] = field(default_factory=tuple)

    def versions(self, endpoint: str) -> list[str]:
        """Those of one endpoint, in order."""
        return sorted(version for name, version in self.endpoints if name.casefold() == endpoint.casefold())


class AcumaticaClient:
    """One endpoint in one version. Safe to use from several threads.

    forms: holds a form while a call is on it. attempts: of a read.
    """

    def __init__(
        self,
        api: ApiClient,
        meanings: Meanings,
        *,
        endpoint: str,
        version: str,
        forms: FormUse = _free,
        attempts: int = 4,
        longest_wait: float = 65.0,
        poll_seconds: float = 1.0,
        action_seconds: float = 600.0,
    ) -> None:
        self.api = api
        self.connection = api.name
        self.version = version
        self.endpoint = endpoint
        self.calls = 0
        self._meanings = meanings
        self._root = f"/entity/{endpoint}/{version}"
        self._forms = forms
        self._attempts = attempts
        self._longest_wait = longest_wait
        self._poll_seconds = poll_seconds
        self._action_seconds = action_seconds
        parts = urlsplit(api.base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    @property
    def clock(self) -> Clock:
        """The clock it waits by."""
        return self.api.clock

    # ------------------------------------------------------------------ reading

    def rows(self, entity: str, query: Query) -> list[Row]:
        """One list read; a record that says `error` is an error (acumatica 4).

        Raises:
            NotOptimized: a list cannot have these fields.
        """
        value = self._get(f"{self._root}/{entity}", entity, query.params())
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise TryAgain(f"{self.connection}: GET {entity} was answered with no list.", remedy=IF_IT_LASTS)
        for row in value:
            self.check_errors(f"GET {entity}", row)
        return value

    def record(self, entity: str, key: str | Sequence[str], query: Query | None = None) -> Row | None:
        """A record by its id or by its keys in order; None when there is none, or it is hidden from the user."""
        keys = [key] if isinstance(key, str) else list(key)
        if not all(keys) or any("/" in one or "|" in one for one in keys):
            raise WeAreWrong(f"{keys} cannot stand in an address")
        path = "/".join(quote(one, safe="") for one in keys)
        params = (query or Query()).params()
        try:
            value = self._get(self.api.url(f"{self._root}/{entity}") + f"/{path}", entity, params)
        except NotThere:
            return None
        if not isinstance(value, dict):
            raise TryAgain(f"{self.connection}: GET {entity} was answered with no record.", remedy=IF_IT_LASTS)
        self.check_errors(f"GET {entity}", value)
        return value

    def inquire(self, entity: str, collection: str = "Results") -> list[Row]:
        """What an inquiry finds: a PUT of its parameters, which changes nothing (acumatica 5)."""

        def ask() -> Any:
            response = self._call(
                "PUT", f"{self._root}/{entity}", entity, params={"$expand": collection}, json_text="{}"
            )
            return self._meanings.data(f"PUT {entity}", response, write=False)

        value = self._tried(ask)
        found = value.get(collection) if isinstance(value, dict) else None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise TryAgain(f"{self.connection}: PUT {entity} was answered without {collection}.", remedy=IF_IT_LASTS)
        return found

    def schema(self, entity: str) -> Row:
        """The empty record of an entity: which fields this version has (acumatica 2)."""
        value = self._get(f"{self._root}/{entity}/$adHocSchema", f"{entity}/$adHocSchema", {})
        if not isinstance(value, dict):
            raise TryAgain(f"{self.connection}: GET {entity}/$adHocSchema was answered with no record.")
        return value

    def site(self) -> Site:
        """Build and endpoints; old builds answer with the list alone (acumatica 2)."""
        value = self._get("/entity", "entity", {})
        listed = value.get("endpoints") if isinstance(value, dict) else value
        build = value.get("version") if isinstance(value, dict) else None
        if not isinstance(listed, list):
            raise RefusedBySystem(
                f"{self.connection}: GET /entity was answered with no list of endpoints.",
                remedy="See base_url of the connection: the address of the site with its virtual directory.",
            )
        found = [
            (one["name"], one["version"])
            for one in listed
            if isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("version"), str)
        ]
        told = build.get("acumaticaBuildVersion") if isinstance(build, dict) else ""
        return Site(clean(str(told or ""), 40), found)

    def _get(self, path: str, template: str, params: Mapping[str, str]) -> Any:
        def ask() -> Any:
            response = self._call("GET", path, template, params=params)
            return self._meanings.data(f"GET {template}", response, write=False)

        return self._tried(ask)

    def _tried(self, ask: Callable[[], Any]) -> Any:
        return retried(ask, clock=self.clock, attempts=self._attempts, longest_wait=self._longest_wait)

    def check_errors(self, call: str, value: Any) -> None:
        """A reply of 200 that says `error` anywhere is one.

        Raises:
            RefusedBySystem: with the place and the text.
        """
        for place, said in errors_in(value):
            raise RefusedBySystem(
                f"{self.connection}: {call} was answered with an error in {place}: {clean(said, 300)}.",
                remedy="Open that record in Acumatica: it shows the same error.",
            )

    # ------------------------------------------------------------------ writing

    def put(
        self,
        entity: str,
        payload: str,
        query: Query | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Row:
        """Insert or update one record; its reply as it is, errors in it included.

        Raises:
            OutcomeUnknown: nobody knows. TryAgain: it was not done. RefusedBySystem: nothing was written.
        """
        params = (query or Query()).params()
        response = self._call(
            "PUT", f"{self._root}/{entity}", entity, params=params, json_text=payload, headers=headers, write=True
        )
        value = self._meanings.data(f"PUT {entity}", response, write=True)
        if not isinstance(value, dict):
            raise OutcomeUnknown(f"{self.connection}: PUT {entity} was answered without a record.", remedy=LOOKED_UP)
        return value

    def put_file(self, entity: str, link: str, content: bytes) -> None:
        """Put a file under a link that a record gave: site-absolute, so that it goes to the site's origin."""
        with self._forms(entity, "call"):
            self.calls += 1
            response = self.api.request(
                "PUT",
                self._origin + link,
                template=f"{entity}/files",
                data=content,
                headers={**_JSON, "Content-Type": "application/octet-stream"},
                write=True,
                accept=_ANY,
                expect="any",
            )
        self._meanings.data(f"PUT {entity}/files", response, write=True)

    def delete(self, entity: str, record_id: str) -> None:
        """Take a record away; one that is gone already is a success."""
        response = self._call("DELETE", f"{self._root}/{entity}/{record_id}", entity, write=True)
        try:
            self._meanings.data(f"DELETE {entity}", response, write=True)
        except NotThere:
            return

    def act(self, entity: str, action: str, payload: str) -> None:
        """Do an action and wait for its end; its form is ours meanwhile (acumatica 1.3, 6).

        A success proves little: 204 means "completed or was not created". Read the record's status afterwards.

        Raises:
            RefusedBySystem: it was refused. OutcomeUnknown: it was begun and nobody knows. TryAgain: not begun.
        """
        template = f"{entity}/{action}"
        with self._forms(entity, "act"):
            response = self._send(
                "POST", f"{self._root}/{entity}/{action}", template, params=None, json_text=payload, write=True
            )
            self._meanings.data(f"POST {template}", response, write=True)
            if response.status == 202:
                self._wait(template, response.headers.get("location", ""))

    def _wait(self, template: str, location: str) -> None:
        """Look at a running action until it ends; the address of its status is site-absolute (acumatica 2)."""
        if not location.startswith("/") or location.startswith("//"):
            raise OutcomeUnknown(f"{self.connection}: POST {template} was begun and tells no status.", remedy=LOOKED_UP)
        until = self.clock.now().timestamp() + self._action_seconds
        while True:
            self.clock.sleep(self._poll_seconds)
            status = self._state_of(template, self._origin + location)
            if status in (204, 404):  # 404: done, and forgotten by the server
                return
            if self.clock.now().timestamp() > until:
                raise OutcomeUnknown(
                    f"{self.connection}: {template} has been running for {self._action_seconds:.0f} s.",
                    remedy=LOOKED_UP,
                )

    def _state_of(self, template: str, address: str) -> int:
        def look() -> int:
            response = self._send("GET", address, f"{template}/status", params=None)
            if response.status in (202, 204, 404):
                return response.status
            error = self._meanings.error(f"{template}", response, write=False)
            raise error

        try:
            return retried(look, clock=self.clock, attempts=self._attempts, longest_wait=self._longest_wait)
        except TryAgain as error:
            raise OutcomeUnknown(error.message, remedy=LOOKED_UP) from error

    # ------------------------------------------------------------------ calls

    def _call(
        self,
        method: str,
        path: str,
        template: str,
        *,
        params: Mapping[str, str] | None = None,
        json_text: str | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> ApiResponse:
        with self._forms(template.partition("/")[0], "call"):
            return self._send(method, path, template, params=params, json_text=json_text, headers=headers, write=write)

    def _send(
        self,
        method: str,
        path: str,
        template: str,
        *,
        params: Mapping[str, str] | None,
        json_text: str | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> ApiResponse:
        self.calls += 1
        return self.api.request(
            method,
            path,
            template=template,
            params=params,
            json_text=json_text,
            headers={**_JSON, **(headers or {})},
            write=write,
            accept=_ANY,
            expect="any",
        )


_REPLIES = Replies(IF_IT_LASTS)
readable, answered = _REPLIES.readable, _REPLIES.answered

__all__ = ["AcumaticaClient", "Query", "Site", "answered", "readable", "seat_refused"]
