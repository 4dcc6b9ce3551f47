"""What an ERP is like, beyond what it can do: times, limits and habits that flows decide by."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Self

from ml_connector.config.connections import ErpSettings
from ml_connector.flows.core.ports.coding_traits import VAT_CODES, CodingTraits


@dataclass(frozen=True)
class ErpTraits:
    """What recovery, concurrency and coding need to know of an ERP connection.

    settle_seconds: how long a write of unknown outcome may still commit. longest_call_seconds: how long a call may be
    on its way. concurrency: calls at once. coding: how what is booked is coded there. zone: whose days its documents
    are dated by.
    """

    settle_seconds: float = 60.0
    longest_call_seconds: float = 60.0
    concurrency: int = 4
    coding: CodingTraits = VAT_CODES
    zone: tzinfo = UTC

    @classmethod
    def of(cls, connection: ErpSettings, **own: Any) -> Self:
        """Times and limits as the connection's settings have them. own: what is the system's own."""
        return cls(
            settle_seconds=connection.settle_seconds,
            longest_call_seconds=connection.longest_call,
            concurrency=connection.concurrency,
            **own,
        )
