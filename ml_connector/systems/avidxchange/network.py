"""AvidXchange as the network that flows see: records, and closed batches of invoices as files of a folder."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ml_connector.clock import Clock
from ml_connector.flows.core.ports import ChannelCheck, RemoteFile, RemotePage
from ml_connector.systems.avidxchange.batches import AT, Batches
from ml_connector.systems.avidxchange.partners_folders import BATCHES, PartnersFolders
from ml_connector.systems.avidxchange.reach import Reach
from ml_connector.systems.avidxchange.records import AvidRecords
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.client import AvidClient


class AvidNetwork(PartnersFolders):
    """One account. Safe to use from several threads."""

    switch = "resources.batches"
    #: Whether it still lists such a batch is nowhere said (avidxchange 4).
    takes_away_what_was_acknowledged = False

    def __init__(
        self,
        connection: str,
        client: AvidClient,
        settings: AvidXchangeConnection,
        clock: Clock,
        read_blob: Callable[[str], bytes],
        reach: Reach,
    ) -> None:
        self.connection = connection
        self.client = client
        self.records = AvidRecords(connection, client, settings, clock, read_blob)
        self.batches = Batches(client, settings, clock, reach)
        self._settings = settings

    def close(self) -> None:
        self.client.api.close()

    # ------------------------------------------------------------------ batches as files

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """Closed batches, each reading of one by its own name: closed again, it is another file."""
        self._known(channel)
        found = self.batches.closed()
        page = [one.file for one in found[start : start + limit]]
        return RemotePage(page, start + limit if start + limit < len(found) else None)

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        self._known(channel)
        yield from self.batches.content(file.remote_id, self._settings.max_file_bytes)

    def waiting(self, channel: str) -> list[str]:
        """Readings of batches that wait for their acknowledgement."""
        self._known(channel)
        return [one.file.remote_id for one in self.batches.closed()]

    def acknowledge(self, channel: str, remote_id: str, began: datetime, ended: datetime) -> bool:
        """The batch is told to be exported, unless it was closed again since that reading (avidxchange 7)."""
        self._known(channel)
        batch, _, closed = remote_id.partition(AT)
        if self.batches.closed_at(batch) != closed:
            return False
        self.batches.exported(batch, began, ended)
        return True

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> list[ChannelCheck]:
        """Whether the partner's folders are those that there are, and the batches can be listed."""
        found = self.of_others(receive=receive, send=send)
        if BATCHES in receive:
            many = len(self.batches.closed())
            found.append(ChannelCheck(BATCHES, "download", True, "closed batches can be listed", files=many))
        return found

    def _known(self, channel: str) -> None:
        self.must_be_there(channel, on=self._settings.resources.batches.enabled)
