"""Users, their tokens and the token call (cleo 3)."""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.errors import ApiError
from ml_connector.sandbox.cleo.ids import new_id

TOTP_STEP_SECONDS = 30


@dataclass(frozen=True)
class User:
    """An account. `roots` are the folder paths it sees (None: all); `totp_secret` is base 32 (RFC 6238)."""

    username: str
    password: str
    administrator: bool = False
    roots: tuple[str, ...] | None = None
    totp_secret: str | None = None

    def sees(self, path: str) -> bool:
        """True for the user's folders, what is in them, and the folders that lead to them."""
        if self.roots is None or path == "/":
            return True
        return any(path == root or path.startswith(root + "/") or root.startswith(path + "/") for root in self.roots)


@dataclass
class AccountOptions:
    """How logging in behaves. Everything here that Cleo does not document is a switch.

    totp_field: form field that carries the code. basic: HTTP Basic in place of a token, as Harmony allows.
    lockout: after 5 wrong passwords within 60 s the account is refused for 15 minutes (cleo 5).
    """

    token_seconds: float = 3600.0
    give_expires_in: bool = True
    give_refresh_token: bool = True
    refresh_seconds: float = 86400.0
    refresh_single_use: bool = True
    totp_field: str = "totp"
    basic: bool = False
    lockout: bool = False


@dataclass
class _Token:
    username: str
    until: datetime


@dataclass
class Accounts:
    """The users and the tokens that are out."""

    clock: Clock
    users: dict[str, User]
    options: AccountOptions = field(default_factory=AccountOptions)
    logins: int = 0
    refreshes: int = 0
    _access: dict[str, _Token] = field(default_factory=dict)
    _refresh: dict[str, _Token] = field(default_factory=dict)
    _failures: dict[str, list[datetime]] = field(default_factory=dict)

    def grant(self, form: Mapping[str, str]) -> dict[str, object]:
        """Answer the token call. Raises ApiError 400 for an unknown grant, 401 for wrong credentials."""
        kind = form.get("grant_type", "")
        if kind == "password":
            user = self._log_in(form)
            self.logins += 1
        elif kind == "refresh_token":
            user = self._refreshed(form.get("refresh_token", ""))
            self.refreshes += 1
        elif not kind:
            raise ApiError(400, "grant_type is required")
        else:
            raise ApiError(400, f"Unsupported grant_type: {kind[:40]}")
        return self._issue(user)

    def authorize(self, header: str | None, accepted_at: datetime | None = None) -> User:
        """The user of an Authorization header. Raises ApiError 401. accepted_at: when the call arrived."""
        scheme, _, value = (header or "").partition(" ")
        if scheme.lower() == "basic" and self.options.basic:
            return self._basic(value)
        if scheme.lower() != "bearer" or not value:
            raise ApiError(401, "Authentication is required")
        token = self._access.get(value.strip())
        if token is None or (accepted_at or self.clock.now()) >= token.until:
            raise ApiError(401, "The access token is invalid or has expired")
        return self.users[token.username]

    def expire_tokens(self, *, refresh_too: bool = False) -> None:
        """End every access token now (and, if asked for, every refresh token)."""
        self._access.clear()
        if refresh_too:
            self._refresh.clear()

    def add(self, user: User) -> None:
        self.users[user.username] = user

    def _log_in(self, form: Mapping[str, str]) -> User:
        name, password = form.get("username", ""), form.get("password", "")
        user = self.users.get(name)
        self._refuse_locked(name)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            self._failures.setdefault(name, []).append(self.clock.now())
            raise ApiError(401, "The username or password is incorrect")
        if user.totp_secret is not None:
            self._check_code(user.totp_secret, form.get(self.options.totp_field, ""))
        self._failures.pop(name, None)
        return user

    def _refuse_locked(self, name: str) -> None:
        failures = self._failures.get(name, [])
        if not self.options.lockout or len(failures) < 5:
            return
        within = failures[-1] - failures[-5] <= timedelta(seconds=60)
        if within and self.clock.now() < failures[-1] + timedelta(minutes=15):
            raise ApiError(401, "The account is locked")

    def _check_code(self, secret: str, code: str) -> None:
        if not code:
            raise ApiError(401, "A two-factor authentication code is required")
        now = self.clock.now()
        steps = (now - timedelta(seconds=TOTP_STEP_SECONDS), now, now + timedelta(seconds=TOTP_STEP_SECONDS))
        if not any(hmac.compare_digest(totp(secret, moment), code) for moment in steps):
            raise ApiError(401, "The two-factor authentication code is incorrect")

    def _refreshed(self, value: str) -> User:
        token = self._refresh.get(value)
        if token is None or self.clock.now() >= token.until:
            raise ApiError(401, "The refresh token is invalid or has expired")
        if self.options.refresh_single_use:
            del self._refresh[value]
        return self.users[token.username]

    def _issue(self, user: User) -> dict[str, object]:
        now = self.clock.now()
        access = new_id() + new_id()
        self._access[access] = _Token(user.username, now + timedelta(seconds=self.options.token_seconds))
        reply: dict[str, object] = {"access_token": access, "token_type": "bearer"}
        if self.options.give_expires_in:
            reply["expires_in"] = int(self.options.token_seconds)
        if self.options.give_refresh_token:
            refresh = new_id() + new_id()
            self._refresh[refresh] = _Token(user.username, now + timedelta(seconds=self.options.refresh_seconds))
            reply["refresh_token"] = refresh
        return reply

    def _basic(self, value: str) -> User:
        try:
            name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ApiError(401, "Authentication is required") from error
        return self._log_in({"username": name, "password": password})


def totp(secret: str, moment: datetime, digits: int = 6) -> str:
    """The RFC 6238 code (SHA-1, 30 s) of a base-32 secret at that moment."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    counter = struct.pack(">Q", int(moment.timestamp()) // TOTP_STEP_SECONDS)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)
