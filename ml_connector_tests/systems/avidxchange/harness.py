"""AvidXchange for the records contract: one account of the sandbox, over the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkOrderLine, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor
from ml_connector.sandbox.avidxchange.options import GATEWAY_KEY, PASSWORD
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.contracts.records_harness import RecordsHarness
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage

TABLES = {
    "network_vendors": "vendors",
    "network_codes": "glaccounts",
    "network_invoices": "invoices",
    "network_payments": "payments",
    "network_orders": "purchaseorders",
    "network_receipts": "receipts",
}
#: A field of each that says what cannot be read.
SPOILT = {
    "network_vendors": {"Name": {"nested": "name"}},
    "network_codes": {"Value": {"nested": "value"}},
    "network_invoices": {"GrossAmount": "a lot"},
    "network_payments": {"Amount": "a lot"},
}
VENDOR = "vendor-of-the-contract"
Row = dict[str, Any]


class AvidHarness(RecordsHarness):
    """Every invoice is of one vendor, who is there."""

    secrets = (PASSWORD, GATEWAY_KEY)

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.records = stage.network.records
        self._made("vendors", {"ExternalIdentifier": {"Value": VENDOR}, "Name": "Northwind", "Active": True})

    def _made(self, table: str, row: Row) -> Row:
        return dict(self.stage.sandbox.call(self.stage.avid.add, table, row))

    def _row(self, source: str, key: str) -> Row:
        return self.stage.avid.table(TABLES[source])[key]

    # what people there do

    def add(self, source: str, external_id: str) -> str:
        if source == "network_payments":
            return str(self._payment(external_id)["PaymentId"])
        rows: dict[str, Row] = {
            "network_vendors": {"Name": "Acme", "Active": True},
            "network_codes": {"CodeGroupName": "Accounting Codes", "Value": "4406", "Description": "Bolts"},
            "network_invoices": self._invoice(),
        }
        return str(self._made(TABLES[source], {"ExternalIdentifier": {"Value": external_id}, **rows[source]})["Id"])

    def _invoice(self) -> Row:
        return {
            "Number": "INV-1",
            "GrossAmount": Decimal("121.00"),
            "BuyerVendor": {"VendorExternalSystemID": VENDOR},
            "Status": {"Id": 1, "Description": "In Progress"},
            "Distributions": [],
        }

    def _payment(self, external_id: str) -> Row:
        row = {
            "ExternalPaymentIds": [{"Value": external_id}],
            "Status": {"Id": 0, "Description": "Processing"},
            "Amount": Decimal("121.00"),
            "Currency": "EUR",
            "PaymentDate": self.stage.avid.stamp(),
            "Remittances": [],
        }
        return self._made("payments", row)

    def touch(self, source: str, key: str) -> None:
        self.stage.sandbox.call(self.stage.avid.move, self._row(source, key))

    def spoil(self, source: str, key: str) -> None:
        """Until the end of its case: others would read it as well."""
        self.stage.sandbox.call(lambda: self.stage.avid.move(self._row(source, key), **SPOILT[source]))

    # what is written

    def record(self, target: str, external_id: str) -> Any:
        if target == "network_vendors":
            return NetworkVendor(external_id=external_id, name="Acme")
        if target == "network_codes":
            return NetworkCode(external_id=external_id, group="Accounting Codes", value="4406", description="Bolts")
        if target == "network_invoices":
            return self._sent(external_id, VENDOR)
        if target == "network_orders":
            line = NetworkOrderLine(number=1, quantity=Decimal(2), unit_price=Decimal(5), amount=Decimal(10))
            return NetworkOrder(number=external_id, external_id=external_id, vendor=VENDOR, lines=(line,))
        return NetworkReceipt(order_number="26000001", order_line=1, quantity=Decimal(2), external_id=external_id)

    def _sent(self, external_id: str, vendor: str) -> NetworkInvoice:
        codes = (LineCode(group="Accounting Codes", value="4406"),)
        line = CodedLine(number=1, amount=Decimal("121.00"), codes=codes)
        return NetworkInvoice(
            number=external_id,
            total=Decimal("121.00"),
            external_id=external_id,
            vendor=vendor,
            currency="EUR",
            lines=(line,),
        )

    def refused(self, target: str) -> Any | None:
        """An invoice of a vendor who is not there; a vendor without a name."""
        if target == "network_invoices":
            return self._sent("refused-invoice", "nobody")
        if target == "network_vendors":
            return NetworkVendor(external_id="refused-vendor", name="")
        return None

    def standing(self, target: str, external_id: str) -> int:
        return len(self.stage.avid.by_external_id(TABLES[target], external_id))

    # what goes wrong

    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        method = "POST" if writing else "GET"
        paths = {"path": "/v1/*", "exclude": "/v1/authorizations"}
        self.stage.sandbox.faults.add(Fault(kind, system="avidxchange", method=method, **paths, **more))

    def clear_faults(self) -> None:
        self.stage.sandbox.faults.clear()

    def pass_time(self, seconds: float) -> None:
        self.stage.sandbox.clock.move(seconds)


@contextmanager
def records_harness(folder: Path) -> Iterator[AvidHarness]:
    with avid_stage(folder, warm=False) as stage:
        yield AvidHarness(stage)
