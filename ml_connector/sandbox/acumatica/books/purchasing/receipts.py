"""The purchase receipt's screen (PO302000): lines of open orders, over- and under-receipt, lots, release, the bill
that a release makes (acumatica 8.1).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from ml_connector.sandbox.acumatica.books import lookups
from ml_connector.sandbox.acumatica.books.forms import Action, Form, cannot_be_empty, cannot_be_found, codes
from ml_connector.sandbox.acumatica.books.purchasing import links
from ml_connector.sandbox.acumatica.books.purchasing.bills import BillForm
from ml_connector.sandbox.acumatica.books.purchasing.purchase_orders import received, settle_status
from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.errors import FieldError, exception
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

ABOVE = "Receipted quantity is above the maximum quantity defined in PO Order for this item"
BELOW = "Receipted quantity is below then minimum quantity defined in PO Order for this item"
_ORDER_FIELDS = frozenset({"POOrderType", "POOrderNbr", "POLineNbr"})
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


class ReceiptForm(Form):
    """Receipts of purchase orders; returns and transfers are kept without what they would do to stock."""

    entity = "PurchaseReceipt"
    number = "ReceiptNbr"
    prefix = "RC"
    defaults: ClassVar[Mapping[str, Value]] = {"Type": "Receipt", "Location": "MAIN"}
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Type": codes(**{"Receipt": "RT", "Return": "RN", "Transfer Receipt": "RX"})
    }
    computed = frozenset(
        {"Status", "TotalQty", "TotalCost", "UnbilledQuantity", "BaseCurrencyID", "LastModifiedDateTime"}
        | {"InventoryRefNbr"}
    )
    labels: ClassVar[Mapping[str, str]] = {"Details": "Purchase Receipt Line", "VendorID": "Vendor"}
    view = "Purchase Receipt"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {"ReleasePurchaseReceipt": self._release, "Release": self._release, "CreateAPBill": self._bill}

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= {
            "Date": work.business_date, "Branch": work.branch, "Status": "On Hold", "Hold": True,
            "CreateBill": work.options.create_bill_on_receipt, "BaseCurrencyID": "USD",
        }  # fmt: skip

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        return name not in self.computed and row.text("Status") in {"On Hold", "Balanced"}

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if row.text("Status") not in {"On Hold", "Balanced"}:
            return False
        return line is None or not (name in _ORDER_FIELDS and line.inner.get("link"))

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "VendorID":
            vendor = lookups.party(work, "Vendor", "Vendor", value)
            row.values |= {"VendorID": vendor.text("VendorID"), "CurrencyID": vendor.get("CurrencyID")}
        elif name == "Branch":
            row.values[name] = lookups.branch(work, value)
        else:
            super().set(work, row, name, value)

    def add_line(self, work: Work, row: Record, collection: str, sent: Mapping[str, Value]) -> list[Record]:
        line = record(Branch=row.get("Branch"), ReceiptQty=_ZERO, UnitCost=_ZERO)
        made = [line]
        if sent.get("POOrderNbr"):
            try:
                made = self._from_order(work, row, line, sent)
            except FieldError as error:
                line.errors["POOrderNbr"] = str(error)
        row.details().extend(made)
        return made

    @staticmethod
    def _from_order(work: Work, row: Record, line: Record, sent: Mapping[str, Value]) -> list[Record]:
        """One line of the order, or all open ones without a line number (acumatica 8.1)."""
        order = links.purchase_order(work, sent.get("POOrderType"), sent["POOrderNbr"])
        if order is None or order.text("VendorID") != row.text("VendorID"):
            raise FieldError(cannot_be_found("Order Nbr."))
        if order.text("Status") != "Open":
            raise FieldError(f"The purchase order {order.text('OrderNbr')} has the status {order.text('Status')}.")
        number = sent.get("POLineNbr")
        sources = [
            one
            for one in order.details()
            if (one.get("LineNbr") == number)
            or (number is None and not one.flag("Completed") and not one.flag("Cancelled"))
        ]
        if not sources:
            raise FieldError(cannot_be_found("Order Line Nbr."))
        made: list[Record] = []
        for source in sources:
            new = line if number is not None else record(dict(line.values))
            left = max(source.number("OrderQty") - source.number("QtyOnReceipts"), _ZERO)
            new.values |= {
                "POOrderType": order.get("Type"), "POOrderNbr": order.get("OrderNbr"),
                "POLineNbr": source.get("LineNbr"), "InventoryID": source.get("InventoryID"),
                "UOM": source.get("UOM"), "UnitCost": source.get("UnitCost"), "Warehouse": source.get("WarehouseID"),
                "LineType": source.get("LineType"), "TransactionDescription": source.get("LineDescription"),
                "AccrualAccount": source.get("Account"), "AccrualSubaccount": source.get("Subaccount"),
                "OrderedQty": source.get("OrderQty"), "OpenQty": left, "ReceiptQty": left,
            }  # fmt: skip
            new.inner |= {"link": True, "all": number is None}
            made.append(new)
        return made

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if (name in _ORDER_FIELDS and (line.inner.get("link") or line.errors)) or name in {"OpenQty", "OrderedQty"}:
            return
        if line.inner.get("all") and name in {"ReceiptQty", "UnitCost"}:
            return
        match name:
            case "InventoryID" if line.inner.get("link"):
                return  # the order's
            case "InventoryID":
                found = lookups.item(work, value)
                line.values["InventoryID"] = found.text("InventoryID")
                line.values["UOM"] = found.get("PurchaseUOM") or found.get("PurchaseUnit")
            case "UOM":
                lookups.change_unit(work, line, value, "UnitCost")
            case "Warehouse":
                line.values[name] = lookups.warehouse(work, value)
            case "LotSerialNbr" | "ExpirationDate":
                if self._tracks_lots(work, line):
                    line.values[name] = value  # dropped where the feature or the class is off (claim)
            case _:
                line.values[name] = value

    @staticmethod
    def _tracks_lots(work: Work, line: Record) -> bool:
        found = work.tenant.item(line.text("InventoryID"))
        return work.options.lots and found is not None and found.text("LotSerialClass") not in {"", "NOTTRACKED"}

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("VendorID"):
            row.errors.setdefault("VendorID", cannot_be_empty("Vendor"))
        day = row.day("Date") or work.business_date
        row.values["PostPeriod"] = work.tenant.period(day, "IN")
        if row.get("PostPeriod") is None:
            row.errors["PostPeriod"] = cannot_be_empty("Post Period")
        for line in row.details():
            if not self._tracks_lots(work, line):
                line.lines.pop("Allocations", None)
            self._whole_lots(line)
            line.values["ExtendedCost"] = cents(line.number("ReceiptQty") * line.number("UnitCost"))
            if not line.errors and (problem := self._quantity(work, line)):
                line.errors["ReceiptQty"] = problem
        row.values["TotalQty"] = sum((line.number("ReceiptQty") for line in row.details()), _ZERO)
        row.values["TotalCost"] = sum((line.number("ExtendedCost") for line in row.details()), _ZERO)
        row.values.setdefault("UnbilledQuantity", row.values["TotalQty"])
        if row.text("Status") != "Released":
            row.values["UnbilledQuantity"] = row.values["TotalQty"]

    @staticmethod
    def _whole_lots(line: Record) -> None:
        """Allocations that were sent stand for the line's own lot and quantity."""
        parts = line.lines.get("Allocations") or []
        if parts:
            line.values["ReceiptQty"] = sum((part.number("Qty") for part in parts), _ZERO)
            for at, part in enumerate(parts, 1):
                part.values |= {"LineNbr": line.get("LineNbr"), "SplitLineNbr": at}

    @staticmethod
    def _quantity(work: Work, line: Record) -> str | None:
        """What the order's line says to this quantity; only `Reject` refuses."""
        if not line.inner.get("link"):
            return None
        order = links.purchase_order(work, line.get("POOrderType"), line.get("POOrderNbr"))
        source = order.line(line.whole("POLineNbr")) if order is not None else None
        if source is None or source.text("ReceiptAction") != "Reject":
            return None
        ordered, total = source.number("OrderQty"), source.number("QtyOnReceipts") + in_unit_of(work, line, source)
        if total * _HUNDRED > ordered * source.number("MaxReceiptPercent"):
            return ABOVE
        return BELOW if total * _HUNDRED < ordered * source.number("MinReceiptPercent") else None

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        if before is None and hold is None:
            hold = work.options.hold_receipts
        status = row.text("Status")
        if status == "On Hold" and hold is False:
            if work.options.validate_totals and row.get("ControlQty") != row.get("TotalQty"):
                row.errors["ControlQty"] = "The document is out of the balance."
                return
            row.values["Status"] = "Balanced"
        elif status == "Balanced" and hold is True:
            row.values["Status"] = "On Hold"
        row.values["Hold"] = row.text("Status") == "On Hold"

    def may_delete(self, work: Work, row: Record) -> None:
        if row.text("Status") == "Released":
            raise exception("The document has been released and cannot be deleted.")

    # actions

    def _release(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        if row.text("Status") == "On Hold":
            raise exception("Document is On Hold and cannot be released.")
        if row.text("Status") != "Balanced":
            raise exception("Document Status is invalid for processing.")
        for line in row.details():
            if self._tracks_lots(work, line) and not (line.get("LotSerialNbr") or line.lines.get("Allocations")):
                raise exception(cannot_be_empty("Lot/Serial Nbr."))
            if problem := self._quantity(work, line):
                raise exception(problem)
        for line in row.details():
            order = links.purchase_order(work, line.get("POOrderType"), line.get("POOrderNbr"))
            source = order.line(line.whole("POLineNbr")) if order is not None else None
            if order is not None and source is not None:
                received(source, in_unit_of(work, line, source))
                settle_status(order)
                work.tenant.save("PurchaseOrder", order)
        row.values |= {"Status": "Released", "InventoryRefNbr": work.tenant.next_number("IN receipt")}
        work.tenant.save("PurchaseReceipt", row)
        if row.flag("CreateBill"):
            self._bill(work, row, {})

    def _bill(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        """A bill of what is not billed yet, with the receipt's vendor reference; of nothing, none."""
        if row.text("Status") != "Released":
            raise exception("Document Status is invalid for processing.")
        if row.number("UnbilledQuantity") <= 0:
            return
        form, bill = BillForm(), record()
        form.begin(work, bill)
        form.set(work, bill, "Vendor", row.get("VendorID"))
        bill.values |= {"VendorRef": row.get("VendorRef"), "BranchID": row.get("Branch")}
        form.add_line(work, bill, "Details", {"POReceiptNbr": row.get("ReceiptNbr")})
        form.complete(work, None, bill)
        bill.values["ReferenceNbr"] = work.tenant.next_number("Bill Bill")
        form.finish(work, None, bill, None)
        if bill.refused:
            raise exception("The bill of this receipt cannot be created.")
        work.tenant.save("Bill", bill)
        form.saved(work, None, bill)
        work.tenant.wrote("Bill insert", {"branch": work.branch, "id": bill.id, "by": "receipt", **form.facts(bill)})


def in_unit_of(work: Work, line: Record, source: Record) -> Decimal:
    """A receipt line's quantity in the unit of the order's line."""
    item = work.tenant.item(source.text("InventoryID"))
    return lookups.rescale(work, item, line.number("ReceiptQty"), line.text("UOM"), source.text("UOM"))
