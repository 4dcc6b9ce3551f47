"""What several integrations share must not make one of them do another's work.

Integrations on one ERP connection share its orders, its books and its reference tables: an order goes out by the
integration that its supplier is a partner of, so there may be one. Integrations on one network share its folders:
whoever came first would take the other's files away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ml_connector.config.integrations import Integration
from ml_connector.config.partners import Partner
from ml_connector.errors import ConfigError

Integrations = Mapping[str, Integration]
Partners = Mapping[str, Mapping[str, Partner]]


@dataclass(frozen=True)
class Conflict:
    """What cannot be true at once. partners: whose files say it, by integration; none: connections.yaml says it."""

    message: str
    mend: str
    partners: tuple[tuple[str, str], ...] = ()

    @property
    def error(self) -> ConfigError:
        return ConfigError(self.message, mend=self.mend)


def find_conflicts(integrations: Integrations, partners: Partners, path: Path) -> Iterator[Conflict]:
    """Every pair of integrations, looked at together: two would send the same orders, read the same folder, or mean
    two suppliers by one name.
    """
    for first, second in combinations(sorted(integrations), 2):
        one, other = integrations[first], integrations[second]
        if one.erp == other.erp:
            yield from _same_books(first, second, integrations, partners, path)
        if one.network == other.network:
            for channel in sorted(_folders(partners[first]) & _folders(partners[second])):
                yield Conflict(
                    f"{path}: integrations {first} and {second} both read {channel} of {one.network}.",
                    mend="Give each partner one integration, or each integration a connection with folders of its own.",
                    partners=(*_readers(first, partners, channel), *_readers(second, partners, channel)),
                )


def _same_books(
    first: str, second: str, integrations: Integrations, partners: Partners, path: Path
) -> Iterator[Conflict]:
    """Two integrations on one ERP connection."""
    for name in sorted(partners[first].keys() & partners[second].keys()):
        vendors = partners[first][name].vendor, partners[second][name].vendor
        if vendors[0] != vendors[1]:
            yield Conflict(
                f"{path}: partner {name} is supplier {vendors[0]} in {first} and {vendors[1]} in {second}.",
                mend="Give one of them another name: by it their documents are told apart in the ledger.",
                partners=((first, name), (second, name)),
            )
    both = [integrations[name] for name in (first, second)]
    if all(one.flows.orders_out.enabled for one in both):
        for vendor in sorted(_vendors(partners[first]) & _vendors(partners[second])):
            yield Conflict(
                f"{path}: supplier {vendor} is a partner of {first} and of {second}: its orders would go out by both.",
                mend="Take it out of one, or switch flows.orders_out off there.",
                partners=(*_suppliers(first, partners, vendor), *_suppliers(second, partners, vendor)),
            )
    journals = {one.flows.invoices_in.journal for one in both if one.flows.invoices_in.enabled}
    if len(journals) > 1:
        yield Conflict(
            f"{path}: {first} and {second} post into one ERP connection, and name journals {sorted(journals)}.",
            mend="Name the same journal, or give one of them an ERP connection of its own.",
        )


def _vendors(partners: Mapping[str, Partner]) -> set[str]:
    return {partner.vendor for partner in partners.values()}


def _suppliers(integration: str, partners: Partners, vendor: str) -> Iterator[tuple[str, str]]:
    """Partners of an integration that are this supplier, to be stopped by name."""
    return ((integration, name) for name, one in partners[integration].items() if one.vendor == vendor)


def _readers(integration: str, partners: Partners, channel: str) -> Iterator[tuple[str, str]]:
    """Partners of an integration whose files come through this folder."""
    return ((integration, name) for name, one in partners[integration].items() if channel in one.channels.receive)


def _folders(partners: Mapping[str, Partner]) -> set[str]:
    return {channel for partner in partners.values() for channel in partner.channels.receive}
