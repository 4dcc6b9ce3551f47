"""What several integrations share must not make one of them do another's work.

Integrations on one ERP connection share its orders, its books and its reference tables: an order goes out by the
integration that its supplier is a partner of, so there may be one. Integrations on one network share its folders:
whoever came first would take the other's files away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.errors import ConfigError
from ml_connector.flows import registry
from ml_connector.flows.core.spec import OUTBOUND, PURCHASE_ORDERS, SALES_INVOICES

Integrations = Mapping[str, IntegrationSettings]
Partners = Mapping[str, Mapping[str, Partner]]


@dataclass(frozen=True)
class Conflict:
    """What cannot be true at once. partners: whose files say it, by integration; none: connections.yaml says it."""

    message: str
    remedy: str
    partners: tuple[tuple[str, str], ...] = ()

    @property
    def error(self) -> ConfigError:
        return ConfigError(self.message, remedy=self.remedy)


def find_conflicts(
    integrations: Integrations, partners: Partners, path: Path, accounts: Mapping[str, str]
) -> Iterator[Conflict]:
    """Every pair of integrations, looked at together: two would send the same orders, read the same folder, or mean
    two suppliers by one name.
    """
    for name, integration in integrations.items():
        if _sending_orders(integration):
            yield from _one_taker(name, partners, path)
    for first, second in combinations(sorted(integrations), 2):
        one, other = integrations[first], integrations[second]
        if one.erp == other.erp:
            yield from _same_books(first, second, integrations, partners, path)
        if one.network == other.network or accounts[one.network] == accounts[other.network]:
            yield from _same_outbox(first, second, integrations, partners, path)
            for channel in sorted(_folders(partners[first]) & _folders(partners[second])):
                yield Conflict(
                    f"{path}: integrations {first} and {second} both read {channel} of {one.network}.",
                    remedy="Give each partner one integration, or each integration a connection with folders of "
                    "its own.",
                    partners=(*_readers(first, partners, channel), *_readers(second, partners, channel)),
                )


def _one_taker(name: str, partners: Partners, path: Path) -> Iterator[Conflict]:
    """A supplier's orders go to one partner, whatever else several files of it are for."""
    for vendor in sorted(_taking(partners[name])):
        takers = sorted(one for _, one in _suppliers(name, partners, vendor))
        if len(takers) > 1:
            yield Conflict(
                f"{path}: partners {' and '.join(takers)} of {name} are all supplier {vendor}: its orders would go to "
                "any of them.",
                remedy="Write `orders: {send: false}` in the files of those that get none, or mend their `vendor`.",
                partners=tuple((name, taker) for taker in takers),
            )


def _same_books(
    first: str, second: str, integrations: Integrations, partners: Partners, path: Path
) -> Iterator[Conflict]:
    """Two integrations on one ERP connection."""
    for name in sorted(partners[first].keys() & partners[second].keys()):
        one, other = partners[first][name], partners[second][name]
        if one.account_key != other.account_key or one.role != other.role:
            other_role = "" if one.role == other.role else f"{other.role} "
            yield Conflict(
                f"{path}: partner {name} is {one.role} {one.erp_account or '(no account)'} in {first} and "
                f"{other_role}{other.erp_account or '(no account)'} in {second}.",
                remedy="Give one of them another name: by it their documents are told apart in the ledger.",
                partners=((first, name), (second, name)),
            )
    both = [integrations[name] for name in (first, second)]
    for flow in sorted(_sending_orders(both[0]) & _sending_orders(both[1])):
        for vendor in sorted(_taking(partners[first]) & _taking(partners[second])):
            yield Conflict(
                f"{path}: supplier {vendor} is a partner of {first} and of {second}: its orders would go out by both.",
                remedy=f"Take it out of one, write `orders: {{send: false}}` in its file there, or switch flows.{flow} "
                "off.",
                partners=(*_suppliers(first, partners, vendor), *_suppliers(second, partners, vendor)),
            )

    for flow, source in sorted(_for_customers(both[0]).items() & _for_customers(both[1]).items()):
        of_first, of_second = (_customers(partners[name], source) for name in (first, second))
        unsent = ", write `sales_invoices: {send: false}` in its file there" if source == SALES_INVOICES.name else ""
        for customer in sorted(of_first.keys() & of_second.keys()):
            yield Conflict(
                f"{path}: customer {customer} is a partner of {first} and of {second}: its documents would go out by"
                " both.",
                remedy=f"Take it out of one{unsent}, or switch flows.{flow} off there.",
                partners=((first, of_first[customer]), (second, of_second[customer])),
            )


