"""Purchase orders: what changed since the last poll, orders by id, and the table of open ones (intacct 7.2).

An order's id is its DOCID, which every function takes; a line's is its order's, its own record number (that is what a
conversion names) and its place.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.dimensions import as_fields
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, Deleted, Notices, ReferenceRead, SourceRecord
from ml_connector.systems.our_keys import without_key
from ml_connector.systems.sage_intacct.reading import records
from ml_connector.systems.sage_intacct.reading.deletions import Deletions
from ml_connector.systems.sage_intacct.reading.fields import Fields
from ml_connector.systems.sage_intacct.reading.tables import between
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import newest, whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, Where, all_of, chunks, one_of
from ml_connector.systems.sage_intacct.wire.values import Row, day, key, moment, number, text, to_json, whole

HEADER, LINE = "PODOCUMENT", "PODOCUMENTENTRY"
CHANGED, MADE = "WHENMODIFIED", "AUWHENCREATED"
#: Confirmed or observed; the rest is asked for where `lookup` has it (intacct 7.2).
HEADER_NEEDED = ("DOCID", "DOCNO", "DOCPARID", "CUSTVENDID", "STATE", "WHENCREATED", MADE, CHANGED)
HEADER_WISHED = ("WHENDUE", "VENDORDOCNO", "PONUMBER", "CURRENCY", "MESSAGE", "TERM.NAME", "PROMISEDDATE")
LINE_NEEDED = (
    *("DOCHDRID", "LINE_NO", "ITEMID", "UIQTY", "UIPRICE", "QTY_CONVERTED", "SOURCE_DOCID", "SOURCE_DOCLINEKEY"),
    *("DEPARTMENTID", "LOCATIONID"),
)
LINE_WISHED = (
    *("UNIT", "ITEMDESC", "MEMO", "WAREHOUSE.LOCATION_NO", "PROJECTID", "CLASSID", "PROMISEDDATE", "DATECONFIRMED"),
)
_DIMENSION_FIELDS = {
    records.DEPARTMENT: "DEPARTMENTID",
    records.LOCATION: "LOCATIONID",
    records.CLASS: "CLASSID",
    records.PROJECT: "PROJECTID",
}
#: States after which nothing more is received or billed of an order.
_ENDED = ("Closed", "Declined")
#: Documents whose lines one query asks for.
_AT_ONCE = 100


@dataclass(frozen=True)
class LineKey:
    """What a line's id says. line: from 1, as updates count (intacct 7.2)."""

    document: str
    record: str
    line: int

    @classmethod
    def of(cls, text_: str) -> "LineKey":
        """Raises WeAreWrong: it is not a line of a purchasing document here."""
        parts = text_.rsplit("|", 2)
        if len(parts) != 3 or not parts[0] or not parts[1].isdecimal() or not parts[2].isdecimal():
            raise WeAreWrong(f"{text_[:60]!r} is not a line of a purchasing document")
        return cls(parts[0], parts[1], int(parts[2]))

    def text(self) -> str:
        """As flows keep it."""
        return f"{self.document}|{self.record}|{self.line}"


@dataclass(frozen=True)
class Progress:
    """What was received and billed of a line, by documents that were converted from it."""

    received: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)


