"""The server's key: how it is shown, and whether it is the one that was accepted."""

import hmac
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from ml_connector.errors import AuthorizationNeeded, ConfigError

#: Signature algorithms by the kind of key, for asking a server for the very key that was accepted.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


@dataclass(frozen=True)
class HostKey:
    """A key as `ssh-keygen -l` names it: its kind (empty when not told) and `SHA256:...`."""

    kind: str
    fingerprint: str

    @classmethod
    def of_blob(cls, kind: str, blob: bytes) -> "HostKey":
        """From the key itself, as the server sends it."""
        return cls(kind, "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("="))

    @classmethod
    def of_text(cls, text: str) -> "HostKey":
        """From `SHA256:...` or `ssh-ed25519 SHA256:...`."""
        kind, _, fingerprint = text.strip().rpartition(" ")
        return cls(kind, fingerprint.rstrip("="))

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint}".strip()

    @property
    def algorithms(self) -> tuple[str, ...]:
        """What to ask the server for, so that it shows this kind of key; empty: anything."""
        return _ALGORITHMS.get(self.kind, (self.kind,)) if self.kind else ()

    def same_as(self, other: "HostKey") -> bool:
        return hmac.compare_digest(self.fingerprint, other.fingerprint)


@dataclass(frozen=True)
class Pin:
    """What was accepted for a connection. configured: it stands in the configuration file, not in the store."""

    key: HostKey | None
    configured: bool = False


def check_host_key(connection: str, address: str, pin: Pin, shown: HostKey, operator: str) -> None:
    """Let nothing be sent to a server whose key nobody accepted. operator: who runs it, in a sentence.

    Raises:
        AuthorizationNeeded: unknown or changed; the text holds the command that accepts it.
    """
    if pin.key is not None and pin.key.same_as(shown):
        return
    data = {"shown": str(shown), "accepted": str(pin.key or "")}
    if pin.key is None:
        raise AuthorizationNeeded(
            f"{connection}: the host key of {address} is not known yet: {shown}. Nothing was sent.",
            remedy=f"Compare it with what {operator} said, then run `{accept_command(connection)}`.",
            data=data,
        )
    remedy = f"Ask {operator} whether they changed it. If they did, run `{accept_command(connection)}`."
    if pin.configured:
        remedy = (
            f"Ask {operator} whether they changed it. If they did, write "
            f"host_key_fingerprint: {str(shown)!r} for {connection}, or take the setting out and run "
            f"`{accept_command(connection)}`."
        )
    raise AuthorizationNeeded(
        f"{connection}: the host key of {address} has CHANGED: accepted was {pin.key}, it shows {shown}. "
        "Somebody may stand between. Nothing was sent.",
        remedy=remedy,
        data=data,
    )


def accept_command(connection: str) -> str:
    """What a person types to accept a host key."""
    return f"ml-connector credentials accept-host-key {connection}"


def stored_name(connection: str) -> str:
    """Where an accepted key stands in the credential store."""
    return f"host_key:{connection}"


def pin_from(configured: str, stored: str | None) -> Pin:
    """The accepted key: the configured one before the stored one.

    Raises:
        ConfigError: what is stored is no fingerprint.
    """
    if configured:
        return Pin(HostKey.of_text(configured), configured=True)
    if not stored:
        return Pin(None)
    key = HostKey.of_text(stored)
    if not key.fingerprint.startswith("SHA256:"):
        raise ConfigError("The stored host key is not a fingerprint.", remedy="Accept the host key again.")
    return Pin(key)
