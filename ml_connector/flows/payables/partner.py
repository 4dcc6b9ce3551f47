"""The partner file of the network itself."""

from ml_connector.config.partners import Partner
from ml_connector.errors import ConfigError
from ml_connector.flows.core.integration import Integration


def network_partner(integration: Integration) -> Partner:
    """The one partner that is a network.

    Raises:
        ConfigError: there is none, or there are several.
    """
    found = [one for one in integration.partners.values() if one.role == "network"]
    if len(found) != 1:
        raise ConfigError(
            f"integrations.{integration.name}.partners: {len(found)} partner files have role: network, and one is due.",
            remedy="Write one partner file with role: network, as docs/connect-avidxchange.md shows it.",
        )
    return found[0]