def _sending_orders(integration: IntegrationSettings) -> set[str]:
    """Flows of an integration by which purchase orders leave."""
    running = registry.flows_of(integration.flows).running(OUTBOUND)
    return {flow.name for flow in running if flow.source == PURCHASE_ORDERS.name}


def _for_customers(integration: IntegrationSettings) -> dict[str, str]:
    """Flows of an integration that leave to whoever is a customer, with what they are read from."""
    running = registry.flows_of(integration.flows).running(OUTBOUND)
    return {flow.name: flow.source for flow in running if "customer" in flow.partners and not flow.to_sender}


def _customers(partners: Mapping[str, Partner], source: str) -> dict[str, str]:
    """Names of partners by the customer whose documents, as read from this source, they get."""
    invoices = source == SALES_INVOICES.name
    return {
        one.customer: name
        for name, one in partners.items()
        if one.role == "customer" and (one.takes_invoices or not invoices)
    }


def _same_outbox(
    first: str, second: str, integrations: Integrations, partners: Partners, path: Path
) -> Iterator[Conflict]:
    """Two integrations that write into one folder: only numbers that they share keep its names apart.

    Those of X12 go by the pair of identities; files of a layout have numbers of their own.
    """
    ours = {integrations[name].identity.key for name in (first, second)}
    for channel in sorted(_outboxes(partners[first]) & _outboxes(partners[second])):
        writers = (*_writers(first, partners, channel), *_writers(second, partners, channel))
        flat = any(partners[name][partner].sends_files for name, partner in writers)
        if len(ours) == 1 and not flat:
            continue  # one identity, one row of numbers: shared on purpose
        yield Conflict(
            f"{path}: integrations {first} and {second} both send into {channel}: two files could get one name.",
            remedy="Give each a folder of its own, or (for X12) both the same `identity`: then they share its numbers.",
            partners=writers,
        )


def _outboxes(partners: Mapping[str, Partner]) -> set[str]:
    return {partner.channels.send for partner in partners.values() if partner.channels.send}


def _writers(integration: str, partners: Partners, channel: str) -> Iterator[tuple[str, str]]:
    """Partners of an integration that get what they are sent in this folder."""
    return ((integration, name) for name, one in partners[integration].items() if one.channels.send == channel)


def _taking(partners: Mapping[str, Partner]) -> set[str]:
    """Suppliers whose orders these partners get."""
    return {partner.vendor for partner in partners.values() if partner.takes_orders}


def _suppliers(integration: str, partners: Partners, vendor: str) -> Iterator[tuple[str, str]]:
    """Partners of an integration that would get this supplier's orders, to be stopped by name."""
    taking = ((name, one) for name, one in partners[integration].items() if one.takes_orders)
    return ((integration, name) for name, one in taking if one.vendor == vendor)


def _readers(integration: str, partners: Partners, channel: str) -> Iterator[tuple[str, str]]:
    """Partners of an integration whose files come through this folder."""
    return ((integration, name) for name, one in partners[integration].items() if channel in one.channels.receive)


def _folders(partners: Mapping[str, Partner]) -> set[str]:
    return {channel for partner in partners.values() for channel in partner.channels.receive}
