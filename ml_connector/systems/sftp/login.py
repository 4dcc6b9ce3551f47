"""Opening the connection: the server shows its key first, and only one that was accepted is told who we are."""

import io
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol

from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.secrets import Secret
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, TryAgain
from ml_connector.systems.sftp.hostkeys import HostKey, Pin, check_host_key
from ml_connector.systems.sftp.settings import SftpConnection
from ml_connector.transport.safe_names import clean_name

if TYPE_CHECKING:
    import paramiko

#: paramiko writes tracebacks of every connection that breaks; what matters of it stands in our errors.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
AGAIN_SECONDS = 60.0


class Refusals(Protocol):
    """What is remembered of log-ins that were refused, so that nobody's account is locked by asking on and on."""

    def standing(self) -> str:
        """Why no log-in should be tried now; empty when one may be."""
        ...

    def note(self, message: str) -> None: ...

    def clear(self) -> None: ...


class NoRefusals:
    """Remembers nothing."""

    def standing(self) -> str:
        return ""

    def note(self, message: str) -> None:
        """Forgotten at once."""

    def clear(self) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class Login:
    """Who logs in and where. The secrets and the accepted host key are read when a connection is opened."""

    connection: str
    settings: SftpConnection
    password: Callable[[], Secret] | None
    private_key: Callable[[], Secret] | None
    passphrase: Callable[[], Secret] | None
    pin: Callable[[], Pin]
    refusals: Refusals = field(default_factory=NoRefusals)


def connect(login: Login) -> "paramiko.Transport":
    """A connection that is logged in, with keep-alive.

    Raises:
        AuthorizationNeeded: the host key is unknown or changed, or the log-in is refused.
        TryAgain: the server cannot be reached, or is no SSH server. ConfigError: the private key is unusable.
    """
    if standing := login.refusals.standing():
        raise AuthorizationNeeded(
            f"{login.connection}: {standing}",
            remedy=f"Mend the credentials; `ml-connector check {login.connection}` tries at once.",
        )
    pin = login.pin()
    transport = _shaken_hands(login.connection, login.settings, pin)
    try:
        check_host_key(login.connection, login.settings.address, pin, _shown(transport), login.settings.operator)
        _log_in(login, transport)
    except BaseException as error:
        transport.close()
        if isinstance(error, LogInRefused):
            login.refusals.note(error.message)
        raise
    login.refusals.clear()
    transport.set_keepalive(login.settings.keepalive_seconds)
    return transport


def host_key_of(connection: str, settings: SftpConnection, pin: Pin | None = None) -> HostKey:
    """The key that the server shows. Nothing is told to it.

    Raises:
        TryAgain: it cannot be reached, or is no SSH server.
    """
    transport = _shaken_hands(connection, settings, pin or Pin(None))
    try:
        return _shown(transport)
    finally:
        transport.close()


def _shaken_hands(connection: str, settings: SftpConnection, pin: Pin) -> "paramiko.Transport":
    """A connection with agreed keys, nobody logged in. A server with several keys is asked for the accepted one."""
    import paramiko

    transport = _opened(connection, settings)
    if pin.key is not None and (wanted := _first(transport, pin.key)):
        transport.get_security_options().key_types = wanted
    failed: Exception | None = None
    try:
        transport.start_client(timeout=settings.timeout_seconds)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        transport.close()
        raise _nothing_in_common(connection, settings, transport, error) from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        failed = error
    # paramiko's own timeout ends without a word.
    if failed is None and transport.is_active() and transport.initial_kex_done:
        return transport
    transport.close()
    if failed is None or isinstance(failed, TimeoutError) or "timeout" in str(failed).lower():
        message = f"{connection}: {settings.address} does not answer in time."
        raise TryAgain(message, after_seconds=AGAIN_SECONDS)
    raise TryAgain(
        f"{connection}: {settings.address} does not agree on an SSH connection ({_short(failed)}).",
        after_seconds=AGAIN_SECONDS,
        remedy="See that host and port are those of SFTP; plain FTP and FTPS answer differently.",
    )


#: What a negotiation is about, by the words paramiko has for it: our words, its list of ours, the server's list.
_NEGOTIATED = {
    "kex": ("key exchange", "kex", "kex_algo_list"),
    "host key": ("host key", "key_types", "server_key_algo_list"),
    "cipher": ("cipher", "ciphers", "server_encrypt_algo_list"),
    "mac": ("MAC", "digests", "server_mac_algo_list"),
}


def _nothing_in_common(
    connection: str, settings: SftpConnection, transport: "paramiko.Transport", error: Exception
) -> ConfigError:
    """The server is one of SFTP, and speaks none of the algorithms that we do: waiting does not mend that."""
    words = str(error).lower()
    what, mine, offered = next(
        (told for sign, told in _NEGOTIATED.items() if sign in words),
        ("algorithm", "ciphers", "server_encrypt_algo_list"),
    )
    ours = ", ".join(getattr(transport.get_security_options(), mine))
    theirs = ", ".join(getattr(transport, "offered", {}).get(offered, ()))
    return ConfigError(
        f"{connection}: {settings.address} and this client have no {what} algorithm in common. "
        f"It offers {clean_name(theirs)[:300] or 'none that is known'}.",
        remedy=f"Have the server allow one of ours: {ours[:400]}.",
    )


