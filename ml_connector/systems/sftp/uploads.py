"""Writing a file: under a temporary name, then renamed, so that nothing half stands under a final name.

Servers of networks take files away, so a missing file proves nothing. A temporary file does: nobody takes it, so once
all its bytes stood there and it is gone, it was renamed (truecommerce 4, rules 4 and 6).
"""

import contextlib
import threading

from ml_connector.errors import ConfigError, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import Written
from ml_connector.proof import prove
from ml_connector.systems.sftp.folders import FolderFinder
from ml_connector.systems.sftp.paths import usable
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.sftp.session import FAILURE, SftpSession
from ml_connector.systems.sftp.session_errors import SessionLostError, StatusError
from ml_connector.systems.sftp.settings import SftpConnection
from ml_connector.transport.safe_names import clean_name

#: So many attempts back temporary files are taken away.
_MOST_ATTEMPTS = 5


class Uploads:
    """The writing half of a connection."""

    def __init__(self, connection: str, settings: SftpConnection, pool: SessionPool, folders: FolderFinder) -> None:
        self._connection = connection
        self._settings = settings
        self._pool = pool
        self._folders = folders

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        """Put the bytes under a temporary name and return it; None where final names are written at once.

        attempt: each has a name of its own, so that an earlier one that is not quite dead cuts nothing off this one. So
        has the second try over a new connection: what the lost one had asked for may still be done, behind it.
        """
        self._check_name(name)
        if not self._settings.renames:
            return None
        begun: list[str] = []

        def write(session: SftpSession) -> None:
            staged = self.temporary(name, attempt, again=bool(begun))
            begun.append(staged)
            folder = self._folders.path(session, channel, "write")
            if session.entry(f"{folder}/{name}") is not None:
                raise self._taken(name, channel)
            session.write(f"{folder}/{staged}", data)
            there = session.entry(f"{folder}/{staged}")
            if there is None or there.size != len(data):
                raise TryAgain(
                    f"{self._connection}: of {staged} {there.size if there else 0} bytes arrived, not {len(data)}.",
                    after_seconds=60,
                    remedy="If it lasts: temporary names may be taken there; choose another temp_suffix.",
                )

        try:
            self._pool.run(write)
        except StatusError as error:
            for left in begun:
                self.clean(channel, left)
            raise self._refused(error, f"{begun[-1]} cannot be written to {channel}") from None
        earlier = range(max(1, attempt - _MOST_ATTEMPTS), attempt)
        left_over = [self.temporary(name, one, again=again) for one in earlier for again in (False, True)]
        for left in (*left_over, *begun[:-1]):
            self.clean(channel, left)
        return begun[-1]

    def temporary(self, name: str, attempt: int, *, again: bool = False) -> str:
        """The name that an attempt writes to. again: at its second try."""
        marked = name if attempt == 1 and not again else f"{name}.{attempt}{'b' if again else ''}"
        return f"{self._settings.temp_prefix}{marked}{self._settings.temp_suffix}"

    def publish(self, channel: str, staged: str, name: str, data: bytes | None = None) -> Written:
        """Rename a staged file. data: what it holds, for connections that may write directly instead.

        Done again after a connection was lost, or after a crash, it ends in the same place.

        Raises:
            OutcomeUnknown: the rename was begun, and nobody can tell. RefusedBySystem: it was not done. TryAgain,
            AuthorizationNeeded: it was not begun.
        """
        self._check_name(name)
        begun = threading.Event()
        try:
            published = self._pool.run(lambda session: self._rename(session, channel, staged, name, begun))
        except RefusedBySystem:
            raise
        except (ConnectorError, StatusError) as error:
            if isinstance(error, ConnectorError) and not begun.is_set():
                raise
            said = error.message if isinstance(error, ConnectorError) else clean_name(error.said)[:80]
            raise OutcomeUnknown(
                f"{self._connection}: {name} stands under its temporary name or under its own: {said}"
            ) from error
        if isinstance(published, int):
            if self._settings.write_directly_if_rename_refused and data is not None:
                written = self.write_directly(channel, name, data)
                self.clean(channel, staged)
                return written
            # It stays: were it gone before that is written down, it would count as renamed. The next attempt clears it.
            raise RefusedBySystem(
                f"{self._connection}: the server refuses to rename {staged} to {name} in {channel}.",
                remedy=f"Ask {self._settings.operator} for the right to rename, or set "
                "write_directly_if_rename_refused (a connection cut then leaves half a file), then send it again.",
                # A bare failure may be a lock that goes by; that it is denied or not offered does not pass.
                data={"may_pass": published == FAILURE},
            )
        return published

    def write_directly(self, channel: str, name: str, data: bytes) -> Written:
        """Write under the final name at once. Only what an earlier attempt left of it is written over.

        Raises:
            OutcomeUnknown: the connection broke while it was written.
        """
        self._check_name(name)
        try:
            return self._write_final(channel, name, data)
        except StatusError as error:
            raise self._refused(error, f"{name} cannot be written to {channel}") from None

    # ------------------------------------------------------------------ steps

    def _rename(
        self, session: SftpSession, channel: str, staged: str, name: str, begun: threading.Event
    ) -> Written | int:
        """A number: refused, with this status. A staged file that is gone has been renamed already: only we do that."""
        folder = self._folders.path(session, channel, "write")
        prove()
        begun.set()
        try:
            session.rename(f"{folder}/{staged}", f"{folder}/{name}")
        except StatusError as error:
            left = session.entry(f"{folder}/{staged}")
            if left is None:
                self._folders.check(session, folder)
                return Written(name, {"name": name, "found_published": True})
            final = session.entry(f"{folder}/{name}")
            if final is None:
                return error.code
            if final.size != left.size:
                raise self._taken(name, channel) from None
            # Some servers rename by a second name for the file and the removal of the first; this was cut between.
            session.remove(f"{folder}/{staged}")
        return Written(name, {"name": name})

    def clean(self, channel: str, staged: str) -> None:
        """Take a temporary file away that no ledger counts on; one that stays is cleared by the next attempt."""

        def clean(session: SftpSession) -> None:
            session.remove(f"{self._folders.path(session, channel, 'write')}/{staged}")

        with contextlib.suppress(StatusError, TryAgain):
            self._pool.run(clean)

    def _write_final(self, channel: str, name: str, data: bytes) -> Written:
        with self._pool.session() as session:
            folder = self._folders.path(session, channel, "write")
            try:
                there = session.entry(f"{folder}/{name}")
            except SessionLostError as error:
                raise self._pool.lost(error) from error
            if there is not None and there.size >= len(data):
                raise self._taken(name, channel)
            try:
                session.write(f"{folder}/{name}", data, one_by_one=True)
            except SessionLostError as error:
                raise OutcomeUnknown(
                    f"{self._connection}: the connection broke while {name} was written to {channel}.",
                    remedy="Part of it may stand under its final name.",
                ) from error
        return Written(name, {"name": name, "size": len(data)})

    # ------------------------------------------------------------------ errors

    def _check_name(self, name: str) -> None:
        if not usable(name):
            raise ConfigError(
                f"{self._connection}: {clean_name(name)!r} cannot be a file's name.", remedy="Mend orders.file_name."
            )

    def _taken(self, name: str, channel: str) -> RefusedBySystem:
        """Writing over a file that nobody has taken yet would lose it (truecommerce 4, rule 5)."""
        return RefusedBySystem(
            f"{self._connection}: {channel} holds another file named {name}; it is not written over.",
            remedy="Have that file looked at; then send the document again.",
        )

    def _refused(self, error: StatusError, what: str) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self._connection}: {what} ({clean_name(error.said)[:80] or error.code}).",
            remedy="See that the folder is there, that the login may write to it, and that it is not full.",
        )
