"""Purchase receipts: how a shipment becomes one, and finding those that are there (acumatica 8, 8.1).

A receipt has no description: our key stands in its note. Several receipts may share a notice's number.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import GoodsReceipt
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import PlannedOperation, Written
from ml_connector.systems.acumatica.posting.comparing import differences
from ml_connector.systems.acumatica.posting.finding import Findable, Finder
from ml_connector.systems.acumatica.posting.inserting import Compare, Insertable, Inserter
from ml_connector.systems.acumatica.posting.keyed import KeyedWriter
from ml_connector.systems.acumatica.posting.release import release_of
from ml_connector.systems.acumatica.reading.orders import LineKey
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import Row, identity, number, text, to_json, wrapped
from ml_connector.systems.our_keys import with_key

ENTITY = "PurchaseReceipt"
KIND = "purchase_receipt"
REFERENCE = 40
#: Lines of one call (acumatica 5).
MOST_LINES = 500
_HEADER = ("Type", "ReceiptNbr", "Status", "Hold", "VendorID", "VendorRef", "Date", "Branch", "CreateBill", "TotalQty")
_LINE = ("LineNbr", "POOrderType", "POOrderNbr", "POLineNbr", "ReceiptQty", "InventoryID", "UOM")
REPLY = Query(select=(*_HEADER, *(f"Details/{name}" for name in _LINE)), expand=("Details",))
FINDABLE = Findable(
    entity=ENTITY,
    kind=KIND,
    party="VendorID",
    reference="VendorRef",
    mark="note",
    keys=("ReceiptNbr",),
    number="ReceiptNbr",
    fields=("Type", "ReceiptNbr", "Status", "VendorID", "VendorRef", "TotalQty", "note"),
    gone=frozenset({"Canceled", "Voided"}),
    where="Type eq 'Receipt'",
    length=REFERENCE,
)
INSERTABLE = Insertable(
    ENTITY,
    mark="note",
    told="another receipt than the shipment is",
    remedy="See the order's lines and its limits for receipts in Acumatica, then replay the shipment.",
)
NEEDS = (Need("shipments in", ENTITY, REPLY.select),)


def plan_receipt(receipt: GoodsReceipt, key: str, settings: AcumaticaConnection) -> list[PlannedOperation]:
    """The receipt, and its release where that is wanted. It never makes a bill: the supplier's invoice comes here.

    Raises:
        NeedsCorrection: it has more lines than one call takes.
    """
    if len(receipt.lines) > MOST_LINES:
        raise NeedsCorrection(
            Reason.TOO_LARGE,
            f"Shipment {receipt.reference} has {len(receipt.lines)} lines, {MOST_LINES} fit into one receipt.",
            remedy="Ask for smaller ship notices, or enter the receipt by hand and discard this.",
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
    put = wrapped(values)
    planned = [PlannedOperation(KIND, target, to_json({"put": put}))]
    if settings.after_receipt == "released":
        planned += release_of(ENTITY, target, {"TotalQty": Decimal(total)}, put)
    return planned


def receipt_writer(
    client: AcumaticaClient, settings: AcumaticaConnection, headers: Callable[[], Mapping[str, str]]
) -> KeyedWriter:
    """Writes receipts, and looks for them. headers: of every write, as the branch of the call."""
    inserter = Inserter(client, INSERTABLE, REPLY, headers)
    return KeyedWriter(inserter, Finder(client, FINDABLE, settings.page_size), comparing=comparing, kept=written)


def comparing(planned: Mapping[str, Any]) -> Compare:
    """What is stored beside what a payload wants."""
    return lambda row: differences(planned["put"], row)


def written(row: Row, **more: Any) -> Written:
    """What the ledger keeps of a receipt."""
    detail = {
        "receipt_number": text(row, "ReceiptNbr"),
        "status": text(row, "Status"),
        "quantity": str(number(row, "TotalQty")),
        **{name: value for name, value in more.items() if value},
    }
    return Written(identity(row), detail)
