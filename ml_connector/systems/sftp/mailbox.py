"""A server as a `Mailbox`: channels are folders of one login, files have names and nothing else.

Names, sizes and times are what the server says; nothing of them is believed
before the file itself was read.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

from ml_connector.clock import Clock
from ml_connector.errors import ConfigError, NeedsCorrection, Reason, RefusedBySystem
from ml_connector.flows.core.ports import ChannelCheck, RemoteFile, RemotePage, Written
from ml_connector.systems.sftp.folders import FolderFinder
from ml_connector.systems.sftp.paths import Direction, Segments, usable
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.sftp.session import NO_SUCH_FILE, SftpSession
from ml_connector.systems.sftp.session_errors import Entry, SessionLostError, StatusError, TooLongError
from ml_connector.systems.sftp.settings import SftpConnection
from ml_connector.systems.sftp.uploads import Uploads
from ml_connector.transport.safe_names import clean_name

#: What each after-read policy does to a file.
_DONE = {"delete": "deleted", "move": "moved", "rename": "renamed"}
#: Identities of entries whose name cannot stand in a path.
_UNFIT = "?"
#: A listing may last so many times as long as a single answer.
_LISTING_PATIENCE = 10


class SftpMailbox:
    """One connection. Safe to use from several threads; one SSH connection serves them all.

    Everything may raise AuthorizationNeeded (host key or log-in), TryAgain (the server is away) and ConfigError (no
    such folder).
    """

    def __init__(
        self, connection: str, settings: SftpConnection, pool: SessionPool, clock: Clock, segments: Segments
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.pool = pool
        self.folders = FolderFinder(connection, settings, segments)
        self.uploads = Uploads(connection, settings, pool, self.folders)
        self._clock = clock
        self._lock = threading.Lock()
        self._listings: dict[str, list[RemoteFile]] = {}
        self._include = re.compile(settings.include_pattern, re.IGNORECASE) if settings.include_pattern else None
        self._exclude = re.compile(settings.exclude_pattern, re.IGNORECASE) if settings.exclude_pattern else None

    def close(self) -> None:
        """Close the connection to the server."""
        self.pool.close()

    # ------------------------------------------------------------------ reading

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """Files of a folder, oldest first. The server is asked at `start` 0; later pages are of the same listing.

        Raises:
            ConfigError: there is no such folder, it may not be listed, or its listing does not end.
        """
        with self._lock:
            files = self._listings.get(channel) if start else None
        if files is None:
            files = self._listed(channel)
        page = files[start : start + limit]
        end = start + len(page)
        more = bool(page) and end < len(files)
        with self._lock:
            if more:
                self._listings[channel] = files
            else:
                self._listings.pop(channel, None)
        return RemotePage(page, end if more else None)

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        """A file's bytes, in chunks: as long as it is the one that was listed.

        A connection that breaks is opened again once, and the rest is read.

        Raises:
            NeedsCorrection: too large, no regular file, or a name that cannot be kept. FileNotFoundError: it has gone.
            RefusedBySystem: it changes just now, or may not be read. TryAgain.
        """
        self._check_name(file)
        done = 0
        for attempt in (1, 2):
            try:
                with self.pool.session() as session:
                    for chunk in self._read(session, channel, file, done):
                        done += len(chunk)
                        yield chunk
            except SessionLostError as error:
                if attempt == 2:
                    raise self.pool.lost(error) from error
            else:
                return

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """Move, rename or delete a file that was read. One that is gone, or was replaced by another one, is left alone.

        Raises:
            RefusedBySystem: the server does not allow it. TryAgain.
        """
        if policy == "leave":
            return
        if policy not in _DONE:
            raise ConfigError(
                f"{self.connection}: {policy!r} is not an after-read policy.", remedy="leave, move, rename or delete."
            )
        self._check_name(file)
        try:
            self.pool.run(lambda session: self._dispose(session, channel, file, policy, move_to))
        except StatusError as error:
            word = _DONE[policy]
            raise self._refused(error, f"{file.name} in {channel} may not be {word}") from None

    # ------------------------------------------------------------------ writing

    @property
    def stages(self) -> bool:
        """Whether uploads stand under a temporary name first, and their outcome can always be told."""
        return self.settings.renames and not self.settings.write_directly_if_rename_refused

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        """Put the bytes under a temporary name and return it. None: this connection writes final names at once.

        Staging again takes away what an earlier attempt left. Raises: RefusedBySystem, TryAgain (nothing has arrived).
        """
        return self.uploads.stage(channel, name, data, attempt=attempt)

    def publish(self, channel: str, staged: str, name: str) -> Written:
        """Give a staged file its final name. One that is no longer there was published before (see DESIGN, uploads).

        Raises:
            OutcomeUnknown: it was begun, and the server is away. RefusedBySystem: it stays under its temporary name.
        """
        return self.uploads.publish(channel, staged, name)

    def upload(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> Written:
        """Write one file under its final name, by way of a temporary one where the settings say so (see `stage`).

        Raises:
            OutcomeUnknown: it may or may not be there. RefusedBySystem: it is not. TryAgain: nothing has arrived.
        """
        staged = self.stage(channel, name, data, attempt=attempt)
        if staged is None:
            return self.uploads.write_directly(channel, name, data)
        try:
            return self.uploads.publish(channel, staged, name, data)
        except RefusedBySystem:
            self.uploads.clean(channel, staged)
            raise

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        """A file of that name and size that is still there. None proves nothing: networks take files away."""
        found = self.lying(channel, name)
        return found if found is not None and found.size == size else None

    def lying(self, channel: str, name: str, direction: Direction = "write") -> RemoteFile | None:
        """A file of that name in a folder that is where it was; None: it is not there.

        Raises:
            TryAgain: the folder has gone, so that nothing can be told.
        """
        if not usable(name):
            return None

        def look(session: SftpSession) -> Entry | None:
            folder = self.folders.path(session, channel, direction)
            found = session.entry(f"{folder}/{name}")
            if found is None:
                self.folders.check(session, folder)
            return found

        try:
            found = self.pool.run(look)
        except StatusError as error:
            raise self._refused(error, f"{name} in {channel} cannot be looked for") from None
        return RemoteFile(name, name, found.size, str(found.modified)) if found is not None and found.is_file else None

    def staged_name(self, name: str, attempt: int) -> str:
        """The temporary name of an attempt to put a file there."""
        return self.uploads.temporary(name, attempt)

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        """None: a folder holds a name once, and a rename that is done again ends in the same file."""
        del channel, names
        return {}

    # ------------------------------------------------------------------ check

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> list[ChannelCheck]:
        """Whether folders are there, can be listed, and hold files that will be deleted before long.

        Raises:
            AuthorizationNeeded, TryAgain: the account or the server itself is not usable.
        """
        found = [self._check_read(channel) for channel in receive]
        return found + [self._check_write(channel) for channel in send]

    def _check_read(self, channel: str) -> ChannelCheck:
        try:
            files = self._listed(channel)
        except ConfigError as error:
            return ChannelCheck(channel, "download", False, error.message, error.remedy)
        remedy = ""
        oldest, kept = min((int(file.modified) for file in files), default=None), self.settings.deletes_unread_after
        if kept and oldest is not None and (days := (self._clock.now().timestamp() - oldest) / 86_400) > 1:
            alarm_hours, gone_days = kept
            alarm = days * 24 > alarm_hours
            remedy = (
                f"The oldest is {days:.1f} days old; {self.settings.operator} deletes files at {gone_days:g} days."
                f"{' See that they are read.' if alarm else ''}"
            )
        return ChannelCheck(channel, "download", True, "may be downloaded from", remedy, len(files))

    def _check_write(self, channel: str) -> ChannelCheck:
        try:
            path = self.pool.run(lambda session: self.folders.path(session, channel, "write"))
        except ConfigError as error:
            return ChannelCheck(channel, "upload", False, error.message, error.remedy)
        return ChannelCheck(
            channel, "upload", True, f"is {path}; whether it may be written to shows with the first file"
        )

    # ------------------------------------------------------------------ what stands behind

    def _listed(self, channel: str) -> list[RemoteFile]:
        """One listing of a folder, the oldest file first."""
        settings = self.settings

        def listing(session: SftpSession) -> list[Entry]:
            path = self.folders.path(session, channel, "read")
            within = settings.timeout_seconds * _LISTING_PATIENCE
            return [e for e in session.entries(path, limit=settings.max_listing, within=within) if self._wanted(e)]

        try:
            entries = self._with_folder(listing)
        except StatusError as error:
            raise ConfigError(
                f"{self.connection}: {channel!r} cannot be listed ({_said(error)}).",
                remedy="See that the folder is there and that the login may read it.",
            ) from None
        except TooLongError as error:
            raise ConfigError(
                f"{self.connection}: the listing of {channel!r} did not end after {error.limit} entries.",
                remedy="Have the folder emptied (after_read: delete or move), or raise max_listing if it is genuine.",
            ) from None
        newest = int((self._clock.now() - timedelta(seconds=settings.min_age_seconds)).timestamp())
        if settings.min_age_seconds > 0:
            entries = [entry for entry in entries if entry.modified <= newest]
        entries.sort(key=lambda entry: (entry.modified, entry.name))
        return [_remote(entry) for entry in entries]

    def _wanted(self, entry: Entry) -> bool:
        """Not folders, names that begin with a dot, or names that the patterns leave out."""
        name = entry.name
        if entry.is_folder:
            return False
        if not usable(name):
            return True  # told of, never read
        if name.startswith("."):
            return False
        if self.settings.after_read == "rename" and name.endswith(self.settings.read_suffix):
            return False
        if self._include is not None and not self._include.fullmatch(name):
            return False
        return self._exclude is None or not self._exclude.fullmatch(name)

    def _with_folder(self, call: Callable[[SftpSession], list[Entry]]) -> list[Entry]:
        """Do a listing; once more from the root where a folder that was known has gone from its place."""
        try:
            return self.pool.run(call)
        except StatusError as error:
            if error.code != NO_SUCH_FILE:
                raise
        self.folders.forget()
        return self.pool.run(call)

    def _read(self, session: SftpSession, channel: str, file: RemoteFile, done: int) -> Iterator[bytes]:
        """The bytes after the first `done`, if the file is still the one that was listed, before and afterwards."""
        limit = self.settings.max_file_bytes
        try:
            path = f"{self.folders.path(session, channel, 'read')}/{file.name}"
            before = self._checked(session.entry(path), file)
            if before.size > limit:
                raise self._too_large(before.size)
            position = done
            for chunk in session.read(path, size=before.size, offset=done, limit=limit):
                position += len(chunk)
                yield chunk
            after = session.entry(path)
        except TooLongError:
            raise self._too_large(None) from None
        except StatusError as error:
            if error.code == NO_SUCH_FILE:
                raise FileNotFoundError(f"{self.connection}: the file has gone from its folder") from None
            raise self._refused(error, f"{clean_name(file.name)} cannot be read") from None
        # A file that went while it was read was whole: its bytes are counted. One that changed was not.
        if position != before.size or (after is not None and not after.same_state(before)):
            raise self._changing(file)

    def _checked(self, entry: Entry | None, file: RemoteFile) -> Entry:
        if entry is None:
            raise FileNotFoundError(f"{self.connection}: the file has gone from its folder")
        if not entry.is_file:
            what = "a symbolic link, and links are never followed" if entry.is_link else "no regular file"
            raise NeedsCorrection(
                Reason.UNSUPPORTED_DOCUMENT,
                f"{self.connection}: {file.name} is {what}.",
                remedy="Have it taken away, or the file itself put in its place.",
            )
        if file.modified and (entry.size, str(entry.modified)) != (file.size, file.modified):
            raise self._changing(file)
        return entry

    def _dispose(self, session: SftpSession, channel: str, file: RemoteFile, policy: str, move_to: str) -> None:
        folder = self.folders.path(session, channel, "read")
        path = f"{folder}/{file.name}"
        entry = session.entry(path)
        if entry is None or not entry.is_file or entry.size != file.size:
            return
        if file.modified and str(entry.modified) != file.modified:
            return
        try:
            if policy == "move":
                self._move(session, path, self.folders.target(session, channel, move_to), file.name)
            elif policy == "rename":
                self._move(session, path, folder, f"{file.name}{self.settings.read_suffix}")
            else:
                session.remove(path)
        except StatusError as error:
            if error.code != NO_SUCH_FILE or session.entry(path) is not None:
                raise

    def _move(self, session: SftpSession, path: str, folder: str, name: str) -> None:
        """Where the name is taken, the file gets one of its own."""
        try:
            session.rename(path, f"{folder}/{name}")
        except StatusError:
            if session.entry(f"{folder}/{name}") is None:
                raise
            session.rename(path, f"{folder}/{self._clock.now():%Y%m%d%H%M%S%f}_{name}")

    # ------------------------------------------------------------------ errors

    def _check_name(self, file: RemoteFile) -> None:
        if usable(file.remote_id) and file.remote_id == file.name:
            return
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"{self.connection}: the name {file.name!r} cannot be a file's: it holds a path, control characters, "
            "or bytes that are not UTF-8.",
            remedy=f"Have the file renamed or taken away by {self.settings.operator}; it is not read.",
        )

    def _too_large(self, size: int | None) -> NeedsCorrection:
        limit = self.settings.max_file_bytes
        told = f"of {size} bytes" if size is not None else "that goes on after its announced end"
        return NeedsCorrection(
            Reason.TOO_LARGE,
            f"{self.connection}: a file {told} is larger than {limit} bytes.",
            remedy="Raise max_file_bytes of the connection if the file is genuine.",
            data={"size": size, "limit": limit},
        )

    def _changing(self, file: RemoteFile) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self.connection}: {file.name} has changed since it was listed; it is read when it has come to rest."
        )

    def _refused(self, error: StatusError, what: str) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self.connection}: {what} ({_said(error)}).",
            remedy=f"Ask {self.settings.operator} for the right to do it.",
        )


def _remote(entry: Entry) -> RemoteFile:
    """A file as flows see it. One whose name cannot stand in a path keeps an identity, so that it is told of once."""
    name = clean_name(entry.name)
    if usable(entry.name):
        return RemoteFile(entry.name, name, entry.size, str(entry.modified))
    digest = sha256(entry.name.encode("utf-8", "surrogateescape")).hexdigest()
    return RemoteFile(f"{_UNFIT}{digest[:40]}", name, entry.size, str(entry.modified))


def _said(error: StatusError) -> str:
    """What the server said, as one short line."""
    return clean_name(error.said)[:80] or f"status {error.code}"
