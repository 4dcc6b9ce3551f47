"""The partners' folders: which there are, what lies in them, and which of them cannot be used. No file is read here."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector import stopping
from ml_connector.errors import AuthorizationNeeded, ConfigError, ConnectorError, RefusedBySystem
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.exchange import remote_listing

#: What may be wrong with one folder alone: it is not there, is closed to us, or the server refuses to list it.
_ABOUT_A_FOLDER = (ConfigError, AuthorizationNeeded, RefusedBySystem)


@dataclass(frozen=True)
class Channel:
    """A folder we read, and the name of the partner whose it is; empty where several share it."""

    name: str
    partner: str

    def owner(self, integration: Integration, name: str) -> str:
        """Whose a file of that name is, as far as folder and name tell; empty: its content does."""
        if self.partner:
            return self.partner
        claiming = [
            partner.name
            for partner in integration.partners.values()
            if self.name in partner.channels.receive and partner.channels.claims(name)
        ]
        return claiming[0] if len(claiming) == 1 else ""


def channels_of(integration: Integration, partners: Sequence[str] = ()) -> list[Channel]:
    """The folders to be read, each once: several partners may share one, and then their files tell whose they are.

    Those of partners that are stopped by their files, too: what comes is kept.
    """
    found: dict[str, set[str]] = {}
    wanted: dict[str, None] = {}
    owners = [(partner.name, partner.channels.receive) for partner in integration.partners.values()]
    owners += [(problem.name, problem.folders) for problem in integration.problems]
    for owner, folders in owners:
        for name in folders:
            found.setdefault(name, set()).add(owner)
            if not partners or owner in partners:
                wanted[name] = None
    return [Channel(name, next(iter(found[name])) if len(found[name]) == 1 else "") for name in wanted]


def look(integration: Integration, channel: Channel) -> int:
    """Read a stretch of a folder's listing into the ledger, from where the last look ended; new or grown files.

    100,000 files do not fit in one look: the position is kept, and the next look goes on from there.
    """
    name = f"{integration.network.connection}:{channel.name}:listing"
    with integration.ledger.read() as tx:
        start = int(cursors.get(tx, name) or 0)
    news = 0
    next_start: int | None = start
    for _ in range(integration.folders.pages_per_tick):
        stopping.check()
        page = integration.network.list_files(channel.name, start=next_start or 0, limit=integration.folders.page_size)
        wanted = [f for f in page.files if not _is_temporary(integration, f)]
        unfinished = [f for f in page.files if _is_temporary(integration, f)]
        with integration.ledger.write() as tx:
            news += remote_listing.note_listing(tx, integration.network.connection, channel.name, wanted)
            remote_listing.note_listing(tx, integration.network.connection, channel.name, unfinished, temporary=True)
            cursors.put(tx, name, str(page.next_start or 0))
        next_start = page.next_start
        if next_start is None:
            break
    return news


def look_into(integration: Integration, channel: Channel) -> ConnectorError | None:
    """`look`; why the folder cannot be used comes back as a value, and stands in the ledger for as long as that lasts.

    One folder that is misspelt or closed to us never keeps the other partners' files from being read.
    """
    closed: ConnectorError | None = None
    try:
        look(integration, channel)
    except _ABOUT_A_FOLDER as error:
        closed = _of_the_folder(error)
    name = _trouble_name(integration, channel.name)
    with integration.ledger.read() as tx:
        known = cursors.get(tx, name)
    told = str(closed)[:1000] if closed is not None else None
    if told != known:
        with integration.ledger.write() as tx:
            if told is None:
                cursors.forget(tx, name)
            else:
                cursors.put(tx, name, told)
    return closed


def counted(integration: Integration, channel: Channel, report: StepReport) -> ConnectorError | None:
    """Count what a folder would bring; what is wrong with it is given back."""
    try:
        report.counts["would_fetch"] += would_fetch(integration, channel)
    except _ABOUT_A_FOLDER as error:
        return _of_the_folder(error)
    return None


def _of_the_folder(error: ConnectorError) -> ConnectorError:
    """The error, if it is about this folder alone; raises it where the whole connection must be authorized."""
    if isinstance(error, AuthorizationNeeded) and error.data.get("status") != 403:
        raise error
    return error


def _trouble_name(integration: Integration, channel: str) -> str:
    return f"{integration.network.connection}:{channel}:unusable"


def unusable_folders(integration: Integration) -> dict[str, str]:
    """Folders that could not be used at the last look, with what was said."""
    names = [channel.name for channel in channels_of(integration)]
    with integration.ledger.read() as tx:
        told = {name: cursors.get(tx, _trouble_name(integration, name)) for name in names}
    return {name: text for name, text in told.items() if text is not None}


def look_at_all(integration: Integration) -> list[ConnectorError]:
    """For the sensor: look at the folders; why some cannot be used. No file is read.

    Raises:
        ConnectorError: none of them can be used, or the network is away.
    """
    channels = channels_of(integration)
    closed = [error for channel in channels if (error := look_into(integration, channel)) is not None]
    if closed and len(closed) == len(channels):
        raise closed[0]
    return closed


def would_fetch(integration: Integration, channel: Channel) -> int:
    """For a dry run: files that wait and files the ledger has not noted yet, within one look; nothing is written."""
    connection = integration.network.connection
    new = 0
    start: int | None = 0
    with integration.ledger.read() as tx:
        waiting = remote_listing.count_waiting(tx, connection, channel.name)
    for _ in range(integration.folders.pages_per_tick):
        if start is None:
            break
        page = integration.network.list_files(channel.name, start=start, limit=integration.folders.page_size)
        wanted = [f for f in page.files if not _is_temporary(integration, f)]
        with integration.ledger.read() as tx:
            new += remote_listing.count_new(tx, connection, channel.name, wanted)
        start = page.next_start
    return waiting + new


def _is_temporary(integration: Integration, file: RemoteFile) -> bool:
    return file.name.lower().endswith(integration.folders.temporary_suffixes)
