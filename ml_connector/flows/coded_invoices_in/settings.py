"""Settings of the flow that books what was approved and coded at a network."""

from typing import Literal

from pydantic import Field

from ml_connector.config.integrations import FlowSettings
from ml_connector.flows.payables.codes import CodeGroups


class CodedInvoicesIn(FlowSettings):
    """How invoices that were approved at a network are taken in."""

    code_groups: CodeGroups = CodeGroups()
    vat_group: str = Field(default="", description="Code group of VAT codes; empty: lines carry none")
    vat_code: str = Field(default="", description="VAT code of lines that carry none; empty: they are booked without")
    successors: dict[str, str] = Field(
        default_factory=dict,
        description="Ended code of a dimension -> its successor: shown where an invoice is held, never taken",
    )
    entry_date: Literal["posting", "invoice"] = Field(
        default="posting", description="Date of the booking: the posting date that was given there, or the invoice's"
    )
    attach_original: bool = Field(default=True, description="The invoice's image goes with the booking")
    largest_original: int = Field(default=7_000_000, ge=1, description="Bytes of an image that is attached")
    coded_otherwise: Literal["hold", "write"] = Field(
        default="hold",
        description="An invoice that we sent comes back with other codes. hold: a person decides; write: accounts and"
        " dimensions are written to its booking in the ERP, where nothing but codes differs",
    )
    acknowledge: bool = Field(
        default=True,
        description="A batch is acknowledged once all of it is posted or held; else a person does it there",
    )

    @property
    def targets(self) -> frozenset[str]:
        """Another coding is written to the ERP where a setting says so."""
        return frozenset({"entry_codings"}) if self.coded_otherwise == "write" else frozenset()
