"""Files in: list the partners' folders, fetch what is new and whole, and keep the bytes.

Nothing is taken away from the network before its bytes and their hash are committed (DESIGN, invariant 1), and then
while others post (`taking_away`).
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from ml_connector import stopping
from ml_connector.errors import (
    AuthorizationNeeded,
    ConnectorError,
    NeedsCorrection,
    Stopped,
)
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.flows.inbound import unreadable_files
from ml_connector.flows.inbound.kept_files import confirm_files
from ml_connector.flows.inbound.polling import Channel, channels_of, counted, look, look_into
from ml_connector.ledger.exchange import files, related, remote_listing
from ml_connector.ledger.exchange.files import NewFile
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S

#: Files fetched and committed together.
FETCH_GROUP = 50
FETCH_BYTES = 32_000_000
#: A file that will have stood still by then is waited for.
LONGEST_STABLE_WAIT = timedelta(seconds=6)

#: A file's bytes; None when it has gone; an error as a value.
Fetched = bytes | ConnectorError | None


def receive(integration: Integration, work: RunScope) -> StepReport:
    """Take in everything that waits in the partners' folders. A replay reads none: it confirms the bytes that are kept.

    Raises:
        AuthorizationNeeded: the connection must be authorized, or none of its folders is open to us. TryAgain.
    """
    if work.replay:
        return confirm_files(integration, work)
    report = StepReport("receive")
    channels = channels_of(integration, work.partners)
    for channel in channels:
        if work.stopped():
            break
        closed = counted(integration, channel, report) if work.dry_run else look_into(integration, channel)
        if closed is not None:
            report.add("folder_unusable", name=channel.name, reason=closed.message[:200])
            report.notes.append(str(closed))
            if isinstance(closed, AuthorizationNeeded) and report.counts["folder_unusable"] == len(channels):
                raise closed
        elif not work.dry_run:
            _fetch_ready(integration, channel, work, report)
    return report


def _fetch_ready(integration: Integration, channel: Channel, work: RunScope, report: StepReport) -> None:
    """Fetch files whose size has been stable long enough; a group at a time, committed before anything else."""
    stable = timedelta(seconds=integration.folders.stable_seconds)
    waited = False
    while not work.stopped():
        with integration.ledger.read() as tx:
            seen = remote_listing.ready_files(tx, integration.network.connection, channel.name, stable, limit=500)
        if not seen:
            if waited or not _wait_for_stable(integration, channel, stable):
                return
            waited = True
            continue
        ready = [RemoteFile(one.remote_id, one.name, one.size, one.modified or "") for one in seen]
        # One that fails is not ready for a while: the loop goes on to those behind it.
        if not _fetch_all(integration, channel, ready, work, report):
            return


def _wait_for_stable(integration: Integration, channel: Channel, stable: timedelta) -> bool:
    """Wait for a file that will soon have stood still for long enough, and look again. False when there is none.

    The run was started for it; left to the next one it would wait for another interval of the sensor.
    """
    with integration.ledger.read() as tx:
        wait = remote_listing.soonest_ready(tx, integration.network.connection, channel.name, stable)
    if wait is None or wait > LONGEST_STABLE_WAIT:
        return False
    integration.clock.sleep(wait.total_seconds())
    look(integration, channel)
    return True


def _fetch_all(
    integration: Integration, channel: Channel, ready: Sequence[RemoteFile], work: RunScope, report: StepReport
) -> bool:
    """Fetch files; the next group is on its way while one is committed. False when the network cannot go on now."""
    with ThreadPoolExecutor(integration.folders.concurrency, thread_name_prefix="fetch") as pool:
        coming: list[tuple[RemoteFile, Future[Fetched]]] = []
        for group in [*_groups(ready), []]:
            ahead = [(file, pool.submit(_fetch, integration, channel, file)) for file in group]
            fetched = [(file, future.result()) for file, future in coming]
            # Those that were left for the next run have not failed.
            fetched = [(file, data) for file, data in fetched if not isinstance(data, Stopped)]
            if fetched and (not _commit_group(integration, channel, fetched, work, report) or work.stopped()):
                pool.shutdown(cancel_futures=True)
                return False
            work.hand_over()
            coming = ahead
    return True


def _groups(ready: Sequence[RemoteFile]) -> Iterator[list[RemoteFile]]:
    """Groups that are fetched together: bounded in number and, as far as listings can be believed, in bytes."""
    group: list[RemoteFile] = []
    size = 0
    for file in ready:
        if group and (len(group) >= FETCH_GROUP or size + file.size > FETCH_BYTES):
            yield group
            group, size = [], 0
        group.append(file)
        size += file.size
    if group:
        yield group


def _commit_group(
    integration: Integration,
    channel: Channel,
    group: Sequence[tuple[RemoteFile, Fetched]],
    work: RunScope,
    report: StepReport,
) -> bool:
    """Commit a group of fetched files. False when the network as a whole cannot go on now.

    A file that alone cannot be fetched is tried again later, and held for a person after a few looks; one that is too
    large at once.
    """
    connection = integration.network.connection
    broken: ConnectorError | None = None
    whole: list[tuple[RemoteFile, bytes]] = []
    failed: list[tuple[RemoteFile, ConnectorError]] = []
    gone: list[str] = []
    with integration.ledger.write() as tx:
        for file, data in group:
            if isinstance(data, NeedsCorrection):
                remote_listing.mark_ignored(tx, connection, channel.name, file.remote_id, data.message[:400])
                unreadable_files.hold(integration, tx, channel, file, data, work, report)
            elif isinstance(data, AuthorizationNeeded) and not unreadable_files.is_about_a_file(data):
                broken = data
            elif isinstance(data, ConnectorError):
                failed.append((file, data))
            elif data is None:
                remote_listing.mark_gone(tx, connection, channel.name, file.remote_id)
                gone.append(file.remote_id)
            else:
                whole.append((file, data))
        _keep(integration, tx, channel, whole, work, report)
        for file, error in failed:
            if unreadable_files.asks_for_a_pause(error):
                report.add("put_off", name=file.name[:80], folder=channel.name, reason=error.message[:200])
            else:
                unreadable_files.note_failure(integration, tx, channel, file, error, work, report)
        report.counts["gone"] += len(gone)
        closed = [*gone, *(file.remote_id for file, _ in whole)]
        unreadable_files.close_held(integration, tx, channel, closed, "no longer unread in its folder", work)
    if broken is not None:
        raise broken
    if len(failed) < len(group):
        return True
    # Nothing could be had: that may be the network. Others go first the next time, should it be these files.
    waits = [error for _, error in failed if not unreadable_files.is_about_a_file(error)]
    if waits:
        report.notes.append(f"{channel.name}: {waits[0]}")
    return not waits


def _fetch(integration: Integration, channel: Channel, file: RemoteFile) -> Fetched:
    """A file's bytes; None when it has gone; an error as a value, so that one file never stops the others."""
    try:
        stopping.check()
        return b"".join(_while_wanted(integration.network.fetch(channel.name, file)))
    except FileNotFoundError:
        return None
    except ConnectorError as error:
        return error


