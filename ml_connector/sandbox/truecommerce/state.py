"""All that the simulated service knows: logins, its host key, the tree, settings."""

from dataclasses import dataclass

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.files import Content, Growth
from ml_connector.sandbox.sftp.state import Account, Journal, SftpOptions, SftpState
from ml_connector.sandbox.sftp.tree import File

ACCOUNT = "0123456789"
COMPANY = "Voltwerk Industries & Sons"
USER = "voltwerk"
PASSWORD = "sandbox-truecommerce-password"
#: The same account, whose login starts below the account's folder.
BELOW_USER = "voltwerk-below"


@dataclass
class ServerOptions(SftpOptions):
    """What Transaction Manager adds."""

    purge_days: float = 7.0
    company: str = COMPANY
    account: str = ACCOUNT


class TrueCommerceState(SftpState):
    """The service's memory."""

    system = "truecommerce"
    options: ServerOptions

    def __init__(self, clock: Clock, journal: Journal, options: ServerOptions | None = None) -> None:
        super().__init__(clock, journal, options or ServerOptions())
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

    def reset(self) -> None:
        """Take away every file; accounts, key and settings stay."""
        for folder in (self.export_path, self.import_path):
            self.tree.folder(folder).entries.clear()
