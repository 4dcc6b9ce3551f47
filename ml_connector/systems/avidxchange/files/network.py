"""AvidXchange over files as the network that flows see: what `network.AvidNetwork` is over the API."""

# ruff: noqa: ARG002 - one folder for both directions; when a batch was taken up stands nowhere in a file

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ml_connector.clock import Clock
from ml_connector.flows.core.ports import ChannelCheck, RemoteFile, RemotePage
from ml_connector.systems.avidxchange.files.records import FileRecords
from ml_connector.systems.avidxchange.partners_folders import PartnersFolders
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.sftp.mailbox import SftpMailbox
from ml_connector.systems.sftp.paths import Direction, parts_of
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.sftp.settings import SftpConnection


class AvidFileNetwork(PartnersFolders):
    """One login. Safe to use from several threads."""

    switch = "files.approved_invoices"
    takes_away_what_was_acknowledged = True

    def __init__(
        self,
        connection: str,
        settings: AvidXchangeConnection,
        pool: SessionPool,
        clock: Clock,
        read_blob: Callable[[str], bytes],
        kept: Callable[[str, datetime], RemoteFile | None],
    ) -> None:
        """kept: a file of approved invoices as it was fetched at a moment, if it was not fetched again since."""
        self.connection = connection
        self.pool = pool
        self._settings = settings
        self._kept = kept
        self.box = SftpMailbox(connection, sftp_settings(settings), pool, clock, self._segments)
        self.records = FileRecords(connection, self.box, settings, clock, read_blob)

    def close(self) -> None:
        self.box.close()

    def _segments(self, channel: str, direction: Direction) -> list[str]:
        root = self._settings.over_files.root
        path = f"{root}/{channel}" if root else channel
        parts = parts_of(self.connection, path, "Mend root or the folder under `files` of the connection.")
        return ["" if root.startswith("/") else ".", *parts]

    # ------------------------------------------------------------------ approved invoices

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """Files of approved invoices that do not bear the mark of what was taken."""
        return self.box.list_files(self._known(channel), start=start, limit=limit)

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        yield from self.box.fetch(self._known(channel), file)

    def waiting(self, channel: str) -> list[str]:
        """Files that are not marked yet."""
        return [one.remote_id for one in self._lying(channel)]

    def acknowledge(self, channel: str, remote_id: str, began: datetime, ended: datetime) -> bool:
        """The file gets the mark of what was taken, unless it is gone, or changed since it was fetched."""
        folder = self._known(channel)
        fetched, file = self._kept(remote_id, began), self.box.lying(folder, remote_id, "read")
        if file is None or fetched is None or (file.size, file.modified) != (fetched.size, fetched.modified):
            return False
        self.box.dispose(folder, file, policy="rename")
        return True

    def _lying(self, channel: str) -> Iterator[RemoteFile]:
        start: int | None = 0
        while start is not None:
            page = self.list_files(channel, start=start, limit=5000)
            yield from page.files
            start = page.next_start

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> list[ChannelCheck]:
        """Whether each folder that is switched on is there; partners name the one that they are read from."""
        found = self.of_others(receive=receive, send=send)
        files = self._settings.over_files
        incoming = [one.folder for one in (files.approved_invoices, files.payments, files.results) if one.enabled]
        outgoing = [
            one.folder
            for one in (files.vendors, files.codes, files.purchase_orders, files.receipts, files.invoices)
            if one.enabled
        ]
        if files.invoices.enabled and files.invoices.image_folder:
            outgoing.append(files.invoices.image_folder)
        return found + self.box.check(receive=incoming, send=outgoing)

    def _known(self, channel: str) -> str:
        layout = self._settings.over_files.approved_invoices
        self.must_be_there(channel, on=layout.enabled)
        return layout.folder


def sftp_settings(settings: AvidXchangeConnection) -> SftpConnection:
    """The login and the folders' habits of `mode: files`, as what speaks SFTP wants them."""
    files = settings.over_files
    access = {name: getattr(files, name) for name in SftpConnection.model_fields if name in type(files).model_fields}
    habits = {
        name: getattr(settings, name)
        for name in ("timeout_seconds", "longest_call_seconds", "concurrency", "max_file_bytes", "stable_seconds")
    }
    return _AvidSftp(system=settings.system, **access, **habits, after_read="rename")


class _AvidSftp(SftpConnection):
    @property
    def operator(self) -> str:
        return "AvidXchange"

    @property
    def folder_settings(self) -> str:
        return "root or the folder under `files`"
