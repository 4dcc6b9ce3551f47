"""Authorization code flow with rotating, single-use refresh tokens (exact-online 2)."""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.wire import AMSTERDAM
from ml_connector.sandbox.journal import Journal

MAX_FORM = 64 * 1024


@dataclass(slots=True)
class Grant:
    """One consent: the chain of refresh tokens that grew from it."""

    client: str
    number: int
    refresh_token: str = ""
    refresh_issued: datetime | None = None
    access_issued: datetime | None = None
    refreshes: int = 0
    revoked: bool = False


@dataclass(slots=True)
class Code:
    client: str
    redirect_uri: str
    expires: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    status: int
    body: dict[str, str]
    reason: str | None = None


@dataclass(slots=True)
class TokenCounts:
    """What the token endpoint saw."""

    issued: int = 0
    refreshed: int = 0
    too_early: int = 0
    old_refresh_token: int = 0
    refused: int = 0
    ages: list[float] = field(default_factory=list)  # seconds of the access token at each refresh


class OAuth:
    """Codes, grants and access tokens, in memory."""

    def __init__(self, clock: FileClock, journal: Journal, options: ExactOptions) -> None:
        self._clock = clock
        self._journal = journal
        self._options = options
        self._codes: dict[str, Code] = {}
        self._grants: list[Grant] = []
        self._by_refresh: dict[str, Grant] = {}  # present and past refresh tokens
        self._access: dict[str, tuple[Grant, datetime]] = {}
        self.counts = TokenCounts()

    def authorize(self, query: dict[str, str]) -> str | None:
        """The address to send the user back to, or None when the request is not acceptable."""
        redirect = query.get("redirect_uri", "")
        if (
            _client(query.get("client_id", "")) != self._options.client_id
            or query.get("response_type") != "code"
            or not self._redirect_allowed(redirect)
        ):
            return None
        state = query.get("state")
        back = redirect + ("&" if "?" in redirect else "?")
        tail = f"&state={quote(state, safe='')}" if state is not None else ""
        if query.get("deny") == "1":
            return f"{back}error=access_denied{tail}"
        return f"{back}code={quote(self.new_code(redirect), safe='')}{tail}"

    def new_code(self, redirect_uri: str) -> str:
        """A code as the consent page gives it; it holds a character that has to be decoded."""
        code = f"stampNL001.{secrets.token_urlsafe(24)}!IAAAA"
        expires = self._clock.now() + timedelta(seconds=self._options.code_seconds)
        self._codes[code] = Code(self._options.client_id, redirect_uri, expires)
        return code

    def token(self, headers: dict[str, str], body: bytes) -> TokenAnswer:
        """Answer a token request."""
        authorization = headers.get("authorization", "")
        if authorization.lower().startswith("bearer"):
            return self._refuse(401, "unauthorized_client", "A bearer token is not accepted here.")
        form = _form(headers, body)
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.lower().startswith("basic "):
            client, secret = _basic(authorization[6:])
        known = _client(client) == self._options.client_id
        if not known or not secrets.compare_digest(secret.encode(), self._options.client_secret.encode()):
            return self._refuse(400, "invalid_request")
        match form.get("grant_type"):
            case "authorization_code":
                return self._from_code(form)
            case "refresh_token":
                return self._refresh(form.get("refresh_token", ""))
            case _:
                return self._refuse(400, "invalid_request")

    def check(self, header: str, at: datetime) -> str | None:
        """The client of a Bearer header whose token is good at that moment; None otherwise."""
        scheme, _, token = header.partition(" ")
        found = self._access.get(token.strip())
        if scheme.lower() != "bearer" or found is None:
            return None
        grant, expires = found
        return None if grant.revoked or at >= expires else grant.client

    def expire_access(self) -> None:
        """End all access tokens now; the refresh tokens live on."""
        self._access = {token: (grant, self._clock.now()) for token, (grant, _) in self._access.items()}
        for grant in self._grants:
            if grant.access_issued is not None:
                grant.access_issued -= timedelta(seconds=self._options.access_seconds)

    def revoke(self) -> None:
        """The user takes the consent back: all chains are broken."""
        for grant in self._grants:
            grant.revoked = True

    def _from_code(self, form: dict[str, str]) -> TokenAnswer:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.used or self._clock.now() >= code.expires:
            return self._broken_chain()
        if form.get("redirect_uri") != code.redirect_uri:
            return self._refuse(400, "invalid_request")
        code.used = True
        grant = Grant(code.client, len(self._grants) + 1)
        self._grants.append(grant)
        self.counts.issued += 1
        self._journal.write(system="exact", kind="token_issued", data={"chain": grant.number})
        return self._pair(grant)

    def _refresh(self, token: str) -> TokenAnswer:
        grant = self._by_refresh.get(token)
        if grant is None or grant.revoked:
            return self._broken_chain()
        if token != grant.refresh_token:
            self.counts.old_refresh_token += 1
            return self._refuse(401, "unauthorized_client", "Old refresh token used.")
        now = self._clock.now()
        issued, access_issued = grant.refresh_issued, grant.access_issued
        if issued is None or access_issued is None:
            return self._broken_chain()
        ends = issued + timedelta(days=self._options.refresh_days)
        if now >= ends:
            return self._refuse(
                400,
                "invalid_request",
                f"The refresh token expired at {_spoken(ends)} and it is now {_spoken(now)}.",
            )
        age = (now - access_issued).total_seconds()
        if age < self._options.early_refresh_seconds:
            return self._too_early()
        grant.refreshes += 1
        self.counts.refreshed += 1
        self.counts.ages.append(age)
        self._journal.write(
            system="exact",
            kind="token_refreshed",
            data={"chain": grant.number, "number": grant.refreshes, "age": round(age, 3)},
        )
        return self._pair(grant)

    def _pair(self, grant: Grant) -> TokenAnswer:
        now = self._clock.now()
        access = "AAEA" + secrets.token_urlsafe(48)
        refresh = f"{secrets.token_urlsafe(3)}!IAAAA{secrets.token_urlsafe(32)}"
        grant.refresh_token, grant.refresh_issued, grant.access_issued = refresh, now, now
        self._by_refresh[refresh] = grant
        self._access[access] = (grant, now + timedelta(seconds=self._options.access_seconds))
        if len(self._access) > 1000:  # forget what expired long ago
            self._access = {key: kept for key, kept in self._access.items() if kept[1] > now}
        return TokenAnswer(
            200,
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": str(self._options.access_seconds),  # a string (exact-online 2.2)
                "refresh_token": refresh,
            },
        )

    def _too_early(self) -> TokenAnswer:
        self.counts.too_early += 1
        text = "Rate limit exceeded: access_token not expired"
        return TokenAnswer(
            self._options.early_refresh_status,
            {"error": "access_denied", "error_description": text},
            f"TooEarlyToRefreshTokens: {text}",
        )

    def _broken_chain(self) -> TokenAnswer:
        text = "Token is not allowed, because of invalid or empty chainId"
        self.counts.refused += 1
        return TokenAnswer(400, {"error": "invalid_grant", "error_description": text}, f"Unknown: {text}")

    def _refuse(self, status: int, error: str, description: str | None = None) -> TokenAnswer:
        self.counts.refused += 1
        body = {"error": error}
        if description is not None:
            body["error_description"] = description
        return TokenAnswer(status, body)

    def _redirect_allowed(self, redirect: str) -> bool:
        if self._options.redirect_uri is not None:
            return redirect == self._options.redirect_uri
        parts = urlsplit(redirect)
        loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        return bool(parts.netloc) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))

    def summary(self) -> dict[str, Any]:
        """Counts for the control port; no tokens."""
        return {
            "issued": self.counts.issued,
            "refreshed": self.counts.refreshed,
            "too_early": self.counts.too_early,
            "old_refresh_token": self.counts.old_refresh_token,
            "refused": self.counts.refused,
            "youngest_refreshed": min(self.counts.ages, default=None),
        }


def _client(text: str) -> str:
    """Some clients wrap the id in braces (exact-online 2.1)."""
    return text.strip().strip("{}").lower()


def _form(headers: dict[str, str], body: bytes) -> dict[str, str]:
    if not headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}


def _basic(text: str) -> tuple[str, str]:
    try:
        client, _, secret = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client, secret


def _spoken(moment: datetime) -> str:
    """A time as the error texts have it: 10/11/2022 9:18:20 PM."""
    wall = moment.astimezone(AMSTERDAM)
    hour = wall.hour % 12 or 12
    half = "PM" if wall.hour >= 12 else "AM"
    return f"{wall.month}/{wall.day}/{wall.year} {hour}:{wall.minute:02d}:{wall.second:02d} {half}"
