"""When an order is wanted, and until when: dates of the order, or of a line where it has its own. Pure functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from ml_connector.documents.common import DateReference
from ml_connector.documents.orders import OrderLine, PurchaseOrder, Schedule
from ml_connector.edi.framing.values import read_date
from ml_connector.errors import NeedsCorrection, Reason

#: DTM01 and SCH05 (element 374, x12-procurement 4), in the order that counts. When it is to be there: delivery
#: requested, requested for delivery, required by, current schedule, do not deliver before.
REQUESTED = ("002", "071", "106", "067", "064")
#: When it is to leave: ship requested, current schedule, not before.
SHIPPED = ("010", "068", "037")
#: After which it is not wanted any more: cancel after, cancel if not delivered by, do not deliver after, ship no later.
CANCELLED = ("001", "061", "063", "038")


_KNOWN = frozenset((*REQUESTED, *SHIPPED, *CANCELLED))

#: Elements that hold a day: DTM02, SCH06.
_DAYS = frozenset({("DTM", 2), ("SCH", 6)})
#: Of a day that can be meant.
FIRST_YEAR = 1990


@dataclass(frozen=True)
class Wanted:
    """requested: when it is to be there. shipped: when it is to leave. cancelled: after which it is not wanted."""

    requested: date | None = None
    shipped: date | None = None
    cancelled: date | None = None


def wanted_of(order: PurchaseOrder) -> Wanted:
    """When the whole order is wanted."""
    return Wanted(_first(order.dates, REQUESTED), _first(order.dates, SHIPPED), _earliest(order.dates))


def wanted_line(line: OrderLine, schedule: Schedule | None, whole: Wanted) -> Wanted:
    """When a part of a line is wanted: by its schedule, else by its own dates, else as the whole order."""
    requested, shipped = _first(line.dates, REQUESTED), _first(line.dates, SHIPPED)
    cancelled = _earliest(line.dates)
    for qualifier, day in _scheduled(schedule) if schedule is not None else ():
        if qualifier in SHIPPED:
            shipped = day
        elif qualifier in CANCELLED:
            cancelled = min(cancelled or day, day)
        else:
            requested = day
    return Wanted(requested or whole.requested, shipped or whole.shipped, cancelled or whole.cancelled)


def check_dates(order: PurchaseOrder, today: date, latest: date) -> None:
    """Whether an order is still wanted, and dated in its time. latest: the last day that it may be dated.

    Raises:
        NeedsCorrection: its cancel date is past, it is dated far ahead, a date cannot be, or it is not wanted any more
            when it is to be there.
    """
    _check_readable(order)
    _check_scheduled(order)
    _check_years(order)
    if order.order_date is None or order.order_date > latest or order.order_date.year < FIRST_YEAR:
        said = order.order_date.isoformat() if order.order_date else "no day that can be read"
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Order {order.number} is dated {said} (BEG05).",
            remedy="Ask the customer for a corrected order; or raise `days_ahead` and replay.",
            data={"order": order.number, "segment": "BEG", "element": 5, "value": said},
        )
    whole = wanted_of(order)
    parts = [(line.number, wanted_line(line, one, whole)) for line in order.lines for one in (None, *line.schedules)]
    for where, wanted in [("", whole), *parts]:
        place = f"line {where} of order {order.number}" if where else f"order {order.number}"
        if wanted.cancelled is not None and wanted.requested is not None and wanted.cancelled < wanted.requested:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"The customer wants {place} on {wanted.requested} and not after {wanted.cancelled}: both cannot be.",
                remedy="Ask the customer which day counts and for a corrected order; discard this one.",
                data={
                    "order": order.number,
                    "line": where,
                    "segment": "DTM",
                    "requested": wanted.requested.isoformat(),
                    "cancel_date": wanted.cancelled.isoformat(),
                },
            )
        if wanted.cancelled is not None and wanted.cancelled < today:
            raise NeedsCorrection(
                Reason.CANCEL_DATE_PAST,
                f"The customer does not want {place} after {wanted.cancelled}, which is past.",
                remedy="Ask the customer whether it is still wanted: enter it in the ERP by hand then; discard this.",
                data={"order": order.number, "line": where, "cancel_date": wanted.cancelled.isoformat()},
            )


def _check_readable(order: PurchaseOrder) -> None:
    """A day that says when it is wanted and cannot be: without it, it would be delivered at any time."""
    found: list[tuple[str, DateReference | Schedule]] = [("", one) for one in order.dates]
    for line in order.lines:
        found += [(line.number, one) for one in line.dates]
        found += [(line.number, one) for one in line.schedules]
    for place, one in found:
        if one.qualifier not in _KNOWN:
            continue
        value = next((k.value for k in one.kept if (k.segment_id, k.position) in _DAYS), "")
        if value:
            at = f"Line {place} of order" if place else "Order"
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"{at} {order.number} is wanted on {value} ({one.qualifier}), which is not a date.",
                remedy="Ask the customer for the day and for a corrected order; discard this one.",
                data={"order": order.number, "line": place, "qualifier": one.qualifier, "value": value},
            )


def _check_scheduled(order: PurchaseOrder) -> None:
    """A day of a schedule that is neither wanted, nor of leaving, nor the last one: what it means is not guessed."""
    for line in order.lines:
        for schedule in line.schedules:
            for qualifier, day in (*_scheduled(schedule), _second(schedule)):
                if qualifier and (qualifier not in _KNOWN or day is None):
                    said = day if day is not None else "what is not a date"
                    raise NeedsCorrection(
                        Reason.BAD_VALUE,
                        f"Line {line.number} of order {order.number} is scheduled for {said}, by the code {qualifier}:"
                        " that says nothing here.",
                        remedy="Ask the customer what that day is and for a corrected order; or enter it by hand, then"
                        " discard this.",
                        data={"order": order.number, "line": line.number, "segment": "SCH", "value": qualifier},
                    )


def _scheduled(schedule: Schedule) -> Iterator[tuple[str, date]]:
    """The days of a schedule with their qualifiers: SCH05 and SCH06, and the second pair, SCH08 and SCH09."""
    if schedule.day is not None:
        yield schedule.qualifier, schedule.day
    qualifier, day = _second(schedule)
    if day is not None:
        yield qualifier, day


def _second(schedule: Schedule) -> tuple[str, date | None]:
    said = {kept.position: kept.value for kept in schedule.kept if kept.segment_id == "SCH"}
    return said.get(8, ""), read_date(said.get(9, ""))


def _check_years(order: PurchaseOrder) -> None:
    """A day long before there was any of this says nothing: 0001-01-01 is how some systems write none."""
    for place, dates in [("", order.dates), *((line.number, line.dates) for line in order.lines)]:
        for one in dates:
            if one.day is not None and one.day.year < FIRST_YEAR:
                at = f"Line {place} of order" if place else "Order"
                raise NeedsCorrection(
                    Reason.BAD_VALUE,
                    f"{at} {order.number} has the day {one.day.isoformat()} (DTM {one.qualifier}).",
                    remedy="Ask the customer for a corrected order without that day; discard this one.",
                    data={"order": order.number, "line": place, "segment": "DTM", "value": one.day.isoformat()},
                )


def told_of(order: PurchaseOrder, today: date) -> tuple[str, ...]:
    """What is odd about the dates and holds nothing."""
    whole = wanted_of(order)
    lines = [wanted_line(line, schedule, whole) for line in order.lines for schedule in (*line.schedules, None)]
    late = sorted({one.requested for one in (whole, *lines) if one.requested is not None and one.requested < today})
    return tuple(f"it was wanted on {day}, which is past" for day in late)


def _first(dates: Iterable[DateReference], qualifiers: tuple[str, ...]) -> date | None:
    days = {one.qualifier: one.day for one in reversed(list(dates)) if one.day is not None}
    return next((days[one] for one in qualifiers if one in days), None)


def _earliest(dates: Iterable[DateReference]) -> date | None:
    return min((one.day for one in dates if one.qualifier in CANCELLED and one.day is not None), default=None)
