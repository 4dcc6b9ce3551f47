"""The authorization of an Exact Online connection, from its configuration (exact-online 1, 2)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.exact_online.settings import REFRESH_FLOOR, ExactOnlineConnection
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.transport.tokens.oauth_app import OAuthApp

#: What is Exact's of the grant (exact-online 2.2 to 2.4).
GRANT: Mapping[str, Any] = {
    "refresh_floor_seconds": REFRESH_FLOOR,
    "access_lifetime": timedelta(seconds=600),
    "refresh_lifetime": timedelta(days=30),
    "consent": {"force_login": "1"},
    "too_early": ("tooearly", "token not expired", "rate limit exceeded"),
    "code_note": "A code works once and for three minutes.",
}


def exact_app(name: str, settings: ExactOnlineConnection) -> OAuthApp:
    """The app registration as the grant needs it."""
    return OAuthApp(
        connection=name,
        authorize_url=f"{settings.base_url}/api/oauth2/auth",
        token_url=f"{settings.base_url}/api/oauth2/token",
        client_id=settings.client_id,
        redirect_uri=settings.redirect_uri,
        refresh_age_seconds=settings.refresh_age_seconds,
        warning=timedelta(days=settings.authorization_warning_days),
        **GRANT,
    )


def exact_tokens(
    name: str,
    settings: ExactOnlineConnection,
    *,
    ledger: Ledger,
    vault: Vault,
    secrets: SecretResolver,
    after_refresh: Callable[[], Mapping[str, Any]] | None = None,
) -> AuthorizationCodeTokens:
    """The tokens of a connection; the client secret is looked up at each use.

    after_refresh may be set later too: it usually needs a client that is made with these tokens.
    """
    return AuthorizationCodeTokens(
        exact_app(name, settings),
        ledger,
        vault,
        lambda: secrets.resolve(settings.client_secret, f"the app of {name}"),
        after_refresh=after_refresh,
    )
