"""How a customer hears of its shipments (856)."""

from typing import Literal

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.config.partners.invoices import ItemQualifier, Qualifier


class ShipmentsToPartner(Settings):
    """Ship notices that a customer gets."""

    send: bool = Field(default=False, description="It wants a notice of each shipment")
    changed: Literal["hold", "replace"] = Field(
        default="hold",
        description="A shipment that it was told of was corrected. hold: a person decides; replace: it is sent the "
        "whole notice again with BSN01 05",
    )
    packs: Literal["required", "known", "none"] = Field(
        default="known",
        description="required: every piece stands in a pack with an SSCC, else the notice is held; known: packs are "
        "told where the ERP says what is in them; none: items alone",
    )
    tracking: Qualifier = Field(default="CN", description="REF of tracking numbers; empty: not sent")
    bill_of_lading: Qualifier = Field(default="BM", description="REF of our shipment's number; empty: not sent")
    our_order_reference: Qualifier = Field(default="VN", description="REF of our order's number; empty: not sent")
    our_item_qualifier: ItemQualifier = Field(default="VP", description="Of our item number; empty: not sent")
    lot_qualifier: ItemQualifier = Field(default="LT", description="Of the lot or serial number; empty: not sent")
    supplier_number: str = Field(default="", description="What it calls us: sent with our name (N1*SF)")
