"""Settings of the flow that takes customers' orders."""

from decimal import Decimal

from pydantic import Field, field_validator

from ml_connector.config.base import Settings, zone_name
from ml_connector.config.integrations import FlowSettings
from ml_connector.config.partners import SalesRules
from ml_connector.config.units import Language, UnitCodes, unit_codes
from ml_connector.documents.sales.orders import SalesOrderKind


class TermsMeaning(Settings):
    """What one of the ERP's codes of payment terms says."""

    net_days: int | None = Field(default=None, ge=0)
    discount_percent: Decimal | None = Field(default=None, ge=0, le=100)
    discount_days: int | None = Field(default=None, ge=0)


class SalesOrdersIn(FlowSettings, SalesRules):
    """How customers' orders are taken; a partner's file (`sales`) says what differs for it."""

    erp_order_types: dict[SalesOrderKind, str] = Field(
        default_factory=dict, description="order, blanket, release -> the ERP's type of order; none: its default"
    )
    units: dict[str, str] = Field(default_factory=dict, description="Unit code of the ERP -> X12 unit code")
    units_language: Language = Field(
        default="", description="What the ERP's unit codes mean where `units` does not say, as for orders_out"
    )
    terms: dict[str, TermsMeaning] = Field(
        default_factory=dict,
        description="The ERP's code of payment terms -> what it says, to compare orders' terms with",
    )
    days_ahead: int = Field(
        default=31, ge=0, description="An order dated further ahead is held; a wrong year is the usual mistake"
    )
    time_zone: str = Field(default="UTC", description="Where it is today: by that a cancel date is past or not")
    look_for_hand_keyed: bool = Field(
        default=True, description="Look whether somebody entered the order in the ERP already"
    )

    _zone = field_validator("time_zone")(zone_name)

    @field_validator("units")
    @classmethod
    def _x12_units(cls, value: dict[str, str]) -> dict[str, str]:
        for unit, code in value.items():
            if len(code) != 2 or not code.isascii() or not code.isalnum() or code != code.upper():
                raise ValueError(f"{unit!r}: {code!r} is not an X12 unit, two capitals or digits like EA")
        return value

    @property
    def unit_codes(self) -> UnitCodes:
        """X12 unit by the ERP's."""
        return unit_codes(tuple(self.units.items()), self.units_language)
