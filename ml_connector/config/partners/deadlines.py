"""By when a partner wants to have what we owe it, before it fines us for it."""

import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from ml_connector.config.base import Settings, zone_name

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Deadline(Settings):
    """So many hours after it is owed, or at a time of the day so many business days later."""

    hours: float | None = Field(default=None, gt=0, le=24 * 366, description="Hours, on business days alone")
    days: int | None = Field(default=None, ge=0, le=366, description="Business days; 0 is the same day")
    by_time: str = Field(default="23:59", description="Time of day of `days`, HH:MM")

    @field_validator("by_time")
    @classmethod
    def _time(cls, value: str) -> str:
        if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
            raise ValueError(f"{value!r} is not a time of day, like 17:00")
        return value

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.hours is None) == (self.days is None):
            raise ValueError("say either hours, or days with by_time")
        return self


class BusinessDays(Settings):
    """Days that count. Without any setting all do."""

    weekdays: tuple[Weekday, ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), min_length=1, description="Days of the week"
    )
    holidays: tuple[date, ...] = Field(default=(), description="Days that do not count, YYYY-MM-DD")
    time_zone: str = "UTC"

    _zone = field_validator("time_zone")(zone_name)


class Deadlines(Settings):
    """Deadlines of one partner; what is not named has none."""

    functional_acknowledgment: Deadline | None = Field(default=None, description="Our 997, after its file came to us")
    order_acknowledgment: Deadline | None = Field(default=None, description="Our 855, after its order came to us")
    ship_notice: Deadline | None = Field(default=None, description="Our 856, after the shipment was confirmed")
    warn_hours: float = Field(default=2, gt=0, le=24 * 31, description="So long before it is told, by an alert too")
    calendar: BusinessDays = BusinessDays()

    @property
    def named(self) -> bool:
        """Whether there is one at all."""
        return any((self.functional_acknowledgment, self.order_acknowledgment, self.ship_notice))
