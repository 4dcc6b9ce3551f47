"""Invoices and credit memos: SalesInvoice and Invoice are two views of one table, under the same numbers (acumatica 7,
assumed). An invoice that came through AR alone has no SalesInvoice.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from ml_connector.sandbox.acumatica.books import lookups, taxes
from ml_connector.sandbox.acumatica.books.forms import Action, Form, cannot_be_empty, codes
from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.errors import exception
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

_TYPES = codes("Debit Memo", **{"Invoice": "INV", "Credit Memo": "CRM"})
_ZERO = Decimal(0)
_SHARED = (
    "Type", "ReferenceNbr", "Status", "Hold", "Amount", "Balance", "CustomerOrder", "Date", "DueDate", "Description",
    "TaxTotal", "IsTaxValid",
)  # fmt: skip


def store(work: Work, invoice: Record) -> None:
    """Save a sales invoice and what Invoice shows of it."""
    work.tenant.save("SalesInvoice", invoice)
    shown = record({name: invoice.get(name) for name in _SHARED})
    shown.id = invoice.id
    shown.files, shown.note = invoice.files, invoice.note
    day = invoice.day("Date") or work.business_date
    shown.values |= {
        "Customer": invoice.get("CustomerID"), "LocationID": invoice.inner.get("location"),
        "Terms": invoice.inner.get("terms"), "LinkBranch": invoice.inner.get("branch"),
        "PostPeriod": f"{day.month:02d}{day.year}", "CreatedDateTime": invoice.get("CreatedDate"),
    }  # fmt: skip
    for line in invoice.details():
        copied = record(
            LineNbr=line.get("LineNbr"), InventoryID=line.get("InventoryID"), Qty=line.get("Qty"), UOM=line.get("UOM"),
            UnitPrice=line.get("UnitPrice"), Amount=line.get("Amount"), DiscountAmount=line.get("DiscountAmount"),
            ExtendedPrice=cents(line.number("Qty") * line.number("UnitPrice")), Account=line.get("Account"),
            Subaccount=line.get("SubAccount"), Branch=line.get("BranchID"), TaxCategory=line.get("TaxCategory"),
            TransactionDescription=line.get("TransactionDescr"),
        )  # fmt: skip
        copied.id = line.id
        shown.details().append(copied)
    shown.lines["TaxDetails"] = [line.copy() for line in invoice.details("TaxDetails")]
    work.tenant.save("Invoice", shown)


def total_invoice(work: Work, invoice: Record) -> None:
    """Lines, freight, tax of an invoice, to the cent."""
    lines = sum((line.number("Amount") for line in invoice.details()), _ZERO)
    zone = invoice.link("FinancialDetails").text("CustomerTaxZone")
    tax = taxes.settle(work, invoice, zone, invoice.day("Date") or work.business_date, "Amount")
    amount = lines + tax + invoice.number("FreightPrice") - invoice.number("DiscountTotal")
    invoice.values |= {"DetailTotal": lines, "Amount": amount, "Balance": amount}


def _release(work: Work, row: Record, _: Mapping[str, Value]) -> None:
    if row.text("Status") == "On Hold":
        raise exception("Document is On Hold and cannot be released.")
    if row.text("Status") != "Balanced":
        raise exception("Document Status is invalid for processing.")
    if work.tenant.period(row.day("Date") or work.business_date, "AR") is None:
        raise exception(cannot_be_empty("Post Period"))
    sales = work.tenant.table("SalesInvoice").by_id(row.id)
    target = sales if sales is not None else row
    target.values["Status"] = "Open" if target.number("Balance") else "Closed"
    if sales is not None:
        store(work, sales)
        _complete_shipments(work, sales)
    else:
        work.tenant.save("Invoice", row)


def _complete_shipments(work: Work, invoice: Record) -> None:
    for number in {line.text("ShipmentNbr") for line in invoice.details()} - {""}:
        shipment = work.tenant.table("Shipment").by_key(number)
        if shipment is not None:
            shipment.values["Status"] = "Completed"
            work.tenant.save("Shipment", shipment)


class _ReceivableForm(Form):
    number = "ReferenceNbr"
    sequence = "AR"
    defaults: ClassVar[Mapping[str, Value]] = {"Type": "Invoice", "IsTaxValid": False}
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {"Type": _TYPES}
    party = ""

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= {"Date": work.business_date, "Status": "On Hold", "Hold": True}

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        return name not in self.computed and row.text("Status") in {"On Hold", "Balanced"}

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if row.text("Status") not in {"On Hold", "Balanced"}:
            return False
        return line is not None or name != "TaxDetails" or row.flag("IsTaxValid")

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        if before is None and hold is None:
            hold = work.options.hold_bills
        if row.text("Status") == "On Hold" and hold is False:
            row.values["Status"] = "Balanced"
        elif row.text("Status") == "Balanced" and hold is True:
            row.values["Status"] = "On Hold"
        row.values["Hold"] = row.text("Status") == "On Hold"

    def may_delete(self, work: Work, row: Record) -> None:
        if row.text("Status") not in {"On Hold", "Balanced"}:
            raise exception("The document has been released and cannot be deleted.")


class SalesInvoiceForm(_ReceivableForm):
    """SO303000: what orders and shipments make; made by hand only with lines that name an item."""

    entity = "SalesInvoice"
    computed = frozenset(
        {"Status", "Amount", "Balance", "TaxTotal", "DetailTotal", "LastModifiedDateTime", "CreatedDate", "CreditHold"}
        | {"LastModifiedDate", "PaymentTotal", "VATExemptTotal", "VATTaxableTotal"}
    )
    labels: ClassVar[Mapping[str, str]] = {"Details": "Sales Invoice Line", "CustomerID": "Customer"}
    view = "Sales Invoice"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {"ReleaseSalesInvoice": _release, "Release": _release}

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "CustomerID":
            customer = lookups.party(work, "Customer", "Customer", value)
            row.values |= {"CustomerID": customer.text("CustomerID"), "Currency": customer.get("CurrencyID")}
            row.inner |= {"location": "MAIN", "terms": customer.get("Terms"), "branch": work.branch}
            row.link("FinancialDetails").values["CustomerTaxZone"] = customer.get("TaxZone")
        else:
            super().set(work, row, name, value)

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if collection == "Details" and name == "InventoryID":
            found = lookups.item(work, value)
            line.values |= {
                "InventoryID": found.text("InventoryID"), "UOM": found.get("SalesUOM") or found.get("SalesUnit"),
                "TransactionDescr": found.get("Description"), "TaxCategory": found.get("TaxCategory"),
                "Account": found.get("SalesAccount"), "SubAccount": "000-000", "BranchID": work.branch,
            }  # fmt: skip
        else:
            line.values[name] = value

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("CustomerID"):
            row.errors.setdefault("CustomerID", cannot_be_empty("Customer"))
        for line in row.details():
            gross = cents(line.number("Qty") * line.number("UnitPrice"))
            line.values["Amount"] = gross - line.number("DiscountAmount")
        total_invoice(work, row)

    def saved(self, work: Work, before: Record | None, row: Record) -> None:
        store(work, row)

    def deleted(self, work: Work, row: Record) -> None:
        shown = work.tenant.table("Invoice").by_id(row.id)
        if shown is not None:
            work.tenant.table("Invoice").remove(shown)


class InvoiceForm(_ReceivableForm):
    """AR301000: invoices and memos without an order."""

    entity = "Invoice"
    computed = frozenset({"Status", "Amount", "Balance", "TaxTotal", "LastModifiedDateTime", "CreatedDateTime"})
    labels: ClassVar[Mapping[str, str]] = {"Details": "AR Transactions"}
    view = "AR Document"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {"ReleaseInvoice": _release, "Release": _release}

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        return super().enabled(work, row, name) and not self._is_sales(work, row)

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        return super().line_enabled(work, row, line, name) and not self._is_sales(work, row)

    @staticmethod
    def _is_sales(work: Work, row: Record) -> bool:
        """A sales invoice is changed on its own screen."""
        return work.tenant.table("SalesInvoice").by_id(row.id) is not None

    def may_delete(self, work: Work, row: Record) -> None:
        super().may_delete(work, row)
        if self._is_sales(work, row):
            raise exception("The document was created in another module and cannot be deleted here.")

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "Customer":
            customer = lookups.party(work, "Customer", "Customer", value)
            row.values |= {
                "Customer": customer.text("CustomerID"), "LocationID": "MAIN", "Terms": customer.get("Terms"),
                "LinkBranch": work.branch,
            }  # fmt: skip
            row.inner["zone"] = customer.get("TaxZone")
        else:
            super().set(work, row, name, value)

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        match name if collection == "Details" else "":
            case "Account":
                line.values[name] = lookups.account(work, value)
            case "Subaccount":
                line.values[name] = lookups.subaccount(work, value)
            case "InventoryID":
                found = lookups.item(work, value)
                line.values |= {
                    "InventoryID": found.text("InventoryID"), "UOM": found.get("SalesUOM") or found.get("SalesUnit"),
                    "TransactionDescription": found.get("Description"), "TaxCategory": found.get("TaxCategory"),
                    "Account": found.get("SalesAccount"), "Subaccount": "000-000",
                }  # fmt: skip
            case _:
                line.values[name] = value

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("Customer"):
            row.errors.setdefault("Customer", cannot_be_empty("Customer"))
        for line in row.details():
            if not line.get("Account"):
                line.errors["Account"] = cannot_be_empty("Account")
            gross = line.number("ExtendedPrice") or cents(line.number("Qty") * line.number("UnitPrice"))
            line.values |= {"ExtendedPrice": gross, "Amount": gross - line.number("DiscountAmount")}
        day = row.day("Date") or work.business_date
        row.values["PostPeriod"] = work.tenant.period(day, "AR")
        if row.get("PostPeriod") is None:
            row.errors["PostPeriod"] = cannot_be_empty("Post Period")
        tax = taxes.settle(work, row, str(row.inner.get("zone") or ""), day, "Amount")
        row.values["Amount"] = sum((line.number("Amount") for line in row.details()), _ZERO) + tax
        row.values["Balance"] = row.values["Amount"]
        row.values["DueDate"] = row.get("DueDate") or day + timedelta(days=30)
