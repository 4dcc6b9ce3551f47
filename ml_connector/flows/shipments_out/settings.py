"""Settings of the flow that tells customers of shipments."""

from typing import Annotated

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.config.integrations import Polled, SendsUnits

Code = Annotated[str, Field(pattern="^[A-Z0-9]{2,4}$")]


class Carrier(Settings):
    """What a way of shipping of the ERP is to others."""

    scac: Code = Field(description="TD503, the carrier's SCAC")
    mode: Annotated[str, Field(pattern="^([A-Z0-9]{1,2})?$")] = Field(
        default="", description="TD504, e.g. M motor, LT less than truckload, A air"
    )


class ShipmentsOut(Polled, SendsUnits):
    """Which shipments customers are told, and how."""

    carriers: dict[str, Carrier] = Field(
        default_factory=dict, description="The ERP's code of a way of shipping -> its carrier; others go by their name"
    )
