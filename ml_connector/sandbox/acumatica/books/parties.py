"""Vendors, customers and customers' locations: what a new one takes over from its class, and its first location."""

from collections.abc import Mapping
from typing import ClassVar

from ml_connector.sandbox.acumatica.books import lookups
from ml_connector.sandbox.acumatica.books.forms import Form, cannot_be_empty
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

#: What a new customer takes from its class; a site has more of them.
CUSTOMER_CLASSES: Mapping[str, Mapping[str, Value]] = {
    "DEFAULT": {"Terms": "30D", "CurrencyID": "USD", "StatementCycleID": "EOM", "TaxZone": "TX"},
    "GROCERY": {"Terms": "30D", "CurrencyID": "USD", "StatementCycleID": "EOM", "TaxZone": "TX"},
    "SMALL": {"Terms": "10D", "CurrencyID": "USD", "StatementCycleID": "EOM", "TaxZone": "TX"},
}


class VendorForm(Form):
    """AP303000."""

    entity = "Vendor"
    number = "VendorID"
    prefix = "V"
    keeps_own_number = True
    defaults: ClassVar[Mapping[str, Value]] = {
        "Status": "Active",
        "CurrencyID": "USD",
        "Terms": "30D",
        "ReceiptAction": "Accept but Warn",
    }
    computed = frozenset({"LastModifiedDateTime", "CreatedDateTime"})
    labels: ClassVar[Mapping[str, str]] = {"VendorID": "Vendor ID"}
    view = "Vendor"

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.custom["DefLocation.VAllowAPBillBeforeReceipt"] = work.options.bill_by_order

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("VendorName"):
            row.errors["VendorName"] = cannot_be_empty("Vendor Name")


class CustomerForm(Form):
    """AR303000: a customer is made from its class."""

    entity = "Customer"
    number = "CustomerID"
    prefix = "C"
    keeps_own_number = True
    defaults: ClassVar[Mapping[str, Value]] = {"Status": "Active", "CustomerClass": "DEFAULT"}
    computed = frozenset({"LastModifiedDateTime", "CreatedDateTime", "BAccountID", "NoteID"})
    labels: ClassVar[Mapping[str, str]] = {"CustomerID": "Customer ID"}
    view = "Customer"

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= CUSTOMER_CLASSES["DEFAULT"]
        row.values["NoteID"] = row.id

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        super().set(work, row, name, value)
        if name == "CustomerClass":
            row.values |= CUSTOMER_CLASSES.get(str(value), CUSTOMER_CLASSES["DEFAULT"])

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("CustomerName"):
            row.errors["CustomerName"] = cannot_be_empty("Customer Name")
        if row.text("CustomerClass") not in CUSTOMER_CLASSES:
            row.errors["CustomerClass"] = f"Customer Class '{row.text('CustomerClass')}' cannot be found in the system."

    def saved(self, work: Work, before: Record | None, row: Record) -> None:
        if before is not None:
            return
        row.values["BAccountID"] = 10_000 + len(work.tenant.table("Customer"))
        place = record(
            Customer=row.get("CustomerID"), LocationID="MAIN", LocationName="Primary Location", Active=True,
            Default=True, Status="Active", TaxZone=row.get("TaxZone"), NoteID=None,
        )  # fmt: skip
        place.values["NoteID"] = place.id
        place.links["LocationContact"] = row.link("MainContact").copy()
        work.tenant.save("CustomerLocation", place)


class LocationForm(Form):
    """AR303020."""

    entity = "CustomerLocation"
    defaults: ClassVar[Mapping[str, Value]] = {"Active": True, "Default": False, "Status": "Active"}
    computed = frozenset({"LastModifiedDateTime", "CreatedDateTime", "NoteID"})
    view = "Location"

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        if name == "Customer":
            customer = lookups.party(work, "Customer", "Customer", value)
            row.values |= {"Customer": customer.text("CustomerID"), "TaxZone": customer.get("TaxZone")}
        else:
            super().set(work, row, name, value)
