"""What `check` finds out about a connection to AvidXchange: log-in, each resource that is switched on, the batches."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ml_connector.systems.avidxchange.authorization import tokens_of
from ml_connector.systems.avidxchange.network import AvidNetwork
from ml_connector.systems.avidxchange.partners_folders import BATCHES
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.mailboxes import folders_usable, left_in_folders
from ml_connector.systems.results import CheckLevel, CheckResult, any_bad, guarded
from ml_connector.systems.system import Parts, Usage


def check_avidxchange(
    name: str, settings: AvidXchangeConnection, connected: Callable[[], Any], parts: Parts, use: Usage
) -> Iterator[CheckResult]:
    """Whether it is logged in; then what it may read."""
    authorized = list(guarded(name, "authorized", lambda: _authorized(name, settings, parts)))
    yield from authorized
    if any_bad(authorized):
        return
    network: AvidNetwork = connected()
    for resource in sorted(network.records.sources):
        yield from guarded(name, resource, lambda resource=resource: _readable(name, network, resource))  # type: ignore[misc]
    if settings.resources.batches.enabled:
        # Also before a partner is there: whether closed batches can be listed is the account's to say.
        folders = use if use.receive or use.send else replace(use, receive=[BATCHES])
        yield from guarded(name, "usable", lambda: folders_usable(name, network, folders))
    yield from guarded(name, "files", lambda: left_in_folders(name, settings, parts, use))


def _authorized(name: str, settings: AvidXchangeConnection, parts: Parts) -> Iterator[CheckResult]:
    if settings.login == "static_tokens":
        message = "the tokens are there; the first call shows whether they count"
        yield CheckResult(name, "authorized", CheckLevel.GOOD, message)
        return
    tokens_of(name, settings, parts).try_log_in()
    yield CheckResult(name, "authorized", CheckLevel.GOOD, f"{settings.username or settings.client_id} is logged in")


def _readable(name: str, network: AvidNetwork, resource: str) -> Iterator[CheckResult]:
    network.records.sources[resource].by_external_id(["ml-connector-check"])
    plain = resource.replace("network_", "").replace("_", " ")
    yield CheckResult(name, resource, CheckLevel.GOOD, f"{plain} can be read")
