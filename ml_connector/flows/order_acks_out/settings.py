"""Settings of the flow that acknowledges customers' orders."""

from pydantic import Field, field_validator

from ml_connector.config.base import day_text
from ml_connector.config.integrations import FlowSettings


class OrderAcksOut(FlowSettings):
    """Which orders are acknowledged to customers, and how."""

    poll_seconds: int = Field(default=120, ge=30)
    start_date: str = Field(
        default="", description="Orders that came before it (YYYY-MM-DD) are left alone; empty: day of the first read"
    )

    _day = field_validator("start_date", mode="before")(day_text)

    @property
    def looks_every(self) -> int:
        """Seconds after which sales orders are polled again."""
        return self.poll_seconds
