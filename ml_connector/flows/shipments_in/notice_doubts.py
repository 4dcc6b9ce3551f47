"""What makes a ship notice doubtful by itself: another's number, a date far ahead, orders that contradict each other.

Pure functions; each raises NeedsCorrection with what contradicts what.
"""

from collections.abc import Iterator
from datetime import date

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DateReference
from ml_connector.documents.reference import Vendor
from ml_connector.documents.shipments import ShipNotice, ShippedOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.notice_codes import named
from ml_connector.flows.meaning.supplier_named import check_supplier

#: Who sends a notice, as N101 names it: ship from, seller, supplier, vendor. A carrier or a buyer is somebody else.
_SENDERS = frozenset({"SF", "SE", "SU", "VN"})
#: DTM01 of what has happened: shipped. What is expected may rightly be months ahead.
_HAPPENED = "011"
#: DTM01 of when the goods come, in the order they are taken: estimated delivery, delivery requested, current schedule.
EXPECTED = ("017", "371", "067")
#: Product ids that are an order's number (element 235), and REF01 of one (element 128).
_ORDER_AMONG_IDS = frozenset({"PO"})
_ORDER_REFERENCE = "PO"


def check_itself(notice: ShipNotice, partner: Partner, vendor: Vendor, latest: date, *, expected_counts: bool) -> None:
    """Raises NeedsCorrection for a notice that contradicts itself, its sender or the calendar.

    latest: the last day that it may be dated. expected_counts: its receipt is booked on the day that is expected.
    """
    _check_dates(notice, latest, expected_counts=expected_counts)
    parties = [*notice.parties, *(party for order in notice.orders for party in order.parties)]
    check_supplier(notice.references, parties, _SENDERS, partner, vendor)
    for order in notice.orders:
        _check_order_named(notice, order)


def _check_dates(notice: ShipNotice, latest: date, *, expected_counts: bool) -> None:
    for place, day in _dates(notice, expected_counts=expected_counts):
        if day > latest:
            raise NeedsCorrection(
                Reason.NOTICE_DATE_AHEAD,
                f"Ship notice {notice.number} is dated {day} ({place}), later than {latest}.",
                remedy="Ask the supplier for the right date and discard this one; if the date is meant, raise "
                "shipments_in.days_ahead.",
                data={"number": notice.number, "place": place, "date": day.isoformat(), "latest": latest.isoformat()},
            )


def _dates(notice: ShipNotice, *, expected_counts: bool) -> Iterator[tuple[str, date]]:
    if notice.notice_date is not None:
        yield "BSN03", notice.notice_date
    counted = {_HAPPENED, *(EXPECTED if expected_counts else ())}
    dates: list[DateReference] = [*notice.dates, *(one for order in notice.orders for one in order.dates)]
    for one in dates:
        if one.day is not None and one.qualifier in counted:
            yield f"DTM {one.qualifier}", one.day


def _check_order_named(notice: ShipNotice, order: ShippedOrder) -> None:
    """An order that PRF names, and another that REF*PO beside it or LIN names."""
    said = [(f"REF {_ORDER_REFERENCE}", one.value) for one in order.references if one.qualifier == _ORDER_REFERENCE]
    for item in order.items:
        said += [(f"LIN of {named(item)}", one.value) for one in item.items if one.qualifier in _ORDER_AMONG_IDS]
    for place, number in said:
        if number.strip() and number.strip() != order.order_number.strip():
            raise NeedsCorrection(
                Reason.ORDER_LINE_CONTRADICTED,
                f"Ship notice {notice.number} names purchase order {order.order_number or '(none)'}, and {number} in "
                f"{place}.",
                remedy="Ask the supplier which order is meant and for a notice that says so; discard this one.",
                data={"number": notice.number, "order": order.order_number, "other": number, "place": place},
            )
