"""How a call says who makes it: in headers, in cookies, in the query, or in its body.

What a call is authenticated with stands here alone: it is put in right before the call leaves, so that no stored
payload, error text or log holds it.
"""

import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import WeAreWrong

#: Takes a secret from where it is kept; at each use, so that one that was changed counts at once.
Reveal = Callable[[], Secret]
#: Puts what authenticates into the bytes of a body: the body as planned, the value that goes into it.
Put = Callable[[bytes, str], bytes]


@dataclass(frozen=True)
class Credentials:
    """What one call is authenticated with.

    fill: what becomes of its body. secrets: texts that no error may repeat, should the server quote them.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    fill: Callable[[bytes], bytes] | None = None
    secrets: tuple[str, ...] = ()

    def apply(self, headers: MutableMapping[str, str], params: MutableMapping[str, str], body: dict[str, Any]) -> None:
        """Put them into a call that is about to leave."""
        headers.update(self.headers)
        params.update(self.params)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.fill is not None:
            if "content" not in body:
                raise WeAreWrong("A call that is authenticated in its body has none that could be filled.")
            body["content"] = self.fill(body["content"])

    def hidden(self, content: bytes) -> bytes:
        """An answer's body without what was sent: some servers quote what they refuse."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            content = content.replace(secret.encode(), b"(...)") if secret else content
        return content


class Authentication(Protocol):
    """Where the credentials of calls come from. Safe to use from several threads."""

    def credentials(self) -> Credentials:
        """What a call is made with now, renewed when that may and must be.

        Raises: AuthorizationNeeded: a person must authorize. TryAgain: not now.
        """
        ...

    def refused(self, used: Credentials) -> Credentials | None:
        """The server answered 401 to these: others, which are tried once; None where there are no others.

        Raises: as `credentials`.
        """
        ...


class TokenSource(Protocol):
    """Where access tokens, or the numbers of sessions, come from."""

    def token(self) -> str:
        """A valid one, refreshed when that may and must be."""
        ...

    def rejected(self, token: str) -> str:
        """The server answered 401 to this one: another, or AuthorizationNeeded / TryAgain."""
        ...


class BearerToken:
    """An access token in a header. word: stands before it; header: where another one is wanted."""

    def __init__(self, tokens: TokenSource, *, header: str = "Authorization", word: str = "Bearer") -> None:
        self._tokens = tokens
        self._header = header
        self._before = f"{word} " if word else ""

    def credentials(self) -> Credentials:
        return self._of(self._tokens.token())

    def refused(self, used: Credentials) -> Credentials:
        return self._of(self._tokens.rejected(used.secrets[0]))

    def _of(self, token: str) -> Credentials:
        return Credentials(headers={self._header: self._before + token}, secrets=(token,))


class StaticHeaders:
    """Secrets that somebody was given for good, each in a header of its own."""

    def __init__(self, headers: Mapping[str, Reveal]) -> None:
        self._headers = dict(headers)

    def credentials(self) -> Credentials:
        found = {name: reveal().reveal() for name, reveal in self._headers.items()}
        return Credentials(headers=found, secrets=tuple(found.values()))

    def refused(self, used: Credentials) -> Credentials | None:
        """Others, where somebody has changed a secret since."""
        now = self.credentials()
        return now if now.secrets != used.secrets else None


class SessionSource(Protocol):
    """Where the cookies of a session come from; who shares one between processes keeps it there."""

    def session(self) -> Mapping[str, str]:
        """The cookies of a session that stands, logged in where none does."""
        ...

    def ended(self, session: Mapping[str, str]) -> Mapping[str, str]:
        """The server has ended this session: another, or AuthorizationNeeded / TryAgain."""
        ...


class LocalSession:
    """One session of this process, whoever of its threads logs in."""

    def __init__(self, log_in: Callable[[], Mapping[str, str]]) -> None:
        self._log_in = log_in
        self._lock = threading.Lock()
        self._cookies: Mapping[str, str] = {}

    def session(self) -> Mapping[str, str]:
        with self._lock:
            if not self._cookies:
                self._cookies = dict(self._log_in())
            return self._cookies

    def ended(self, session: Mapping[str, str]) -> Mapping[str, str]:
        """A log-in may cost a seat: it is made once, however many calls were refused."""
        with self._lock:
            if self._cookies == session:
                self._cookies = {}
        return self.session()


class CookieSession:
    """The cookies of a session."""

    def __init__(self, sessions: SessionSource) -> None:
        self._sessions = sessions

    def credentials(self) -> Credentials:
        return self._of(self._sessions.session())

    def refused(self, used: Credentials) -> Credentials:
        return self._of(self._sessions.ended(used.cookies))

    def _of(self, cookies: Mapping[str, str]) -> Credentials:
        return Credentials(cookies=dict(cookies), secrets=tuple(cookies.values()))


class InBody:
    """A secret in the body of each call: a password, or the number of a session.

    put: where it goes. more: further secrets that `put` adds, for errors to hide.
    """

    def __init__(self, put: Put, tokens: TokenSource, *, more: Callable[[], Sequence[str]] = tuple) -> None:
        self._put = put
        self._tokens = tokens
        self._more = more

    def credentials(self) -> Credentials:
        return self._of(self._tokens.token())

    def refused(self, used: Credentials) -> Credentials:
        return self._of(self._tokens.rejected(used.secrets[0]))

    def _of(self, token: str) -> Credentials:
        return Credentials(fill=lambda body: self._put(body, token), secrets=(token, *self._more()))


class Together:
    """Several at once: a gateway's key and a user's token, for example. What is refused is renewed where it can be."""

    def __init__(self, *parts: Authentication) -> None:
        self._parts = parts

    def credentials(self) -> Credentials:
        return _merged([part.credentials() for part in self._parts])

    def refused(self, used: Credentials) -> Credentials | None:
        renewed: list[Credentials] = []
        others = False
        for part, was in zip(self._parts, _split(used), strict=True):
            now = part.refused(was)
            others = others or now is not None
            renewed.append(was if now is None else now)
        return _merged(renewed) if others else None


@dataclass(frozen=True)
class _Merged(Credentials):
    parts: tuple[Credentials, ...] = ()


def _merged(parts: Sequence[Credentials]) -> _Merged:
    fills = [part.fill for part in parts if part.fill is not None]

    def fill(body: bytes) -> bytes:
        for one in fills:
            body = one(body)
        return body

    return _Merged(
        headers={name: value for part in parts for name, value in part.headers.items()},
        params={name: value for part in parts for name, value in part.params.items()},
        cookies={name: value for part in parts for name, value in part.cookies.items()},
        fill=fill if fills else None,
        secrets=tuple(secret for part in parts for secret in part.secrets),
        parts=tuple(parts),
    )


def _split(merged: Credentials) -> tuple[Credentials, ...]:
    if not isinstance(merged, _Merged):
        raise WeAreWrong("These credentials were made by another authentication.")
    return merged.parts
