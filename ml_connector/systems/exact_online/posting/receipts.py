"""Goods receipts against order lines (exact-online 10.2): one for a supplier and warehouse, without deletion."""

import json
from collections.abc import Sequence
from decimal import Decimal

from ml_connector.documents.erp_postings import GoodsReceipt
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.posting.bills import key_in, with_key
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.entities import GOODS_RECEIPT, written
from ml_connector.systems.exact_online.wire.filters import any_of, equals
from ml_connector.systems.exact_online.wire.odata_literals import guid, text_literal, to_json, whole

SELECT = "ID,Description,EntryNumber,ReceiptNumber,Remarks,Supplier,YourRef"
#: Characters of a notice's number that a receipt holds.
_REFERENCE = 30


def plan_receipt(receipt: GoodsReceipt, key: str, settings: ExactSettings, company: str) -> list[PlannedOperation]:
    """One write. Supplier and warehouse are derived by Exact from the order lines."""
    body = {
        "ReceiptDate": receipt.receipt_date,
        "Description": with_key(receipt.description or receipt.reference, key, settings.description_length),
        "Remarks": with_key("", key, 500),
        "YourRef": _kept(receipt.reference),
        GOODS_RECEIPT.lines: [
            {"PurchaseOrderLineID": line.order_line_id, "QuantityReceived": line.quantity} for line in receipt.lines
        ],
    }
    return [PlannedOperation(GOODS_RECEIPT.kind, f"{company}/{GOODS_RECEIPT.endpoint}", to_json(body))]


class ReceiptFinder:
    """Looks for receipts by our key. Several receipts may share a notice's number, so nothing else proves them ours."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        return {number: found[0] for number, found in self.copies(operations).items()}

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All receipts that carry a write's key; writes without one are left out."""
        bodies = {op.id: json.loads(op.payload, parse_float=Decimal) for op in operations}
        wanted = [(str(b.get("YourRef", "")), str(b.get("Description", ""))) for b in bodies.values()]
        by_key: dict[str, list[Row]] = {}
        for rows in self._client.rows_matching(
            GOODS_RECEIPT.endpoint, {"$select": SELECT}, sorted(set(wanted)), _condition
        ):
            for row in rows:
                key = key_in(row.get("Description")) or key_in(row.get("Remarks"))
                by_key.setdefault(key, []).append(row)
        keys = {op_id: key_in(body.get("Description")) for op_id, body in bodies.items()}
        return {
            op_id: [written(GOODS_RECEIPT, row, found_in=GOODS_RECEIPT.endpoint) for row in by_key[key]]
            for op_id, key in keys.items()
            if key and key in by_key
        }

    def find(self, receipts: Sequence[Identity]) -> list[Existing]:
        """Receipts of these suppliers' notices, whoever entered them."""
        asked: dict[tuple[str, str], Identity] = {}
        for one in receipts:
            asked.setdefault((one.party_id.lower(), _folded(one.number)), one)
        wanted = sorted({(_kept(one.number), "") for one in receipts if one.number.strip()})
        found: list[Existing] = []
        for rows in self._client.rows_matching(GOODS_RECEIPT.endpoint, {"$select": SELECT}, wanted, _condition):
            for row in rows:
                identity = asked.get((guid(row.get("Supplier")), _folded(str(row.get("YourRef") or ""))))
                if identity is not None:
                    found.append(_existing(row, identity))
        return found


def _kept(reference: str) -> str:
    """What Exact keeps of a notice's number; one that is cut behind a blank does not end in it."""
    return reference.strip()[:_REFERENCE].strip()


def _folded(reference: str) -> str:
    return _kept(reference).casefold()


def _existing(row: Row, identity: Identity) -> Existing:
    number = whole(row.get("ReceiptNumber"))
    return Existing(
        identity=identity,
        outside_id=guid(row.get(GOODS_RECEIPT.key)),
        our_key=key_in(row.get("Description")) or key_in(row.get("Remarks")),
        number=str(number) if number is not None else "",
        source=GOODS_RECEIPT.endpoint,
        kind=GOODS_RECEIPT.kind,
    )


def _condition(wanted: Sequence[tuple[str, str]]) -> str:
    references = dict.fromkeys(equals("YourRef", text_literal(reference)) for reference, _ in wanted)
    described = [equals("Description", text_literal(text)) for _, text in wanted if text]
    return any_of([*references, *described])
