"""Files that a network lists and does not give: others go before them, and after a few looks a person is told.

What the server refuses (no right to read it) is held after a few looks. What only may be the file's fault (an error of
the server, a call that broke) is looked at for longer first. Either is tried again, rarer and rarer, and what was held
for it is closed when the file could be read, or went. So is what was held of a part, when its file has come whole.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

from ml_connector.errors import AuthorizationNeeded, CallLimitReached, ConnectorError, NeedsCorrection, Reason, TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.flows.inbound.polling import Channel
from ml_connector.flows.inbound.x12_documents import unfetched_document
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files, related, remote_listing
from ml_connector.ledger.exchange.files import FileRow
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S

#: Looks after which a file is held: one that is refused, and one that may only be the server's bad hour.
LOOKS, LOOKS_AT_TROUBLE = 3, 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


def is_about_a_file(error: ConnectorError) -> bool:
    """Whether a failed fetch may be this file's own. The log-in, or a pause that is asked for, are the connection's."""
    if isinstance(error, AuthorizationNeeded):
        return error.data.get("status") == 403
    return not isinstance(error, TryAgain)


def asks_for_a_pause(error: ConnectorError) -> bool:
    """Whether the connection as a whole is to wait (429, a call limit that is used up): no file has failed by that."""
    return isinstance(error, CallLimitReached)


def pause_after(failures: int) -> timedelta:
    """So long a file that failed so often is left alone."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))


def note_failure(
    integration: Integration,
    tx: Tx,
    channel: Channel,
    file: RemoteFile,
    error: ConnectorError,
    work: RunScope,
    report: StepReport,
) -> None:
    """A file could not be read once more."""
    connection = integration.network.connection
    failures = remote_listing.mark_failed(tx, connection, channel.name, file.remote_id, error.message, pause_after)
    report.add("not_fetched", name=file.name[:80], folder=channel.name, reason=error.message[:200])
    if failures < (LOOKS_AT_TROUBLE if isinstance(error, TryAgain) else LOOKS):
        return
    held = NeedsCorrection(
        Reason.FILE_UNREADABLE,
        f"it was looked at {failures} times: {error.message}",
        remedy=f"{error.remedy or 'Have it made readable, or taken away.'} It is read by itself then.",
        data={"folder": channel.name, "said": error.message[:300]},
    )
    hold(integration, tx, channel, file, held, work, report)


def hold(
    integration: Integration,
    tx: Tx,
    channel: Channel,
    file: RemoteFile,
    held: NeedsCorrection,
    work: RunScope,
    report: StepReport,
) -> None:
    """Make the document that stands for a file while it is unread, unless there is one."""
    connection = integration.network.connection
    if remote_listing.held_documents(tx, connection, channel.name, [file.remote_id]):
        return
    document = unfetched_document(integration, channel.name, channel.owner(integration, file.name), file, held)
    (added,) = documents.add_documents(tx, [document], work)
    remote_listing.mark_held(tx, connection, channel.name, file.remote_id, added.id)
    report.add("held", name=file.name[:80], folder=channel.name, reason=str(held.reason))


def close_held(
    integration: Integration, tx: Tx, channel: Channel, remote_ids: Sequence[str], why: str, by: RunScope
) -> None:
    """Files could be read after all, or have gone: what was held for them is of the past."""
    connection = integration.network.connection
    standing = remote_listing.held_documents(tx, connection, channel.name, remote_ids)
    if not standing:
        return
    rows = documents.get_many(tx, list(standing.values()))
    changes = {"reason": "read_after_all", "business_key": None}
    moves = [Move(row.id, S.DISCARDED, why, changes=changes) for row in rows if row.state is S.QUARANTINED]
    documents.move(tx, moves, by)
    remote_listing.release_held(tx, connection, channel.name, list(standing))


# ---------------------------------------------------------------------- parts of files that have grown since

#: What is held of a file whose end had not come.
_OF_PARTS = (Reason.NO_LAYOUT_FITS, Reason.NOT_X12, Reason.INCOMPLETE_FILE)


def close_parts(integration: Integration, tx: Tx, channel: Channel, fetched: Mapping[str, bytes], by: RunScope) -> None:
    """What is held of the beginning of one of these files (remote_id -> bytes) asks nothing any more: all of it stands
    in the file as it is now, and what is wrong with that is told of it.
    """
    connection = integration.network.connection
    reasons = [reason.value for reason in _OF_PARTS]
    held = related.held_of_files(tx, connection, channel.name, list(fetched), reasons)
    parts = {
        part.id: part
        for part in files.get_many(tx, [row.file_id for row in held if row.file_id is not None])
        if _begins_with(fetched[part.remote_id or ""], part)
    }
    changes = {"reason": "read_after_all", "business_key": None}
    why = "part of a file that has grown"
    documents.move(tx, [Move(row.id, S.DISCARDED, why, changes=changes) for row in held if row.file_id in parts], by)
    files.set_states(tx, {key: "superseded" for key, part in parts.items() if part.state == "rejected"})


def _begins_with(data: bytes, part: FileRow) -> bool:
    return 0 < part.size < len(data) and sha256(memoryview(data)[: part.size]).hexdigest() == part.sha256
