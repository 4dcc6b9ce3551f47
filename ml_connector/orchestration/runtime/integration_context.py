"""An integration as the asset graph needs it: names, connections, partitions, checks."""

from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.config.integrations import IntegrationSettings, ProcurementCalendar
from ml_connector.flows import registry
from ml_connector.flows.core.cut_offs import calendars
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.spec import EVERY_TABLE, AssetSpec, At, FlowSpec, OutsideSpec, StepSpec
from ml_connector.orchestration.runtime import checks
from ml_connector.orchestration.runtime.data_versions import Rows
from ml_connector.orchestration.runtime.names import flow_group, key, keys_of, kind_of, outside
from ml_connector.orchestration.runtime.step_runner import FlowStep, StepPlace


@dataclass(frozen=True)
class Scene:
    """One integration of the configuration. `start` is the first daily partition's date, through `partitions`."""

    name: str
    settings: IntegrationSettings
    erp: ConnectionSettings
    network: ConnectionSettings
    partitions: dg.DailyPartitionsDefinition
    #: Where the pages are; empty where the configuration does not say.
    pages: str = ""

    @cached_property
    def flows(self) -> FlowSet:
        """The flows that it has."""
        return registry.flows_of(self.settings.flows)

    @cached_property
    def calendars(self) -> dict[str, ProcurementCalendar]:
        """Calendars of the flows that wait for cut-offs, by flow."""
        return calendars(self.flows, self.settings.flows)

    def key(self, name: str) -> dg.AssetKey:
        return key(self.name, name)

    def place(self, direction: str, asset: str) -> StepPlace:
        return StepPlace(self.name, direction, self.key(asset))

    def outside(self, end: OutsideSpec) -> dg.AssetKey:
        """The key of what a system keeps that this integration has on a side."""
        return outside(self.connection(end.at), end.name)

    def connection(self, side: At) -> str:
        """Name of its connection on a side; also the pool of the calls that are made there."""
        return self.settings.erp if side == "erp" else self.settings.network

    def deps(self, asset: AssetSpec) -> list[dg.AssetKey]:
        """Everything that an asset depends on."""
        tables = keys_of(self.settings.erp, self.erp)
        wanted = tables if EVERY_TABLE in asset.tables else asset.tables
        return [
            *(self.outside(end) for end in asset.reads),
            *(self.key(name) for name in self.flows.dependencies(asset)),
            *(tables[name] for name in wanted if name in tables),
        ]

    def loose_deps(self, asset: AssetSpec) -> list[dg.AssetKey]:
        """Dependencies that another direction makes: answers of a day are about what was sent on any day before, so
        that what else is sent on that day takes nothing from them.
        """
        made = {one.name: flow.direction for flow in self.flows.on for one in self.flows.shown(flow)}
        own = made[asset.name]
        return [self.key(name) for name in self.flows.dependencies(asset) if made[name] != own]

    def rows(self, flow: FlowSpec, asset: AssetSpec) -> Rows:
        """Whose rows of the ledger an asset shows."""
        return Rows(kinds=asset.documents) if asset.documents else Rows(flow.name if flow.kinds else "")

    def kinds(self, asset: AssetSpec) -> frozenset[str]:
        """What Dagster draws for an asset: a side stands for the kind of its system."""
        systems = {"erp": self.erp, "network": self.network}
        return frozenset(kind_of(systems[kind]) if kind in systems else kind for kind in asset.kinds)

    def checks(self, flow: FlowSpec, *assets: AssetSpec) -> list[checks.LedgerCheck]:
        """The checks that a flow declares at some of its assets."""
        return [
            checks.ledger_check(self.name, flow, asset, check, self.pages) for asset in assets for check in asset.checks
        ]

    def group(self, asset: AssetSpec) -> str:
        """An asset's group: the flow that declares it, also where another flow's step makes it."""
        flow = next(flow for flow in self.flows.present if asset in (*flow.shown, *flow.parsed))
        return flow_group(self.name, flow.name)


def runnable(flow: FlowSpec, step: StepSpec) -> FlowStep:
    """What a step does, imported when it runs. Tables that it decides by and that were never read are read first (not
    in a dry run).
    """

    def run(integration: Integration, work: RunScope) -> StepReport:
        if step.reads_tables and not work.dry_run:
            from ml_connector.flows.reference.syncing import warm_up

            warm_up(integration)
        made: FlowStep = step.step(flow.name)
        return made(integration, work)

    return run
