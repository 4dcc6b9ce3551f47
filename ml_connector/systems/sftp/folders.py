"""Finding folders on the server, name by name: without regard to case, and never through a symbolic link."""

import threading
from collections.abc import Sequence

from ml_connector.errors import ConfigError, TryAgain
from ml_connector.systems.sftp.paths import Direction, Segments, same_folder, usable
from ml_connector.systems.sftp.session import SftpSession
from ml_connector.systems.sftp.session_errors import StatusError, TooLongError
from ml_connector.systems.sftp.settings import SftpConnection

#: Folders of the tree are few; more names than these are no such tree.
_MOST_NAMES = 10_000


class FolderFinder:
    """Paths of channels as the server writes them, found once."""

    def __init__(self, connection: str, settings: SftpConnection, segments: Segments) -> None:
        self._connection = connection
        self._settings = settings
        self._segments = segments
        self._lock = threading.Lock()
        self._paths: dict[tuple[str, ...], str] = {}

    def path(self, session: SftpSession, channel: str, direction: Direction) -> str:
        """The path of a channel's folder.

        Raises:
            ConfigError: it is not there, is a link, or is of the other direction.
        """
        return self.below(session, self._segments(channel, direction))

    def target(self, session: SftpSession, channel: str, move_to: str) -> str:
        """The folder that read files of a channel are moved to; without a leading slash it is below the channel."""
        own = self._segments(channel, "read")
        parts = [part for part in move_to.split("/") if part]
        if not parts or not all(usable(part) for part in parts):
            raise ConfigError(f"{self._connection}: move_to is not a folder.", remedy="Name one for after_read: move.")
        return self.below(session, ["", *parts] if move_to.startswith("/") else [*own, *parts])

    def forget(self) -> None:
        """Look again next time: a folder has gone from its place."""
        with self._lock:
            self._paths.clear()

    def check(self, session: SftpSession, path: str) -> None:
        """See that a folder is still where it was: in one that is gone, no file's absence says anything.

        Raises:
            TryAgain: it is not.
        """
        found = session.entry(path)
        if found is None or not found.is_folder:
            self.forget()
            raise TryAgain(f"{self._connection}: the folder {path} has gone.", after_seconds=60)

    def below(self, session: SftpSession, segments: Sequence[str]) -> str:
        """Walk down to a folder; the first segment is "" or "." (see `paths.Segments`)."""
        key = tuple(segments)
        with self._lock:
            known = self._paths.get(key)
        if known is not None:
            return known
        path = segments[0]
        for name in segments[1:]:
            path = f"{path}/{self._step(session, path, name)}"
        with self._lock:
            self._paths[key] = path
        return path

    def _step(self, session: SftpSession, parent: str, name: str) -> str:
        """The name of a folder in its parent as the server writes it."""
        try:
            exact = session.entry(f"{parent}/{name}")
        except StatusError:
            exact = None  # a server that tells nothing about single names may still list them
        if exact is not None:
            if exact.is_link:
                raise ConfigError(
                    f"{self._connection}: {parent}/{name} is a symbolic link, and links are never followed.",
                    remedy="Name the folder itself.",
                )
            return name
        return same_folder(
            self._connection,
            name,
            self._folders_in(session, parent or "/"),
            lambda: parent or "/",
            self._settings.folder_settings,
        )

    def _folders_in(self, session: SftpSession, path: str) -> list[str]:
        try:
            entries = session.entries(path, limit=_MOST_NAMES, within=self._settings.timeout_seconds)
            return [entry.name for entry in entries if entry.is_folder and usable(entry.name)]
        except StatusError:
            return []
        except TooLongError:
            raise ConfigError(
                f"{self._connection}: the listing of {path} does not end after {_MOST_NAMES} names.",
                remedy="Write the folders' names exactly as they stand on the server, upper and lower case too.",
            ) from None
