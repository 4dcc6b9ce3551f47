"""The steps of a flow that keeps rows of tables as records of a network, as its declaration names them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.tables_out import reading, resolving
from ml_connector.flows.tables_out.telling import R, TableTelling


@dataclass(frozen=True)
class TableSteps(Generic[R]):
    """What the flow knows stands in `telling`; the steps are the same for all."""

    telling: TableTelling[R]

    def read(self, integration: Integration, work: RunScope) -> StepReport:
        """A document for each record that is new or changed."""
        return reading.read(integration, work, self.telling)

    def resolve(self, integration: Integration, work: RunScope) -> StepReport:
        """Find which records are there already."""
        return resolving.resolve(integration, work, self.telling)

    def news(self, integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
        """Whether tables changed; the ledger alone is asked."""
        del look, erp_usable
        return reading.news(integration, self.telling)
