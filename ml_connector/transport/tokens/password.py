"""The password grant with a token that all processes share.

A refresh token is used when there is one, else we log in again; nothing is ever lost by that. What must not happen
is hammering: a password that was refused is not tried again before it changes (cleo 5: five failures lock an
account for 15 minutes), and there are only so many log-ins a minute.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ml_connector.clock import CLOCK_DOUBT
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import NewPair, StoredToken, TokenState, TokenStore
from ml_connector.credentials.vault import Vault
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, TryAgain
from ml_connector.ledger.database.store import Ledger
from ml_connector.transport.tokens.endpoint import AnswerLost, NotSent, TokenAnswer, TokenEndpoint, usable_token
from ml_connector.transport.tokens.sources import Held, pair_from, surely, token_lease, uninterrupted

_IF_IT_LASTS = "If it lasts, look at base_url and paths.authentication of the connection."
_TOTP_WORDS = ("totp", "two-factor", "two factor", "2fa", "authenticator", "verification code", "one-time", "one time")
_LOCKED_WORDS = ("locked", "lockout", "locked out", "too many failed")
LOCK_OUT = timedelta(minutes=15)
_LONGEST_LOCK = (LOCK_OUT + CLOCK_DOUBT).total_seconds()
_MINUTE = timedelta(minutes=1)
_REVALIDATE = timedelta(seconds=30)


@dataclass(frozen=True)
class PasswordLogin:
    """An account. totp_field: the form field of a one-time code (cleo 3: its name is assumed).

    logins_per_minute: over all processes; more than that means that something is wrong with the tokens. more: what
    goes into every form beside the account, as an application's id and secret. grant: client_credentials where the
    account is an application, its id and secret. lifetime: of a token whose answer tells none; None: a 401 tells.
    """

    connection: str
    token_url: str
    username: str
    totp_field: str = "totp"
    logins_per_minute: int = 20
    more: Callable[[], Mapping[str, str]] | None = None
    grant: Literal["password", "client_credentials"] = "password"
    lifetime: timedelta | None = None

    def form(self, secret: str) -> dict[str, str]:
        """What a log-in posts."""
        if self.grant == "client_credentials":
            return {"grant_type": self.grant, "client_id": self.username, "client_secret": secret}
        return {"grant_type": self.grant, "username": self.username, "password": secret}


class PasswordTokens:
    """TokenSource of one account. One object may serve many threads; all processes share one log-in.

    end_former: for servers where a log-in is a session that takes a place; it ends the one of the stored token before
    another is begun.
    """

    def __init__(
        self,
        login: PasswordLogin,
        ledger: Ledger,
        vault: Vault,
        password: Callable[[], Secret],
        *,
        endpoint: TokenEndpoint | None = None,
        end_former: Callable[[StoredToken], None] = lambda _row: None,
    ) -> None:
        self.login = login
        self._end_former = end_former
        self.store = TokenStore(ledger, vault, login.connection)
        self._ledger = ledger
        self._clock = ledger.clock
        self._vault = vault
        self._password = password
        self._endpoint = endpoint or TokenEndpoint(login.token_url, clock=ledger.clock)
        self._lock = threading.Lock()
        self._held: Held | None = None

    def token(self) -> str:
        """A token that is not known to have expired; logs in when there is none.

        Raises:
            AuthorizationNeeded: wrong password (remembered until it changes) or an account with two-factor log-in.
            TryAgain: the server is away, the account is locked for a while, or too many log-ins were made.
            ConfigError: the password is missing, or the address is not that of the API.
        """
        held = self._held
        if held is not None and self._clock.now() < held.until:
            return held.access
        return self._next(None)

    def rejected(self, token: str) -> str:
        """The server answered 401 to `token`: the one that replaced it, or a new one. Raises: as `token()`."""
        return self._next(token)

    def log_in_with_code(self, code: str) -> None:
        """Log in with a one-time code that a person typed. It helps until the token ends; a service account lasts."""
        uninterrupted(lambda: self._log_in(self.store.read(), code))

    def try_log_in(self) -> None:
        """Log in with what is stored, whatever token there is: a token from before says nothing about a new password.

        A password that was refused is not tried again before it changes. Raises: as `token()`.
        """
        with self._lock:
            uninterrupted(self._tried)

    def _tried(self) -> str:
        with token_lease(self._ledger, self.login.connection, self._endpoint.patience) as mine:
            if not mine:
                raise TryAgain(f"{self.login.connection}: another process is logging in.", after_seconds=5)
            return self._log_in(self.store.read(), None)

    def _next(self, rejected: str | None) -> str:
        with self._lock:
            if rejected is not None and self._held is not None and self._held.access == rejected:
                self._held = None
            if (access := self._usable(self.store.read(), rejected)) is not None:
                return access
            return uninterrupted(lambda: self._replaced(rejected))

    def _usable(self, row: StoredToken | None, rejected: str | None) -> str | None:
        now = self._clock.now()
        if row is None or row.access is None or not row.alive(now) or row.access == rejected:
            return None
        until = now + _REVALIDATE if row.expires_at is None else row.expires_at
        self._held = Held(row.access.reveal(), until)
        return self._held.access

    def _replaced(self, rejected: str | None) -> str:
        name = self.login.connection
        with token_lease(self._ledger, name, self._endpoint.patience) as mine:
            row = self.store.read()
            if (access := self._usable(row, rejected)) is not None:
                return access
            if not mine:
                raise TryAgain(f"{name}: another process is logging in.", after_seconds=5)
            if row is not None and (access := self._refreshed(row)) is not None:
                return access
            return self._log_in(row, None)

    def _refreshed(self, row: StoredToken) -> str | None:
        """Try the refresh token once; None when there is none, it was begun before, or it is refused."""
        if row.refresh is None or row.state is not TokenState.VALID or not self.store.begin_refresh(row.generation):
            return None
        more = {name: value for name, value in self._more().items() if name != "scope"}
        form = {**more, "grant_type": "refresh_token", "refresh_token": row.refresh.reveal()}
        sent_at = self._clock.now()
        try:
            answer = self._endpoint.post(form)
        except (NotSent, AnswerLost):
            return None
        if answer.status != 200 or not usable_token(answer.fields.get("access_token")):
            return None
        return self._stored(answer, sent_at, row.generation)

    def _log_in(self, row: StoredToken | None, code: str | None) -> str:
        password = self._password().reveal()
        more = self._more()
        credentials = self._vault.fingerprint("\n".join([self.login.username, password, *more.values()]))
        if row is not None and code is None:
            self._check_memory(row, credentials)
        self._check_budget()
        if row is not None and row.access is not None:
            self._end_former(row)
        form = {**more, **self.login.form(password)}
        if code is not None:
            form[self.login.totp_field] = code
        sent_at = self._clock.now()
        try:
            answer = self._endpoint.post(form)
        except (NotSent, AnswerLost) as error:
            raise TryAgain(f"{self.login.connection}: {error.message}", after_seconds=10, remedy=_IF_IT_LASTS) from None
        if answer.status == 200 and usable_token(answer.fields.get("access_token")):
            return self._stored(answer, sent_at, None)
        raise self._refused(answer, credentials)

    def _more(self) -> Mapping[str, str]:
        return self.login.more() if self.login.more is not None else {}

    def _stored(self, answer: TokenAnswer, sent_at: datetime, generation: int | None) -> str:
        pair = pair_from(
            answer,
            sent_at=sent_at,
            received_at=self._clock.now(),
            default_lifetime=self.login.lifetime,  # a missing expires_in may be unknown: 401 tells then (cleo 3)
            refresh_lifetime=None,
        )
        forget = ("login_refused", "locked_until")
        surely(lambda: self.store.store_pair(pair, generation=generation, forget=forget))
        self._remember(pair)
        return pair.access.reveal()

    def _remember(self, pair: NewPair) -> None:
        self._held = Held(pair.access.reveal(), pair.expires_at or self._clock.now() + _REVALIDATE)

    def _check_memory(self, row: StoredToken, credentials: str) -> None:
        refused = row.detail.get("login_refused")
        if isinstance(refused, dict) and refused.get("credentials") == credentials:
            raise self._needed(str(refused.get("why")), str(refused.get("said", "")))
        locked = row.moment("locked_until")
        # A lock that would last longer than any was noted by a clock that ran ahead.
        if locked is not None and 0 < (left := (locked - self._clock.now()).total_seconds()) <= _LONGEST_LOCK:
            raise TryAgain(f"{self.login.connection}: the account is locked for a while.", after_seconds=left)

    def _check_budget(self) -> None:
        now = self._clock.now()
        recent = self.store.add_list("logins", now.isoformat(), keep=self.login.logins_per_minute + 1)
        within = [moment for moment in recent if -CLOCK_DOUBT <= now - datetime.fromisoformat(moment) < _MINUTE]
        if len(within) > self.login.logins_per_minute:
            raise TryAgain(
                f"{self.login.connection}: {self.login.logins_per_minute} log-ins within a minute; the server does "
                "not accept the tokens it gives.",
                after_seconds=60,
                remedy="Look at the account's rights: some servers answer 401 to what an account may not do.",
            )

    def _refused(self, answer: TokenAnswer, credentials: str) -> ConnectorError:
        name, said = self.login.connection, answer.said
        lower = said.lower()
        if answer.status in (400, 401, 403):
            if any(word in lower for word in _LOCKED_WORDS):
                self._note(locked_until=(self._clock.now() + LOCK_OUT).isoformat())
                return TryAgain(
                    f"{name}: the account is locked ({said}).",
                    after_seconds=LOCK_OUT.total_seconds(),
                    remedy="Somebody tries wrong passwords on it, or wait 15 minutes.",
                )
            why = "totp" if any(word in lower for word in _TOTP_WORDS) else "password"
            if answer.error == "invalid_client":
                why = "client"
            self._note(login_refused={"credentials": credentials, "why": why, "said": said})
            return self._needed(why, said)
        if answer.status in (404, 405) or 300 <= answer.status < 400:
            return ConfigError(
                f"{name}: {self.login.token_url} answered {answer.status}: this is not the log-in of the API.",
                remedy="Mend base_url or paths.authentication of the connection.",
            )
        what = said or answer.content_type or "nothing readable"
        return TryAgain(
            f"{name}: the log-in was answered with {answer.status} ({what}), and with no token.",
            after_seconds=answer.retry_after or 10,
            remedy=_IF_IT_LASTS,
        )

    def _note(self, **detail: object) -> None:
        row = self.store.read()
        if row is not None:
            self.store.note(row.generation, **detail)

    def _needed(self, why: str, said: str) -> AuthorizationNeeded:
        name, user = self.login.connection, self.login.username
        words = f" ({said})" if said else ""
        if why == "totp":
            return AuthorizationNeeded(
                f"{name}: the account {user!r} asks for a two-factor code{words}.",
                remedy="Use a service account whose group has two-factor authentication off "
                "(privileges.twoFactorAuthentication.enabled: false); a connector cannot read codes from a phone.",
                data={"why": why},
            )
        if why == "client":
            return AuthorizationNeeded(
                f"{name}: the server refuses the application itself{words}.",
                remedy="Correct client_id and the secret that client_secret refers to; they are not tried again "
                "before.",
                data={"why": why},
            )
        return AuthorizationNeeded(
            f"{name}: the server refuses the user name or password of {user!r}{words}.",
            remedy="Correct the password that the connection refers to; it is not tried again before it changes, "
            "so that the account is not locked.",
            data={"why": why},
        )
