"""How a customer gets its invoices."""

from typing import Annotated, Literal

from pydantic import Field

from ml_connector.config.base import Settings

Qualifier = Annotated[str, Field(pattern="^([A-Z0-9]{2,3})?$")]
ItemQualifier = Annotated[str, Field(pattern="^([A-Z0-9]{2})?$")]
InvoiceType = Annotated[str, Field(pattern="^([A-Z0-9]{2})?$")]
ChargeCode = Annotated[str, Field(pattern="^[A-Z][A-Z0-9]{3}$")]


class InvoicesToPartner(Settings):
    """What a customer is told in invoices (810)."""

    send: bool = Field(default=True, description="false: its invoices are left alone; somebody sends them otherwise")
    changed: Literal["hold", "corrected"] = Field(
        default="hold",
        description="An invoice that it has was changed in the ERP. hold: a person decides; corrected: it is sent the"
        " whole invoice again with BIG08 05",
    )
    reversals: Literal["credit", "hold"] = Field(
        default="credit",
        description="A credit memo of an invoice. credit: it is sent and names the invoice (REF*OI); hold: a person"
        " looks at it first",
    )
    line_prices: Literal["hold", "from_amount"] = Field(
        default="hold",
        description="A line whose quantity times price is not its amount in the ERP. hold: asked about; from_amount: it"
        " is sent the price that comes to the amount",
    )
    invoice_type: InvoiceType = Field(default="DI", description="BIG07 of an invoice; empty: none")
    credit_type: InvoiceType = Field(default="CR", min_length=2, description="BIG07 of a credit memo")
    credit_signs: Literal["positive", "negative"] = Field(
        default="positive", description="Signs of quantities and amounts in credit memos; BIG07 tells it either way"
    )
    our_item_qualifier: ItemQualifier = Field(default="VP", description="Of our item number; empty: not sent")
    customers_item_qualifier: ItemQualifier = Field(default="BP", description="Of its own item number; or IN")
    line_numbers: Literal["ours", "order"] = Field(
        default="ours", description="IT101. order: the line of its own order where the ERP knows it"
    )
    our_order_reference: Qualifier = Field(default="VN", description="REF of our order's number; empty: not sent")
    shipment_reference: Qualifier = Field(default="SI", description="REF of our shipment's number; empty: not sent")
    supplier_number: str = Field(default="", description="What it calls us: sent as REF*IA and with our name")
    ship_to: dict[str, str] = Field(
        default_factory=dict, description="Our code of its location -> its own, where the ERP does not have it"
    )
    discount_code: ChargeCode = Field(default="C310", description="SAC02 of what goes off the whole invoice")
    line_discount_code: ChargeCode = Field(default="C310", description="SAC02 of what goes off a line")
