"""What Sage Intacct can be written to, as flows name it (`flows.core.ports`)."""

from collections.abc import Sequence
from typing import Any, Protocol

from ml_connector.documents.payables.settlements import OpenItem
from ml_connector.documents.reference import VatCode
from ml_connector.flows.core.ports import Entries, Existing, Identity, PlannedOperation, ReferenceRead
from ml_connector.systems.sage_intacct.posting.writing import Writer
from ml_connector.systems.sage_intacct.reading.open_items import OpenItems
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import readable


class Planner(Protocol):
    """Makes the exact calls of a document."""

    def plan(self, document: Any, key: str) -> list[PlannedOperation]: ...


class Records:
    """Documents that become records of some kinds. writers: one a kind; looked through in their order."""

    repeatable = False
    entries: Entries | None = None

    def __init__(self, planner: Planner, writers: Sequence[Writer], connection: str, *, first: bool = False) -> None:
        self.kinds = frozenset(writer.what.kind for writer in writers)
        self._planner = planner
        self._writers = writers
        self._connection = connection
        self._first = first

    def plan(self, document: Any, key: str) -> list[PlannedOperation]:
        """The writes that post it."""
        return self._planner.plan(document, key)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Records of these parties with these numbers, whoever entered them. Of a bill the first that is found: a
        document and the bill that it made itself are one (intacct 7.2).
        """
        if not identities:
            return []
        found: list[Existing] = []
        for writer in self._writers:
            with readable(self._connection, f"a record of {writer.what.entity}"):
                found += writer.existing(identities)
        if not self._first:
            return found
        firsts: dict[Identity, Existing] = {}
        for one in found:
            known = firsts.setdefault(one.identity, one)
            if one.our_key and not known.our_key:
                firsts[one.identity] = one
        return list(firsts.values())


class Payments(Records):
    """Payments of bills, and what there is to pay."""

    def __init__(self, planner: Planner, writer: Writer, connection: str, items: OpenItems) -> None:
        super().__init__(planner, [writer], connection)
        self._items = items

    def open_items(self, identities: Sequence[Identity]) -> list[OpenItem]:
        """Bills and credits of these vendors with these numbers, as they stand now."""
        return self._items.of(identities)

    def items_of(self, bills: Sequence[str]) -> list[OpenItem]:
        """Bills by their record numbers."""
        return self._items.by_record(bills)


class TaxDetails:
    """The table of tax details, as the connection names them: no object is known that lists them."""

    def __init__(self, settings: IntacctConnection) -> None:
        self._rows = [
            VatCode(id=code, code=code, description=code, percentage=percentage)
            for code, percentage in settings.tax_details.items()
        ]

    def read(self, cursor: str | None) -> ReferenceRead:
        """All of them."""
        del cursor
        return ReferenceRead(self._rows, None, complete=True)
