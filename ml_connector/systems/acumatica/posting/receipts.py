"""Purchase receipts: how a shipment becomes one, and finding those that are there (acumatica 8, 8.1).

A receipt has no description: our key stands in its note. Several receipts may share a notice's number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.bills import GoodsReceipt
from ml_connector.errors import ConnectorError, NeedsMending, OutcomeUnknown, Reason, RefusedBySystem
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences
from ml_connector.systems.acumatica.posting.keys import key_in, with_key
from ml_connector.systems.acumatica.posting.release import release_of
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.reading.orders import LineKey
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import any_of, chunks, equals
from ml_connector.systems.acumatica.wire.values import Row, body_of, field, identity, number, text, to_json, wrapped

ENTITY = "PurchaseReceipt"
KIND = "purchase_receipt"
REFERENCE = 40
#: Lines of one call (acumatica 5).
MOST_LINES = 500
_HEADER = ("Type", "ReceiptNbr", "Status", "Hold", "VendorID", "VendorRef", "Date", "Branch", "CreateBill", "TotalQty")
_LINE = ("LineNbr", "POOrderType", "POOrderNbr", "POLineNbr", "ReceiptQty", "InventoryID", "UOM")
REPLY = Query(select=(*_HEADER, *(f"Details/{name}" for name in _LINE)), expand=("Details",))
_FOUND = ("Type", "ReceiptNbr", "Status", "VendorID", "VendorRef", "TotalQty", "note")
NEEDS = (Need("shipments in", ENTITY, REPLY.select),)


def plan_receipt(receipt: GoodsReceipt, key: str, settings: AcumaticaConnection) -> list[PlannedOperation]:
    """The receipt, and its release where that is wanted. It never makes a bill: the supplier's invoice comes here.

    Raises:
        NeedsMending: it has more lines than one call takes.
    """
    if len(receipt.lines) > MOST_LINES:
        raise NeedsMending(
            Reason.TOO_LARGE,
            f"Shipment {receipt.reference} has {len(receipt.lines)} lines, {MOST_LINES} fit into one receipt.",
            mend="Ask for smaller ship notices, or enter the receipt by hand and discard this.",
            data={"lines": len(receipt.lines), "limit": MOST_LINES},
        )
    lines = []
    for line in receipt.lines:
        at = LineKey.of(line.order_line_id)
        lines.append(
            {"POOrderType": at.kind, "POOrderNbr": at.number, "POLineNbr": at.line, "ReceiptQty": line.quantity}
        )
    values: dict[str, Any] = {
        "Type": "Receipt",
        "VendorID": receipt.vendor_id,
        "VendorRef": receipt.reference[:REFERENCE],
        "Date": receipt.receipt_date,
        **({"Branch": settings.branch} if settings.branch else {}),
        "CreateBill": False,
        "Hold": settings.after_receipt == "hold",
        "note": with_key("; ".join((receipt.description, *receipt.told)), key, 4000),
        "Details": lines,
    }
    target = f"{settings.company}/{ENTITY}"
    total = sum(line.quantity for line in receipt.lines)
    planned = [PlannedOperation(KIND, target, to_json({"put": wrapped(values)}))]
    if settings.after_receipt == "released":
        planned.append(release_of(ENTITY, target, {"TotalQty": Decimal(total)}))
    return planned


class ReceiptWriter:
    """Writes receipts, and looks for them."""

    def __init__(
        self, client: AcumaticaClient, settings: AcumaticaConnection, headers: Callable[[], Mapping[str, str]]
    ) -> None:
        self._client = client
        self._settings = settings
        self._headers = headers

    def write(self, operation: StoredOperation) -> Written:
        """Insert a receipt once, and compare what is stored; one that differs is taken away again.

        Raises:
            RefusedBySystem: nothing was written. OutcomeUnknown, TryAgain: as ever.
        """
        put: dict[str, Any] = body_of(operation.payload)["put"]
        row = self._client.put(ENTITY, to_json(put), REPLY, headers=self._headers())
        try:
            record_id = identity(row)
        except ConnectorError as error:
            raise OutcomeUnknown(
                f"{self._client.connection}: PUT {ENTITY} was answered without a readable record.",
                mend="It is looked up before it is sent again.",
            ) from error
        wrong = differences(put, row)
        if not wrong:
            return written(row)
        told = (
            f"{self._client.connection}: Acumatica keeps another receipt than the shipment is: {'; '.join(wrong[:5])}."
        )
        try:
            self._client.delete(ENTITY, record_id)
        except ConnectorError as error:
            return written(row, warning=f"{told} It could not be taken away: {error.message}")
        mend = "See the order's lines and its limits for receipts in Acumatica, then replay the shipment."
        raise RefusedBySystem(told, mend=mend, data={"differences": wrong[:20]})

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there: by our key alone, as several receipts may share a number."""
        return {number_: found[0] for number_, found in self.copies(operations).items() if found}

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All receipts with our keys."""
        bodies = {operation.id: body_of(operation.payload)["put"] for operation in operations}
        wanted = [Identity(str(field(put, "VendorID")), str(field(put, "VendorRef"))) for put in bodies.values()]
        by_key: dict[str, list[Row]] = {}
        for row in self._rows(wanted):
            by_key.setdefault(key_in(text(row, "note")), []).append(row)
        keys = {operation_id: key_in(str(field(put, "note") or "")) for operation_id, put in bodies.items()}
        return {
            operation_id: [written(row, found_in=ENTITY) for row in by_key[key]]
            for operation_id, key in keys.items()
            if key and key in by_key
        }

    def find(self, identities: Sequence[Identity]) -> list[Existing]:
        """Receipts of these vendors' notices, whoever entered them."""
        asked = {(one.party_id.casefold(), one.number.strip()[:REFERENCE].casefold()): one for one in identities}
        found = []
        for row in self._rows(identities):
            one = asked.get((text(row, "VendorID").casefold(), text(row, "VendorRef").casefold()))
            if one is not None:
                found.append(
                    Existing(
                        identity=one,
                        outside_id=identity(row),
                        our_key=key_in(text(row, "note")),
                        number=text(row, "ReceiptNbr"),
                        source=ENTITY,
                        kind=KIND,
                    )
                )
        return found

    def _rows(self, identities: Sequence[Identity]) -> list[Row]:
        by_vendor: dict[str, list[str]] = {}
        for one in dict.fromkeys(identities):
            if one.party_id and one.number.strip():
                by_vendor.setdefault(one.party_id, []).append(one.number.strip()[:REFERENCE])
        rows: list[Row] = []
        for condition in _conditions(by_vendor):
            query = Query(filter=f"Type eq 'Receipt' and {condition}", select=_FOUND)
            rows += read_list(self._client, ENTITY, "ReceiptNbr", query, size=self._settings.page_size)
        return [row for row in rows if text(row, "Status") not in {"Canceled", "Voided"}]


def _conditions(by_vendor: Mapping[str, Sequence[str]]) -> Iterator[str]:
    parts: list[str] = []
    for vendor, numbers in by_vendor.items():
        for group in chunks([equals("VendorRef", one) for one in numbers], most=600):
            parts.append(f"({equals('VendorID', vendor)} and {any_of(group)})")
    yield from (any_of(group) for group in chunks(parts))


def written(row: Row, **more: Any) -> Written:
    """What the ledger keeps of a receipt."""
    detail = {
        "receipt_number": text(row, "ReceiptNbr"),
        "status": text(row, "Status"),
        "quantity": str(number(row, "TotalQty")),
        **{name: value for name, value in more.items() if value},
    }
    return Written(identity(row), detail)
