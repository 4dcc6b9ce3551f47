"""The after-read policy: files whose bytes are kept are moved, renamed or deleted at the network.

A failure never reads a file twice. What the network refuses is told with name and reason; the others go before it, and
it is tried again now and then.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain
from ml_connector.flows.context import Integration, StepReport, chunks
from ml_connector.flows.folders import channels_of
from ml_connector.flows.ports import RemoteFile
from ml_connector.ledger import files, positions
from ml_connector.ledger.files import FileRow

#: Files taken away together.
GROUP = 50
#: In one go.
MOST = 5000
#: Of those that were refused before, so many are tried again in one go.
REFUSED_TRIED = 50


def dispose_read(integration: Integration, report: StepReport) -> None:
    """Move or delete files whose bytes are kept. A failure is tried again next time."""
    if integration.folders.after_read == "leave":
        return
    connection = integration.network.connection
    cursor = f"{connection}:refused_removals"
    with integration.ledger.read() as tx:
        pending = files.removals_pending(tx, connection, limit=MOST)
        refused = files.removals_refused(tx, connection, after=int(positions.get(tx, cursor) or 0), limit=REFUSED_TRIED)
    if not pending and not refused:
        return
    told: dict[str, str] = {}
    for group in [*chunks(pending, GROUP), *chunks(refused, GROUP)]:
        if not _take_away(integration, group, told, report):
            return
    if refused:
        with integration.ledger.write() as tx:
            positions.put(tx, cursor, str(refused[-1].id))
    _tell(integration, {row.channel for row in (*pending, *refused)}, told, report)


def _take_away(integration: Integration, group: Sequence[FileRow], told: dict[str, str], report: StepReport) -> bool:
    """A group of files; what was refused is told by folder. False where the network cannot go on now."""
    with ThreadPoolExecutor(max_workers=integration.folders.concurrency, thread_name_prefix="dispose") as pool:
        done = list(pool.map(lambda row: _dispose(integration, row), group))
    refused = [(row, error) for row, error in zip(group, done, strict=True) if error is not None and _is_no(error)]
    with integration.ledger.write() as tx:
        files.mark_removed(tx, [row.id for row, error in zip(group, done, strict=True) if error is None])
        files.mark_refused(tx, [row.id for row, _ in refused])
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
                positions.forget(tx, _name(integration, channel))
            elif channel in told:
                positions.put(tx, _name(integration, channel), told[channel])
        if left and channel in told:
            report.counts["not_taken_away"] += left
            report.notes.append(f"{channel}: {left} read file(s) may not be taken away, as {told[channel]}"[:600])


def not_taken_away(integration: Integration) -> dict[str, tuple[int, str]]:
    """By folder: how many read files the network does not give up, and one of them with what was said."""
    found: defaultdict[str, tuple[int, str]] = defaultdict(lambda: (0, ""))
    with integration.ledger.read() as tx:
        for channel in channels_of(integration):
            said = positions.get(tx, _name(integration, channel.name))
            if said is not None:
                found[channel.name] = (files.count_refused(tx, integration.network.connection, channel.name), said)
    return dict(found)
