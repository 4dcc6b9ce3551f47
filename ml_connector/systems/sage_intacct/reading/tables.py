"""Reference tables: whole at first and every so often, since whole reads alone tell of what is gone; between, what
changed, with a look-back for rows that become visible late (intacct 5, 6.4, 8).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.documents.common import Record
from ml_connector.documents.reference import ReferenceTable
from ml_connector.flows.core.ports import ReferenceRead
from ml_connector.systems.sage_intacct.reading import records
from ml_connector.systems.sage_intacct.reading.fields import Fields
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import newest, whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query, Where, all_of, any_of, at_least, below, is_null
from ml_connector.systems.sage_intacct.wire.values import Row, moment, stamp
from ml_connector.systems.tables import Position

CHANGED, MADE = "WHENMODIFIED", "WHENCREATED"


@dataclass(frozen=True)
class Read:
    """How an object becomes records. changes: whether it tells when it changed; else it is read whole. wished: fields
    that are asked for only where the object has them (intacct 7: assumed).
    """

    object: str
    make: Callable[[Row, IntacctConnection], Iterator[Record]]
    fields: Sequence[str]
    changes: bool = True
    wished: Sequence[str] = ()


_ADDRESS = tuple(
    f"DISPLAYCONTACT.MAILADDRESS.{name}" for name in ("ADDRESS1", "ADDRESS2", "CITY", "STATE", "ZIP", "COUNTRYCODE")
)
_ITEM = ("ITEMID", "NAME", "STATUS", "ITEMTYPE", "BASEUOM")
_CUSTOMER = ("CUSTOMERID", "NAME", "STATUS")
#: By the table's name: those that every ERP has, and Intacct's own.
TABLES: Mapping[str, Read] = {
    ReferenceTable.VENDORS: Read(
        "VENDOR",
        records.vendor,
        (
            *("VENDORID", "NAME", "STATUS", "ONHOLD", "TAXID", "CURRENCY", "TERMNAME", "APACCOUNT"),
            *("DISPLAYCONTACT.PHONE1", "DISPLAYCONTACT.EMAIL1", *_ADDRESS),
        ),
        wished=records.BANK_ACCOUNT,
    ),
    ReferenceTable.GL_ACCOUNTS: Read(
        "GLACCOUNT", records.account, ("ACCOUNTNO", "TITLE", "STATUS", *records.REQUIRED.values())
    ),
    ReferenceTable.ITEMS: Read("ITEM", records.item, _ITEM, wished=("UPC",)),
    "item_facts": Read("ITEM", records.item_facts, _ITEM, wished=("UPC", *records.UNITS)),
    "departments": Read("DEPARTMENT", records.department, ("DEPARTMENTID", "TITLE", "STATUS")),
    "locations": Read("LOCATION", records.location, ("LOCATIONID", "NAME", "STATUS", "ENDDATE")),
    "places": Read("LOCATION", records.place, ("LOCATIONID", "NAME", "STATUS", "PARENTID", "CURRENCY", "ENDDATE")),
    "classes": Read("CLASS", records.class_, ("CLASSID", "NAME", "STATUS")),
    "projects": Read("PROJECT", records.project, ("PROJECTID", "NAME", "STATUS")),
    "warehouses": Read(
        "WAREHOUSE",
        records.warehouse,
        ("WAREHOUSEID", "NAME", "STATUS"),
        changes=False,
        wished=("LOCATIONID", "LOC.LOCATIONID"),
    ),
    "entities": Read("LOCATIONENTITY", records.entity, ("LOCATIONID", "NAME", "STATUS", "CURRENCY"), changes=False),
    "terms": Read("APTERM", records.term, ("NAME", "DESCRIPTION", "STATUS"), changes=False),
    "customers": Read("CUSTOMER", records.customer, (*_CUSTOMER, "ONHOLD", "CURRENCY", "TERMNAME")),
    "customer_locations": Read(
        "CUSTOMER", records.customer_location, (*_CUSTOMER, "DISPLAYCONTACT.PRINTAS", *_ADDRESS)
    ),
}


class Table:
    """One reference table."""

    def __init__(self, name: str, gateway: Gateway, settings: IntacctConnection, clock: Clock, fields: Fields) -> None:
        self._name = name
        self._read = TABLES[name]
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._fields = fields

    def read(self, cursor: str | None) -> ReferenceRead:
        """The table whole, or what changed since the cursor; nothing is asked of one that the company does not have."""
        if self._name in self._settings.without:
            return ReferenceRead([], None, complete=True)
        before, now = self._gateway.calls, self._clock.now()
        position = Position.of(cursor) if cursor else None
        start = self._start(position, now)
        upper: datetime | None = None
        rows: list[Row] = []
        with readable(self._gateway.connection, f"a record of {self._name}"):
            if self._read.changes:
                upper = self._upper()
            if start is None or (upper is not None and upper >= start):
                rows += whole_list(self._gateway, self._query(self._between(start, upper)))
            made = [one for row in rows for one in self._read.make(row, self._settings)]
        whole = start is None
        full = now if whole or position is None else position.full
        seen = upper if upper is not None or position is None else position.newest
        text = Position(full, seen).text()
        return ReferenceRead(made, text, complete=whole, calls=self._gateway.calls - before)

    def _start(self, position: Position | None, now: datetime) -> datetime | None:
        """From when changes are read; None: the table is read whole."""
        if position is None or position.newest is None or not self._read.changes:
            return None
        young = timedelta(0) <= now - position.full < timedelta(hours=self._settings.full_sync_hours)
        return position.newest - timedelta(seconds=self._settings.look_back_seconds) if young else None

    def _upper(self) -> datetime | None:
        """The newest change by Intacct's own word: what changes while pages are read is for the next time."""
        told = newest(self._gateway, self._query(None), CHANGED)
        return moment({CHANGED: told}, CHANGED, self._settings.gmt_offset)

    def _between(self, start: datetime | None, upper: datetime | None) -> Where | None:
        """None for the whole table. What was never changed has no time of change (intacct 6.4, observed)."""
        if start is None or upper is None:
            return None
        offset = self._settings.gmt_offset
        return between(CHANGED, MADE, start, upper, offset)

    def _query(self, where: Where | None) -> Query:
        settings, read = self._settings, self._read
        fields = self._fields.there(read.object, read.fields, read.wished) if read.wished else list(read.fields)
        fields += [CHANGED] * read.changes
        return Query(self._read.object, fields, where, page_size=settings.page_size, private=settings.shows_private)

    def try_reading(self) -> None:
        """Read one record; raises what reading the table would."""
        asked = Query(self._read.object, self._read.fields, page_size=1, private=self._settings.shows_private)
        self._gateway.ask(asked.element(), f"query {self._read.object}")


def between(changed: str, made: str, start: datetime, upper: datetime, offset: str) -> Where | None:
    """Changed from one moment to another, or never changed and made since. Moments are told in whole seconds, and may
    be kept in parts of them: the last one is taken to its end.
    """
    first, after = stamp(start, offset), stamp(upper + timedelta(seconds=1), offset)
    return any_of(
        [
            all_of([at_least(changed, first), below(changed, after)]),
            all_of([is_null(changed), at_least(made, first)]),
        ]
    )
