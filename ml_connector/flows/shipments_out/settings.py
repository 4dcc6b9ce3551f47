"""Settings of the flow that tells customers of shipments."""

from typing import Annotated

from pydantic import Field, field_validator

from ml_connector.config.base import Settings, day_text
from ml_connector.config.integrations import SendsUnits

Code = Annotated[str, Field(pattern="^[A-Z0-9]{2,4}$")]


class Carrier(Settings):
    """What a way of shipping of the ERP is to others."""

    scac: Code = Field(description="TD503, the carrier's SCAC")
    mode: Annotated[str, Field(pattern="^([A-Z0-9]{1,2})?$")] = Field(
        default="", description="TD504, e.g. M motor, LT less than truckload, A air"
    )


class ShipmentsOut(SendsUnits):
    """Which shipments customers are told, and how."""

    poll_seconds: int = Field(default=120, ge=30)
    start_date: str = Field(
        default="", description="Shipments dated before it (YYYY-MM-DD) are left alone; empty: day of the first read"
    )
    carriers: dict[str, Carrier] = Field(
        default_factory=dict, description="The ERP's code of a way of shipping -> its carrier; others go by their name"
    )

    _day = field_validator("start_date", mode="before")(day_text)

    @property
    def looks_every(self) -> int:
        """Seconds after which shipments are polled again."""
        return self.poll_seconds
