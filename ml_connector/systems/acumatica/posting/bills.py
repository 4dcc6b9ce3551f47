"""AP bills: how one is written and compared, and finding those that are there (acumatica 8).

A bill carries our key at the end of its description. It is looked up by vendor and vendor reference (8.2), since a
number of one's own is replaced and no header makes an insert of an auto-numbered record happen once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.errors import ConnectorError
from ml_connector.flows.core.ports import Existing, Identity, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences, total_difference
from ml_connector.systems.acumatica.posting.finding import Findable, Finder
from ml_connector.systems.acumatica.posting.inserting import Compare, Insertable, Inserter
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import Row, body_of, field, identity, number, text, to_json
from ml_connector.systems.our_keys import key_in

ENTITY = "Bill"
KIND = "ap_bill"
CREDIT, INVOICE = "Debit Adj.", "Bill"
_HEADER = (
    *("Type", "ReferenceNbr", "Status", "Hold", "Vendor", "VendorRef", "Date", "DueDate", "CurrencyID", "BranchID"),
    *("Description", "Amount", "TaxTotal"),
)
_LINE = (
    *("Account", "Subaccount", "InventoryID", "Qty", "UnitCost", "ExtendedCost", "Amount", "TransactionDescription"),
    *("POOrderType", "POOrderNbr", "POLine", "POReceiptType", "POReceiptNbr", "POReceiptLine"),
)
REPLY = Query(select=(*_HEADER, *(f"Details/{name}" for name in _LINE)), expand=("Details",))
NEEDS = (
    Need("invoices in", ENTITY, (*REPLY.select, "Details/TaxCategory")),
    Need("taxes as invoiced", ENTITY, ("IsTaxValid", "TaxDetails/TaxID", "TaxDetails/TaxAmount")),
)
FINDABLE = Findable(
    entity=ENTITY,
    kind=KIND,
    party="Vendor",
    reference="VendorRef",
    mark="Description",
    keys=("ReferenceNbr", "Type"),
    number="ReferenceNbr",
    fields=("Type", "ReferenceNbr", "Status", "Vendor", "VendorRef", "Amount", "Description", "CurrencyID"),
    gone=frozenset({"Voided", "Rejected"}),
    amount="Amount",
)
INSERTABLE = Insertable(
    ENTITY,
    mark="Description",
    told="another bill than the invoice is",
    remedy="See the vendor's terms, taxes and currency, or the order's lines, in Acumatica; then replay the invoice.",
)


class BillWriter:
    """Writes bills, and looks for them. headers: of every write, as the branch of the call."""

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self._client = client
        self._headers = headers
        self._inserter = Inserter(client, INSERTABLE, REPLY, headers)
        self._finder = Finder(client, FINDABLE, settings.page_size)

    def write(self, operation: StoredOperation) -> Written:
        """Insert a bill once, or take one over that Acumatica made.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        stored = self._inserter.insert(planned["put"], comparing(planned))
        if stored.warning:
            return written(stored.row, warning=stored.warning)
        return self._off_hold(planned["put"], stored.row, identity(stored.row))

    def _off_hold(self, put: Mapping[str, Any], row: Row, record_id: str) -> Written:
        """With an approval map a bill is always saved on hold first: taken off, it goes to its approvers (8.1).

        The bill stands by now; what cannot be done about its hold is told.
        """
        if not _still_held(put, row):
            return written(row)
        body = to_json({"id": record_id, "Hold": {"value": False}})
        query = Query(select=_HEADER)
        try:
            row = self._client.put(ENTITY, body, query, headers=self._headers())
        except ConnectorError as error:
            return written(row, warning=f"{_ON_HOLD} {error.message}")
        return written(row, warning=_ON_HOLD if _still_held(put, row) else "")

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there, by operation id.

        One with our key counts first. One of the same vendor, number and type without it counts too: writing it again
        could only make it twice; `ours` in the detail says which it was. One that differs is told.
        """
        found: dict[int, Written] = {}
        for operation, planned, rows in self._matching(operations):
            key = key_in(str(field(planned["put"], "Description") or ""))
            mine = [row for row in rows if key_in(text(row, "Description")) == key] if key else []
            hit = next(iter(mine or rows), None)
            if hit is None:
                continue
            stored = self._inserter.recovered(hit, comparing(planned))
            warning = stored.warning or (_ON_HOLD if _still_held(planned["put"], stored.row) else "")
            found[operation.id] = written(stored.row, ours=bool(mine), found_in=ENTITY, warning=warning)
        return found

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All bills with our keys."""
        found: dict[int, list[Written]] = {}
        for operation, planned, rows in self._matching(operations):
            key = key_in(str(field(planned["put"], "Description") or ""))
            if key:
                found[operation.id] = [written(row) for row in rows if key_in(text(row, "Description")) == key]
        return found

    def _matching(
        self, operations: Sequence[StoredOperation]
    ) -> Iterator[tuple[StoredOperation, dict[str, Any], list[Row]]]:
        """Each write with the bills of its vendor, number and type."""
        bodies = {operation.id: body_of(operation.payload) for operation in operations}
        by_place: dict[tuple[tuple[str, str], str], list[Row]] = {}
        for row in self._finder.rows([FINDABLE.identity_in(body["put"]) for body in bodies.values()]):
            by_place.setdefault((FINDABLE.place(row), text(row, "Type")), []).append(row)
        for operation in operations:
            put = bodies[operation.id]["put"]
            place = (FINDABLE.asked(FINDABLE.identity_in(put)), text(put, "Type"))
            yield operation, bodies[operation.id], by_place.get(place, [])

    def find(self, identities: Sequence[Identity]) -> list[Existing]:
        """The first bill of each of these vendors and numbers, whoever entered it; voided ones aside."""
        found: dict[Identity, Existing] = {}
        for one in self._finder.existing(identities):
            found.setdefault(one.identity, one)
        return list(found.values())


_ON_HOLD = "It is on hold in Acumatica: take it off hold there."


def _still_held(put: Mapping[str, Any], row: Row) -> bool:
    return field(put, "Hold") is not True and text(row, "Status") == "On Hold"


def comparing(planned: Mapping[str, Any]) -> Compare:
    """What is stored beside what a payload wants: all that was sent, and what it must come to."""

    def compare(row: Row) -> list[str]:
        found = differences(planned["put"], row)
        found += total_difference("Amount", Decimal(planned["total"]), row)
        return found + total_difference("TaxTotal", Decimal(planned["taxes"]), row)

    return compare


def written(row: Row, **more: Any) -> Written:
    """What the ledger keeps of a bill."""
    detail = {
        "entry_number": text(row, "ReferenceNbr"),
        "type": text(row, "Type"),
        "status": text(row, "Status"),
        "amount": str(number(row, "Amount")),
        **{name: value for name, value in more.items() if value not in ("", None)},
    }
    return Written(identity(row), detail)
