"""The records of AvidXchange as flows see them: `flows.core.ports.Records` over one connection."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.clock import Clock
from ml_connector.errors import OutcomeUnknown, Reason, RefusedBySystem, WeAreWrong
from ml_connector.flows.core.ports import (
    NETWORK_CODES,
    NETWORK_INVOICES,
    NETWORK_PAYMENTS,
    NETWORK_VENDORS,
    TO_NETWORK_CODES,
    TO_NETWORK_INVOICES,
    TO_NETWORK_ORDERS,
    TO_NETWORK_RECEIPTS,
    TO_NETWORK_VENDORS,
    ErpTraits,
    RecordSource,
    RecordTarget,
    StoredOperation,
    Written,
)
from ml_connector.systems.avidxchange.reading import invoices, payments, records
from ml_connector.systems.avidxchange.reading.sources import InvoiceSource, Source
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.client import AvidClient
from ml_connector.systems.avidxchange.wire.rows import Row
from ml_connector.systems.avidxchange.writing import bodies
from ml_connector.systems.avidxchange.writing.targets import Target

SYSTEM = "avidxchange"
#: Operations by the end of their kind: what they do to a record that is there.
CHANGE, WITHDRAWAL = "_change", "_withdrawal"


class AvidRecords:
    """Safe to use from several threads. read_blob: stored bytes by their SHA-256, for images."""

    system = SYSTEM
    shows_records = True

    def __init__(
        self,
        connection: str,
        client: AvidClient,
        settings: AvidXchangeConnection,
        clock: Clock,
        read_blob: Callable[[str], bytes],
    ) -> None:
        self.connection = connection
        self.traits = ErpTraits.of(settings)
        self._client = client
        self._settings = settings
        self._read_blob = read_blob
        minutes, days = timedelta(minutes=settings.overlap_minutes), timedelta(days=settings.payment_overlap_days)
        r = settings.resources
        every: dict[str, Source[Any]] = {
            NETWORK_VENDORS.name: Source(client, r.vendors, records.vendor, "vendor", clock, minutes),
            NETWORK_CODES.name: Source(client, r.codes, records.code, "code", clock, minutes),
            NETWORK_INVOICES.name: InvoiceSource(
                client, r.invoices, lambda row: invoices.invoice(row, settings), "invoice", clock, minutes
            ),
            NETWORK_PAYMENTS.name: Source(
                client, r.payments, lambda row: payments.payment(row, settings), "payment", clock, days, by_day=True
            ),
            TO_NETWORK_ORDERS.name: Source(client, r.purchase_orders, records.order, "order", clock, minutes),
            TO_NETWORK_RECEIPTS.name: Source(client, r.receipts, records.receipt, "receipt", clock, minutes),
        }
        self.sources: Mapping[str, RecordSource[Any]] = {
            name: source for name, source in every.items() if source.resource.enabled
        }
        targets: dict[str, Target[Any]] = {
            TO_NETWORK_VENDORS.name: Target(settings, r.vendors, "network_vendor", bodies.vendor),
            TO_NETWORK_CODES.name: Target(settings, r.codes, "network_code", bodies.code),
            TO_NETWORK_INVOICES.name: Target(settings, r.invoices, "network_invoice", bodies.invoice, withdraws=True),
            TO_NETWORK_ORDERS.name: Target(settings, r.purchase_orders, "network_order", bodies.order),
            TO_NETWORK_RECEIPTS.name: Target(settings, r.receipts, "network_receipt", bodies.receipt),
        }
        self.targets: Mapping[str, RecordTarget[Any]] = {
            name: target for name, target in targets.items() if target.resource.enabled
        }
        #: By the path that an operation is planned for.
        self._by_path = {source.resource.path: source for source in every.values()}

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """Nothing here uses another write."""
        del earlier
        if operation.uses:
            raise WeAreWrong(f"operation {operation.id} uses another; none does here")
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once.

        Raises:
            RefusedBySystem, TryAgain, OutcomeUnknown, AuthorizationNeeded.
        """
        plan = json.loads(operation.payload, parse_float=Decimal)
        body = plan.get("body")
        if body is not None and "image" in plan:
            body = {**body, plan["image"]["name"]: self._image(plan["image"]["sha256"])}
        result = self._client.write(plan["method"], plan["path"], body)
        if plan["id"]:
            return Written(plan["id"], {"external_id": plan["external_id"]})
        found = result.item.value("Id", "VendorId", "InvoiceId")
        if not isinstance(found, str | int) or isinstance(found, bool):
            raise OutcomeUnknown(
                f"{self.connection}: POST {plan['path']} was answered without the id of what was made.",
                remedy="It is looked up before it is sent again.",
            )
        return Written(str(found).strip(), {"external_id": plan["external_id"]})

    def _image(self, sha256: str) -> str:
        data = self._read_blob(sha256)
        if len(data) > self._settings.largest_image:
            raise RefusedBySystem(
                f"The PDF of {len(data)} bytes is larger than the {self._settings.largest_image} bytes that are taken.",
                remedy="Attach a smaller one in the ERP, then replay the document.",
                reason=Reason.TOO_LARGE,
            )
        return base64.b64encode(data).decode()

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """What was made is found by our id of it; a change is simply made again, and what is withdrawn is gone."""
        copies = self._found([one for one in operations if not one.kind.endswith((CHANGE, WITHDRAWAL))])
        found = {number: many[0] for number, many in copies.items()}
        for one in operations:
            if one.kind.endswith(WITHDRAWAL) and self._is_gone(one):
                found[one.id] = Written(json.loads(one.payload)["id"])
        return found

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """Every record with our id. Those that are changed or withdrawn stand once."""
        return self._found([one for one in operations if not one.kind.endswith((CHANGE, WITHDRAWAL))])

    def _found(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        by_path: dict[str, dict[str, int]] = {}
        for one in operations:
            by_path.setdefault(one.target, {})[json.loads(one.payload)["external_id"]] = one.id
        found: dict[int, list[Written]] = {}
        for path, wanted in by_path.items():
            for external_id, known in self._by_path[path].identities(sorted(wanted)):
                if external_id in wanted:
                    detail = {"external_id": external_id, "found": True}
                    found.setdefault(wanted[external_id], []).append(Written(known, detail))
        return found

    def _is_gone(self, operation: StoredOperation) -> bool:
        raw = self._client.one(json.loads(operation.payload)["path"])
        if raw is None:
            return True
        status = Row(raw).value("Status")
        word = Row(status).text("Description") if isinstance(status, dict) else str(status or "")
        return self._settings.standing(word) == "refused"
