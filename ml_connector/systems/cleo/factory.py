"""A Cleo connection from its configuration."""

from ml_connector.systems.cleo.client import CleoClient, explain_cleo
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.systems.system import Parts
from ml_connector.transport.authentication import BearerToken
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import PathLimiter
from ml_connector.transport.tokens.password import PasswordLogin, PasswordTokens


def build_cleo(name: str, settings: CleoConnection, parts: Parts) -> CleoMailbox:
    """The network of a connection. Nothing is called yet; call limits are shared with other processes."""
    api = ApiClient(
        name,
        settings.base_url,
        authentication=BearerToken(cleo_tokens(name, settings, parts)),
        limiter=PathLimiter(name, settings.requests_per_second, parts.clock, shared=parts.limits),
        clock=parts.clock,
        timeout=settings.timeout_seconds,
        longest=settings.longest_call,
        max_connections=settings.concurrency + 2,
        explain=explain_cleo,
    )
    return CleoMailbox(name, CleoClient(api, settings), settings)


def cleo_tokens(name: str, settings: CleoConnection, parts: Parts) -> PasswordTokens:
    """The log-in of a connection, shared by all processes."""
    login = PasswordLogin(
        connection=name,
        token_url=settings.base_url + settings.paths.authentication,
        username=settings.username,
        totp_field=settings.totp_field,
    )
    return PasswordTokens(
        login, parts.ledger, parts.vault, lambda: parts.secrets.resolve(settings.password, f"the log-in of {name}")
    )
