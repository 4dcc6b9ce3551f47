"""By when a partner wants what we owe it. Pure functions over its file."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ml_connector.config.partners import BusinessDays, Deadline, Partner
from ml_connector.documents.common import DocumentKind

#: Days that are looked at for one that counts: a calendar of holidays alone has none.
_FURTHEST = 800
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def due(partner: Partner, kind: DocumentKind, owed_at: datetime) -> datetime | None:
    """By when it wants a document of a kind that is owed from a moment on; None where it has no deadline."""
    rules = partner.deadlines
    deadline = {
        DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT: rules.functional_acknowledgment,
        DocumentKind.ORDER_ACKNOWLEDGMENT: rules.order_acknowledgment,
        DocumentKind.SHIP_NOTICE: rules.ship_notice,
    }.get(kind)
    return None if deadline is None else moment_of(deadline, rules.calendar, owed_at)


def moment_of(deadline: Deadline, calendar: BusinessDays, owed_at: datetime) -> datetime:
    """The moment, in UTC like the one that it is owed from."""
    zone = ZoneInfo(calendar.time_zone)
    begin = owed_at.astimezone(zone)
    if deadline.days is not None:
        day = _counted(begin.date(), deadline.days, calendar)
        at = time.fromisoformat(deadline.by_time)
        found = datetime.combine(day, at, zone)
        # What is owed later on its last day than its time of day has until then on the next one.
        if found <= begin:
            found = datetime.combine(_counted(day, 1, calendar), at, zone)
        return found.astimezone(owed_at.tzinfo)
    return _after_hours(begin, timedelta(hours=deadline.hours or 0), calendar).astimezone(owed_at.tzinfo)


def _counts(day: date, calendar: BusinessDays) -> bool:
    return _WEEK[day.weekday()] in calendar.weekdays and day not in calendar.holidays


def _counted(day: date, days: int, calendar: BusinessDays) -> date:
    """The day so many business days later; the next one that counts where it does not count itself."""
    for _ in range(_FURTHEST):
        if _counts(day, calendar):
            if days == 0:
                return day
            days -= 1
        day += timedelta(days=1)
    return day


def _after_hours(begin: datetime, left: timedelta, calendar: BusinessDays) -> datetime:
    """So long after a moment, days that do not count left out."""
    zone = begin.tzinfo
    here = begin
    for _ in range(_FURTHEST):
        midnight = datetime.combine(here.date() + timedelta(days=1), time(), zone)
        if _counts(here.date(), calendar):
            # Measured in UTC: a day in which clocks are changed is not 24 hours long.
            room = midnight.astimezone(ZoneInfo("UTC")) - here.astimezone(ZoneInfo("UTC"))
            if left <= room:
                return (here.astimezone(ZoneInfo("UTC")) + left).astimezone(zone)
            left -= room
        here = midnight
    return here
