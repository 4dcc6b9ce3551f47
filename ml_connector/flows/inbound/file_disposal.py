"""The after-read policy: files whose bytes are kept are moved, renamed or deleted at the network.

What is posted goes first: this is done beside it or after it, and never keeps a run for long, whose next one posts what
came meanwhile. A failure never reads a file twice. What the network refuses is told with name and reason; the others go
before it, and it is tried again now and then.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ml_connector import stopping
from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport, chunks
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.flows.inbound.polling import channels_of
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.exchange import files, remote_listing
from ml_connector.ledger.exchange.files import FileRow

#: Files taken away together.
GROUP = 20
#: When nothing else is left to do, a run goes on with it for so long; the next one takes what is left.
LINGER_SECONDS = 10.0
#: In one go.
MOST = 5000
#: Of those that were refused before, so many are tried again in one go.
REFUSED_TRIED = 50


def take_away(integration: Integration, work: RunScope) -> StepReport:
    """The step by itself, after all others, for those who run them one after another."""
    report = StepReport("take away")
    dispose_read(integration, work, report)
    return report


class _Time:
    """How long a run may go on with it: as long as something else is done, and a little longer."""

    def __init__(self, work: RunScope) -> None:
        self._work = work
        self._since: float | None = None

    def over(self) -> bool:
        if self._work.stopped():
            return True
        if self._work.feed is not None and self._work.feed.others_work():
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since > LINGER_SECONDS


def dispose_read(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Move or delete files whose bytes are kept. A failure, and what there is no time for, is tried again next time."""
    if integration.folders.after_read == "leave" or work.dry_run:
        return
    connection = integration.network.connection
    cursor = f"{connection}:refused_removals"
    with integration.ledger.read() as tx:
        pending = files.removals_pending(tx, connection, limit=MOST)
        refused = files.removals_refused(tx, connection, after=int(cursors.get(tx, cursor) or 0), limit=REFUSED_TRIED)
    if not pending and not refused:
        return
    told: dict[str, str] = {}
    left = len(pending) + len(refused)
    allowed = _Time(work)
    for group in [*chunks(pending, GROUP), *chunks(refused, GROUP)]:
        if stopping.asked():
            return
        if allowed.over():
            report.notes.append(f"{left} read files are taken away next time")
            return
        if not _take_away(integration, group, told, report):
            return
        left -= len(group)
    if refused:
        with integration.ledger.write() as tx:
            cursors.put(tx, cursor, str(refused[-1].id))
    _tell(integration, {row.channel for row in (*pending, *refused)}, told, report)


def _take_away(integration: Integration, group: Sequence[FileRow], told: dict[str, str], report: StepReport) -> bool:
    """A group of files; what was refused is told by folder. False where the network cannot go on now."""
    # The other half of the calls at once is for what is sent meanwhile.
    most = max(1, integration.folders.concurrency // 2)
    with ThreadPoolExecutor(most, thread_name_prefix="dispose") as pool:
        done = list(pool.map(lambda row: _dispose(integration, row), group))
    refused = [(row, error) for row, error in zip(group, done, strict=True) if error is not None and _is_no(error)]
    taken = [row for row, error in zip(group, done, strict=True) if error is None]
    with integration.ledger.write() as tx:
        files.mark_removed(tx, [row.id for row in taken])
        files.mark_refused(tx, [row.id for row, _ in refused])
        for channel in sorted({row.channel for row in taken}):
            ids = {row.remote_id or "": row.id for row in taken if row.channel == channel}
            remote_listing.mark_taken_away(tx, integration.network.connection, channel, ids)
    for row, error in refused:
        told.setdefault(row.channel, f"{row.name[:80]}: {error}"[:1000])
    away = [error for error in done if error is not None and not _is_no(error)]
    if away and len(away) == len(group):
        report.notes.append(f"read files could not be taken away; tried again next time ({away[0].message[:200]})")
        return False
    return True


def _is_no(error: ConnectorError) -> bool:
    """Whether the network said no to this file, and not to us or for now."""
    if isinstance(error, AuthorizationNeeded):
        return error.data.get("status") == 403
    return not isinstance(error, TryAgain)


def _dispose(integration: Integration, row: FileRow) -> ConnectorError | None:
    remote_file = RemoteFile(row.remote_id or "", row.name, row.size, str(row.detail.get("modified") or ""))
    try:
        integration.network.dispose(
            row.channel, remote_file, policy=integration.folders.after_read, move_to=integration.folders.move_to
        )
    except ConnectorError as error:
        return error
    return None


# ---------------------------------------------------------------------- what was refused


def _name(integration: Integration, channel: str) -> str:
    return f"{integration.network.connection}:{channel}:not_taken_away"


def _tell(integration: Integration, channels: Iterable[str], told: dict[str, str], report: StepReport) -> None:
    """What was refused stands in the ledger by folder, for as long as there is something that was."""
    for channel in sorted(channels):
        with integration.ledger.write() as tx:
            left = files.count_refused(tx, integration.network.connection, channel)
            if not left:
                cursors.forget(tx, _name(integration, channel))
            elif channel in told:
                cursors.put(tx, _name(integration, channel), told[channel])
        if left and channel in told:
            report.counts["not_taken_away"] += left
            report.notes.append(f"{channel}: {left} read file(s) may not be taken away, as {told[channel]}"[:600])


def not_taken_away(integration: Integration) -> dict[str, tuple[int, str]]:
    """By folder: how many read files the network does not give up, and one of them with what was said."""
    found: defaultdict[str, tuple[int, str]] = defaultdict(lambda: (0, ""))
    with integration.ledger.read() as tx:
        for channel in channels_of(integration):
            said = cursors.get(tx, _name(integration, channel.name))
            if said is not None:
                found[channel.name] = (files.count_refused(tx, integration.network.connection, channel.name), said)
    return dict(found)
