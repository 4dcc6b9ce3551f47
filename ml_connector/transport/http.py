"""The HTTP client all systems share: one call, bounded, classified, with a token and within the call limits.

What it decides, so that nobody else has to: was the request certainly not processed (TryAgain), or may it have
been (OutcomeUnknown, for writes)? Redirects are never followed and tokens never leave the connection's origin.
"""

import logging
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal, NoReturn, Self

import httpx

from ml_connector import stopping
from ml_connector.clock import Clock
from ml_connector.errors import (
    CallLimitReached,
    ConnectorError,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.proof import prove
from ml_connector.transport.addresses import Addresses, with_params
from ml_connector.transport.authentication import Authentication, Credentials
from ml_connector.transport.deadline import bounded_client, within
from ml_connector.transport.departure import CUT_SHORT, Departure, cut_short
from ml_connector.transport.limits import Limiter
from ml_connector.transport.response_body import (
    UnreadableReplyError,
    describe_body,
    is_json,
    message_lines,
    parse_json,
)
from ml_connector.transport.responses import ApiResponse, Explain, Problem, explain, retry_after
from ml_connector.transport.tls import trusted
from ml_connector.transport.without_cookies import ClientWithoutCookies

# httpx logs every URL at INFO: addresses of invoices and suppliers do not belong in a run's log.
logging.getLogger("httpx").setLevel(logging.WARNING)

MAX_ERROR_BODY = 65_536
DEFAULT_MAX_BODY = 50_000_000
CHUNK = 65_536
_IF_IT_LASTS = "If it lasts, look at base_url of the connection and at the network between."

#: The request cannot have reached the server's application.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


#: Of a request: what it was authenticated with.
_CREDENTIALS = "ml_connector.credentials"
_NOBODY = Credentials()

#: Methods without an effect.
_READS = ("GET", "HEAD")


@dataclass(frozen=True)
class _Call:
    method: str
    template: str
    url: str
    write: bool
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)


#: Addresses that are called again and again, taken apart.
_address = lru_cache(maxsize=256)(httpx.URL)


