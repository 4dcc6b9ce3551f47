"""Settings of the flow that sends sales invoices."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from ml_connector.config.base import Settings
from ml_connector.config.integrations import Polled, SendsUnits, ShipToAddress
from ml_connector.config.partners.invoices import ChargeCode

#: What every ERP has that charges anything: its code is the word itself (`documents.sales.invoices.SalesCharge`).
FREIGHT = {"freight": "D240"}


class TaxMeaning(Settings):
    """What a tax of the ERP is in X12."""

    kind: Annotated[str, Field(pattern="^[A-Z]{2}$")] = Field(description="TXI01, e.g. ST state sales, CT county")
    jurisdiction: str = Field(default="", max_length=10, description="TXI05; empty: as the ERP says, if it does")
    source: Annotated[str, Field(pattern="^[A-Z]{2}$")] = Field(
        default="VD", description="TXI04, whose code the jurisdiction is: VD ours, CD the customer's, VE Vertex"
    )


class TermsMeaning(Settings):
    """What a code of terms of the ERP means."""

    discount_percent: Decimal | None = Field(default=None, gt=0, lt=100)
    discount_days: int | None = Field(default=None, ge=0, le=999)
    net_days: int | None = Field(default=None, ge=0, le=999)


class RemitTo(ShipToAddress):
    """Where invoices are paid to."""

    name: str = Field(min_length=1, max_length=60)


class SalesInvoicesOut(Polled, SendsUnits):
    """Which sales invoices leave, and how."""

    released_only: bool = Field(default=True, description="false: invoices leave before they stand in the books")
    poll_seconds: int = Field(default=300, ge=30)
    charges: dict[str, ChargeCode] = Field(
        default_factory=dict, description="The ERP's code of a charge -> SAC code; freight is D240 unless said here"
    )
    taxes: dict[str, TaxMeaning] = Field(
        default_factory=dict, description="The ERP's id of a tax -> what it is in X12; what is not here is held"
    )
    terms: dict[str, TermsMeaning] = Field(
        default_factory=dict, description="The ERP's code of terms -> what it means, where its invoices do not say it"
    )
    remit_to: RemitTo | None = Field(default=None, description="Sent where the ERP's invoice names none (N1*RE)")

    @property
    def charge_codes(self) -> dict[str, str]:
        """SAC02 by the ERP's code of a charge."""
        return {**FREIGHT, **self.charges}