def _opened(connection: str, settings: SftpConnection) -> "paramiko.Transport":

    try:
        connected = socket.create_connection((settings.host, settings.port), timeout=settings.timeout_seconds)
    except OSError as error:
        raise TryAgain(
            f"{connection}: {settings.address} cannot be reached ({_short(error)}).",
            after_seconds=AGAIN_SECONDS,
            remedy="See that host and port are right, and that DNS and firewall let it through.",
        ) from None
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = _transport_class()(connected)
    transport.banner_timeout = settings.timeout_seconds
    transport.auth_timeout = settings.timeout_seconds
    transport.channel_timeout = settings.timeout_seconds
    return transport


@cache
def _transport_class() -> "type[paramiko.Transport]":
    """paramiko's, which also keeps what the server offered: for whoever has to find out why nothing fits."""
    import paramiko

    class Transport(paramiko.Transport):
        offered: dict[str, list[str]] = {}  # noqa: RUF012 - replaced, never changed

        def _really_parse_kex_init(self, message: paramiko.Message, **more: bool) -> dict[str, list[str]]:
            self.offered = super()._really_parse_kex_init(message, **more)  # type: ignore[misc]
            return self.offered

    return Transport


def _first(transport: "paramiko.Transport", key: HostKey) -> tuple[str, ...]:
    """The algorithms of the accepted kind of key first, the others after them."""
    known = tuple(transport.get_security_options().key_types)
    mine = tuple(name for name in key.algorithms if name in known)
    return (*mine, *(name for name in known if name not in mine)) if mine else ()


def _shown(transport: "paramiko.Transport") -> HostKey:
    key = transport.get_remote_server_key()
    return HostKey.of_blob(key.get_name(), key.asbytes())


def _log_in(login: Login, transport: "paramiko.Transport") -> None:
    import paramiko

    settings = login.settings
    try:
        left: list[str] = []
        if login.private_key is not None:
            left = transport.auth_publickey(settings.username, _key(login))
        if login.password is not None and (login.private_key is None or left):
            left = transport.auth_password(settings.username, login.password().reveal())
        if not transport.is_authenticated():
            raise _refused(login, f"it wants more: {', '.join(left)[:80]}")
    except ConnectorError:
        raise
    except paramiko.BadAuthenticationType as error:
        raise _refused(login, f"it allows {', '.join(error.allowed_types)[:80] or 'nothing'}") from None
    except paramiko.AuthenticationException as error:
        # A connection that breaks, or a server that is slow, refuses nobody.
        if any(sign in str(error).lower() for sign in ("timeout", "eof", "shut down")):
            raise _broke_off(login, error) from None
        raise _refused(login, "wrong user name, password or key") from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        # The server answered a password by asking for a new one, which paramiko takes for a question out of place.
        if "illegal info request" in str(error).lower():
            raise _refused(login, "the password has expired: it wants a new one") from None
        raise _broke_off(login, error) from None


class LogInRefused(AuthorizationNeeded):
    """The server does not let us in with what we have."""


def _refused(login: Login, why: str) -> LogInRefused:
    settings = login.settings
    names = [f"`ml-connector credentials set {ref.store}`" for ref in _secrets(settings) if ref.store]
    how = " or ".join(names) or f"mend {' and '.join(str(ref) for ref in _secrets(settings))}"
    return LogInRefused(
        f"{login.connection}: {settings.address} refused the log-in of {settings.username} ({why}).",
        remedy=f"Ask {settings.operator} for the login, then: {how}.",
    )


def turned_away(login: Login, said: str) -> LogInRefused:
    """The server took the password and let nobody do anything: one that has expired, an account that is closed."""
    words = said.lower()
    expired = "password" in words and any(sign in words for sign in ("expire", "change", "new password"))
    why = "the password has expired" if expired else "the log-in is good, and no session is given"
    if not said:
        why += ": the password may have expired, or the account may not use SFTP"
    refused = _refused(login, f"{why}; it says: {said}" if said else why)
    login.refusals.note(refused.message)
    return refused


def _secrets(settings: SftpConnection) -> list[SecretRef]:
    return [reference for reference in (settings.password, settings.private_key) if reference is not None]


def _broke_off(login: Login, error: Exception) -> TryAgain:
    return TryAgain(
        f"{login.connection}: {login.settings.address} broke off during the log-in ({_short(error)}).",
        after_seconds=AGAIN_SECONDS,
    )


def _key(login: Login) -> "paramiko.PKey":
    """The private key, whatever its kind.

    Raises:
        ConfigError: it is none, or its passphrase is missing or wrong. The text holds nothing of it.
    """
    import paramiko

    if login.private_key is None:
        raise ConfigError(f"{login.connection}: there is no private key.")
    text = login.private_key().reveal()
    phrase = login.passphrase().reveal() if login.passphrase is not None else None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), phrase)
        except paramiko.PasswordRequiredException:
            raise ConfigError(
                f"{login.connection}: the private key is encrypted.", remedy="Name its private_key_passphrase."
            ) from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise ConfigError(
        f"{login.connection}: the private key cannot be read.",
        remedy="Give an Ed25519, ECDSA or RSA key in OpenSSH or PEM form, and the right passphrase.",
    )


def _short(error: Exception) -> str:
    """What kind of trouble it was; texts of the server are not repeated."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
