"""Reference tables that partner files want to be told of: whether the ERP has them, and whether anything tells."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ml_connector.config.partners import Partner
from ml_connector.flows import registry
from ml_connector.flows.reference_out import spec
from ml_connector.systems.results import CheckLevel, CheckResult, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

FLOW = spec.FLOW.name


def check_told_tables(deployment: "Deployment", integration: str) -> list[CheckResult]:
    """A finding for each partner that asks for what it is never told. Makes no call."""
    settings = deployment.loaded.integration(integration)
    partners = deployment.loaded.partners[integration]
    there = deployment.system(settings.erp).listed_tables
    flow_is_on = FLOW in {flow.name for flow in registry.flows_of(settings.flows).on}
    return list(_untold(integration, settings.erp, partners, there, flow_is_on=flow_is_on))


def _untold(
    integration: str, erp: str, partners: Mapping[str, Partner], there: list[str], *, flow_is_on: bool
) -> Iterator[CheckResult]:
    def wrong(message: str, remedy: str) -> CheckResult:
        return CheckResult(integration, "reference data", CheckLevel.WARN, message, remedy, Mender.CONFIGURATION)

    told = 0
    for name, partner in partners.items():
        unknown = [table for table in partner.reference_data if table not in there]
        told += len(partner.reference_data) - len(unknown)
        if unknown:
            yield wrong(
                f"{name} wants to be told of {', '.join(unknown)}, which {erp} does not have",
                f"Correct reference_data in the partner's file; there are: {', '.join(there)}.",
            )
        elif partner.reference_data and not flow_is_on:
            yield wrong(
                f"{name} has reference_data, and {FLOW} is off: it is told nothing",
                f"Write `{FLOW}: {{}}` under the integration's flows, or take reference_data out.",
            )
    if told and flow_is_on:
        message = f"{told} reference tables are told to partners"
        yield CheckResult(integration, "reference data", CheckLevel.GOOD, message)
