"""Settings of the flow that keeps a network's vendors."""

from typing import Literal

from pydantic import Field

from ml_connector.config.integrations import FlowSettings


class VendorsOut(FlowSettings):
    """Which vendors a network is told, and how."""

    external_id: Literal["id", "code"] = Field(
        default="id", description="What the network keeps as our id of a vendor: the ERP's id, or its code"
    )
    blocked: Literal["if_known", "never"] = Field(
        default="if_known",
        description="Suppliers that are blocked. if_known: told to be inactive where the network has them; never: left "
        "as they are there",
    )
    leave_out: tuple[str, ...] = Field(default=(), description="Codes of suppliers that are never sent")
    tax_numbers: bool = Field(default=True, description="Tax numbers are sent; bank accounts never are")
