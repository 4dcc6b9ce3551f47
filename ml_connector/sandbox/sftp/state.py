"""Who may log in at the server, its host key, and its tree."""

import hmac
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from ml_connector.clock import Clock
from ml_connector.sandbox.sftp.tree import File, Tree

if TYPE_CHECKING:
    import paramiko


class Journal(Protocol):
    """Where committed writes are noted."""

    def write(self, *, system: str, kind: str, data: dict[str, Any]) -> None: ...


@dataclass
class Account:
    """home: where the login starts and what it cannot leave. keys: public keys that are allowed, as `kind base64`."""

    username: str
    password: str | None
    home: str = "/"
    keys: set[str] = field(default_factory=set)


@dataclass
class SftpOptions:
    """Settings that can be changed while it runs.

    rename, remove, write: switches for servers that refuse it. quota: bytes that fit. max_sessions: over one
    connection. any_case: the server itself finds names whatever their case.
    """

    rename: bool = True
    remove: bool = True
    write: bool = True
    login: bool = True
    quota: int | None = None
    max_sessions: int = 10
    any_case: bool = False


class SftpState:
    """The server's memory. One thread at a time uses it. system: the stand-in's name, in the journal and for faults."""

    system: str
    options: SftpOptions

    def __init__(self, clock: Clock, journal: Journal, options: SftpOptions) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options
        self.tree = Tree(clock, any_case=options.any_case)
        self.accounts: dict[str, Account] = {}
        self.logins = 0

    def used(self) -> int:
        """Bytes that count against the quota."""
        return 0

    def add(self, account: Account) -> None:
        self.accounts[account.username] = account

    @cached_property
    def host_key(self) -> "paramiko.PKey":
        """Made anew for every sandbox."""
        import paramiko

        return paramiko.ECDSAKey.generate()

    def change_host_key(self) -> str:
        """As if another server answered; the new fingerprint."""
        self.__dict__.pop("host_key", None)
        return self.fingerprint

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        from base64 import b64encode

        return "SHA256:" + b64encode(sha256(self.host_key.asbytes()).digest()).decode().rstrip("=")

    def allows_password(self, username: str, password: str) -> bool:
        account = self.accounts.get(username)
        if account is None or account.password is None or not self.options.login:
            return False
        return hmac.compare_digest(account.password, password)

    def allows_key(self, username: str, key: str) -> bool:
        account = self.accounts.get(username)
        return account is not None and self.options.login and key in account.keys

    def note(self, kind: str, folder: str, name: str, file: File) -> None:
        data = {"folder": folder, "name": name, "size": file.size(self.clock.now()), "owner": file.owner}
        self.journal.write(system=self.system, kind=kind, data=data)
