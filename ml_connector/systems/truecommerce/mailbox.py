"""TrueCommerce as a `Mailbox`: channels are folders of one login (see `paths`; truecommerce 3 and 4)."""

from functools import partial

from ml_connector.clock import Clock
from ml_connector.systems.sftp.mailbox import SftpMailbox
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.truecommerce.paths import segments_of
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection


class TrueCommerceMailbox(SftpMailbox):
    """One connection. Safe to use from several threads."""

    def __init__(self, connection: str, settings: TrueCommerceConnection, pool: SessionPool, clock: Clock) -> None:
        super().__init__(connection, settings, pool, clock, partial(segments_of, connection, settings))
