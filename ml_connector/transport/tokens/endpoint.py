"""One POST to a token endpoint, and what can be known of its outcome.

Three ends are told apart, because a rotating refresh token may not be used twice: an answer came; certainly
nothing was sent; the request may have been handled and the answer is lost.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from ml_connector.clock import Clock, SystemClock
from ml_connector.errors import ConnectorError, LeaseLost
from ml_connector.transport.deadline import all_within
from ml_connector.transport.departure import prove_before_sending
from ml_connector.transport.response_body import clean
from ml_connector.transport.responses import retry_after
from ml_connector.transport.tls import trusted

MAX_ANSWER_BYTES = 65_536
MAX_SAID = 200
LONGEST_TOKEN = 16_384
#: A shorter text is too likely to stand in an answer by chance.
LEAST_SECRET = 4


class NotSent(ConnectorError):
    """The request certainly never reached the server."""


class AnswerLost(ConnectorError):
    """The request may have been handled; no usable answer came back."""


@dataclass(frozen=True)
class TokenAnswer:
    """A complete answer. `fields` is its JSON object, empty when it was none (a maintenance page, an empty body)."""

    status: int
    fields: Mapping[str, Any] = field(repr=False)
    reason: str = ""
    content_type: str = ""
    retry_after: float | None = None

    @property
    def error(self) -> str:
        return text_of(self.fields.get("error"))

    @property
    def said(self) -> str:
        """What the server said of an error, shortened; answers with tokens in them say nothing."""
        if "access_token" in self.fields or "refresh_token" in self.fields:
            return ""
        words = [self.fields.get(key) for key in ("error", "error_description", "message")]
        return ": ".join(dict.fromkeys(text for text in map(text_of, [*words, self.reason]) if text))[:MAX_SAID]


def usable_token(value: object) -> bool:
    """Whether a token can stand in a header and a form: text without blanks, control characters or other letters."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TOKEN:
        return False
    return value.isascii() and value.isprintable() and " " not in value


def text_of(value: object) -> str:
    """Untrusted text on one line, without control characters and without anything that looks like a token."""
    return clean(value, MAX_SAID) if isinstance(value, str) else ""


class TokenEndpoint:
    """A token endpoint's address and how long a call to it may take in all (seconds).

    headers: what else it wants in each call, asked for at each use: the key of a gateway, for example.

    Every call has its own TCP connection: a kept-alive one that the server just closed would leave it open
    whether the request was handled.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline: float = 20.0,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self.url = url
        self._headers = headers
        self.deadline = deadline
        self._clock = clock or SystemClock()
        self._transport = transport

    @property
    def patience(self) -> float:
        """Seconds after which a call that somebody else began is certainly over."""
        return self.deadline + 5.0

    def post(self, form: Mapping[str, str]) -> TokenAnswer:
        """Send the form once; never follows a redirect, never sends an Authorization header (exact-online 2.2) that is
        not asked for by `headers`.

        Raises:
            NotSent, AnswerLost: see the module.
        """
        ends = time.monotonic() + self.deadline
        timeout = httpx.Timeout(self.deadline, connect=min(10.0, self.deadline))
        more = self._headers() if self._headers is not None else {}
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close", **more}
        try:
            with (
                httpx.Client(
                    transport=self._transport, timeout=timeout, follow_redirects=False, verify=trusted()
                ) as client,
                all_within(client, self.deadline),
                client.stream(
                    "POST",
                    self.url,
                    data=dict(form),
                    headers=headers,
                    extensions={"trace": prove_before_sending},
                ) as response,
            ):
                return _answer(response, _without(_read(response, ends), form, more), self._clock)
        except LeaseLost as error:
            raise NotSent(f"{self._place()} was not called: {error.message}") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NotSent(f"{self._place()} cannot be reached: {type(error).__name__}.") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            raise NotSent(f"{self._place()} cannot be called: {type(error).__name__}.") from None
        except httpx.HTTPError as error:
            raise AnswerLost(f"{self._place()} was called, but its answer was lost: {type(error).__name__}.") from None

    def _place(self) -> str:
        return f"The token endpoint {self.url.partition('?')[0]}"


#: What is sent that nobody else may see.
_SECRETS = ("client_secret", "password", "refresh_token", "code")


def _without(body: bytes, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    """The answer without the secrets that were sent: some servers quote what they refuse.

    A new pair may hold the old refresh token, so answers with tokens are left as they are; they say nothing to anybody.
    """
    if b'"access_token"' in body:
        return body
    sent = [form.get(name, "") for name in _SECRETS]
    sent += [part for value in headers.values() for part in (value, value.rpartition(" ")[2])]
    for value in sent:
        for shape in {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}:
            if len(shape) >= LEAST_SECRET:
                body = body.replace(shape.encode(), b"(...)")
    return body


def _read(response: httpx.Response, ends: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerLost(f"The token endpoint's answer is larger than {MAX_ANSWER_BYTES} bytes.")
        if time.monotonic() > ends:
            raise AnswerLost("The token endpoint's answer took too long.")
    return bytes(body)


def _answer(response: httpx.Response, body: bytes, clock: Clock) -> TokenAnswer:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
        if response.status_code == 200 and "json" in content_type:
            raise AnswerLost("The token endpoint said 200 and its JSON is broken.") from None
    return TokenAnswer(
        status=response.status_code,
        fields=fields if isinstance(fields, dict) else {},
        reason=text_of(response.headers.get("reason")),
        content_type=content_type,
        retry_after=retry_after(response.headers, clock),
    )
