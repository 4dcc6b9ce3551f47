"""Settings of the flows that tell a network of purchase orders and receipts."""

from pydantic import Field

from ml_connector.config.integrations import Polled
from ml_connector.flows.payables.codes import CodeGroups


class OrderRecordsOut(Polled):
    """Which orders a network is told."""

    poll_seconds: int = Field(default=300, ge=30)
    approved_only: bool = True
    code_groups: CodeGroups = CodeGroups()


class ReceiptRecordsOut(Polled):
    """Which receipts a network is told."""

    poll_seconds: int = Field(default=300, ge=30)
