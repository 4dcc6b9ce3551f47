"""A Cleo connection from its configuration."""

from ml_connector.clock import Clock
from ml_connector.config.connections import CleoConnection
from ml_connector.credentials.secrets import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.ledger.store import Ledger
from ml_connector.systems.cleo.client import CleoClient, explain_cleo
from ml_connector.systems.cleo.network import CleoNetwork
from ml_connector.transport.auth_password import PasswordLogin, PasswordTokens
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import PathLimiter
from ml_connector.transport.shared_limits import LedgerLimits


def build_cleo(
    name: str,
    settings: CleoConnection,
    *,
    ledger: Ledger,
    vault: Vault,
    secrets: SecretResolver,
    clock: Clock,
) -> CleoNetwork:
    """The network of a connection. Nothing is called yet; call limits are shared with other processes."""
    api = ApiClient(
        name,
        settings.base_url,
        tokens=cleo_tokens(name, settings, ledger=ledger, vault=vault, secrets=secrets),
        limiter=PathLimiter(name, settings.requests_per_second, clock, shared=LedgerLimits(ledger)),
        clock=clock,
        timeout=settings.timeout_seconds,
        max_connections=settings.concurrency + 2,
        explain=explain_cleo,
    )
    return CleoNetwork(name, CleoClient(api, settings), settings)


def cleo_tokens(
    name: str, settings: CleoConnection, *, ledger: Ledger, vault: Vault, secrets: SecretResolver
) -> PasswordTokens:
    """The log-in of a connection, shared by all processes."""
    login = PasswordLogin(
        connection=name,
        token_url=settings.base_url + settings.paths.authentication,
        username=settings.username,
        totp_field=settings.totp_field,
    )
    return PasswordTokens(login, ledger, vault, lambda: secrets.resolve(settings.password, f"the log-in of {name}"))
