"""How far an invoice may differ from what was ordered."""

from decimal import Decimal

from pydantic import Field

from ml_connector.config.base import Settings


class Tolerance(Settings):
    """How far an invoice may differ from the order: within either bound is accepted; nothing given means exact."""

    percent: Decimal = Field(default=Decimal(0), ge=0, le=100)
    absolute: Decimal = Field(default=Decimal(0), ge=0, description="In the invoice's currency or the line's unit")

    def allows(self, expected: Decimal, found: Decimal) -> bool:
        """True when found is not further above expected than one of the bounds; less is always allowed."""
        over = found - expected
        return over <= max(self.absolute, abs(expected) * self.percent / 100)


class MatchTolerances(Settings):
    """How far an invoice may be from its order."""

    price: Tolerance = Tolerance()
    quantity: Tolerance = Tolerance()
    total: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="Accepted between lines and total beyond half a cent for every amount that was rounded; what is "
        "posted is the document's own total",
    )
    vat: Decimal = Field(default=Decimal("0.05"), ge=0, description="Rounding allowed on the VAT amount")
