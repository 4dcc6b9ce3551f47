"""OAuth of the site: authorization code and password, refresh, revocation (acumatica 1.1). The tenant is chosen by the
client id; there is no client-credentials flow.
"""

import base64
import binascii
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.access.sessions import LIMIT_TEXT, Session, Sessions
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.errors import ApiError

CONCURRENT = "api:concurrent_access"
_BAD_LOGIN = {"error": "invalid_grant", "error_description": "invalid_username_or_password"}


@dataclass(slots=True)
class Grant:
    """One sign-in and the chain of tokens that grew from it."""

    client: str
    tenant: str
    user: str
    scopes: frozenset[str]
    began: datetime
    session: Session | None = None
    revoked: bool = False


@dataclass(slots=True)
class Token:
    grant: Grant
    ends: datetime
    dead: bool = False
    spent: bool = False


class OAuth:
    """Clients, codes, tokens."""

    def __init__(
        self, clock: FileClock, options: AcumaticaOptions, sessions: Sessions, clients: dict[str, str]
    ) -> None:
        self._clock = clock
        self._options = options
        self._sessions = sessions
        self._clients = clients  # client id -> tenant
        self._codes: dict[str, tuple[Grant, str, datetime]] = {}
        self.access: dict[str, Token] = {}
        self.refresh: dict[str, Token] = {}
        self.counts: Counter[str] = Counter()

    def authorize(self, query: dict[str, str]) -> str | None:
        """Where the sign-in page sends the user who signs in at once; None for a request that is none."""
        tenant = self._clients.get(query.get("client_id", ""))
        back = query.get("redirect_uri", "")
        if tenant is None or query.get("response_type") != "code" or not back.startswith(("http://", "https://")):
            return None
        state = f"&state={quote(query['state'], safe='')}" if "state" in query else ""
        joined = "&" if "?" in back else "?"
        if query.get("deny"):
            return f"{back}{joined}error=access_denied{state}"
        grant = self._grant(query["client_id"], tenant, query.get("scope", "api"))
        code = secrets.token_urlsafe(24)
        ends = self._clock.now() + timedelta(seconds=self._options.code_seconds)
        self._codes[code] = (grant, back, ends)
        return f"{back}{joined}code={code}{state}"

    def token(self, body: bytes, authorization: str = "") -> dict[str, Any]:
        """The reply of the token endpoint. Raises ApiError."""
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.lower().startswith("basic "):
            client, secret = _basic(authorization)
        tenant = self._clients.get(client)
        guids = {one.partition("@")[0] for one in self._clients}
        if tenant is None and client.partition("@")[0] in guids:
            raise self._refuse(_BAD_LOGIN)  # a tenant that is not there (observed)
        if tenant is None or not secrets.compare_digest(secret.encode(), self._options.client_secret.encode()):
            raise self._refuse({"error": "invalid_client"})
        match form.get("grant_type"):
            case "password":
                if form.get("username") != self._options.user or form.get("password") != self._options.password:
                    raise self._refuse(_BAD_LOGIN)
                return self._issue(self._grant(client, tenant, form.get("scope", "")))
            case "authorization_code":
                return self._issue(self._of_code(client, form))
            case "refresh_token":
                return self._issue(self._of_refresh(client, form.get("refresh_token", "")))
        raise self._refuse({"error": "unsupported_grant_type"})

    def revoke(self, body: bytes) -> None:
        """Revoking a token does not end the session: that is what logging out is for (observed)."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        for kind in (self.access, self.refresh):
            token = kind.get(form.get("token", ""))
            if token is not None:
                token.dead = True
        self.counts["revoked"] += 1

    def check(self, bearer: str, at: datetime) -> tuple[Grant, Session | None] | None:
        """Grant and session of an access token as of that moment; a session None: it goes by cookie, or is gone."""
        token = self.access.get(bearer)
        if token is None or token.dead or at >= token.ends:
            return None
        grant = token.grant
        if CONCURRENT in grant.scopes:
            return grant, None
        session = grant.session
        if session is None or self._sessions.find(session.id, at) is None:
            if self._options.token_after_logout == "dead":
                return None
            grant.session = session = self._sessions.open(grant.tenant, grant.user, "", "api", ends=token.ends)
        return grant, session

    def expire_access(self) -> None:
        for token in self.access.values():
            token.ends = min(token.ends, self._clock.now())

    def revoke_all(self) -> None:
        """As when somebody takes the application's consent back."""
        for token in (*self.access.values(), *self.refresh.values()):
            token.dead = True

    # steps

    def _grant(self, client: str, tenant: str, scope: str) -> Grant:
        scopes = frozenset(scope.split())
        if not scopes & {"api", CONCURRENT}:
            raise self._refuse({"error": "invalid_scope"})
        return Grant(client, tenant, self._options.user, scopes, self._clock.now())

    def _of_code(self, client: str, form: dict[str, str]) -> Grant:
        grant, back, ends = self._codes.pop(form.get("code", ""), (None, "", self._clock.now()))
        good = grant is not None and grant.client == client and back == form.get("redirect_uri")
        if grant is None or not good or self._clock.now() >= ends:
            raise self._refuse({"error": "invalid_grant"})
        return grant

    def _of_refresh(self, client: str, text: str) -> Grant:
        token = self.refresh.get(text)
        if token is None or token.dead or token.grant.client != client or self._clock.now() >= token.ends:
            raise self._refuse({"error": "invalid_grant"})
        if token.spent and self._options.spent_refresh == "refused":
            self.counts["spent_refresh_token"] += 1
            raise self._refuse({"error": "invalid_grant"})
        token.spent = True
        self.counts["refreshed"] += 1
        return token.grant

    def _issue(self, grant: Grant) -> dict[str, Any]:
        """Tokens of a grant. Its session starts with the first and is kept by a refresh (acumatica 1.1)."""
        now = self._clock.now()
        ends = now + timedelta(seconds=self._options.access_seconds)
        if CONCURRENT not in grant.scopes:
            self._seat(grant, ends)
        access = secrets.token_urlsafe(32)
        self.access[access] = Token(grant, ends)
        self.counts["issued"] += 1
        reply: dict[str, Any] = {
            "access_token": access, "expires_in": self._options.access_seconds, "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes)),
        }  # fmt: skip
        if "offline_access" in grant.scopes:
            began = now if self._options.refresh_sliding else grant.began
            refresh = secrets.token_urlsafe(32)
            self.refresh[refresh] = Token(grant, began + timedelta(days=self._options.refresh_days))
            reply["refresh_token"] = refresh
        return reply

    def _seat(self, grant: Grant, ends: datetime) -> None:
        session = grant.session
        if session is not None and self._sessions.is_alive(session):
            session.ends = ends
            return
        try:
            grant.session = self._sessions.open(grant.tenant, grant.user, "", "api", ends=ends)
        except ApiError as error:
            if error.status == 500:  # with all seats taken the token request itself fails; its code is assumed
                raise self._refuse({"error": "invalid_grant", "error_description": LIMIT_TEXT}) from None
            raise

    def _refuse(self, body: dict[str, str]) -> ApiError:
        self.counts["refused"] += 1
        return ApiError(400, dict(body))


def _basic(header: str) -> tuple[str, str]:
    try:
        client, _, secret = base64.b64decode(header[6:].strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return client, secret