class ApiClient:
    """Calls to one connection. Safe to use from several threads.

    name: the connection's, for error texts. base_url: scheme and host, perhaps with a path. timeout: seconds
    without a byte before giving up; a whole answer may take ten times as long. longest: seconds until the request has
    left and the head of its answer is there; twice the timeout if not named, never less than it. max_body: bytes of an
    answer.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        authentication: Authentication | None,
        limiter: Limiter,
        clock: Clock,
        timeout: float = 30.0,
        longest: float | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        explain: Explain = explain,
        max_connections: int = 20,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self._addresses = Addresses(name, self.base_url)
        self.limiter = limiter
        self._authentication = authentication
        self._clock = clock
        self._explain = explain
        self._max_body = max_body
        self._patience = timeout * 10
        self._longest = timeout * 2 if longest is None else max(timeout, longest)
        # A connection that idles longer is likelier closed by the server while we write to it.
        pool = httpx.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections, keepalive_expiry=4
        )
        self._http = ClientWithoutCookies(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            limits=pool,
            follow_redirects=False,
            headers={"User-Agent": "ml-connector"},
            transport=transport,
            verify=trusted(),
        )
        bounded_client(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def clock(self) -> Clock:
        """The clock it waits by."""
        return self._clock

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The whole address of a call, encoded.

        path: below the base URL, or an address of the same origin (a next-page link).

        Raises:
            RefusedBySystem: the address is of another origin; no token is sent there.
        """
        return self._addresses.of(path, params)

    def request(
        self,
        method: str,
        path: str,
        *,
        template: str,
        params: Mapping[str, str] | None = None,
        json_text: str | None = None,
        data: Mapping[str, str] | bytes | None = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
        accept: Container[int] = (200, 201, 204),
        expect: Literal["json", "any"] = "json",
    ) -> ApiResponse:
        """Make one call.

        template: the path without identifiers, for limits and error texts. json_text, data, files: the body.
        write: an answer that does not come leaves the outcome unknown. expect: "any" takes whatever body.

        Raises:
            TryAgain: certainly not processed, or a read that failed. OutcomeUnknown: a write that may have been.
            RefusedBySystem, AuthorizationNeeded: as the system's `explain` has it.
        """
        body = _body(json_text, data, files)
        sent = {"Content-Type": "application/json", **(headers or {})} if json_text is not None else dict(headers or {})
        call = _Call(method, template, self.url(path, params), write, sent, body)
        with self._answer(call) as response:
            if response.status_code not in accept:
                self._refuse(call, response)
            content = self._read(call, response)
            if not response.is_success:
                # Also of an error whose meaning the caller reads: some servers quote what they refuse.
                sent_with: Credentials = response.request.extensions[_CREDENTIALS]
                content = sent_with.hidden(content)
        return self._accepted(call, response, content, expect)

    def download(
        self,
        path: str,
        *,
        template: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int,
        accept: Container[int] = (200,),
    ) -> Iterator[bytes]:
        """A body in chunks, as it comes.

        Raises:
            NeedsCorrection: larger than `max_bytes` (reason too_large). TryAgain: it broke off.
        """
        call = _Call("GET", template, self.url(path, params), write=False, headers=dict(headers or {}))
        with self._answer(call) as response:
            if response.status_code not in accept:
                self._refuse(call, response)
            announced = response.headers.get("content-length", "")
            if announced.isascii() and announced.isdigit() and int(announced[:18]) > max_bytes:
                self._too_large(call, max_bytes)
            total = 0
            for chunk in self._chunks(call, response):
                total += len(chunk)
                if total > max_bytes:
                    self._too_large(call, max_bytes)
                yield chunk

    @contextmanager
    def _answer(self, call: _Call) -> Iterator[httpx.Response]:
        """Send the call, once more with other credentials after a 401, and hand out the unread answer."""
        authentication = self._authentication
        used = authentication.credentials() if authentication is not None else _NOBODY
        response = self._send(call, used)
        try:
            if response.status_code == 401 and authentication is not None:
                others = authentication.refused(used)
                if others is not None:
                    response.close()
                    response = self._send(call, others)
            yield response
        finally:
            response.close()

    def _send(self, call: _Call, credentials: Credentials) -> httpx.Response:
        """Send it once. What has an effect is proven (ml_connector.proof) after the last wait: that for the limit, and
        by the pool's own word right before the request's first bytes and again before those of its body.
        """
        stopping.check()
        self.limiter.acquire(call.template)
        headers, params, body = dict(call.headers), dict[str, str](), dict(call.body)
        credentials.apply(headers, params, body)
        status: int | None = None
        seen: Mapping[str, str] = {}
        try:
            address = with_params(call.url, params) if params else _address(call.url)
            request = self._http.build_request(call.method, address, headers=headers, **body)
            request.extensions[_CREDENTIALS] = credentials
            if call.method not in _READS:
                prove()
                request.extensions["trace"] = Departure()
            with within(self._longest):
                response = self._http.send(request, stream=True)
            status, seen = response.status_code, response.headers
        except httpx.InvalidURL as error:
            raise RefusedBySystem(f"{self.name}: {call.method} {call.template} has no usable address.") from error
        except (httpx.TransportError, OSError) as error:
            if cut_short(request):
                raise self._cut_short(call, error) from error
            raise self._broken(call, error, sent=not isinstance(error, _NOT_SENT)) from error
        finally:
            delay = self.limiter.observe(call.template, status, seen)
        if status == 429:
            response.close()
            self._too_many(call, response, delay)
        return response

    def _too_many(self, call: _Call, response: httpx.Response, delay: float | None) -> NoReturn:
        after = retry_after(response.headers, self._clock)
        if after is None:
            after = delay if delay is not None else 10.0
        raise CallLimitReached(
            f"{self.name}: {call.method} {call.template} was answered with 429 (too many calls).",
            after_seconds=after,
            remedy="It is tried again when the limit allows.",
        )

    def _broken(self, call: _Call, error: Exception, *, sent: bool) -> ConnectorError:
        what = _plain_cause(error)
        if not sent:
            return TryAgain(
                f"{self.name}: {call.method} {call.template} could not be sent ({what}).", remedy=_IF_IT_LASTS
            )
        if call.write:
            return OutcomeUnknown(
                f"{self.name}: {call.method} {call.template} was sent and no answer came ({what}).",
                remedy="It is looked up before it is sent again.",
            )
        return TryAgain(f"{self.name}: {call.method} {call.template} got no answer ({what}).", remedy=_IF_IT_LASTS)

    def _cut_short(self, call: _Call, error: Exception) -> TryAgain:
        return TryAgain(
            f"{self.name}: {call.method} {call.template} broke off before all of it was sent ({_plain_cause(error)}).",
            remedy=_IF_IT_LASTS,
            data={CUT_SHORT: True},
        )

    def _chunks(self, call: _Call, response: httpx.Response) -> Iterator[bytes]:
        until = time.monotonic() + self._patience
        try:
            for chunk in response.iter_bytes(CHUNK):
                yield chunk
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the whole answer took too long")
        except (httpx.TransportError, httpx.DecodingError, OSError) as error:
            raise self._broken(call, error, sent=True) from error

    def _read(self, call: _Call, response: httpx.Response) -> bytes:
        parts: list[bytes] = []
        total = 0
        for chunk in self._chunks(call, response):
            total += len(chunk)
            if total > self._max_body:
                raise self._unreadable(call, response.status_code, f"more than {self._max_body} bytes")
            parts.append(chunk)
        return b"".join(parts)

    def _accepted(
        self, call: _Call, response: httpx.Response, content: bytes, expect: Literal["json", "any"]
    ) -> ApiResponse:
        content_type = response.headers.get("content-type", "")
        if expect == "any":
            return ApiResponse(response.status_code, response.headers, content=content)
        if not content.strip():
            return ApiResponse(response.status_code, response.headers)
        if not is_json(content_type):
            raise self._unreadable(call, response.status_code, describe_body(content_type, content))
        try:
            return ApiResponse(response.status_code, response.headers, data=parse_json(content))
        except UnreadableReplyError as error:
            raise self._unreadable(call, response.status_code, str(error)) from error

    def _unreadable(self, call: _Call, status: int, came: str) -> ConnectorError:
        """A good status with a body that cannot be used: for a write nobody knows what was done."""
        text = f"{self.name}: {call.method} {call.template} was answered with {status} and {came} instead of JSON."
        if call.write:
            return OutcomeUnknown(text, remedy="It is looked up before it is sent again.")
        return TryAgain(text, remedy="If it lasts, look at the system's status page (maintenance?) and at base_url.")

    def _refuse(self, call: _Call, response: httpx.Response) -> NoReturn:
        content_type = response.headers.get("content-type", "")
        body = bytearray()
        try:
            with within(self._longest):
                for chunk in response.iter_bytes(CHUNK):
                    body += chunk
                    if len(body) > MAX_ERROR_BODY:
                        break
        except (httpx.TransportError, httpx.DecodingError, OSError):
            body.clear()
        sent: Credentials = response.request.extensions[_CREDENTIALS]
        content = sent.hidden(bytes(body[:MAX_ERROR_BODY]))
        if response.is_success:
            # A success of another kind than expected says nothing of what was done.
            raise self._unreadable(call, response.status_code, describe_body(content_type, content))
        lines = tuple(message_lines(content, content_type))
        raise self._explain(
            Problem(
                connection=self.name,
                method=call.method,
                template=call.template,
                status=response.status_code,
                write=call.write and not cut_short(response.request),
                headers=response.headers,
                content_type=content_type,
                lines=lines,
                came="" if lines else describe_body(content_type, content),
                after_seconds=retry_after(response.headers, self._clock),
            )
        )

    def _too_large(self, call: _Call, max_bytes: int) -> NoReturn:
        raise NeedsCorrection(
            Reason.TOO_LARGE,
            f"{self.name}: {call.template} is larger than {max_bytes} bytes.",
            remedy="Raise max_file_bytes of the connection if the file is genuine.",
            data={"limit": max_bytes},
        )


def _body(json_text: str | None, data: Mapping[str, str] | bytes | None, files: Any) -> dict[str, Any]:
    if json_text is not None:
        return {"content": json_text.encode("utf-8")}
    if isinstance(data, bytes):
        return {"content": data}
    return {key: value for key, value in (("data", data), ("files", files)) if value is not None}


def _plain_cause(error: Exception) -> str:
    """The cause in a few words; texts of lower layers may hold addresses with parameters, so only kinds are told."""
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        return "the connection was closed"
    return type(error).__name__
