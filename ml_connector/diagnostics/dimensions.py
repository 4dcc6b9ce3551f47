"""Whether the ERP has the dimensions that settings give codes of: what it lacks would be posted to nobody."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ml_connector.config.integrations import Coding
from ml_connector.config.partners import Partner
from ml_connector.documents.dimensions import in_words
from ml_connector.errors import ConnectorError
from ml_connector.flows.core.ports import CodingTraits
from ml_connector.systems.results import CheckLevel, CheckResult, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


def check_dimensions(deployment: "Deployment", integration: str) -> list[CheckResult]:
    """The dimensions that an integration and its partners name, and its ERP does not have. Makes no call."""
    settings = deployment.loaded.integration(integration)
    if not settings.flows.invoices_in.enabled:
        return []
    try:
        traits = deployment.erp(settings.erp).traits.coding
    except ConnectorError:
        return []  # why it cannot be connected is told with the connection
    coding, partners = settings.flows.invoices_in.coding, deployment.loaded.partners[integration]
    return list(lacking(integration, settings.erp, coding, partners.values(), traits))


def lacking(
    integration: str, erp: str, coding: Coding, partners: Iterable[Partner], traits: CodingTraits
) -> Iterator[CheckResult]:
    """A finding for each place that names what the ERP lacks."""
    places = [("invoices_in.coding", name) for name in coding.dimension_names]
    places += [(f"partner {partner.name}", name) for partner in partners for name in partner.dimension_names]
    known = ", ".join(traits.dimensions) or "none"
    for place, name in places:
        if name not in traits.dimensions:
            message = f"{place}: {erp} has no dimension {in_words(name)} ({name}); it has {known}"
            remedy = f"Take {name} out, or write it under the name of one that it has."
            yield CheckResult(integration, "dimensions", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)
