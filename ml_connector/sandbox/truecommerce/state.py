"""All that the simulated service knows: logins, its host key, the tree, settings."""

import hmac
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.files import Content, Growth
from ml_connector.sandbox.truecommerce.tree import File, Tree

if TYPE_CHECKING:
    import paramiko

ACCOUNT = "0123456789"
COMPANY = "Voltwerk Industries & Sons"
USER = "voltwerk"
PASSWORD = "sandbox-truecommerce-password"
#: The same account, whose login starts below the account's folder.
BELOW_USER = "voltwerk-below"


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
class ServerOptions:
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
    purge_days: float = 7.0
    company: str = COMPANY
    account: str = ACCOUNT


class TrueCommerceState:
    """The service's memory. One thread at a time uses it."""

    def __init__(self, clock: Clock, journal: Journal, options: ServerOptions | None = None) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options or ServerOptions()
        self.tree = Tree(clock, any_case=self.options.any_case)
        self.accounts: dict[str, Account] = {}
        self.logins = 0
        root = f"/{self.options.account}"
        self.add(Account(USER, PASSWORD))
        self.add(Account(BELOW_USER, PASSWORD, home=root))
        for folder in ("Definitions", f"Export/{self.options.company}/Transaction"):
            self.tree.make(f"{root}/IntegrationFTP/{folder}")
        self.tree.make(self.import_path)

    @property
    def export_path(self) -> str:
        return f"/{self.options.account}/IntegrationFTP/Export/{self.options.company}/Transaction"

    @property
    def import_path(self) -> str:
        return f"/{self.options.account}/IntegrationFTP/Import/{self.options.company}/Transaction"

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

    def deliver(
        self,
        name: str,
        content: bytes | Content,
        *,
        growth: Growth | None = None,
        listed_size: int | None = None,
        folder: str = "",
    ) -> File:
        """A file appears in the Export folder."""
        path = folder or self.export_path
        parent = self.tree.folder(path)
        now = self.clock.now()
        kept = bytearray(content) if isinstance(content, bytes) else content
        file = File(kept, now, now, "truecommerce", growth, listed_size)
        parent.entries[name] = file
        self.note("file.exported", path, name, file)
        return file

    def used(self) -> int:
        """Bytes that lie in the import folder."""
        now = self.clock.now()
        return sum(file.size(now) for _, file in self.tree.files(self.import_path))

    def purge(self) -> list[str]:
        """Delete what is older than the purge allows (truecommerce 2). Returns the names."""
        now = self.clock.now()
        gone = []
        for folder in (self.export_path, self.import_path):
            for name, file in self.tree.files(folder):
                if (now - file.changed(now)).total_seconds() >= self.options.purge_days * 86_400:
                    del self.tree.folder(folder).entries[name]
                    self.note("file.purged", folder, name, file)
                    gone.append(name)
        return gone

    def note(self, kind: str, folder: str, name: str, file: File) -> None:
        data = {"folder": folder, "name": name, "size": file.size(self.clock.now()), "owner": file.owner}
        self.journal.write(system="truecommerce", kind=kind, data=data)

    def reset(self) -> None:
        """Take away every file; accounts, key and settings stay."""
        for folder in (self.export_path, self.import_path):
            self.tree.folder(folder).entries.clear()
