"""An integration as the asset graph needs it: names, connections, partitions, checks."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.config.integrations import Integration as IntegrationSettings
from ml_connector.documents.reference import ReferenceTable
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.orchestration.runtime import checks
from ml_connector.orchestration.runtime.names import key, keys_of, kind_of
from ml_connector.orchestration.runtime.step_runner import FlowStep, Place


@dataclass(frozen=True)
class Scene:
    """One integration of the configuration. `start` is the first daily partition's date, through `partitions`."""

    name: str
    settings: IntegrationSettings
    erp: ConnectionSettings
    network: ConnectionSettings
    partitions: dg.DailyPartitionsDefinition

    def key(self, name: str) -> dg.AssetKey:
        return key(self.name, name)

    def place(self, direction: str, asset: str) -> Place:
        return Place(self.name, direction, self.key(asset))

    def tables(self, *tables: ReferenceTable) -> list[dg.AssetKey]:
        """Keys of the ERP connection's reference assets."""
        known = keys_of(self.settings.erp)
        return [known[table] for table in tables]

    def checks(self, asset: str) -> list[checks.LedgerCheck]:
        return [check for check in checks.of_integration(self.name) if check.asset == self.key(asset)]

    def group(self, direction: str) -> str:
        return f"{self.name}_{direction}"

    @property
    def erp_kind(self) -> str:
        return kind_of(self.erp)

    @property
    def network_kind(self) -> str:
        return kind_of(self.network)


def with_tables(step: FlowStep) -> FlowStep:
    """A step that decides by reference data: tables that were never read are read first (not in a dry run)."""

    def run(integration: Integration, work: Work) -> StepReport:
        from ml_connector.flows.reference.syncing import warm_up

        if not work.dry_run:
            warm_up(integration)
        return step(integration, work)

    return run


def for_flow(step: Callable[[Integration, Work, str], StepReport], flow: str) -> FlowStep:
    """A step that serves several flows, for one of them."""

    def run(integration: Integration, work: Work) -> StepReport:
        return step(integration, work, flow)

    return run
