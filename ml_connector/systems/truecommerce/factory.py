"""A TrueCommerce connection from its configuration."""

from collections.abc import Callable

from ml_connector.clock import Clock
from ml_connector.config.connections import TrueCommerceConnection
from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.secrets import Secret, SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.systems.truecommerce.hostkeys import Pin, pin_from, stored_name
from ml_connector.systems.truecommerce.login import Login
from ml_connector.systems.truecommerce.network import TrueCommerceNetwork
from ml_connector.systems.truecommerce.pool import SessionPool


def build_truecommerce(
    name: str, settings: TrueCommerceConnection, *, vault: Vault, secrets: SecretResolver, clock: Clock
) -> TrueCommerceNetwork:
    """The network of a connection. Nothing is called yet."""

    def secret(reference: SecretRef | None) -> Callable[[], Secret] | None:
        if reference is None:
            return None
        return lambda: secrets.resolve(reference, f"the log-in of {name}")

    login = Login(
        connection=name,
        settings=settings,
        password=secret(settings.password),
        private_key=secret(settings.private_key),
        passphrase=secret(settings.private_key_passphrase),
        pin=lambda: accepted_host_key(name, settings, vault),
    )
    return TrueCommerceNetwork(name, settings, SessionPool(login), clock)


def accepted_host_key(name: str, settings: TrueCommerceConnection, vault: Vault) -> Pin:
    """The host key that was accepted for a connection: in the configuration, or by the command."""
    stored = None if settings.host_key_fingerprint else vault.get(stored_name(name))
    return pin_from(settings.host_key_fingerprint, stored.reveal() if stored is not None else None)


def accept_host_key(name: str, key: str, vault: Vault) -> None:
    """Store `ssh-ed25519 SHA256:...` as the one key that the connection's server may show."""
    vault.put(stored_name(name), Secret(key))
