"""The AP bill's screen (AP301000): lines by order, by receipt, by account; hold, approval, release (acumatica 8.1)."""

from collections.abc import Mapping
from datetime import date
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

RELEASED = frozenset({"Open", "Closed", "Voided"})
_LINK_FIELDS = frozenset({"POOrderType", "POOrderNbr", "POLine", "POReceiptType", "POReceiptNbr", "POReceiptLine"})
_ZERO = Decimal(0)


class BillForm(Form):
    """Bills, debit and credit adjustments, prepayments."""

    entity = "Bill"
    number = "ReferenceNbr"
    defaults: ClassVar[Mapping[str, Value]] = {"Type": "Bill"}
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Type": codes(**{"Bill": "INV", "Credit Adj.": "ACR", "Debit Adj.": "ADR", "Prepayment": "PPM"}),
    }
    computed = frozenset({"Status", "Balance", "TaxTotal", "LastModifiedDateTime", "ApprovedForPayment"})
    labels: ClassVar[Mapping[str, str]] = {"Details": "AP Transactions", "VendorRef": "Vendor Ref."}
    view = "AP Document"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {
            "ReleaseBill": self._release, "Release": self._release, "ReverseBill": self._reverse,
            "Approve": self._approve, "Reject": self._reject,
        }  # fmt: skip

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= {"Date": work.business_date, "BranchID": work.branch, "Status": "On Hold", "Hold": True}
        row.inner["entry"] = True

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        if name in self.computed or row.text("Status") not in {"On Hold", "Balanced", "Rejected"}:
            return False
        if name == "Amount":
            return work.options.validate_totals  # else there is no control total on the screen
        if name == "Type":
            return bool(row.inner.get("entry"))
        if name == "CurrencyID":
            vendor = work.tenant.find("Vendor", row.text("Vendor"))
            return vendor is not None and vendor.flag("EnableCurrencyOverride")
        return True

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if row.text("Status") not in {"On Hold", "Balanced", "Rejected"}:
            return False
        if line is None:
            return name != "TaxDetails" or row.flag("IsTaxValid")
        return not (name in _LINK_FIELDS and line.inner.get("link"))

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "Vendor":
            vendor = lookups.party(work, "Vendor", "Vendor", value)
            row.values |= {
                "Vendor": vendor.text("VendorID"), "LocationID": "MAIN",
                "Terms": vendor.get("Terms"), "CurrencyID": vendor.get("CurrencyID"),
            }  # fmt: skip
        elif name == "BranchID":
            row.values[name] = lookups.branch(work, value)
        elif name == "Amount":
            row.inner["control"] = value
        elif name == "PostPeriod":
            row.values[name] = work.tenant.open_period(str(value or ""), "AP")
            row.inner["period"] = True
        else:
            super().set(work, row, name, value)

    def add_line(self, work: Work, row: Record, collection: str, sent: Mapping[str, Value]) -> list[Record]:
        if collection != "Details":
            return super().add_line(work, row, collection, sent)
        line = record(Branch=row.get("BranchID"), Qty=_ZERO, UnitCost=_ZERO, ExtendedCost=_ZERO, Amount=_ZERO)
        try:
            made = links.bill_lines(work, row, line, sent)
        except FieldError as error:
            field = "POReceiptNbr" if sent.get("POReceiptNbr") else "POOrderNbr"
            line.errors[field] = str(error)
            made = [line]
        row.details(collection).extend(made)
        return made

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if collection != "Details":
            line.values[name] = value
            return
        if name in _LINK_FIELDS and (line.inner.get("link") or line.inner.get("unlinked") or line.errors):
            return
        if line.inner.get("all") and name in {"Qty", "UnitCost", "ExtendedCost"}:
            return  # all lines of the order or receipt came: there is no line for it to go to (acumatica 8.1)
        match name:
            case "Account":
                line.values[name] = lookups.account(work, value)
            case "Subaccount":
                line.values[name] = lookups.subaccount(work, value)
            case "Branch":
                line.values[name] = lookups.branch(work, value)
            case "TaxCategory":
                line.values[name] = lookups.category(work, value)
            case "InventoryID" if not line.inner.get("link"):
                self._item(work, line, value)
            case "InventoryID":
                return  # the order's or receipt's
            case "UOM":
                lookups.change_unit(work, line, value, "UnitCost")
            case "Amount":
                return  # computed from ExtendedCost and the discount
            case "ExtendedCost":
                line.values[name] = value
                line.inner["extended"] = True
            case _:
                line.values[name] = value
                if name in {"Qty", "UnitCost"}:
                    line.inner.pop("extended", None)

    @staticmethod
    def _item(work: Work, line: Record, value: Value) -> None:
        found = lookups.item(work, value)
        line.values |= {
            "InventoryID": found.text("InventoryID"),
            "UOM": found.get("PurchaseUOM") or found.get("PurchaseUnit"),
            "TaxCategory": found.get("TaxCategory"),
            "TransactionDescription": found.get("Description"),
            "Account": found.get("ExpenseAccount") or found.get("COGSAccount"),
            "Subaccount": found.get("ExpenseSubaccount") or found.get("COGSSubaccount"),
        }

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("Vendor"):
            row.errors.setdefault("Vendor", cannot_be_empty("Vendor"))
        self._lines(work, row)
        day = row.day("Date") or work.business_date
        self._period(work, row, day, moved=before is None or before.get("Date") != row.get("Date"))
        vendor = work.tenant.find("Vendor", row.text("Vendor"))
        zone = vendor.text("TaxZone") if vendor is not None else ""
        total = sum((line.number("Amount") for line in row.details()), _ZERO)
        row.values["Amount"] = total + taxes.settle(work, row, zone, day, "Amount")
        if row.text("Status") not in RELEASED:
            row.values["Balance"] = row.values["Amount"]
        self._vendor_ref(work, before, row)

    def _lines(self, work: Work, row: Record) -> None:
        for line in row.details():
            if line.errors:
                continue
            qty, cost = line.number("Qty"), line.number("UnitCost")
            if line.inner.get("extended"):
                line.values["UnitCost"] = lookups.unit_price(line.number("ExtendedCost") / qty) if qty else cost
            else:
                line.values["ExtendedCost"] = cents(qty * cost)
            line.values["Amount"] = line.number("ExtendedCost")
            if line.get("Subaccount") is None:
                line.values["Subaccount"] = "000-000"
            if not line.get("Account"):
                line.errors["Account"] = cannot_be_empty("Account")
            elif problem := links.over_billed(work, line):
                line.errors["Qty"] = problem

    @staticmethod
    def _period(work: Work, row: Record, day: date, *, moved: bool) -> None:
        """Of the date, unless one was sent. Closed or missing: the field stays empty (acumatica 8.1)."""
        if moved and not row.inner.pop("period", False):
            row.values["PostPeriod"] = work.tenant.period(day, "AP")
        if row.get("PostPeriod") is None and row.text("Status") not in RELEASED:
            row.errors["PostPeriod"] = cannot_be_empty("Post Period")

    def _vendor_ref(self, work: Work, before: Record | None, row: Record) -> None:
        ref, options = row.text("VendorRef"), work.options
        if not ref:
            if options.require_vendor_ref and row.text("Type") == "Bill":
                row.errors["VendorRef"] = cannot_be_empty("Vendor Ref.")
            return
        if not options.unique_vendor_ref or (before is not None and before.text("VendorRef") == ref):
            return
        for other in work.tenant.table("Bill").where(Vendor=row.get("Vendor"), VendorRef=ref):
            if other.id != row.id and not other.inner.get("reversal"):
                row.errors["VendorRef"] = (
                    "Document with this Vendor Ref. already exists for this Vendor - see document with type "
                    f"'{other.text('Type')}' and reference number '{other.text('ReferenceNbr')}' dated "
                    f"'{other.get('Date')}' ."
                )
                return

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        row.inner.pop("entry", None)
        if before is None and (hold is None or work.options.bill_approval):
            # With an approval map a new bill is On Hold first, always (acumatica 8.1).
            hold = work.options.hold_bills or work.options.bill_approval
        status = row.text("Status")
        if status in {"On Hold", "Rejected"} and hold is False:
            if work.options.validate_totals and row.inner.get("control") != row.get("Amount"):
                row.errors["Amount"] = "The document is out of the balance."
                return
            row.values["Status"] = "Pending Approval" if work.options.bill_approval else "Balanced"
        elif status in {"Balanced", "Pending Approval"} and hold is True:
            row.values["Status"] = "On Hold"
        row.values["Hold"] = row.text("Status") == "On Hold"

    def saved(self, work: Work, before: Record | None, row: Record) -> None:
        links.count_billed(work, before, row)

    def may_delete(self, work: Work, row: Record) -> None:
        if row.text("Status") in RELEASED:
            raise exception("The document has been released and cannot be deleted.")

    def deleted(self, work: Work, row: Record) -> None:
        links.count_billed(work, row, None)

    # actions

    def _release(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        if row.text("Status") == "On Hold":
            raise exception("Document is On Hold and cannot be released.")
        if row.text("Status") != "Balanced":
            raise exception("Document Status is invalid for processing.")
        if work.tenant.period(row.day("Date") or work.business_date, "AP") is None:
            raise exception(cannot_be_empty("Post Period"))
        for line in row.details():
            if problem := links.over_billed(work, line, saved=True):
                raise exception(problem)
        row.values["Status"] = "Open" if row.number("Balance") else "Closed"
        work.tenant.save("Bill", row)
        links.close_orders(work, row)

    def _approve(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        judge(work, self.entity, row, "Balanced")

    def _reject(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        judge(work, self.entity, row, "Rejected")

    def _reverse(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        """A new debit adjustment with the same vendor reference (acumatica 8.1)."""
        if row.text("Status") not in RELEASED:
            raise exception("Document Status is invalid for processing.")
        made = record(dict(row.values))
        made.values |= {
            "Type": "Debit Adj.", "Status": "Balanced", "Hold": False, "Balance": row.get("Amount"),
            "Date": work.business_date, "CreatedDateTime": None,
            "PostPeriod": work.tenant.period(work.business_date, "AP"),
            "ReferenceNbr": work.tenant.next_number("Bill Debit Adj.", digits=6),
        }  # fmt: skip
        made.inner["reversal"] = True
        for name in ("Details", "TaxDetails"):
            made.lines[name] = [record(dict(line.values)) for line in row.details(name)]
        work.tenant.save("Bill", made)
        work.tenant.wrote("Bill insert", {"branch": work.branch, "id": made.id, **self.facts(made)})
