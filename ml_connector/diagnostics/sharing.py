"""What `ml-connector check` says of things that several share: identities, companies, folders. See `checks`.

Sharing may be meant; where it cannot be, the integrations are stopped by `config.conflicts` or asked about.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from ml_connector.systems import registry
from ml_connector.systems.results import CheckLevel, CheckResult
from ml_connector.systems.system import Role

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


def check_sharing(deployment: "Deployment", *, offline: bool = False) -> list[CheckResult]:
    """What is shared, from the configuration; which connections are one company only where they may be asked."""
    found = [*_identities(deployment), *_folders(deployment)]
    return found if offline else [*found, *_companies(deployment)]


def _identities(deployment: "Deployment") -> Iterator[CheckResult]:
    """One identity of ours for several companies: a fact. Numbers go by the pair of identities, so none comes twice."""
    by_identity: dict[str, dict[str, list[str]]] = {}
    for name, one in sorted(deployment.loaded.settings.integrations.items()):
        by_identity.setdefault(one.identity.key, {}).setdefault(one.erp, []).append(name)
    for identity, erps in by_identity.items():
        if len(erps) > 1:
            names = sorted(name for integrations in erps.values() for name in integrations)
            message = f"{identity} is shared by {_and(names)}: their control numbers are one row, by the pair"
            yield CheckResult("deployment", "identity", CheckLevel.GOOD, message)


def _companies(deployment: "Deployment") -> Iterator[CheckResult]:
    """Two ERP connections on one company, used or only written down."""
    connections = deployment.loaded.settings.connections
    erps = [name for name, one in sorted(connections.items()) if Role.ERP in registry.find(one.system).roles]
    having: dict[tuple[str, str], list[str]] = {}
    for name in erps:
        company = deployment.names.company_of(name)
        if company is not None:
            having.setdefault((connections[name].system, company), []).append(name)
    for (_, company), names in having.items():
        if len(names) > 1:
            message = f"{_and(names)} are both company {company}: only one of them works, the others do nothing"
            remedy = "Give each its own company, take the others out, or let the integrations share one connection."
            yield CheckResult("deployment", "company", CheckLevel.WARN, message, remedy)


def _folders(deployment: "Deployment") -> Iterator[CheckResult]:
    """Two accounts at one server that name one folder: whether it is the same one, only the server knows."""
    loaded = deployment.loaded
    for first, second in combinations(sorted(loaded.settings.integrations), 2):
        one, other = (loaded.connection(loaded.integration(name).network) for name in (first, second))
        if one.account == other.account or one.place != other.place:
            continue
        mine, theirs = (loaded.partners[name].values() for name in (first, second))
        sent = {partner.channels.send for partner in mine} & {partner.channels.send for partner in theirs} - {""}
        read = {folder for partner in mine for folder in partner.channels.receive} & {
            folder for partner in theirs for folder in partner.channels.receive
        }
        for verb, folders, harm in (
            ("send into", sent, "one could overwrite the other's file, or take it for its own"),
            ("read", read, "one could take away what is the other's"),
        ):
            for folder in sorted(folders):
                message = (
                    f"{first} and {second} {verb} {folder} at {one.place} by two accounts: if it is one folder, {harm}"
                )
                remedy = "Ask the network whether both accounts see the same folder; give each one of its own."
                yield CheckResult("deployment", "folders", CheckLevel.WARN, message, remedy)


def _and(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