def _while_wanted(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What was read of a file counts only when it is whole: nothing is lost where a stop breaks it off."""
    for chunk in chunks:
        stopping.check()
        yield chunk


def _keep(
    integration: Integration,
    tx: files.Tx,
    channel: Channel,
    fetched: Sequence[tuple[RemoteFile, bytes]],
    work: RunScope,
    report: StepReport,
) -> None:
    """Commit the bytes. Same bytes as an earlier file of the folder: a silent repeat (edi-operations 2)."""
    connection = integration.network.connection
    hashes = files.put_blobs(tx, [data for _, data in fetched])
    partly = related.incomplete_of(tx, connection, channel.name, [file.remote_id for file, _ in fetched])
    for (file, _), sha256 in zip(fetched, hashes, strict=True):
        if file.remote_id in partly:
            _supersede(tx, connection, channel, file, sha256, work)
    unreadable_files.close_parts(integration, tx, channel, {file.remote_id: data for file, data in fetched}, work)
    earlier = files.same_contents(tx, connection, channel.name, hashes)
    first = {sha256: i for i, sha256 in reversed(list(enumerate(hashes))) if sha256 not in earlier}
    news = sorted(first.values())
    stored = _add(integration, tx, channel, [(*fetched[i], hashes[i]) for i in news], {}, report)
    if len(news) < len(fetched):
        earlier = files.same_contents(tx, connection, channel.name, hashes)
        repeats = [(*fetched[i], sha256) for i, sha256 in enumerate(hashes) if first.get(sha256) != i]
        stored |= _add(integration, tx, channel, repeats, earlier, report)
    remote_listing.mark_all_stored(tx, connection, channel.name, stored)


def _add(
    integration: Integration,
    tx: files.Tx,
    channel: Channel,
    fetched: Sequence[tuple[RemoteFile, bytes, str]],
    earlier: Mapping[str, files.FileRow],
    report: StepReport,
) -> dict[str, int]:
    """Rows of fetched files (with their hashes) among earlier ones of the same content; their ids by remote_id."""
    if not fetched:
        return {}
    new = [_new_file(integration, channel, file, data, sha256, earlier.get(sha256)) for file, data, sha256 in fetched]
    for one in new:
        outcome = "repeated" if one.state == "repeated" else "fetched"
        report.add(outcome, one.partition_date, name=one.name[:80], size=one.size)
    ids = files.add_fetched(tx, new)
    return {file.remote_id: key for (file, _, _), key in zip(fetched, ids, strict=True)}


def _new_file(
    integration: Integration,
    channel: Channel,
    file: RemoteFile,
    data: bytes,
    sha256: str,
    repeat: files.FileRow | None,
) -> NewFile:
    state = "repeated" if repeat is not None and data else "stored"
    # What is not parsed yet stays at the network: it may be half a file that is still growing.
    read = repeat is not None and repeat.state in {"parsed", "rejected"}
    removal = "pending" if state == "repeated" and read and integration.folders.after_read != "leave" else "left"
    return NewFile(
        direction="in",
        integration=integration.name,
        connection=integration.network.connection,
        channel=channel.name,
        partner=channel.owner(integration, file.name) or None,
        remote_id=file.remote_id,
        name=file.name[:400],
        size=len(data),
        sha256=sha256,
        state=state,
        removal=removal,
        partition_date=integration.clock.now().date(),
        # Another file under the same name, put there after this one was read, is told by its time (`_dispose`).
        detail={"modified": file.modified, **({"repeats": repeat.id} if repeat is not None else {})},
    )


def _supersede(tx: files.Tx, connection: str, channel: Channel, file: RemoteFile, sha256: str, work: RunScope) -> None:
    """A file that was fetched before its end came and has grown: what was staged of the earlier part does not count."""
    for file_id in related.supersede_incomplete(tx, connection, channel.name, file.remote_id, sha256):
        for rows in documents.of_file_in_state(tx, file_id, S.RECEIVED):
            documents.move(tx, [Move(row.id, S.DISCARDED, "part of a file that has grown") for row in rows], work)
