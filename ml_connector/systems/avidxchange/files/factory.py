"""A connection to AvidXchange by files, from its configuration."""

from collections.abc import Callable
from datetime import datetime

from ml_connector.flows.core.ports import RemoteFile
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files
from ml_connector.ledger.exchange.blobs import reader_of
from ml_connector.systems.avidxchange.files.network import AvidFileNetwork, sftp_settings
from ml_connector.systems.avidxchange.partners_folders import BATCHES
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.sftp.factory import session_pool
from ml_connector.systems.system import Parts


def build_over_files(name: str, settings: AvidXchangeConnection, parts: Parts) -> AvidFileNetwork:
    """The network of a connection. Nothing is called yet."""
    pool = session_pool(name, sftp_settings(settings), parts)
    kept = _fetched(parts.ledger, name)
    return AvidFileNetwork(name, settings, pool, parts.clock, reader_of(parts.ledger), kept)


def _fetched(ledger: Ledger, connection: str) -> Callable[[str, datetime], RemoteFile | None]:
    def fetched(name: str, at: datetime) -> RemoteFile | None:
        with ledger.read() as tx:
            known = files.by_remote_ids(tx, connection, BATCHES, [name])
        newest = max(known, key=lambda one: (one.fetched_at, one.id), default=None)
        if newest is None or newest.created_at != at:
            return None
        return RemoteFile(name, newest.name, newest.size, str(newest.detail.get("modified") or ""))

    return fetched
