"""How calls are authenticated: the sheet's variants A to D (avidxchange 2)."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import quote, quote_plus

from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.secrets import Secret
from ml_connector.errors import WeAreWrong
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.system import Parts
from ml_connector.transport.authentication import (
    Authentication,
    BearerToken,
    Credentials,
    StaticHeaders,
    Together,
)
from ml_connector.transport.tokens.endpoint import TokenEndpoint
from ml_connector.transport.tokens.password import PasswordLogin, PasswordTokens


class GatewayKey:
    """The key of the gateway, which stands in a header of every call, the log-in's too."""

    def __init__(self, header: str, reveal: Callable[[], Secret]) -> None:
        self._header = header
        self._reveal = reveal

    def headers(self) -> Mapping[str, str]:
        return {self._header: f"Bearer {self._reveal().reveal()}"}

    def credentials(self) -> Credentials:
        return Credentials(headers=self.headers(), secrets=(self._reveal().reveal(),))

    def refused(self, used: Credentials) -> Credentials | None:
        """Another one, where somebody has changed it since."""
        now = self.credentials()
        return now if now.secrets != used.secrets else None


class AlsoHidden:
    """Secrets of the log-in, which no error of any call may repeat: a reply may echo them (avidxchange 2)."""

    def __init__(self, *reveals: Callable[[], Secret]) -> None:
        self._reveals = reveals

    def credentials(self) -> Credentials:
        plain = [reveal().reveal() for reveal in self._reveals]
        shapes = (
            shape for one in plain for shape in (one, quote(one, safe=""), quote_plus(one), json.dumps(one)[1:-1])
        )
        return Credentials(secrets=tuple(dict.fromkeys(shapes)))

    def refused(self, used: Credentials) -> None:
        """There are no others."""


def authentication_of(name: str, settings: AvidXchangeConnection, parts: Parts) -> Authentication:
    """What authenticates the calls of a connection. Nothing is called yet."""
    if settings.login == "static_tokens":
        return StaticHeaders(
            {
                settings.access.company_header: _reveal(name, settings.company_token, "company token", parts),
                settings.access.user_header: _reveal(name, settings.user_token, "user token", parts),
            }
        )
    bearer = BearerToken(tokens_of(name, settings, parts), header=settings.token_header)
    hidden = AlsoHidden(_reveal(name, _login_secret(settings), "log-in", parts))
    if settings.login != "dual_bearer":
        return Together(bearer, hidden)
    return Together(_gateway(name, settings, parts), bearer, hidden)


def _login_secret(settings: AvidXchangeConnection) -> SecretRef | None:
    return settings.client_secret if settings.login == "client_credentials" else settings.password


def tokens_of(name: str, settings: AvidXchangeConnection, parts: Parts) -> PasswordTokens:
    """The log-in of a connection, shared by all processes; its tokens end by age, or when the server says so."""
    by_client = settings.login == "client_credentials"
    login = PasswordLogin(
        connection=name,
        token_url=settings.base_url + settings.token_path,
        username=settings.client_id if by_client else settings.username,
        grant="client_credentials" if by_client else "password",
        more=(lambda: {"scope": settings.scope}) if settings.scope else None,
        # A life that the answer does not tell (avidxchange 2).
        lifetime=timedelta(minutes=settings.access.token_minutes),
    )
    headers = _gateway(name, settings, parts).headers if settings.login == "dual_bearer" else None
    endpoint = TokenEndpoint(login.token_url, clock=parts.clock, headers=headers)
    secret = _reveal(name, _login_secret(settings), "log-in", parts)
    return PasswordTokens(login, parts.ledger, parts.vault, secret, endpoint=endpoint)


def _gateway(name: str, settings: AvidXchangeConnection, parts: Parts) -> GatewayKey:
    return GatewayKey(settings.access.gateway_header, _reveal(name, settings.gateway_key, "gateway key", parts))


def _reveal(name: str, reference: SecretRef | None, what: str, parts: Parts) -> Callable[[], Secret]:
    if reference is None:
        raise WeAreWrong(f"{name}: {what} without a secret; the settings' own rule")
    return lambda: parts.secrets.resolve(reference, f"the {what} of {name}")
