"""All that the simulated Cleo knows: accounts, folders, events, administration, settings."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args

from ml_connector.clock import Clock
from ml_connector.sandbox.cleo.accounts import AccountOptions, Accounts, User
from ml_connector.sandbox.cleo.admin import Administration
from ml_connector.sandbox.cleo.events import Event, EventLog
from ml_connector.sandbox.cleo.files import Content, Growth, StoredFile
from ml_connector.sandbox.cleo.folders import Folder, FolderStore
from ml_connector.sandbox.cleo.limiter import LimitOptions, PathLimiter

SERVICE_USER = "svc-mlconnector"
SERVICE_PASSWORD = "sandbox-cleo-password"
TOTP_USER = "totp-user"
TOTP_PASSWORD = "sandbox-totp-password"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"
MAILBOX_USER = "mailbox-northwind"
MAILBOX_PASSWORD = "sandbox-mailbox-password"
ListingOrder = Literal["oldest_first", "newest_first", "name"]
LISTING_ORDERS: tuple[ListingOrder, ...] = get_args(ListingOrder)
DEFAULT_PARTNERS = ("NORTHWIND", "ACME", "BRIGHTLINE")


#: Called after an account has uploaded or moved a file to a folder.
Listener = Callable[[Folder, StoredFile], None]


class Journal(Protocol):
    """Where committed writes are noted."""

    def write(self, *, system: str, kind: str, data: dict[str, Any]) -> None: ...


@dataclass
class CleoOptions:
    """Settings of the stand-in; all can be changed while it runs.

    page_size: resources a collection gives when no count is asked for. max_page_size: the most it gives.
    order: how files are listed. list_upload_folders: whether an account may list what it uploaded.
    """

    accounts: AccountOptions = field(default_factory=AccountOptions)
    limits: LimitOptions = field(default_factory=LimitOptions)
    page_size: int = 100
    max_page_size: int = 100
    max_upload_bytes: int = 500_000_000
    order: ListingOrder = "oldest_first"
    list_upload_folders: bool = True
    partners: tuple[str, ...] = DEFAULT_PARTNERS


class CleoState:
    """The stand-in's memory. One event loop uses it; nothing here waits."""

    def __init__(self, clock: Clock, journal: Journal, options: CleoOptions | None = None) -> None:
        self.clock = clock
        self.journal = journal
        self.options = options or CleoOptions()
        self.limiter = PathLimiter(self.options.limits)
        self.accounts = Accounts(clock, {}, self.options.accounts)
        self.folders = FolderStore(clock)
        self.events = EventLog()
        self.admin = Administration()
        self.listeners: list[Listener] = []
        self._seed()

    def _seed(self) -> None:
        for user in (
            User(SERVICE_USER, SERVICE_PASSWORD, administrator=True),
            User(TOTP_USER, TOTP_PASSWORD, totp_secret=TOTP_SECRET),
            User(MAILBOX_USER, MAILBOX_PASSWORD, roots=("/NORTHWIND",)),
        ):
            self.accounts.add(user)
        for partner in self.options.partners:
            self.add_partner_folders(partner)
        self.admin.seed(self.options.partners)

    def add_partner_folders(self, partner: str) -> None:
        """Outbox is for upload and inbox for download: names are from the partner's viewpoint (cleo 5)."""
        self.folders.create(f"/{partner}/outbox", upload=True)
        self.folders.create(f"/{partner}/inbox", download=True)
        self.folders.create(f"/{partner}/processed", download=True)

    def inbox(self, partner: str) -> Folder:
        """The folder a partner's files appear in."""
        return self.folders.folder(f"/{partner}/inbox")

    def outbox(self, partner: str) -> Folder:
        """The folder files for a partner are uploaded to."""
        return self.folders.folder(f"/{partner}/outbox")

    def upload(self, folder: Folder, name: str, data: bytes, user: str) -> StoredFile:
        """A file arrives from an account; whoever stands behind the folder is told at once."""
        file = self.folders.put(folder, name, data, owner=user)
        self.note("file.uploaded", user, folder, file)
        for listener in self.listeners:
            listener(folder, file)
        return file

    def move(self, folder: Folder, file: StoredFile, name: str, user: str) -> None:
        """Rename or move a file; in an upload folder it counts as arrived under its new name."""
        self.folders.move(file, folder, name)
        self.note("file.moved", user, folder, file)
        for listener in self.listeners:
            listener(folder, file)

    def deliver(
        self,
        folder: Folder,
        name: str,
        content: bytes | Content,
        *,
        owner: str = "partner",
        growth: Growth | None = None,
        listed_size: int | None = None,
    ) -> StoredFile:
        """A file arrives from the other side, growing if the folder says so."""
        if growth is None and folder.growth is not None:
            growth = Growth(folder.growth.polls, folder.growth.seconds)
        file = self.folders.put(folder, name, content, owner=owner, growth=growth, listed_size=listed_size)
        self.note("file.received", owner, folder, file)
        return file

    def note(self, kind: str, user: str, folder: Folder, file: StoredFile) -> None:
        """Write an event, and what was changed to the journal (downloads change nothing)."""
        now = self.clock.now()
        event = Event(kind, now, user, folder.path, file.id, file.name, file.size(now))
        self.events.add(event)
        if kind != "file.downloaded":
            data = {
                "user": user,
                "folder": folder.path,
                "file": file.id,
                "name": file.name,
                "size": event.file_size,
            }
            self.journal.write(system="cleo", kind=kind, data=data)

    def set_limits(self, **changes: Any) -> None:
        """Change per_second, burst or retry_after (per_second None: no limit). Raises TypeError for another name."""
        limits = replace(self.options.limits, **changes)
        if limits.per_second is not None and limits.per_second <= 0:
            raise ValueError("per_second must be above 0, or null for no limit")
        self.options.limits = self.limiter.options = limits

    def reset(self) -> None:
        """Take away every file and event and every limit's memory; accounts, tokens and settings stay."""
        self.folders.clear_files()
        self.events.clear()
        self.limiter.clear()
        self.admin.runs.clear()
