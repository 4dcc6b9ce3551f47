"""What several integrations share must not make one of them do another's work.

Integrations on one ERP connection share its orders, its books and its reference tables: an order goes out by the
integration that its supplier is a partner of, so there may be one. Integrations on one network share its folders:
whoever came first would take the other's files away.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from ml_connector.config.integrations import Integration
from ml_connector.config.partners import Partner
from ml_connector.errors import ConfigError

Integrations = Mapping[str, Integration]
Partners = Mapping[str, Mapping[str, Partner]]


def check_conflicts(integrations: Integrations, partners: Partners, path: Path) -> None:
    """Every pair of integrations, looked at together.

    Raises:
        ConfigError: two would send the same orders, read the same folder, or mean two suppliers by one name.
    """
    for first, second in combinations(sorted(integrations), 2):
        one, other = integrations[first], integrations[second]
        if one.erp == other.erp:
            _same_books(first, second, integrations, partners, path)
        if one.network == other.network:
            for channel in sorted(_folders(partners[first]) & _folders(partners[second])):
                raise ConfigError(
                    f"{path}: integrations {first} and {second} both read {channel} of {one.network}.",
                    mend="Give each partner one integration, or each integration a connection with folders of its own.",
                )


def _same_books(first: str, second: str, integrations: Integrations, partners: Partners, path: Path) -> None:
    """Two integrations on one ERP connection."""
    for name in sorted(partners[first].keys() & partners[second].keys()):
        vendors = partners[first][name].vendor, partners[second][name].vendor
        if vendors[0] != vendors[1]:
            raise ConfigError(
                f"{path}: partner {name} is supplier {vendors[0]} in {first} and {vendors[1]} in {second}.",
                mend="Give one of them another name: by it their documents are told apart in the ledger.",
            )
    both = [integrations[name] for name in (first, second)]
    if all(one.flows.orders_out.enabled for one in both):
        for vendor in sorted(_vendors(partners[first]) & _vendors(partners[second])):
            raise ConfigError(
                f"{path}: supplier {vendor} is a partner of {first} and of {second}: its orders would go out by both.",
                mend="Take it out of one, or switch flows.orders_out off there.",
            )
    journals = {one.flows.invoices_in.journal for one in both if one.flows.invoices_in.enabled}
    if len(journals) > 1:
        raise ConfigError(
            f"{path}: {first} and {second} post into one ERP connection, and name journals {sorted(journals)}.",
            mend="Name the same journal, or give one of them an ERP connection of its own.",
        )


def _vendors(partners: Mapping[str, Partner]) -> set[str]:
    return {partner.vendor for partner in partners.values()}


def _folders(partners: Mapping[str, Partner]) -> set[str]:
    return set(_all_folders(partners))


def _all_folders(partners: Mapping[str, Partner]) -> Iterator[str]:
    for partner in partners.values():
        yield from partner.channels.receive
