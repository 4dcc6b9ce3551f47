"""An AvidXchange connection from its configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs, files
from ml_connector.systems.avidxchange.authorization import authentication_of
from ml_connector.systems.avidxchange.network import AvidNetwork
from ml_connector.systems.avidxchange.partners_folders import BATCHES
from ml_connector.systems.avidxchange.reach import Reach
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.client import AvidClient
from ml_connector.systems.avidxchange.wire.limits import OneRate
from ml_connector.systems.system import Parts
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import PathLimiter


def build_avidxchange(name: str, settings: AvidXchangeConnection, parts: Parts) -> AvidNetwork:
    """The network of a connection. Nothing is called yet; call limits are shared with other processes."""
    limiter = PathLimiter(name, settings.requests_per_second, parts.clock, shared=parts.limits, longest_wait=65.0)
    api = ApiClient(
        name,
        settings.base_url,
        authentication=authentication_of(name, settings, parts),
        limiter=OneRate(limiter),
        clock=parts.clock,
        timeout=settings.timeout_seconds,
        longest=settings.longest_call,
        max_connections=settings.concurrency + 2,
    )
    reach = Reach(_Listed(parts.ledger, name, BATCHES))
    return AvidNetwork(name, AvidClient(api, settings), settings, parts.clock, blobs.reader_of(parts.ledger), reach)


@dataclass(frozen=True)
class _Listed:
    """`reach.Memory` in the ledger."""

    ledger: Ledger
    connection: str
    channel: str

    @property
    def _name(self) -> str:
        return f"{self.connection}:{self.channel}:listed"

    def position(self) -> str | None:
        with self.ledger.read() as tx:
            return cursors.get(tx, self._name)

    def keep(self, position: str) -> None:
        with self.ledger.write() as tx:
            cursors.put(tx, self._name, position)

    def acknowledged(self, names: Sequence[str]) -> set[str]:
        with self.ledger.read() as tx:
            known = files.by_remote_ids(tx, self.connection, self.channel, names)
        return {one.remote_id for one in known if one.remote_id and "acknowledged" in one.detail}
