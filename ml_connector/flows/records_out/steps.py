"""The steps of a flow that tells partners of records of the ERP, as its declaration names them."""

from collections.abc import Iterator
from dataclasses import dataclass

from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.records_out import reading, resolving
from ml_connector.flows.records_out.telling import DecidedAlone


@dataclass(frozen=True)
class RecordSteps:
    """What the flow knows stands in `telling`; the steps are the same for all."""

    telling: DecidedAlone

    def read(self, integration: Integration, work: RunScope) -> StepReport:
        """Read records that moved; each that says something else by now becomes a document."""
        return reading.read(integration, work, self.telling)

    def resolve(self, integration: Integration, work: RunScope) -> StepReport:
        """Decide what each partner is told."""
        return resolving.resolve(integration, work, self.telling)

    def news(self, integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
        """Whether records moved beyond what was read."""
        return reading.news(integration, self.telling, look=look, erp_usable=erp_usable)
