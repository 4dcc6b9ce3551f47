"""Settings of the flow that sends booked supplier invoices to a network that pays."""

from pydantic import Field

from ml_connector.config.integrations import NoticesOf, Polled
from ml_connector.flows.payables.codes import CodeGroups


class InvoicesOut(Polled):
    """Which booked invoices leave, and how."""

    poll_seconds: int = Field(default=300, ge=30)
    journals: tuple[str, ...] = Field(default=(), description="Only of these journals of the ERP; empty: of all")
    code_groups: CodeGroups = CodeGroups()
    attach_original: bool = Field(default=True, description="The PDF of the ERP's document goes with the invoice")
    largest_original: int = Field(default=7_000_000, ge=1, description="Bytes of a PDF that is sent")
    webhooks: bool = Field(default=True, description="Invoices that a webhook named are read at once")

    @property
    def reads_notices(self) -> NoticesOf:
        """Entries are read that a webhook named, also those that it says were deleted."""
        return "entries" if self.enabled and self.webhooks else ""
