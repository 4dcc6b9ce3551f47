"""Log-ins from the configuration: secrets, the accepted host key, and what is remembered of refusals."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Vault
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.sftp.hostkeys import HostKey, Pin, pin_from, stored_name
from ml_connector.systems.sftp.login import Login, host_key_of
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.sftp.settings import SftpConnection
from ml_connector.systems.system import HostKeys, Parts

#: A log-in that was refused is not tried again for so long, unless its secret changes or a person asks.
REFUSED_FOR = timedelta(minutes=15)


def session_pool(name: str, settings: SftpConnection, parts: Parts) -> SessionPool:
    """The sessions of a connection. Nothing is called yet."""

    def secret(reference: SecretRef | None) -> Callable[[], Secret] | None:
        if reference is None:
            return None
        return lambda: parts.secrets.resolve(reference, f"the log-in of {name}")

    password, private_key = secret(settings.password), secret(settings.private_key)

    def mark() -> str:
        """Tells whether the credentials are still those that were refused; nothing can be guessed from it."""
        known = [settings.username, *(one().reveal() for one in (password, private_key) if one is not None)]
        return parts.vault.fingerprint("\n".join(known))

    login = Login(
        connection=name,
        settings=settings,
        password=password,
        private_key=private_key,
        passphrase=secret(settings.private_key_passphrase),
        pin=lambda: accepted_host_key(name, settings, parts.vault),
        refusals=KeptRefusals(parts.ledger, f"{name}:login_refused", mark),
    )
    return SessionPool(login)


@dataclass(frozen=True)
class KeptRefusals:
    """The last refusal, in the ledger, for all processes (login.Refusals)."""

    ledger: Ledger
    position: str
    mark: Callable[[], str]

    def standing(self) -> str:
        with self.ledger.read() as tx:
            stored = cursors.get(tx, self.position)
        if not stored:
            return ""
        kept = json.loads(stored)
        at = datetime.fromisoformat(kept["at"])
        age = self.ledger.clock.now() - at
        if not timedelta(0) <= age < REFUSED_FOR or kept["mark"] != self.mark():
            return ""
        return f"the log-in was refused at {at:%H:%M} UTC, and is not tried again before {at + REFUSED_FOR:%H:%M}."

    def note(self, message: str) -> None:
        kept = {"at": self.ledger.clock.now().isoformat(), "mark": self.mark(), "message": message}
        with self.ledger.write() as tx:
            cursors.put(tx, self.position, json.dumps(kept))

    def clear(self) -> None:
        with self.ledger.read() as tx:
            stored = cursors.get(tx, self.position)
        if stored:
            with self.ledger.write() as tx:
                cursors.put(tx, self.position, "")


def accepted_host_key(name: str, settings: SftpConnection, vault: Vault) -> Pin:
    """The host key that was accepted for a connection: in the configuration, or by the command."""
    stored = None if settings.host_key_fingerprint else vault.get(stored_name(name))
    return pin_from(settings.host_key_fingerprint, stored.reveal() if stored is not None else None)


def accept_host_key(name: str, key: str, vault: Vault) -> None:
    """Store `ssh-ed25519 SHA256:...` as the one key that the connection's server may show."""
    vault.put(stored_name(name), Secret(key))


def host_keys_of(name: str, settings: SftpConnection, parts: Parts) -> HostKeys:
    """For the person who accepts the server's key."""
    pin = accepted_host_key(name, settings, parts.vault)
    return HostKeys(
        address=settings.address,
        accepted=str(pin.key or ""),
        configured=pin.configured,
        shown=lambda: str(host_key_of(name, settings, pin)),
        same=lambda one, other: HostKey.of_text(one).same_as(HostKey.of_text(other)),
        accept=lambda key: accept_host_key(name, key, parts.vault),
    )
