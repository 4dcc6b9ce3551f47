"""What a Vendor Invoice or a PO Receiver is converted from: lines of orders and receivers that are still open (7.2).

They are read by vendor and kept for a short while, so that a batch costs few reads. What one plan takes of a line is
set aside for the others that are planned meanwhile.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from ml_connector.clock import Clock
from ml_connector.systems.sage_intacct.reading.orders import LineKey, Orders
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, all_of, equals, one_of
from ml_connector.systems.sage_intacct.wire.values import Row, day, key, number, text

#: Only these convert (intacct 7.2).
CONVERTIBLE = ("Pending", "Partially Converted")
KEPT = timedelta(seconds=60)
ANY = Decimal(0)


@dataclass(frozen=True)
class SourceLine:
    """A line that can be converted. of: the order's line that it stands for; free: what nobody has converted yet."""

    document: str
    record: str
    of: str
    item: str
    unit: str
    free: Decimal
    on: date | None
    location: str = ""
    department: str = ""
    warehouse: str = ""


class Sources:
    """Open lines of vendors. orders: reads lines of documents."""

    def __init__(self, gateway: Gateway, settings: IntacctConnection, clock: Clock, orders: Orders) -> None:
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._orders = orders
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[datetime, list[SourceLine]]] = {}
        self._last: dict[tuple[str, str], list[SourceLine]] = {}
        self._taken: dict[str, list[tuple[str, Decimal]]] = {}

    def receipts(self, vendor: str, line: LineKey, plan: str, *, least: Decimal = ANY) -> list[SourceLine]:
        """Lines of receivers for an order's line, the oldest first. plan: what it took itself is free for it.

        least: what is looked for; they are read again where that is not there.
        """
        return self._looked(
            vendor, (self._settings.receipt_definition,), lambda one: one.of == line.record, plan, least
        )

    def order_lines(self, vendor: str, line: LineKey, plan: str, *, least: Decimal = ANY) -> list[SourceLine]:
        """The order's line itself, where it can be converted."""
        names = self._settings.order_definitions
        return self._looked(vendor, names, lambda one: one.record == line.record, plan, least)

    def _looked(
        self, vendor: str, definitions: Sequence[str], wanted: Callable[[SourceLine], bool], plan: str, least: Decimal
    ) -> list[SourceLine]:
        """What is kept may be older than the document that is wanted: read once more where it is not enough."""
        for again in (False, True):
            if again:
                self._forget(vendor, definitions)
            lines = [one for name in definitions for one in self._of(vendor, name)]
            found = [self._free(one, plan) for one in lines if wanted(one)]
            if found and sum(one.free for one in found) >= least:
                break
        return found

    def take(self, parts: Iterable[tuple[SourceLine, Decimal]], plan: str) -> None:
        """Set aside what a plan takes; planning the same document again replaces it."""
        with self._lock:
            for taken in self._taken.values():
                taken[:] = [one for one in taken if one[0] != plan]
            for line, quantity in parts:
                self._taken.setdefault(line.record, []).append((plan, quantity))

    def _forget(self, vendor: str, definitions: Sequence[str]) -> None:
        with self._lock:
            for name in definitions:
                self._known.pop((vendor, name), None)

    def _free(self, line: SourceLine, plan: str) -> SourceLine:
        with self._lock:
            taken = sum((part for who, part in self._taken.get(line.record, ()) if who != plan), Decimal(0))
        return SourceLine(**{**vars(line), "free": max(line.free - taken, Decimal(0))})

    def _of(self, vendor: str, definition: str) -> list[SourceLine]:
        now = self._clock.now()
        with self._lock:
            known = self._known.get((vendor, definition))
        if known is not None and timedelta(0) <= now - known[0] < KEPT:
            return known[1]
        with readable(self._gateway.connection, f"a {definition}"):
            lines = self._read(vendor, definition)
        with self._lock:
            before = {line.record: line.free for line in self._last.get((vendor, definition), ())}
            self._known[vendor, definition] = (now, lines)
            self._last[vendor, definition] = lines
            for line in lines:
                # What was taken has been converted by now.
                if before.get(line.record) != line.free:
                    self._taken.pop(line.record, None)
        return lines

    def _read(self, vendor: str, definition: str) -> list[SourceLine]:
        settings = self._settings
        where = all_of([equals("DOCPARID", definition), equals("CUSTVENDID", vendor), one_of("STATE", CONVERTIBLE)])
        query = Query(
            "PODOCUMENT", ("DOCID", "WHENCREATED"), where, page_size=settings.page_size, private=settings.shows_private
        )
        headers = whole_list(self._gateway, query)
        days = {key(row, "DOCID"): day(row, "WHENCREATED") for row in headers}
        lines = self._orders.lines_of(list(days))
        found = [_line(document, row, days[document]) for document, rows in lines.items() for row in rows]
        return sorted(found, key=_oldest)


def _line(document: str, row: Row, on: date | None) -> SourceLine:
    record = key(row, "RECORDNO")
    return SourceLine(
        document=document,
        record=record,
        of=text(row, "SOURCE_DOCLINEKEY") or record,
        item=text(row, "ITEMID"),
        unit=text(row, "UNIT"),
        free=max(number(row, "UIQTY") - number(row, "QTY_CONVERTED"), Decimal(0)),
        on=on,
        location=text(row, "LOCATIONID"),
        department=text(row, "DEPARTMENTID"),
        warehouse=text(row, "WAREHOUSE.LOCATION_NO"),
    )


def _oldest(line: SourceLine) -> tuple[str, str, int]:
    return (line.on.isoformat() if line.on else "", line.document, int(line.record))
