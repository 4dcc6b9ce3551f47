"""The authorization code grant with a rotating refresh token, safe across threads, processes, crashes.

Never a second use of a refresh token, never a refresh below the minimum age, and the new pair is stored before the
new access token is used. When nobody can know whether the server rotated (death or a lost answer during the
refresh), the old access token is used until it expires; then a person authorizes again, and nothing is lost.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ml_connector import stopping
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import NewPair, StoredToken, TokenStore, connection_of_state
from ml_connector.credentials.vault import Vault
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, TryAgain
from ml_connector.ledger.database.store import Ledger
from ml_connector.transport.tokens.endpoint import AnswerLost, NotSent, TokenAnswer, TokenEndpoint
from ml_connector.transport.tokens.oauth_app import OAuthApp
from ml_connector.transport.tokens.rules import (
    CAUSES,
    MOST_REFUSALS,
    TOO_EARLY,
    TokenDecision,
    TokenStep,
    TokenVerdict,
    cool_down,
    decide,
    early_pause,
    judge,
)
from ml_connector.transport.tokens.sources import Held, pair_from, surely, token_lease, uninterrupted

_ROUNDS = 4
_MAX_PASTED = 8_192


class AuthorizationCodeTokens:
    """TokenSource of one connection. One object may serve many threads; many processes may have one each.

    client_secret: read at every use, never kept. after_refresh: called after a new pair is stored and before it is
    first handed out, free to make calls with it; the facts it returns are kept in the row's detail under
    `companies`.
    """

    def __init__(
        self,
        app: OAuthApp,
        ledger: Ledger,
        vault: Vault,
        client_secret: Callable[[], Secret],
        *,
        endpoint: TokenEndpoint | None = None,
        after_refresh: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.app = app
        self.store = TokenStore(ledger, vault, app.connection)
        self.after_refresh = after_refresh
        self._ledger = ledger
        self._clock = ledger.clock
        self._vault = vault
        self._client_secret = client_secret
        self._endpoint = endpoint or TokenEndpoint(app.token_url, clock=ledger.clock)
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._unsettled: tuple[int, float] | None = None

    # ------------------------------------------------------------------ TokenSource

    def token(self) -> str:
        """A valid access token.

        Raises:
            AuthorizationNeeded: a person must authorize again; text and data name the command and the link.
            TryAgain: the token endpoint is away or must be left alone for `after_seconds`.
            ConfigError: the client secret or the encryption key is missing.
        """
        held = self._held
        if held is not None and self._clock.now() < held.until:
            return held.access
        return self._next(None)

    def rejected(self, token: str) -> str:
        """The server answered 401 to `token`: the one that replaced it, or a new one when its age allows.

        Raises: as `token()`. A token too young to be replaced gives TryAgain: a refresh would be refused and
        counted (exact-online 11, "401 loops").
        """
        return self._next(token)

    def _next(self, rejected: str | None) -> str:
        with self._lock:
            if rejected is not None and self._held is not None and self._held.access == rejected:
                self._held = None
            if (access := self._usable(rejected)) is not None:
                return access
            access, fresh = uninterrupted(lambda: self._replaced(rejected))
        if fresh:
            self._tell_companies()
        return access

    def _usable(self, rejected: str | None) -> str | None:
        return self._obey(*self._look(rejected), rejected)

    def _look(self, rejected: str | None) -> tuple[StoredToken | None, TokenDecision]:
        row = self.store.read()
        age = timedelta(seconds=self.app.refresh_age_seconds)
        return row, decide(row, self._clock.now(), age, rejected)

    def _obey(self, row: StoredToken | None, decision: TokenDecision, rejected: str | None) -> str | None:
        """The access token when it may be used; None when it must be replaced or settled."""
        if decision.step is TokenStep.AUTHORIZE or row is None or row.access is None:
            raise self.needed(decision.why)
        if decision.step is TokenStep.USE:
            self._held = Held(row.access.reveal(), decision.until)
            return self._held.access
        if decision.step is TokenStep.WAIT:
            raise self._wait(row, decision, rejected)
        return None

    def _wait(self, row: StoredToken, decision: TokenDecision, rejected: str | None) -> TryAgain:
        left = max(1.0, (decision.until - self._clock.now()).total_seconds())
        if rejected is not None and row.access == rejected:
            refusals = int(row.detail.get("refusals", 0)) + 1
            self.store.note(row.generation, refusals=refusals)
            if refusals < MOST_REFUSALS:
                left = min(left, 30.0)
        return TryAgain(
            f"{self.app.connection}: no access token can be had now: {decision.why}.",
            after_seconds=left,
            remedy=f"It is asked for again by itself; if it lasts, run `{self.app.command}`.",
        )

    # ------------------------------------------------------------------ refreshing, under the lease

    def _replaced(self, rejected: str | None) -> tuple[str, bool]:
        """An access token and whether it was fetched just now by us."""
        with token_lease(self._ledger, self.app.connection, self._endpoint.patience) as mine:
            for _ in range(_ROUNDS):
                row, decision = self._look(rejected)
                if (access := self._obey(row, decision, rejected)) is not None:
                    return access, False
                if row is None or not mine:
                    break
                if decision.step is TokenStep.SETTLE:
                    self._settle(row)
                elif (access := self._refresh(row)) is not None:
                    return access, True
        raise TryAgain(f"{self.app.connection}: another process is replacing the access token.", after_seconds=5)

    def _settle(self, row: StoredToken) -> None:
        """We hold the lease and somebody else's refresh stands open: its process died, or only lost its lease.

        A living one is over after the endpoint's deadline, in real time: a clock that was put forward must not
        make it look dead.
        """
        if self._unsettled is None or self._unsettled[0] != row.generation:
            self._unsettled = (row.generation, time.monotonic())
        until = self._unsettled[1] + self._endpoint.patience
        while time.monotonic() < until:
            stopping.pause(0.1)
            now = self.store.read()
            if now is None or (now.generation, now.state) != (row.generation, row.state):
                return
        self.store.authorize_again(row.generation, "interrupted")

    def _refresh(self, row: StoredToken) -> str | None:
        """Use the refresh token, once. The access token, or None when the row must be looked at again."""
        if row.refresh is None:
            self.store.authorize_again(row.generation, "no refresh token")
            return None
        secret = self._client_secret().reveal()
        client = self._fingerprint(secret)
        if row.detail.get("client_refused") == client:
            raise self._bad_client("")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": row.refresh.reveal(),
            "client_id": self.app.client_id,
            "client_secret": secret,
        }
        if not self.store.begin_refresh(row.generation):
            return None
        sent_at = self._clock.now()
        try:
            answer = self._endpoint.post(form)
        except NotSent as error:
            self._keep(row, error.message)
            return None
        except AnswerLost:
            self._give_up(row, "answer lost")
            return None
        return self._judged(row, answer, sent_at, client)

    def _judged(self, row: StoredToken, answer: TokenAnswer, sent_at: datetime, client: str) -> str | None:
        verdict = judge(answer, self.app.too_early)
        if verdict is TokenVerdict.NEW_PAIR:
            pair = self._pair(answer, sent_at)
            if not surely(lambda: self.store.store_pair(pair, generation=row.generation, rotates=True, client=client)):
                return None
            self._hold(pair)
            return pair.access.reveal()
        if verdict is TokenVerdict.TOO_EARLY:
            self._keep(row, TOO_EARLY)
        elif verdict is TokenVerdict.BAD_CLIENT:
            surely(lambda: self.store.keep_pair(row.generation, client_refused=client))
            raise self._bad_client(answer.said)
        elif verdict is TokenVerdict.LOST:
            self._give_up(row, "answer lost")
        elif verdict is TokenVerdict.CHAIN_BROKEN:
            self._give_up(row, f"the server said: {answer.said}")
        else:
            because = f"the token endpoint answered {answer.status} {answer.said}".strip()
            self._keep(row, because, after=answer.retry_after)
        return None

    def _keep(self, row: StoredToken, because: str, *, after: float | None = None) -> None:
        failures = int(row.detail.get("failures", 0)) + 1
        now = self._clock.now()
        pause = early_pause(failures) if because == TOO_EARLY else cool_down(failures, after)
        notes = {
            "cooling_from": now.isoformat(),
            "cooling_until": (now + pause).isoformat(),
            "cooling_because": because,
            "failures": failures,
        }
        surely(lambda: self.store.keep_pair(row.generation, **notes))

    def _give_up(self, row: StoredToken, cause: str) -> None:
        surely(lambda: self.store.authorize_again(row.generation, cause))

    def _pair(self, answer: TokenAnswer, sent_at: datetime) -> NewPair:
        return pair_from(
            answer,
            sent_at=sent_at,
            received_at=self._clock.now(),
            default_lifetime=self.app.access_lifetime,
            refresh_lifetime=self.app.refresh_lifetime,
        )

    def _hold(self, pair: NewPair) -> None:
        self._held = Held(pair.access.reveal(), pair.issued_at + timedelta(seconds=self.app.refresh_age_seconds))

    def _tell_companies(self) -> None:
        if self.after_refresh is None:
            return
        row = self.store.read()
        if row is None:
            return
        try:
            facts: dict[str, Any] = {"companies": dict(self.after_refresh()), "companies_error": None}
        except ConnectorError as error:
            facts = {"companies_error": error.message[:300]}
        self.store.note(row.generation, **facts)

    # ------------------------------------------------------------------ authorizing

    def authorize_url(self) -> str:
        """A fresh link to the consent page; good for half an hour, once."""
        return self.app.link(self.store.new_state())

    def exchange_code(self, code: str, state: str) -> None:
        """Finish an authorization that came back to the callback.

        Raises:
            AuthorizationNeeded: the state was not given out, is used or too old, or the server refuses the code.
            TryAgain: the token endpoint cannot be reached. ConfigError: client id or secret is refused.
        """
        if connection_of_state(state) != self.app.connection or not self.store.take_state(state):
            raise AuthorizationNeeded(
                f"{self.app.connection}: this answer belongs to no link of ours, or its link is used or too old.",
                remedy=f"Run `{self.app.command}` and open the new link within half an hour.",
            )
        self._exchange(code)

    def exchange_pasted(self, pasted: str) -> None:
        """Finish with what a person pasted: the code, URL-encoded or not, or the whole address that came back.

        Raises: as `exchange_code`. A bare code needs no state: whoever pastes it is at our terminal.
        """
        text = pasted.strip()
        if not text or len(text) > _MAX_PASTED:
            raise AuthorizationNeeded(
                f"{self.app.connection}: that is not an authorization code.", remedy=self._once_more()
            )
        if "://" not in text:
            self._exchange(unquote(text))
            return
        query = parse_qs(urlsplit(text).query)
        if "code" not in query:
            raise AuthorizationNeeded(f"{self.app.connection}: that address carries no code.", remedy=self._once_more())
        state = query.get("state", [""])[0]
        if state in ("", self.app.connection):
            self._exchange(query["code"][0])
        else:
            self.exchange_code(query["code"][0], state)

    def _exchange(self, code: str) -> None:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.app.redirect_uri,
            "client_id": self.app.client_id,
            "client_secret": self._client_secret().reveal(),
        }
        client = self._fingerprint(form["client_secret"])
        uninterrupted(lambda: self._exchanged(form, client))
        self._tell_companies()

    def _exchanged(self, form: Mapping[str, str], client: str) -> None:
        sent_at = self._clock.now()
        try:
            answer = self._endpoint.post(form)
        except NotSent as error:
            raise TryAgain(f"{self.app.connection}: {error.message}", remedy=self._once_more()) from None
        except AnswerLost as error:
            raise AuthorizationNeeded(f"{self.app.connection}: {error.message}", remedy=self._once_more()) from None
        verdict = judge(answer, self.app.too_early)
        if verdict is TokenVerdict.BAD_CLIENT:
            raise self._bad_client(answer.said)
        if verdict is not TokenVerdict.NEW_PAIR:
            said = answer.said or f"status {answer.status}"
            raise AuthorizationNeeded(
                f"{self.app.connection}: the server gave no token for the code: {said}.",
                remedy=f"{self.app.code_note} {self._once_more()}".strip(),
            )
        pair = self._pair(answer, sent_at)
        surely(lambda: self.store.store_pair(pair, generation=None, client=client))
        self._hold(pair)

    def try_client(self) -> None:
        """See that client id and secret, changed since the server took them, are right: a token says nothing of them.

        Asked with a code that cannot be one, so that the refresh token, which works once, stays as it is. What was
        refused is not asked again before it changes: each answer counts as an error of the app (exact-online 5).

        Raises:
            ConfigError: they are refused. TryAgain: the server does not say.
        """
        row = self.store.read()
        accepted = None if row is None else row.detail.get("client_accepted")
        secret = self._client_secret().reveal()
        client = self._fingerprint(secret)
        if row is None or accepted in (None, client):
            return
        if client in (row.detail.get("client_refused"), row.detail.get("client_tried")):
            raise self._bad_client("")
        form = {
            "grant_type": "authorization_code",
            "code": "no code, a trial",
            "redirect_uri": self.app.redirect_uri,
            "client_id": self.app.client_id,
            "client_secret": secret,
        }
        try:
            answer = self._endpoint.post(form)
        except (NotSent, AnswerLost) as error:
            raise TryAgain(f"{self.app.connection}: {error.message}") from None
        verdict = judge(answer, self.app.too_early)
        if verdict is TokenVerdict.BAD_CLIENT:
            # Not `client_refused`: a refresh decides for itself.
            self.store.note(row.generation, client_tried=client)
            raise self._bad_client(answer.said)
        if verdict is TokenVerdict.CHAIN_BROKEN:
            self.store.note(row.generation, client_accepted=client)

    def _fingerprint(self, secret: str) -> str:
        return self._vault.fingerprint(f"{self.app.client_id}\n{secret}")

    # ------------------------------------------------------------------ telling people

    def needed(self, cause: str) -> AuthorizationNeeded:
        """The request to authorize again, with the exact command and link.

        The link carries no secret state: the callback page it leads to shows the command that finishes.
        """
        link = self.app.link(self.app.connection)
        why = CAUSES.get(cause, cause)
        return AuthorizationNeeded(
            f"{self.app.connection} must be authorized again: {why or 'its token is no longer accepted'}.",
            remedy=f"Run `{self.app.command}`, or open {link} . Nothing is lost; work goes on after it.",
            data={"command": self.app.command, "link": link, "cause": cause},
        )

    def _bad_client(self, said: str) -> ConfigError:
        words = f" ({said})" if said else ""
        return ConfigError(
            f"{self.app.connection}: the server refuses the app's client id or client secret{words}.",
            remedy="Mend client_id or client_secret of the connection; it is not tried again before they change.",
        )

    def _once_more(self) -> str:
        return f"Run `{self.app.command}` for a new link."
