"""Settings of the flows that tell a network of purchase orders and receipts."""

from pydantic import Field, field_validator

from ml_connector.config.base import day_text
from ml_connector.config.integrations import FlowSettings
from ml_connector.flows.payables.codes import CodeGroups


class _Polled(FlowSettings):
    poll_seconds: int = Field(default=300, ge=30)
    start_date: str = Field(
        default="", description="What is dated before it (YYYY-MM-DD) is left alone; empty: day of the first read"
    )

    _day = field_validator("start_date", mode="before")(day_text)

    @property
    def looks_every(self) -> int:
        """Seconds after which they are polled again."""
        return self.poll_seconds


class OrderRecordsOut(_Polled):
    """Which orders a network is told."""

    approved_only: bool = True
    code_groups: CodeGroups = CodeGroups()


class ReceiptRecordsOut(_Polled):
    """Nothing of its own."""
