"""Cleo as a `Mailbox`: channels are folders, named by their path, and mapped by permission, never by name."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

from ml_connector import stopping
from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    ConnectorError,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
    WeAreWrong,
)
from ml_connector.flows.core.ports import ChannelCheck, ChannelUsage, RemoteFile, RemotePage, Written
from ml_connector.systems.cleo.client import CleoClient, CleoPage, Folder, file_of, is_missing
from ml_connector.systems.cleo.names import equals, folder_in_path, segments
from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.transport.departure import CUT_SHORT

#: Pages looked through for one name when the server does not know the filter.
_SEARCH_PAGES = 50
#: Above so many files a folder that is never emptied makes every look long.
_MANY_FILES = 5_000

T = TypeVar("T")


class CleoMailbox:
    """One connection. Safe to use from several threads."""

    def __init__(self, connection: str, client: CleoClient, settings: CleoConnection) -> None:
        self.connection = connection
        self._client = client
        self._settings = settings
        self._lock = threading.Lock()
        self._folders: dict[str, Folder] = {}

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.api.close()

    # ------------------------------------------------------------------ Mailbox

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """One page of a folder's listing. Entries without a usable identity are left out.

        Raises:
            ConfigError: there is no such folder. AuthorizationNeeded: it may not be listed. TryAgain.
        """
        page = self._listing(channel, start=start, limit=limit)
        files = [file for resource in page.resources if (file := file_of(resource)) is not None]
        return RemotePage(files, page.next_start)

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        """A file's bytes, in chunks.

        Raises:
            NeedsCorrection: larger than `max_file_bytes` (reason too_large). FileNotFoundError: it has gone.
            TryAgain: it broke off, or is listed and yet cannot be fetched.
        """
        limit = self._settings.max_file_bytes
        if file.size > limit:
            raise NeedsCorrection(
                Reason.TOO_LARGE,
                f"{self.connection}: a file of {file.size} bytes is larger than {limit} bytes.",
                remedy="Raise max_file_bytes of the connection if the file is genuine.",
                data={"size": file.size, "limit": limit},
            )
        try:
            yield from self._client.download(file.remote_id, limit)
        except RefusedBySystem as error:
            if not is_missing(error):
                raise
            self._refuse_if_listed(channel, file, "paths.content")
            raise FileNotFoundError(f"{self.connection}: the file has gone from its folder") from None

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """Move or delete a file that was read. One that is gone already is a success.

        move_to: a folder path; without a leading slash it is below the channel.
        """
        if policy == "leave":
            return
        if policy == "delete":
            if not self._client.delete(file.remote_id):
                self._refuse_if_listed(channel, file, "paths.delete")
            return
        if policy != "move":
            raise ConfigError(
                f"{self.connection}: {policy!r} is not an after-read policy.", remedy="leave, move or delete."
            )
        if not move_to:
            raise ConfigError(f"{self.connection}: after_read is move, and move_to is empty.", remedy="Name a folder.")
        target = self._folder(move_to if move_to.startswith("/") else f"{channel.rstrip('/')}/{move_to}")
        if not self._moved(file, target):
            self._refuse_if_listed(channel, file, "paths.move")

    @property
    def stages(self) -> bool:
        """Never: a file under a temporary name may be taken away like any other, so its absence would prove nothing."""
        return False

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> None:
        """Nothing is staged; see `upload`."""

    def publish(self, channel: str, staged: str, name: str) -> Written:  # noqa: ARG002 - as the port has it
        """Never called: nothing is staged."""
        raise WeAreWrong(f"{self.connection}: {staged} was never staged, so {name} cannot be published.")

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        """Write one file; with `upload_suffix` under a temporary name first, then renamed.

        Raises:
            OutcomeUnknown: it may or may not be there. RefusedBySystem: it is not. TryAgain: nothing was sent.
        """
        suffix = self._settings.upload_suffix
        written = self._uploaded(channel, name + suffix, data)
        if not suffix:
            return written
        try:
            with stopping.finishing():
                renamed = self._client.move(written.outside_id, name, None)
        except TryAgain as error:
            raise OutcomeUnknown(
                f"{self.connection}: {name} stands under its temporary name: {error.message}"
            ) from error
        except (RefusedBySystem, AuthorizationNeeded):
            with stopping.finishing():
                self._client.delete(written.outside_id)
            raise
        # Gone before the rename: somebody took the temporary file, and with it what it holds.
        return written if renamed else Written(written.outside_id, {**written.detail, "taken_before_rename": True})

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        """A file of that name and size that is still there. None proves nothing: the network takes files away."""
        for file in self._named(channel, name):
            if file.name == name and file.size == size:
                return file
        return None

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        """Cleo gives every file an id and may hold a name twice; what a partner has taken is not seen."""
        wanted = set(names)
        found: dict[str, list[RemoteFile]] = {}
        start: int | None = 0
        for _ in range(_SEARCH_PAGES):
            if start is None:
                break
            page = self._listing(channel, start=start, limit=self._settings.page_size)
            for resource in page.resources:
                if (file := file_of(resource)) is not None and file.name in wanted:
                    found.setdefault(file.name, []).append(file)
            start = page.next_start
        return found

    # ------------------------------------------------------------------ check

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> list[ChannelCheck]:
        """Whether folders exist and allow what they are configured for.

        Raises:
            AuthorizationNeeded, TryAgain: the account or the server itself is not usable.
        """
        wanted: list[tuple[str, ChannelUsage]] = [(name, "download") for name in receive]
        wanted += [(name, "upload") for name in send]
        return [self._check(channel, usage) for channel, usage in wanted]

    def _check(self, channel: str, usage: ChannelUsage) -> ChannelCheck:
        try:
            folder = self._found(channel)
        except ConfigError as error:
            return ChannelCheck(channel, usage, False, error.message, error.remedy)
        allowed = folder.download if usage == "download" else folder.upload
        if allowed is False:
            return ChannelCheck(
                channel,
                usage,
                False,
                f"the account may not {usage} in {channel}",
                "Names are from the partner's side: a mailbox's `inbox` is for download, its `outbox` for upload. "
                "Name the right folder, or have the permission given.",
            )
        told = "" if allowed else "; the server does not tell permissions"
        if usage == "upload":
            return ChannelCheck(channel, usage, True, f"may be uploaded to{told}")
        try:
            total = self._listing(channel, start=0, limit=1).total
        except ConnectorError as error:
            return ChannelCheck(channel, usage, False, error.message, error.remedy)
        remedy = ""
        if total is not None and total > _MANY_FILES and self._settings.after_read == "leave":
            remedy = f"It holds {total} files: after_read move or delete keeps looking at it quick."
        return ChannelCheck(channel, usage, True, f"may be downloaded from{told}", remedy, total)

    # ------------------------------------------------------------------ folders

    def _listing(self, channel: str, *, start: int, limit: int, filter_: str = "") -> CleoPage:
        return self._in_folder(
            channel, lambda key: self._client.list_files(key, start=start, count=limit, filter_=filter_)
        )

    def _uploaded(self, channel: str, name: str, data: bytes) -> Written:
        try:
            return self._in_folder(channel, lambda key: self._client.upload(key, name, data))
        except RefusedBySystem as error:
            # Names are ours alone: one that is taken by as many bytes was taken by an earlier attempt.
            there = self.find(channel, name, len(data)) if error.data.get("status") == 409 else None
            if there is None:
                raise
        except TryAgain as error:
            there = self._after_a_cut(channel, name, len(data), error) if error.data.get(CUT_SHORT) else None
            if there is None:
                raise
        return Written(there.remote_id, {"found": True})

    def _after_a_cut(self, channel: str, name: str, size: int, error: TryAgain) -> RemoteFile | None:
        """Take away what stands in the folder of an upload that broke off; a file that is whole all the same is found.

        Raises:
            TryAgain: it could not be seen or taken away. A part is no interchange: its partner can only refuse it.
        """
        try:
            for file in [file for file in self._named(channel, name) if file.name == name]:
                if file.size == size:
                    return file
                self._client.delete(file.remote_id)
        except ConnectorError as blocked:
            raise TryAgain(
                f"{error.message} Whether a part of it stands in {channel} is not known: {blocked.message}",
                after_seconds=error.after_seconds,
                remedy=error.remedy,
            ) from error
        return None

    def _in_folder(self, channel: str, call: Callable[[str], T]) -> T:
        """Do a call on a folder; once more with a fresh identity when the server no longer knows the old one."""
        try:
            return call(self._key(channel))
        except RefusedBySystem as error:
            if not is_missing(error):
                raise
        with self._lock:
            self._folders.pop(channel, None)
        try:
            return call(self._key(channel))
        except RefusedBySystem as error:
            if not is_missing(error):
                raise
            raise self._no_folder(channel, []) from error

    def _key(self, channel: str) -> str:
        """How the folder stands in an address."""
        if self._settings.folder_addressing == "path":
            return folder_in_path(channel)
        return quote(self._folder(channel).id, safe="")

    def _folder(self, channel: str) -> Folder:
        with self._lock:
            known = self._folders.get(channel)
        if known is not None:
            return known
        found = self._found(channel)
        with self._lock:
            self._folders[channel] = found
        return found

    def _found(self, channel: str) -> Folder:
        """Walk from the root to the folder; by path at once where the server is addressed by path."""
        parts = segments(channel)
        if self._settings.folder_addressing == "path":
            return self._by_path(channel)
        level = self._client.root_folders()
        folder: Folder | None = None
        for depth, part in enumerate(parts, start=1):
            names: list[str] = []
            path = "/" + "/".join(parts[:depth])
            folder = None
            for candidate in level:
                names.append(candidate.name)
                if candidate.name == part or candidate.path.rstrip("/") == path:
                    folder = candidate
                    break
            if folder is None:
                raise self._no_folder(channel, names)
            level = self._client.folders_in(folder)
        if folder is None:
            raise self._no_folder(channel, [])
        return folder

    def _by_path(self, channel: str) -> Folder:
        try:
            folder = self._client.folder(folder_in_path(channel))
        except RefusedBySystem as error:
            if not is_missing(error):
                raise
            raise self._no_folder(channel, []) from error
        return folder or Folder(id=channel, name=segments(channel)[-1], path=channel)

    def _no_folder(self, channel: str, names: Sequence[str]) -> ConfigError:
        seen = f" Seen there: {', '.join(sorted(names)[:20])}." if names else ""
        return ConfigError(
            f"{self.connection}: there is no folder {channel!r}, or the account does not see it.",
            remedy=f"Mend the partner's channels.{seen}",
        )

    # ------------------------------------------------------------------ files

    def _moved(self, file: RemoteFile, target: Folder) -> bool:
        """Move a file; where the name is taken, under a name of its own."""
        address = target.path if self._settings.folder_addressing == "path" else target.id
        try:
            return self._client.move(file.remote_id, file.name, address)
        except RefusedBySystem as error:
            if error.data.get("status") != 409:
                raise
        return self._client.move(file.remote_id, f"{file.name}.{file.remote_id[:12]}", address)

    def _named(self, channel: str, name: str) -> Iterator[RemoteFile]:
        """Files of that name: by filter, or by looking through the folder where the server does not know the filter."""
        filter_ = equals("name", name)
        start: int | None = 0
        for _ in range(_SEARCH_PAGES):
            if start is None:
                return
            try:
                page = self._listing(channel, start=start, limit=self._settings.page_size, filter_=filter_)
            except RefusedBySystem as error:
                if not filter_ or error.data.get("status") != 400:
                    raise
                filter_ = ""
                continue
            yield from (file for resource in page.resources if (file := file_of(resource)) is not None)
            start = page.next_start

    def _refuse_if_listed(self, channel: str, file: RemoteFile, setting: str) -> None:
        """A 404 for a file that its folder still lists means a wrong path template, not a file that has gone."""
        if any(found.remote_id == file.remote_id for found in self._named(channel, file.name)):
            raise TryAgain(
                f"{self.connection}: a file is in its folder, and the server answers 404 for it.",
                after_seconds=60,
                remedy=f"Check {setting} of the connection.",
            )
