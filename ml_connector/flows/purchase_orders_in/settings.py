"""Settings of the flow that takes orders of our own purchasing."""

from pydantic import Field

from ml_connector.config.integrations import SendsUnits


class PurchaseOrdersIn(SendsUnits):
    """Units: the ERP's in X12's."""

    own_codes: tuple[str, ...] = Field(
        default=(),
        description="Codes by which our purchasing names our company (N1*BY), beside the integration's identity",
    )
    days_ahead: int = Field(default=31, ge=0, description="An order dated further ahead is held")
