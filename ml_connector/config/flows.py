"""Flows in connections.yaml: settings of those that others add, and whether an integration can have what it names."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from pydantic import create_model

from ml_connector.config.integrations import Flows, IntegrationSettings
from ml_connector.config.reading import read_yaml
from ml_connector.errors import ConfigError
from ml_connector.flows import registry
from ml_connector.flows.core.flow_set import check
from ml_connector.flows.core.spec import FlowSpec


class Having(Protocol):
    """What an outside system has, as far as flows ask for it."""

    @property
    def name(self) -> str: ...

    @property
    def sources(self) -> frozenset[str]: ...

    @property
    def targets(self) -> frozenset[str]: ...

    @property
    def tables(self) -> frozenset[str]: ...


def add_flows(value: object) -> tuple[str, ...]:
    """Make the flows known that a file adds (`flows:`); their names."""
    added = value.get("flows") if isinstance(value, dict) else None
    places = {str(name): str(place) for name, place in added.items()} if isinstance(added, dict) else {}
    for name, place in places.items():
        registry.add(name, place)
    return tuple(name for name in places if name not in registry.FLOWS)


def added_in(path: Path) -> tuple[str, ...]:
    """Names of the flows that a configuration file adds.

    Raises:
        ConfigError: it cannot be read.
    """
    return add_flows(read_yaml(path))


@cache
def integration_model(added: tuple[str, ...]) -> type[IntegrationSettings]:
    """The model of an integration that can have these flows besides; one that it does not name is off."""
    more = [name for name in (*registry.FLOWS, *added) if name not in Flows.model_fields]
    models = {name: flow.settings_model for name in more if (flow := registry.find(name)).settings}
    if not models:
        return IntegrationSettings
    fields: dict[str, Any] = {name: (model, model.model_construct(enabled=False)) for name, model in models.items()}
    flows = create_model("Flows", __base__=Flows, **fields)
    return create_model("IntegrationSettings", __base__=IntegrationSettings, flows=(flows, flows()))


def fitting(
    name: str,
    integration: IntegrationSettings,
    systems: Mapping[str, Having],
) -> IntegrationSettings:
    """The integration, its flows checked. One that is on by default, was not named, and cannot be, is off.

    Raises:
        ConfigError: its flows do not fit together, or its ERP or network lacks what one asks for.
    """
    flows = registry.flows_of(integration.flows)
    check(flows, registry.every())
    off: dict[str, Any] = {}
    for flow in flows.on:
        lacking = next(missing(flow, integration, systems), None)
        if lacking is None:
            continue
        if flow.name in integration.flows.model_fields_set or not flow.settings:
            raise ConfigError(
                f"integrations.{name}.flows.{flow.name}: {lacking}.",
                remedy="Take the flow out, switch it off, or name a connection whose system has it.",
            )
        off[flow.name] = integration.flows.named(flow.name).model_copy(update={"enabled": False})
    if not off:
        return integration
    settings = integration.flows.model_copy(update=off)
    return integration.model_copy(update={"flows": settings})


def missing(flow: FlowSpec, integration: IntegrationSettings, systems: Mapping[str, Having]) -> Iterator[str]:
    """What a flow asks for that the systems of an integration do not have, in words."""
    erp, network = systems[integration.erp], systems[integration.network]
    more = integration.flows.named(flow.name).targets
    wanted = (
        (integration.erp, erp, "source", flow.needs.sources, erp.sources),
        (integration.erp, erp, "target", flow.needs.targets | more, erp.targets),
        (integration.erp, erp, "table", flow.needs.tables, erp.tables),
        (integration.network, network, "source or target", flow.needs.network, network.sources | network.targets),
    )
    for connection, system, what, asked, there in wanted:
        for one in sorted(asked - there):
            yield f"{connection} ({system.name}) has no {what} {one}, which {flow.name} asks for"
