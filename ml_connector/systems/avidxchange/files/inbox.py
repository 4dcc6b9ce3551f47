"""A folder whose files are read once each, without the ledger: what was read is told by the reader's own cursor.

A file is marked as taken once what it said is kept. Where the server lets nobody rename, it is remembered for as long
as it lies there.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ml_connector.clock import Clock
from ml_connector.errors import ConnectorError, NeedsCorrection, Reason, RefusedBySystem, SenderMustCorrect
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.systems.avidxchange.file_settings import FileLayout
from ml_connector.systems.avidxchange.files import tables
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.sftp.mailbox import SftpMailbox


@dataclass(frozen=True)
class WrongFile:
    """A file that cannot be read at all. shown: how it begins, or what is known of it."""

    name: str
    shown: str
    why: NeedsCorrection


@dataclass(frozen=True)
class Look:
    """What is new. more: there are further files, to be read from the new cursor."""

    tables: Sequence[Sequence[tables.TableRow]]
    wrong: Sequence[WrongFile]
    cursor: str
    more: bool


#: Bytes of a file that nobody can read, which are kept with what is wrong.
_SHOWN = 2000


@dataclass(frozen=True)
class Inbox:
    """One folder. needed: fields that nothing can be read without. at_once: files read before their rows are kept."""

    box: SftpMailbox
    settings: AvidXchangeConnection
    clock: Clock
    layout: FileLayout
    needed: Sequence[str]
    at_once: int

    def look(self, cursor: str | None) -> Look:
        """Files that were not read before, and have stood still for long enough."""
        kept = json.loads(cursor or "{}")
        known, seen = frozenset(kept.get("read", ())), dict(kept.get("seen", {}))
        there = {_state(one): one for one in self._lying()}
        left = {key for key in known if key in there}
        now = self.clock.now().isoformat(timespec="seconds")
        waits = {key: seen.get(key, now) for key in there if key not in known}
        found: list[Sequence[tables.TableRow]] = []
        wrong: list[WrongFile] = []
        read: set[str] = set()
        for key in list(waits):
            if len(read) >= self.at_once:
                break
            if self._stood_still(waits[key]) and self._read(there[key], found, wrong):
                read.add(key)
                del waits[key]
        more = len(read) >= self.at_once and any(self._stood_still(since) for since in waits.values())
        return Look(found, wrong, json.dumps({"read": sorted(left | read), "seen": waits}), more)

    def mark(self, cursor: str | None) -> None:
        """Mark what was read up to this cursor, and kept. Done again it does no harm."""
        known = frozenset(json.loads(cursor or "{}").get("read", ()))
        for file in [one for one in self._lying() if _state(one) in known] if known else ():
            with suppress(RefusedBySystem, NeedsCorrection):
                self.box.dispose(self.layout.folder, file, policy="rename")

    def _lying(self) -> Iterator[RemoteFile]:
        start: int | None = 0
        while start is not None:
            page = self.box.list_files(self.layout.folder, start=start, limit=5000)
            yield from (one for one in page.files if not one.name.lower().endswith(self.settings.temporary_suffixes))
            start = page.next_start

    def _stood_still(self, since: str) -> bool:
        still = self.clock.now() - datetime.fromisoformat(since)
        return still.total_seconds() >= self.settings.stable_seconds

    def _read(self, file: RemoteFile, found: list[Sequence[tables.TableRow]], wrong: list[WrongFile]) -> bool:
        """Whether it was read, as far as it can be. False: its end has not come, or it has gone; looked at again."""
        try:
            data = b"".join(self.box.fetch(self.layout.folder, file))
        except (FileNotFoundError, RefusedBySystem):
            return False
        except NeedsCorrection as why:
            wrong.append(WrongFile(file.name, f"{file.name} {file.size} {file.modified}", why))
            return True
        try:
            found.append(tables.read(data, self.layout, self.needed, self.settings.over_files))
        except SenderMustCorrect as error:
            if error.data.get("unfinished") and not self._is_old(file):
                return False
            wrong.append(_wrong(file, data, error))
        return True

    def _is_old(self, file: RemoteFile) -> bool:
        """Whether its end should have come by now."""
        hours = self.settings.temporary_alarm_hours
        return self.clock.now().timestamp() - int(file.modified or 0) > hours * 3600


def _state(file: RemoteFile) -> str:
    """A file as it lies there: another one under its name, or one that grew, is another."""
    return hashlib.sha256(f"{file.remote_id}\n{file.size}\n{file.modified}".encode()).hexdigest()[:20]


def _wrong(file: RemoteFile, data: bytes, error: ConnectorError) -> WrongFile:
    why = NeedsCorrection(
        Reason.NO_LAYOUT_FITS, f"{file.name[:80]}: {error.message}", remedy=error.remedy, data=dict(error.data)
    )
    return WrongFile(file.name, data[:_SHOWN].decode("utf-8", "replace"), why)
