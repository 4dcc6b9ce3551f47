"""A TrueCommerce connection from its configuration."""

from ml_connector.systems.sftp.factory import session_pool
from ml_connector.systems.system import Parts
from ml_connector.systems.truecommerce.mailbox import TrueCommerceMailbox
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection


def build_truecommerce(name: str, settings: TrueCommerceConnection, parts: Parts) -> TrueCommerceMailbox:
    """The network of a connection. Nothing is called yet."""
    return TrueCommerceMailbox(name, settings, session_pool(name, settings, parts), parts.clock)
