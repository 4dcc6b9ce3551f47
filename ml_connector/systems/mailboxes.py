"""What `check` finds out about any network's folders: can they be used, what was left in them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from ml_connector.config.connections import MailboxSettings
from ml_connector.flows.core.ports import ChannelCheck
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.exchange import files, remote_listing
from ml_connector.systems.results import CheckLevel, CheckResult, Mender
from ml_connector.systems.system import Parts, Usage

#: Files named at once.
MOST_TOLD = 10


class ChecksFolders(Protocol):
    """A network that can tell whether its folders can be used."""

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> Sequence[ChannelCheck]: ...


def folders_usable(name: str, network: ChecksFolders, use: Usage) -> Iterator[CheckResult]:
    """Each folder of the partners by itself."""
    if not use.receive and not use.send:
        remedy = "Add partners, or mend their channels."
        yield CheckResult(name, "usable", CheckLevel.WARN, "no partner names a folder", remedy)
        return
    for found in network.check(receive=use.receive, send=use.send):
        level = (CheckLevel.ADVICE if found.remedy else CheckLevel.GOOD) if found.ok else CheckLevel.BAD
        mender = None if found.ok else Mender.CONFIGURATION
        many = f", {found.files} files in it" if found.files is not None else ""
        yield CheckResult(name, "usable", level, f"{found.channel}: {found.message}{many}", found.remedy, mender)


def left_in_folders(name: str, settings: MailboxSettings, parts: Parts, use: Usage) -> Iterator[CheckResult]:
    """Files that could not be read at the last looks, and read ones that could not be taken away; without a call."""
    folders = use.receive
    since = parts.clock.now() - timedelta(hours=settings.temporary_alarm_hours)
    with parts.ledger.read() as tx:
        unfinished = remote_listing.temporary(tx, name, folders, same_since=since, listed_since=since)
        unreadable = remote_listing.unreadable(tx, name, folders)
        refused = {folder: files.count_refused(tx, name, folder) for folder in folders}
        said = {folder: cursors.get(tx, f"{name}:{folder}:not_taken_away") for folder in folders}
    for one in unreadable[:MOST_TOLD]:
        message = f"{one.channel}: {one.name[:80]} cannot be read: {one.note}"
        remedy = "Have it made readable, or taken away; it is read by itself then."
        yield CheckResult(name, "files", CheckLevel.WARN, message, remedy)
    if len(unreadable) > MOST_TOLD:
        yield CheckResult(name, "files", CheckLevel.WARN, f"{len(unreadable) - MOST_TOLD} more files cannot be read")
    for left in unfinished[:MOST_TOLD]:
        message = f"{left.channel}: {left.name[:80]} bears a temporary name since {left.since:%Y-%m-%d %H:%M} UTC"
        remedy = "Ask its sender to finish or rename it, or have it taken away; under that name it is never read."
        yield CheckResult(name, "files", CheckLevel.WARN, message, remedy)
    for folder, count in refused.items():
        if count:
            message = f"{folder}: {count} read file(s) may not be taken away, as {said[folder] or 'was said'}"
            yield CheckResult(
                name, "files", CheckLevel.WARN, message, "Have the right given, or set after_read: leave."
            )
