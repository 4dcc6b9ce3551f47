"""AP bills: how one is written and compared, and finding those that are there (acumatica 8).

A bill carries our key at the end of its description. It is looked up by vendor and vendor reference (8.2), since a
number of one's own is replaced and no header makes an insert of an auto-numbered record happen once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import Existing, Identity, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences, total_difference
from ml_connector.systems.acumatica.posting.keys import key_in
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import any_of, chunks, equals
from ml_connector.systems.acumatica.wire.values import Row, body_of, field, identity, number, text, to_json

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
_FOUND = ("Type", "ReferenceNbr", "Status", "Vendor", "VendorRef", "Amount", "Description", "CurrencyID")
_GONE = frozenset({"Voided", "Rejected"})


class BillWriter:
    """Writes bills, and looks for them. headers: of every write, as the branch of the call."""

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self._client = client
        self._settings = settings
        self._headers = headers

    def write(self, operation: StoredOperation) -> Written:
        """Insert a bill once, or take one over that Acumatica made, and compare what is stored.

        A new bill that differs is taken away again, so that nothing is written; where that cannot be done it stands
        on hold, and is told.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        put: dict[str, Any] = planned["put"]
        row = self._client.put(ENTITY, to_json(put), REPLY, headers=self._headers())
        record_id = _id_of(self._client, row)
        wrong = self._wrong(planned, row)
        if not wrong:
            return self._off_hold(put, row, record_id)
        told = f"{self._client.connection}: Acumatica keeps another bill than the invoice is: {'; '.join(wrong[:5])}."
        mend = (
            "See the vendor's terms, taxes and currency, or the order's lines, in Acumatica; then replay the invoice."
        )
        refused = RefusedBySystem(told, mend=mend, data={"differences": wrong[:20]})
        if "id" in put:
            raise refused
        try:
            self._client.delete(ENTITY, record_id)
        except ConnectorError as error:
            return self._left_on_hold(row, record_id, f"{told} It could not be taken away: {error.message}")
        raise refused

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

    def _left_on_hold(self, row: Row, record_id: str, warning: str) -> Written:
        hold = to_json({"id": record_id, "Hold": {"value": True}})
        try:
            self._client.put(ENTITY, hold, Query(select=("Status",)))
        except ConnectorError as error:
            warning = f"{warning} It could not be put on hold either: {error.message}"
        return written(row, warning=warning)

    def _wrong(self, planned: Mapping[str, Any], row: Row) -> list[str]:
        put: Mapping[str, Any] = planned["put"]
        found = differences(put, row)
        found += total_difference("Amount", Decimal(planned["total"]), row)
        found += total_difference("TaxTotal", Decimal(planned["taxes"]), row)
        return found

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
            wrong = total_difference("Amount", Decimal(planned["total"]), hit)
            warning = f"Acumatica keeps another bill than the invoice is: {'; '.join(wrong)}." if wrong else ""
            warning = warning or (_ON_HOLD if _still_held(planned["put"], hit) else "")
            found[operation.id] = written(hit, ours=bool(mine), found_in=ENTITY, warning=warning)
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
        wanted = [
            Identity(str(field(body["put"], "Vendor")), str(field(body["put"], "VendorRef")))
            for body in bodies.values()
        ]
        by_identity: dict[tuple[str, str, str], list[Row]] = {}
        for row in self._rows(wanted):
            by_identity.setdefault((*_identity(row), text(row, "Type")), []).append(row)
        for operation in operations:
            put = bodies[operation.id]["put"]
            place = (str(field(put, "Vendor")).casefold(), _folded(str(field(put, "VendorRef"))), field(put, "Type"))
            yield operation, bodies[operation.id], by_identity.get(place, [])

    def find(self, identities: Sequence[Identity]) -> list[Existing]:
        """Bills of these vendors and numbers, whoever entered them; reversals and voided ones aside."""
        asked: dict[tuple[str, str], list[Identity]] = {}
        for one in dict.fromkeys(identities):
            asked.setdefault((one.party_id.casefold(), _folded(one.number)), []).append(one)
        found: dict[Identity, Existing] = {}
        for row in self._rows(identities):
            for one in asked.get(_identity(row), ()):
                found.setdefault(one, _existing(row, one))
        return list(found.values())

    def _rows(self, identities: Sequence[Identity]) -> list[Row]:
        by_vendor: dict[str, list[str]] = {}
        for one in dict.fromkeys(identities):
            if one.party_id and one.number.strip():
                by_vendor.setdefault(one.party_id, []).append(one.number.strip())
        rows: list[Row] = []
        for conditions in _conditions(by_vendor):
            query = Query(filter=conditions, select=_FOUND)
            size = self._settings.page_size
            rows += read_list(self._client, ENTITY, ("ReferenceNbr", "Type"), query, size=size)
        return [row for row in rows if text(row, "Status") not in _GONE]


_ON_HOLD = "It is on hold in Acumatica: take it off hold there."


def _still_held(put: Mapping[str, Any], row: Row) -> bool:
    return field(put, "Hold") is not True and text(row, "Status") == "On Hold"


def _conditions(by_vendor: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """`(Vendor eq .. and (VendorRef eq .. or ..)) or ..`, in groups that an address takes."""
    parts: list[str] = []
    for vendor, numbers in by_vendor.items():
        for group in chunks([equals("VendorRef", one) for one in numbers], most=600):
            parts.append(f"({equals('Vendor', vendor)} and {any_of(group)})")
    yield from (any_of(group) for group in chunks(parts))


def _id_of(client: AcumaticaClient, row: Row) -> str:
    try:
        return identity(row)
    except ConnectorError as error:
        raise OutcomeUnknown(
            f"{client.connection}: PUT {ENTITY} was answered without a readable record.",
            mend="It is looked up before it is sent again.",
        ) from error


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


def _existing(row: Row, asked: Identity) -> Existing:
    return Existing(
        identity=asked,
        outside_id=identity(row),
        our_key=key_in(text(row, "Description")),
        number=text(row, "ReferenceNbr"),
        amount=str(abs(number(row, "Amount"))),
        source=ENTITY,
        kind=KIND,
    )


def _folded(value: str) -> str:
    """The database compares text without regard to case and blanks at the end (acumatica 3, assumed)."""
    return value.strip().casefold()


def _identity(row: Row) -> tuple[str, str]:
    return text(row, "Vendor").casefold(), _folded(text(row, "VendorRef"))
