"""Settings of the flow that acknowledges customers' orders."""

from pydantic import Field

from ml_connector.config.base import Day
from ml_connector.config.integrations import Polled


class OrderAcksOut(Polled):
    """Which orders are acknowledged to customers, and how."""

    start_date: Day = Field(
        default="", description="Orders that came before it (YYYY-MM-DD) are left alone; empty: day of the first read"
    )