@dataclass(frozen=True)
class Cursor:
    """Where polling goes on. given: somebody set it to begin there, so that nothing before it is looked at.

    taken: up to where a poll that has not ended has come; upper: where that one ends.
    """

    newest: datetime
    given: bool = False
    taken: datetime | None = None
    upper: datetime | None = None

    @staticmethod
    def of(stored: str) -> "Cursor":
        """Also takes a plain ISO day or moment: where somebody wants polling to begin."""
        try:
            if not stored.startswith("{"):
                return Cursor(_moment(stored), given=True)
            value = json.loads(stored)
            return Cursor(_moment(value["newest"]), taken=_maybe(value, "taken"), upper=_maybe(value, "upper"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WeAreWrong("the stored position of polling Sage Intacct is unreadable") from error

    def text(self) -> str:
        """As it is stored."""
        told = {"newest": self.newest, "taken": self.taken, "upper": self.upper}
        return json.dumps({name: at.isoformat() for name, at in told.items() if at is not None})


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _maybe(value: Mapping[str, Any], name: str) -> datetime | None:
    return _moment(value[name]) if value.get(name) else None


class Orders:
    """Purchase orders to read."""

    notices: Notices | None = None

    def __init__(self, gateway: Gateway, settings: IntacctConnection, clock: Clock, fields: Fields) -> None:
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._fields = fields
        #: The audit history needs a permission of its own.
        self.deletions: Callable[[str | None], Deleted] | None = (
            Deletions(gateway, settings, settings.order_definitions) if settings.audit_history else None
        )

    # ------------------------------------------------------------------ the source

    def begin(self, day: date) -> str:
        """The position from which all that moved on that day or later is read."""
        return f"{day.isoformat()}T00:00:00+00:00"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[OpenOrder]:
        """Orders changed since the cursor, the oldest first. Each poll reaches back: rows may become visible late, so
        one may come again, and flows tell by content what is new (intacct 5, 6.4).
        """
        position = Cursor.of(cursor) if cursor else Cursor.of(self.begin(self._clock.now().date()))
        look_back = timedelta(0) if position.given else timedelta(seconds=self._settings.look_back_seconds)
        begin = position.taken or position.newest - look_back
        with readable(self._gateway.connection, "a changed purchase order"):
            upper = position.upper or self._newest()
            headers = self._between(begin, upper) if upper is not None and upper >= begin else []
            dated = sorted(((self._at(row) or begin, int(key(row, "RECORDNO")), row) for row in headers), key=_place)
            dated = [one for one in dated if position.taken is None or one[0] > position.taken]
            taken = dated[:limit]
            # All of one moment come together: the next poll begins after it.
            taken += [one for one in dated[limit:] if taken and one[0] == taken[-1][0]]
            found = self._records([row for _, _, row in taken])
        more = len(taken) < len(dated)
        reached = max([position.newest, *(at for at, _, _ in taken)])
        after = Cursor(reached, taken=taken[-1][0], upper=upper) if more else Cursor(reached)
        return Changed(found, after.text(), more=more)

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[OpenOrder]]:
        """Orders by DOCID, in the order asked; what is gone, and what is no order, is left out."""
        wanted = [one for one in dict.fromkeys(keys) if one]
        found: dict[str, SourceRecord[OpenOrder]] = {}
        with readable(self._gateway.connection, "a purchase order"):
            for group in chunks(wanted):
                headers = whole_list(self._gateway, self._headers(one_of("DOCID", group)))
                found.update({one.document.id: one for one in self._records(headers)})
        return [found[one] for one in wanted if one in found]

    def from_record(self, record: str) -> OpenOrder:
        """The order in a stored record."""
        stored = json.loads(record)
        return order_of(stored["header"], stored["lines"], self._settings, {})

    def entered(self, record: str) -> datetime | None:
        """When the order in a stored record was entered."""
        header: Row = json.loads(record or "{}").get("header", {})
        on = day(header, "WHENCREATED")
        return moment(header, MADE, self._settings.gmt_offset) or (
            None if on is None else datetime.combine(on, time.min, UTC)
        )

    # ------------------------------------------------------------------ the table

    def table(self) -> ReferenceRead:
        """The open orders, whole, with what was received and billed of their lines."""
        before = self._gateway.calls
        with readable(self._gateway.connection, "a purchase order"):
            ended = [Where("notequalto", "STATE", (state,)) for state in _ENDED]
            headers = whole_list(self._gateway, self._headers(all_of(ended)))
            lines = self.lines_of([key(row, "DOCID") for row in headers])
            progress = self.progress([key(row, "DOCID") for row in headers])
            orders = [order_of(row, lines[key(row, "DOCID")], self._settings, progress) for row in headers]
        return ReferenceRead(orders, None, complete=True, calls=self._gateway.calls - before)

    def progress(self, documents: Sequence[str]) -> dict[str, Progress]:
        """What became of the lines of these orders, by the record number of each line."""
        found: dict[str, Progress] = {}
        for group in chunks(documents, _AT_ONCE):
            made = whole_list(self._gateway, self._lines(one_of("SOURCE_DOCID", group)))
            for row in made:
                line = text(row, "SOURCE_DOCLINEKEY")
                was = found.get(line, Progress())
                quantity, converted = number(row, "UIQTY"), number(row, "QTY_CONVERTED")
                of = definition_of(key(row, "DOCHDRID"), self._settings)
                if of == self._settings.receipt_definition:
                    found[line] = Progress(was.received + quantity, was.invoiced + converted)
                elif of == self._settings.invoice_definition:
                    found[line] = Progress(was.received + quantity, was.invoiced + quantity)
        return found

    # ------------------------------------------------------------------ reading

    def lines_of(self, documents: Iterable[str]) -> dict[str, list[dict[str, str]]]:
        """The lines of documents, by DOCID, in their order."""
        found: dict[str, list[dict[str, str]]] = {one: [] for one in documents}
        for group in chunks(found, _AT_ONCE):
            for row in whole_list(self._gateway, self._lines(one_of("DOCHDRID", group))):
                found.setdefault(key(row, "DOCHDRID"), []).append(row)
        return {one: sorted(rows, key=lambda row: whole(row, "LINE_NO") or 0) for one, rows in found.items()}

    def try_reading(self) -> None:
        """Read one record; raises what reading would."""
        asked = Query(HEADER, HEADER_NEEDED, self._which(), page_size=1, private=self._settings.shows_private)
        self._gateway.ask(asked.element(), f"query {HEADER}")

    def _records(self, headers: Sequence[dict[str, str]]) -> list[SourceRecord[OpenOrder]]:
        lines = self.lines_of([key(row, "DOCID") for row in headers]) if headers else {}
        return [
            SourceRecord(
                to_json({"header": row, "lines": lines[key(row, "DOCID")]}),
                order_of(row, lines[key(row, "DOCID")], self._settings, {}),
            )
            for row in headers
        ]

    def _at(self, row: Row) -> datetime | None:
        offset = self._settings.gmt_offset
        return moment(row, CHANGED, offset) or moment(row, MADE, offset)

    def _newest(self) -> datetime | None:
        """The newest change by Intacct's own word: what moves while pages are read is for the next poll."""
        query = Query(HEADER, (CHANGED,), self._which(), private=self._settings.shows_private)
        told = [newest(self._gateway, query, field) for field in (CHANGED, MADE)]
        found = [moment({CHANGED: one}, CHANGED, self._settings.gmt_offset) for one in told]
        return max((one for one in found if one is not None), default=None)

    def _between(self, start: datetime, upper: datetime) -> list[dict[str, str]]:
        where = between(CHANGED, MADE, start, upper, self._settings.gmt_offset)
        return whole_list(self._gateway, self._headers(where))

    def _which(self) -> Where:
        return one_of("DOCPARID", self._settings.order_definitions)

    def _headers(self, where: Where | None) -> Query:
        select = self._fields.there(HEADER, HEADER_NEEDED, HEADER_WISHED)
        return self._query(HEADER, select, all_of([self._which(), where]))

    def _lines(self, where: Where) -> Query:
        return self._query(LINE, self._fields.there(LINE, LINE_NEEDED, LINE_WISHED), where)

    def _query(self, name: str, select: Sequence[str], where: Where | None) -> Query:
        settings = self._settings
        return Query(name, select, where, page_size=settings.page_size, private=settings.shows_private)


def _place(one: tuple[datetime, int, Row]) -> tuple[datetime, int]:
    return one[0], one[1]


def definition_of(document: str, settings: IntacctConnection) -> str:
    """Which of our definitions a DOCID is of: `Purchase Order-PO0213`; the longest name that fits."""
    fitting = [one for one in settings.purchase_definitions if document.startswith(f"{one}-")]
    return max(fitting, key=len, default="")


def order_of(
    header: Row, lines: Sequence[Row], settings: IntacctConnection, progress: Mapping[str, Progress]
) -> OpenOrder:
    """The order in its records. progress: by the record number of a line; without it, what was converted counts."""
    document, vendor, state = key(header, "DOCID"), text(header, "CUSTVENDID"), text(header, "STATE")
    made = [_line(document, row, progress) for row in lines]
    warehouse = _first(lines, "WAREHOUSE.LOCATION_NO")
    return OpenOrder(
        id=document,
        number=key(header, "DOCNO"),
        order_date=day(header, "WHENCREATED"),
        supplier_id=vendor,
        supplier_code=vendor,
        currency=text(header, "CURRENCY") or settings.base_currency,
        warehouse_id=warehouse,
        # Without stock to keep it goes to a location.
        warehouse_code=warehouse or _first(lines, "LOCATIONID"),
        description=without_key(text(header, "MESSAGE")),
        your_reference=text(header, "VENDORDOCNO"),
        receipt_date=day(header, "PROMISEDDATE"),
        payment_condition=text(header, "TERM.NAME"),
        approved=state in settings.sent_states,
        cancelled=state in settings.withdrawn_states,
        complete=state == "Closed",
        lines=tuple(made),
    )


def _first(lines: Sequence[Row], name: str) -> str:
    return next((text(row, name) for row in lines if text(row, name)), "")


def _line(document: str, row: Row, progress: Mapping[str, Progress]) -> OpenOrderLine:
    at = whole(row, "LINE_NO")
    if at is None:
        raise WeAreWrong(f"a line of {document} has no LINE_NO")
    record, converted = key(row, "RECORDNO"), number(row, "QTY_CONVERTED")
    done = progress.get(record, Progress(received=converted))
    codes = {name: text(row, field) for name, field in _DIMENSION_FIELDS.items()}
    return OpenOrderLine(
        # Read from 0, written from 1 (intacct 7.2).
        id=LineKey(document, record, at + 1).text(),
        number=at + 1,
        item_id=text(row, "ITEMID"),
        item_code=text(row, "ITEMID"),
        description=text(row, "ITEMDESC") or text(row, "MEMO"),
        unit=text(row, "UNIT"),
        quantity=number(row, "UIQTY"),
        received=done.received,
        invoiced=done.invoiced,
        price=number(row, "UIPRICE"),
        vat_code="",
        receipt_date=day(row, "PROMISEDDATE"),
        notes=text(row, "MEMO"),
        **as_fields(codes),
    )
