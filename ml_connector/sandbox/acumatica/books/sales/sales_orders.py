"""The sales order's screen (SO301000): items by the customer's numbers, prices, ship-to, duplicates (acumatica 8.1)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from ml_connector.sandbox.acumatica.books import lookups, taxes
from ml_connector.sandbox.acumatica.books.forms import Action, Form, cannot_be_empty, codes, no_such
from ml_connector.sandbox.acumatica.books.sales import shipping
from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.errors import FieldError, exception
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

EDITABLE = frozenset({"On Hold", "Credit Hold", "Open", "Back Order"})
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


class SalesOrderForm(Form):
    """Orders of the types that the site has set up."""

    entity = "SalesOrder"
    number = "OrderNbr"
    prefix = "SO"
    defaults: ClassVar[Mapping[str, Value]] = {
        "OrderType": "SO",
        "LocationID": "MAIN",
        "IsTaxValid": False,
        "ShipToAddressOverride": False,
    }
    lists: ClassVar[Mapping[str, Mapping[str, str]]] = {"OrderType": codes("SO", "IN", "RM", "RC", "QT", "CS")}
    computed = frozenset(
        {"Status", "OrderTotal", "TaxTotal", "OrderedQty", "LastModified", "CreatedDate", "BaseCurrencyID", "NoteID"}
        | {"CreditHold", "Approved", "VATExemptTotal", "VATTaxableTotal", "Totals", "Shipments"}
    )
    labels: ClassVar[Mapping[str, str]] = {
        "Details": "Sales Order Line",
        "CustomerID": "Customer",
        "CustomerOrder": "Customer Order Nbr.",
    }
    view = "Sales Order"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {
            "SalesOrderCreateShipment": shipping.create_shipment, "CancelSalesOrder": self._cancel,
            "ReopenSalesOrder": self._reopen, "OpenSalesOrder": self._open,
            "ReleaseFromCreditHoldSalesOrder": self._credit, "PrepareSalesInvoice": shipping.invoice_order,
        }  # fmt: skip

    def begin(self, work: Work, row: Record) -> None:
        super().begin(work, row)
        row.values |= {
            "Date": work.business_date, "RequestedOn": work.business_date, "Branch": work.branch, "Status": "On Hold",
            "Hold": True, "BaseCurrencyID": "USD", "CreditHold": False, "NoteID": row.id,
        }  # fmt: skip

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        if name in self.computed or row.text("Status") not in EDITABLE:
            return False
        if name in {"ShipToAddress", "ShipToContact"}:
            return row.flag(f"{name}Override")  # else the customer's own stays (acumatica 8.1, assumed)
        if name == "CurrencyID":
            customer = work.tenant.find("Customer", row.text("CustomerID"))
            return customer is not None and customer.flag("EnableCurrencyOverride")
        if name in {"CustomerID", "OrderType"}:
            return not row.get("OrderNbr") or (name == "CustomerID" and not _shipped(row))
        return True

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if row.text("Status") not in EDITABLE or name in {"Shipments", "Relations", "OrderRisks"}:
            return False
        if name == "ShipToLocation":
            return work.options.line_ship_to
        if line is None:
            return name != "TaxDetails" or row.flag("IsTaxValid")
        if line.flag("Completed") and name != "Completed":
            return False
        return not (line.number("QtyOnShipments") and name == "InventoryID")

    def set(self, work: Work, row: Record, name: str, value: Value) -> None:
        match name:
            case "CustomerID":
                customer = lookups.party(work, "Customer", "Customer", value)
                row.values |= {"CustomerID": customer.text("CustomerID"), "CurrencyID": customer.get("CurrencyID")}
                row.link("FinancialSettings").values["Terms"] = customer.get("Terms")
                self._location(work, row, "MAIN")
            case "LocationID":
                self._location(work, row, str(value or ""))
            case "Branch":
                row.values[name] = lookups.branch(work, value)
            case "PreferredWarehouseID":
                row.values[name] = lookups.warehouse(work, value)
            case _:
                super().set(work, row, name, value)

    @staticmethod
    def _location(work: Work, row: Record, code: str) -> None:
        found = work.tenant.find("CustomerLocation", row.text("CustomerID"), code)
        if found is None or found.flag("Active") is False:
            raise FieldError(no_such("Location", code))
        row.values["LocationID"] = found.text("LocationID")
        row.link("FinancialSettings").values["CustomerTaxZone"] = found.get("TaxZone")
        if not row.flag("ShipToAddressOverride"):
            contact = found.link("LocationContact")
            row.links["ShipToAddress"] = contact.link("Address").copy()
            row.links["ShipToContact"] = record(BusinessName=contact.get("CompanyName"), Email=contact.get("Email"))

    def add_line(self, work: Work, row: Record, collection: str, sent: Mapping[str, Value]) -> list[Record]:
        if collection != "Details":
            return super().add_line(work, row, collection, sent)
        line = record(
            OrderQty=_ZERO, UnitPrice=_ZERO, DiscountPercent=_ZERO, DiscountAmount=_ZERO, ManualPrice=False,
            Branch=row.get("Branch"), RequestedOn=row.get("RequestedOn"), ShipOn=row.get("RequestedOn"),
            WarehouseID=row.get("PreferredWarehouseID"), QtyOnShipments=_ZERO, OpenQty=_ZERO, Completed=False,
        )  # fmt: skip
        line.values["NoteID"] = line.id
        row.details().append(line)
        code = sent.get("AlternateID")
        if code and not sent.get("InventoryID") and work.options.alternate_on_input:
            kinds = ("Customer Part Number",)
            found = lookups.alternate(work, str(code), row.text("CustomerID"), kinds, str(sent.get("UOM") or ""))
            if found is None:
                line.errors["AlternateID"] = no_such("Alternate ID", code)
            else:
                self._item(work, row, line, found)
        return [line]

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if collection != "Details":
            line.values[name] = value
            return
        match name:
            case "InventoryID":
                self._item(work, row, line, lookups.item(work, value))
            case "UOM":
                lookups.unit_factor(work, lookups.item(work, line.get("InventoryID")), str(value or ""))
                line.values[name] = value
            case "WarehouseID":
                line.values[name] = lookups.warehouse(work, value)
            case "ShipToLocation":
                found = work.tenant.find("CustomerLocation", row.text("CustomerID"), str(value or ""))
                if found is None or found.flag("Active") is False:
                    raise FieldError(no_such("Ship-To Location", value))
                line.values[name] = found.text("LocationID")
            case "Branch":
                line.values[name] = lookups.branch(work, value)
            case "TaxCategory":
                line.values[name] = lookups.category(work, value)
            case "UnitPrice":
                line.values[name] = value
                line.inner["priced"] = True
            case "QtyOnShipments" | "OpenQty" | "NoteID" | "Amount" | "ExtendedPrice" | "UnbilledAmount":
                return
            case "OrderQty" if isinstance(value, Decimal) and value < line.number("QtyOnShipments"):
                raise FieldError("The quantity cannot be less than the quantity on shipments.")
            case _:
                line.values[name] = value

    @staticmethod
    def _item(work: Work, row: Record, line: Record, found: Record) -> None:
        line.values |= {
            "AlternateID": lookups.alternate_of(found, row.text("CustomerID"), "Customer Part Number"),
            "InventoryID": found.text("InventoryID"), "LineDescription": found.get("Description"),
            "UOM": found.get("SalesUOM") or found.get("SalesUnit"), "TaxCategory": found.get("TaxCategory"),
            "Account": found.get("SalesAccount"),
            "WarehouseID": row.get("PreferredWarehouseID") or found.get("DefaultWarehouseID"),
        }  # fmt: skip

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if not row.get("CustomerID"):
            row.errors.setdefault("CustomerID", cannot_be_empty("Customer"))
        self._customer_order(work, before, row)
        for line in row.details():
            if line.errors:
                continue
            if not line.get("InventoryID"):
                line.errors["InventoryID"] = cannot_be_empty("Inventory ID")
                continue
            self._price(work, line)
            gross = cents(line.number("OrderQty") * line.number("UnitPrice"))
            if line.number("DiscountPercent"):
                line.values["DiscountAmount"] = cents(gross * line.number("DiscountPercent") / _HUNDRED)
            line.values |= {
                "ExtendedPrice": gross, "Amount": gross - line.number("DiscountAmount"),
                "OpenQty": _ZERO if line.flag("Completed") else line.number("OrderQty") - line.number("QtyOnShipments"),
            }  # fmt: skip
        self._totals(work, row)

    @staticmethod
    def _price(work: Work, line: Record) -> None:
        """The price list's price, unless the price is manual (acumatica 8.1: it may replace a sent one, assumed)."""
        if line.flag("ManualPrice") or (line.inner.get("priced") and not work.options.price_list_wins):
            return
        found = work.tenant.item(line.text("InventoryID"))
        if found is not None:
            line.values["UnitPrice"] = found.number("DefaultPrice") * lookups.unit_factor(work, found, line.text("UOM"))

    def _totals(self, work: Work, row: Record) -> None:
        lines = sum((line.number("Amount") for line in row.details()), _ZERO)
        zone = row.link("FinancialSettings").text("CustomerTaxZone")
        tax = taxes.settle(work, row, zone, row.day("Date") or work.business_date, "Amount")
        freight = row.link("ShippingSettings").number("FreightPrice")
        row.link("Totals").values |= {"LineTotalAmount": lines, "TaxTotal": tax, "Freight": freight}
        row.values |= {
            "OrderTotal": lines + tax + freight,
            "OrderedQty": sum((line.number("OrderQty") for line in row.details()), _ZERO),
        }

    @staticmethod
    def _customer_order(work: Work, before: Record | None, row: Record) -> None:
        number, options = row.text("CustomerOrder"), work.options
        if not number and options.require_customer_order:
            row.errors["CustomerOrder"] = cannot_be_empty("Customer Order Nbr.")
        if not number or options.customer_order != "forbid":
            return
        if before is not None and before.text("CustomerOrder") == number:
            return
        for other in work.tenant.table("SalesOrder").where(CustomerID=row.get("CustomerID"), CustomerOrder=number):
            if other.id != row.id and other.get("OrderType") == row.get("OrderType"):
                row.errors["CustomerOrder"] = (
                    f"The customer order number '{number}' is used in the order {other.text('OrderNbr')}."
                )

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        if before is None and hold is None:
            hold = work.options.hold_sales_orders
        status = row.text("Status")
        if status == "On Hold" and hold is False:
            row.values["Status"] = "Credit Hold" if self._over_limit(work, row) else "Open"
        elif status in {"Open", "Credit Hold"} and hold is True:
            row.values["Status"] = "On Hold"
        if (
            row.text("Status") in {"Open", "Back Order"}
            and row.details()
            and all(line.flag("Completed") for line in row.details())
        ):
            row.values["Status"] = "Completed"
        row.values["Hold"] = row.text("Status") == "On Hold"
        row.values["CreditHold"] = row.text("Status") == "Credit Hold"

    @staticmethod
    def _over_limit(work: Work, row: Record) -> bool:
        customer = work.tenant.find("Customer", row.text("CustomerID"))
        if not work.options.credit_check or customer is None:
            return False
        return row.number("OrderTotal") > customer.link("CreditVerificationRules").number("RemainingCreditLimit")

    def may_delete(self, work: Work, row: Record) -> None:
        if _shipped(row) or row.text("Status") not in EDITABLE:
            raise exception("The document cannot be deleted in its status.")

    # actions

    @staticmethod
    def _move(work: Work, row: Record, allowed: frozenset[str], status: str) -> None:
        if row.text("Status") not in allowed:
            raise exception("Document Status is invalid for processing.")
        row.values |= {"Status": status, "Hold": False, "CreditHold": status == "Credit Hold"}
        work.tenant.save("SalesOrder", row)

    def _cancel(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        if _shipped(row):
            raise exception("The order has shipments and cannot be canceled.")
        self._move(work, row, EDITABLE, "Canceled")

    def _reopen(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        self._move(work, row, frozenset({"Canceled", "Completed"}), "Open")

    def _open(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        self._move(work, row, frozenset({"Back Order"}), "Open")

    def _credit(self, work: Work, row: Record, _: Mapping[str, Value]) -> None:
        self._move(work, row, frozenset({"Credit Hold"}), "Open")


def _shipped(row: Record) -> bool:
    return any(line.number("QtyOnShipments") for line in row.details())
