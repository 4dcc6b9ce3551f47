"""What log-in and log-out look like on the wire: seats that are refused in many dresses, cookies, an empty body with
its length (acumatica 1).
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

import httpx

from ml_connector.clock import Clock
from ml_connector.systems.acumatica.wire.answers import SEAT_TEXTS
from ml_connector.transport.authentication import TokenSource
from ml_connector.transport.deadline import bounded, within
from ml_connector.transport.departure import prove_before_sending
from ml_connector.transport.response_body import clean
from ml_connector.transport.responses import retry_after
from ml_connector.transport.tls import trusted
from ml_connector.transport.tokens.endpoint import AnswerLost, NotSent, TokenAnswer, TokenEndpoint

#: Cookies of a session; others (load balancers) are kept too, as they lead to the machine that holds it.
SESSION_COOKIE = "ASP.NET_SessionId"
SEAT_WORDS = "all API users of the licence are in: no seat is free"
_BAD_PASSWORD = "invalid credentials"  # noqa: S105 - a text
_MAX_BODY = 65_536


class SeatsTold(httpx.BaseTransport):
    """Turns a refused seat, in whatever dress it comes, into one answer that a token's rules read as "later".

    As it stands it would look like a broken chain of tokens or a wrong password (acumatica 1.1, 1.3).
    """

    def __init__(self, after_seconds: float, inner: httpx.BaseTransport | None = None) -> None:
        self._after = after_seconds
        self._inner = inner or bounded(httpx.HTTPTransport(verify=trusted()))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and look at what is no success."""
        response = self._inner.handle_request(request)
        if response.status_code < 300:
            return response
        try:
            body = response.read()
        except httpx.HTTPError:
            response.close()
            raise
        response.close()
        told = body[:_MAX_BODY].decode("utf-8", "replace") + " " + response.headers.get("location", "")
        plain = told.casefold().replace("+", " ").replace("%20", " ")
        if any(text in plain for text in SEAT_TEXTS):
            refusal = {"error": "no_seat", "error_description": SEAT_WORDS}
            headers = {"Retry-After": str(max(1, round(self._after)))}
            return httpx.Response(429, json=refusal, headers=headers, request=request)
        kept = [  # as bytes: a proxy's header may hold any
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in {b"content-encoding", b"content-length", b"transfer-encoding"}
        ]
        return httpx.Response(response.status_code, content=body, headers=kept, request=request)

    def close(self) -> None:
        """Give back the connections."""
        self._inner.close()


class CookieEndpoint(TokenEndpoint):
    """The older log-in, as a token endpoint whose token is the session's cookies (acumatica 1.2).

    form of `post`: username and password.
    """

    def __init__(
        self, base_url: str, tenant: str, branch: str, clock: Clock, *, after_seconds: float, deadline: float
    ) -> None:
        super().__init__(f"{base_url}/entity/auth/login", deadline=deadline, clock=clock)
        self._tenant = tenant
        self._branch = branch
        self._after = after_seconds

    def post(self, form: Mapping[str, str]) -> TokenAnswer:
        """Log in.

        Raises:
            NotSent, AnswerLost: as for tokens.
        """
        body = {"name": form["username"], "password": form["password"], "tenant": self._tenant}
        if self._branch:
            body["branch"] = self._branch
        response = self._sent(body)
        if response.status_code == 204 or (response.status_code == 200 and not response.content):
            cookies = cookies_of(response)
            if SESSION_COOKIE.lower() not in cookies.lower():
                raise AnswerLost(f"{self.url} said {response.status_code} and set no session.")
            return TokenAnswer(200, {"access_token": cookies})
        return self._unhappy(response, form["password"])

    def _sent(self, body: Mapping[str, str]) -> httpx.Response:
        timeout = httpx.Timeout(self.deadline, connect=min(10.0, self.deadline))
        headers = {"Accept": "application/json", "Connection": "close"}
        try:
            with (
                httpx.Client(transport=SeatsTold(self._after), timeout=timeout, follow_redirects=False) as client,
                within(self.deadline),
            ):
                return client.post(self.url, json=body, headers=headers, extensions={"trace": prove_before_sending})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NotSent(f"{self.url} cannot be reached: {type(error).__name__}.") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            raise NotSent(f"{self.url} cannot be called: {type(error).__name__}.") from None
        except httpx.HTTPError as error:
            raise AnswerLost(f"{self.url} was called, but its answer was lost: {type(error).__name__}.") from None

    def _unhappy(self, response: httpx.Response, password: str) -> TokenAnswer:
        """A wrong password is a 500 with its text, not a 401."""
        try:
            value = response.json()
        except ValueError:
            value = {}
        fields = value if isinstance(value, dict) else {}
        said = str(fields.get("exceptionMessage") or fields.get("error_description") or fields.get("message") or "")
        said = clean(said.replace(password, "(...)") if password else said, 200)
        status, error = response.status_code, str(fields.get("error") or "")
        if status == 500 and (_BAD_PASSWORD in said.lower() or fields.get("exceptionType") == _NO_COMPANY):
            status, error = 400, "invalid_grant"
        return TokenAnswer(
            status,
            {"error": error, "error_description": said},
            content_type=response.headers.get("content-type", "").partition(";")[0],
            retry_after=retry_after(response.headers, self._clock),
        )


_NO_COMPANY = "PX.Data.PXUndefinedCompanyException"


def cookies_of(response: httpx.Response) -> str:
    """What a log-in set, as one text without blanks: `name=value;name=value`."""
    found: dict[str, str] = {}
    for header in response.headers.get_list("set-cookie"):
        try:
            for name, morsel in SimpleCookie(header).items():
                found[name] = morsel.coded_value
        except CookieError:
            continue
    return _joined(found)


class CookiesOf:
    """A session's cookies, as a shared session keeps them: one text."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    def session(self) -> Mapping[str, str]:
        """The cookies of the session that stands."""
        return _parted(self._tokens.token())

    def ended(self, session: Mapping[str, str]) -> Mapping[str, str]:
        """Others in their place."""
        return _parted(self._tokens.rejected(_joined(session)))


def _joined(cookies: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in cookies.items())


def _parted(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name: value for name, _, value in pairs if name}


class KeepsNoCookies(httpx.BaseTransport):
    """What answers set is kept by nobody, so that a client never stands in two sessions at once."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        response = self._inner.handle_request(request)
        if "set-cookie" in response.headers:
            del response.headers["set-cookie"]
        return response

    def close(self) -> None:
        """Give back the connections."""
        self._inner.close()
