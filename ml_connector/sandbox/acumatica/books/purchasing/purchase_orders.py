"""The purchase order's screen (PO301000): what an open order still lets be changed, hold, approval (acumatica 8.1)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from ml_connector.sandbox.acumatica.books import lookups, taxes
from ml_connector.sandbox.acumatica.books.forms import Action, Form, cannot_be_empty, codes
from ml_connector.sandbox.acumatica.books.purchasing import links
from ml_connector.sandbox.acumatica.books.purchasing.approval import judge
from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.errors import FieldError, exception
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

#: All that the screen leaves enabled in the lines of an open order.
OPEN_LINE_FIELDS = frozenset({"Promised", "Cancelled", "Completed"})
_ZERO = Decimal(0)


class PurchaseOrderForm(Form):
    """Normal orders; other types are kept without what drop-shipping would do."""

    entity = "PurchaseOrder"
    number = "OrderNbr"
    prefix = "PO"
    defaults: ClassVar[Mapping[str, Value]] = {"Type": "Normal", "Location": "MAIN"}
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Type": codes("Project Drop-Ship", **{
            "Normal": "RO", "Drop-Ship": "DP", "Blanket": "BL", "Standard": "SB",
        }),
    }  # fmt: skip
    computed = frozenset(
        {"Status", "OrderTotal", "LineTotal", "TaxTotal", "BaseCurrencyID", "LastModifiedDateTime", "CurrencyRate"}
    )
    labels: ClassVar[Mapping[str, str]] = {"Details": "Purchase Order Line", "VendorID": "Vendor"}
    view = "Purchase Order"

    @property
    def actions(self) -> Mapping[str, Action]:
        # None of them is in the contract: they are the form's own, by internal name (acumatica 6).
        return {"Approve": self._approve, "Reject": self._reject, "CancelOrder": self._cancel}

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= {"Date": work.business_date, "Branch": work.branch, "Status": "On Hold", "Hold": True}
        row.custom[links.BY_ORDER] = False

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        if name in self.computed or row.text("Status") not in {"On Hold", "Rejected"}:
            return False
        if name == "CurrencyID":
            vendor = work.tenant.find("Vendor", row.text("VendorID"))
            return vendor is not None and vendor.flag("EnableCurrencyOverride")
        return not (name == "Type" and row.get("OrderNbr"))

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if row.text("Status") in {"On Hold", "Rejected"}:
            return line is not None or name != "TaxDetails" or row.flag("IsTaxValid")
        return row.text("Status") == "Open" and line is not None and name in OPEN_LINE_FIELDS

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "VendorID":
            vendor = lookups.party(work, "Vendor", "Vendor", value)
            row.values |= {
                "VendorID": vendor.text("VendorID"), "Location": "MAIN", "Terms": vendor.get("Terms"),
                "CurrencyID": vendor.get("CurrencyID"), "VendorTaxZone": vendor.get("TaxZone"),
            }  # fmt: skip
            row.custom[links.BY_ORDER] = vendor.custom.get("DefLocation.VAllowAPBillBeforeReceipt") is True
        elif name == "Branch":
            row.values[name] = lookups.branch(work, value)
        else:
            super().set(work, row, name, value)

    def add_line(self, work: Work, row: Record, collection: str, sent: Mapping[str, Value]) -> list[Record]:
        if collection != "Details":
            return super().add_line(work, row, collection, sent)
        vendor = work.tenant.find("Vendor", row.text("VendorID")) or record()
        promised = row.day("PromisedOn") or row.day("Date")
        line = record(
            OrderType=row.get("Type"), BranchID=row.get("Branch"), OrderQty=_ZERO, UnitCost=_ZERO, ExtendedCost=_ZERO,
            Requested=row.day("Date"), Promised=promised, Cancelled=False, Completed=False, QtyOnReceipts=_ZERO,
            ReceivedAmount=_ZERO, LineType="Service", MaxReceiptPercent=vendor.get("MaxReceipt") or Decimal(100),
            MinReceiptPercent=vendor.get("MinReceipt") or _ZERO,
            CompleteOn=vendor.get("ThresholdReceipt") or Decimal(100),
            ReceiptAction=vendor.get("ReceiptAction") or "Accept but Warn",
        )  # fmt: skip
        row.details().append(line)
        return [line]

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if collection != "Details":
            line.values[name] = value
            return
        match name:
            case "InventoryID":
                self._item(work, row, line, value)
            case "UOM":
                lookups.change_unit(work, line, value, "UnitCost")
            case "WarehouseID":
                line.values[name] = lookups.warehouse(work, value)
            case "BranchID":
                line.values[name] = lookups.branch(work, value)
            case "Account":
                line.values[name] = lookups.account(work, value)
            case "Subaccount":
                line.values[name] = lookups.subaccount(work, value)
            case "TaxCategory":
                line.values[name] = lookups.category(work, value)
            case "ReceiptAction":
                if value not in {"Reject", "Accept but Warn", "Accept"}:
                    raise FieldError(f"The value '{value}' is not in the list of Receipt Action.")
                line.values[name] = value
            case "QtyOnReceipts" | "ReceivedAmount" | "OrderNbr" | "OrderType" | "OrderedQty":
                return
            case _:
                line.values[name] = value

    @staticmethod
    def _item(work: Work, row: Record, line: Record, value: Value) -> None:
        found = lookups.item(work, value)
        stock = lookups.is_stock(work, found)
        line.values |= {
            "InventoryID": found.text("InventoryID"),
            "AlternateID": lookups.alternate_of(found, row.text("VendorID"), "Vendor Part Number"),
            "LineType": links.GOODS if stock else ("Non-Stock" if found.flag("RequireReceipt") else "Service"),
            "UOM": found.get("PurchaseUOM") or found.get("PurchaseUnit"),
            "LineDescription": found.get("Description"), "UnitCost": found.get("LastCost") or _ZERO,
            "WarehouseID": found.get("DefaultWarehouseID"), "TaxCategory": found.get("TaxCategory"),
            "Account": found.get("POAccrualAccount") if stock else found.get("ExpenseAccount"),
            "Subaccount": "000-000",
        }  # fmt: skip

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("VendorID"):
            row.errors.setdefault("VendorID", cannot_be_empty("Vendor"))
        row.values["BaseCurrencyID"] = "USD"
        for line in row.details():
            line.values["ExtendedCost"] = cents(line.number("OrderQty") * line.number("UnitCost"))
            line.values["OrderedQty"] = line.get("OrderQty")
            if not line.get("InventoryID") and line.text("LineType") == links.GOODS:
                line.errors["InventoryID"] = cannot_be_empty("Inventory ID")
        kept = [line for line in row.details() if not line.flag("Cancelled")]
        row.values["LineTotal"] = sum((line.number("ExtendedCost") for line in kept), _ZERO)
        day = row.day("Date") or work.business_date
        tax = taxes.settle(work, row, row.text("VendorTaxZone"), day, "ExtendedCost")
        row.values["OrderTotal"] = row.number("LineTotal") + tax

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        for line in row.details():
            line.values["OrderNbr"] = row.get("OrderNbr")
        if before is None and hold is None:
            hold = work.options.hold_orders
        status = row.text("Status")
        if status in {"On Hold", "Rejected"} and hold is False:
            if work.options.validate_totals and row.get("ControlTotal") != row.get("OrderTotal"):
                row.errors["ControlTotal"] = "The document is out of the balance."
                return
            row.values["Status"] = "Pending Approval" if work.options.order_approval else "Open"
        elif status in {"Open", "Pending Approval"} and hold is True:
            row.values["Status"] = "On Hold"
        row.values["Hold"] = row.text("Status") == "On Hold"
        if row.text("Status") == "Open":
            settle_status(row)

    def may_delete(self, work: Work, row: Record) -> None:
        if row.text("Status") not in {"On Hold", "Rejected"}:
            raise exception("The document cannot be deleted in its status.")

    def _approve(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        judge(work, self.entity, row, "Open")

    def _reject(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        judge(work, self.entity, row, "Rejected")

    @staticmethod
    def _cancel(work: Work, row: Record, _: Mapping[str, Value]) -> None:
        received = any(line.number("QtyOnReceipts") for line in row.details())
        if received or row.text("Status") not in {"On Hold", "Open", "Pending Approval", "Rejected"}:
            raise exception("The Cancel Order button is disabled.")
        for line in row.details():
            line.values["Cancelled"] = True
        row.values["Status"] = "Canceled"
        work.tenant.save("PurchaseOrder", row)


def settle_status(row: Record) -> None:
    """Completed when no line is open any more, canceled when none was kept."""
    lines = row.details()
    if lines and all(line.flag("Cancelled") for line in lines):
        row.values["Status"] = "Canceled"
    elif lines and all(line.flag("Cancelled") or line.flag("Completed") for line in lines):
        row.values["Status"] = "Completed"


def received(line: Record, quantity: Decimal) -> None:
    """Count a released receipt in an order's line; it is completed at CompleteOn percent (acumatica 8.1)."""
    total = line.number("QtyOnReceipts") + quantity
    line.values["QtyOnReceipts"] = total
    line.values["ReceivedAmount"] = cents(total * line.number("UnitCost"))
    if total * 100 >= line.number("OrderQty") * line.number("CompleteOn"):
        line.values["Completed"] = True
