"""A folder whose files are read once each, without the ledger: what was read is told by the reader's own cursor.

A file is marked as taken once what it said is kept. Where the server lets nobody rename, it is remembered for as long
as it lies there. One that the server lists and does not give lets others go before it, and is told after a few looks;
it is looked at on and on. What was told ends when the file could be read, or its rest has come (`told`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ml_connector.clock import Clock, age
from ml_connector.errors import ConnectorError, NeedsCorrection, Reason, RefusedBySystem, SenderMustCorrect, TryAgain
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.systems.avidxchange.file_settings import FileLayout
from ml_connector.systems.avidxchange.files import tables
from ml_connector.systems.avidxchange.files.told import Ended, Told, shown
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.sftp.mailbox import SftpMailbox


@dataclass(frozen=True)
class WrongFile:
    """A file that cannot be read at all. shown: how it begins, or what is known of it."""

    name: str
    shown: str
    why: NeedsCorrection


@dataclass(frozen=True)
class ReadFile:
    """A file's rows. digest: of its bytes, the same under whatever name it comes. laid: when it was, as far as told."""

    digest: str
    rows: Sequence[tables.TableRow]
    laid: str = ""


@dataclass(frozen=True)
class Look:
    """What is new. more: there are further files, to be read from the new cursor.

    ended: what was told as wrong before, and is so no longer.
    """

    files: Sequence[ReadFile]
    wrong: Sequence[WrongFile]
    cursor: str
    more: bool
    ended: Sequence[Ended]


#: Looks after which a file is told that is refused, and one that may only be the server's bad hour.
LOOKS, LOOKS_AT_TROUBLE = 3, 8
#: Looks within this time are one.
_ONE_LOOK = timedelta(minutes=1)
#: Files that break the connection, or leave it waiting, in one look: each costs time.
_MOST_TROUBLES = 3


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
        failed = {key: one for key, one in dict(kept.get("failed", {})).items() if key in waits}
        told = Told(kept.get("told", {}))
        told.lying({one.name for one in there.values()})
        found: dict[str, ReadFile] = {}
        wrong: list[WrongFile] = []
        read: set[str] = set()
        troubles = 0
        for key in sorted(waits, key=lambda one: _looks(failed, one)):
            if len(read) >= self.at_once or troubles >= _MOST_TROUBLES:
                break
            if not self._stood_still(waits[key]):
                continue
            outcome = self._read(there[key], wrong, told)
            if isinstance(outcome, ConnectorError):
                troubles += isinstance(outcome, TryAgain)
                failed[key] = self._failed_again(failed.get(key))
                wrong += _unread(there[key], outcome, _looks(failed, key), told)
            elif outcome is not None:
                read.add(key)
                found[key] = outcome
                del waits[key]
                failed.pop(key, None)
        more = len(read) >= self.at_once and any(self._stood_still(since) for since in waits.values())
        more_to_keep = {name: one for name, one in (("failed", failed), ("told", told.kept())) if one}
        cursor = json.dumps({"read": sorted(left | read), "seen": waits, **more_to_keep})
        # As they lie there, not as they were read: of a payment the newer word counts.
        return Look([found[key] for key in there if key in found], wrong, cursor, more, told.ended)

    def _failed_again(self, before: Mapping[str, Any] | None) -> dict[str, Any]:
        """How often it was looked at in vain, and when it was counted last."""
        now = self.clock.now()
        if before is not None and timedelta(0) <= now - datetime.fromisoformat(before["at"]) < _ONE_LOOK:
            return dict(before)
        return {"looks": (before["looks"] if before is not None else 0) + 1, "at": now.isoformat(timespec="seconds")}

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
        return age(datetime.fromisoformat(since), self.clock.now()).total_seconds() >= self.settings.stable_seconds

    def _read(self, file: RemoteFile, wrong: list[WrongFile], told: Told) -> ReadFile | ConnectorError | None:
        """Its rows, as far as it can be read. None: its end has not come, or it has gone. An error: the server does
        not give it. Either is looked at again.

        Raises:
            TryAgain: the server is away, whichever file is asked for.
        """
        try:
            data = b"".join(self.box.fetch(self.layout.folder, file))
        except FileNotFoundError:
            return None
        except (RefusedBySystem, TryAgain) as error:
            self.box.list_files(self.layout.folder, start=0, limit=1)
            return error
        except NeedsCorrection as why:
            wrong.append(WrongFile(file.name, _as_listed(file), why))
            told.unread(file.name, _as_listed(file))
            return ReadFile("", ())
        try:
            rows = tables.read(data, self.layout, self.needed, self.settings.over_files)
        except SenderMustCorrect as error:
            if error.data.get("unfinished") and not self._is_old(file):
                return None
            wrong.append(_wrong(file, data, error))
            told.wrong(file.name, data)
            return ReadFile(_digest(data), ())
        told.whole(file.name, data)
        return ReadFile(_digest(data), rows, _laid(file))

    def _is_old(self, file: RemoteFile) -> bool:
        """Whether its end should have come by now."""
        hours = self.settings.temporary_alarm_hours
        return self.clock.now().timestamp() - int(file.modified or 0) > hours * 3600


def _state(file: RemoteFile) -> str:
    """A file as it lies there: another one under its name, or one that grew, is another."""
    return hashlib.sha256(f"{file.remote_id}\n{file.size}\n{file.modified}".encode()).hexdigest()[:20]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:20]


def _looks(failed: Mapping[str, Mapping[str, Any]], key: str) -> int:
    return int(failed[key]["looks"]) if key in failed else 0


def _laid(file: RemoteFile) -> str:
    """When a file was laid there, by the server's clock; empty where it does not tell."""
    seconds = int(file.modified) if file.modified.isascii() and file.modified.isdigit() else 0
    return datetime.fromtimestamp(seconds, UTC).isoformat() if 0 < seconds < 2**32 else ""


def _unread(file: RemoteFile, error: ConnectorError, looks: int, told: Told) -> list[WrongFile]:
    """A file that nobody could read for long enough to say so. Its words are the same each time: it is told once."""
    if looks < (LOOKS_AT_TROUBLE if isinstance(error, TryAgain) else LOOKS):
        return []
    as_shown = f"{_as_listed(file)} unread"
    told.unread(file.name, as_shown)
    why = NeedsCorrection(
        Reason.FILE_UNREADABLE,
        f"{file.name[:80]} was looked at {looks} times: {error.message}",
        remedy=f"{error.remedy or 'Have it made readable, or taken away.'} It is read by itself then.",
        data={"said": error.message[:300]},
    )
    return [WrongFile(file.name, as_shown, why)]


def _as_listed(file: RemoteFile) -> str:
    return f"{file.name} {file.size} {file.modified}"


def _wrong(file: RemoteFile, data: bytes, error: ConnectorError) -> WrongFile:
    why = NeedsCorrection(
        Reason.NO_LAYOUT_FITS, f"{file.name[:80]}: {error.message}", remedy=error.remedy, data=dict(error.data)
    )
    return WrongFile(file.name, shown(data), why)
