"""The shipment's screen (SO302000): quantities, lots and packages until it is confirmed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from ml_connector.sandbox.acumatica.books.forms import Action, Form
from ml_connector.sandbox.acumatica.books.sales import shipping
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import FieldError, exception
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import Value

_HEADER = frozenset({"ShipVia", "Description", "FreightPrice", "FreightCost", "ShipmentDate", "ShippingTerms", "Owner"})
_LINES = frozenset({"ShippedQty", "LotSerialNbr", "ExpirationDate", "LocationID", "Description"})


class ShipmentForm(Form):
    """Shipments come from orders; here they are packed and confirmed."""

    entity = "Shipment"
    number = "ShipmentNbr"
    defaults: ClassVar[Mapping[str, Value]] = {"Type": "Shipment", "Status": "On Hold"}
    labels: ClassVar[Mapping[str, str]] = {"Details": "Shipment Line"}
    view = "Shipment"

    @property
    def actions(self) -> Mapping[str, Action]:
        return {
            "ConfirmShipment": shipping.confirm, "CorrectShipment": shipping.correct,
            "PrepareInvoice": shipping.invoice_shipment, "UpdateIN": _update_stock,
        }  # fmt: skip

    def enabled(self, work: Work, row: Record, name: str) -> bool:
        return name in _HEADER and row.text("Status") in {"On Hold", "Open"}

    def line_enabled(self, work: Work, row: Record, line: Record | None, name: str) -> bool:
        if name in {"Orders"} or row.text("Status") not in {"On Hold", "Open"}:
            return False
        if line is None:
            return name == "Packages"
        return line in row.details("Packages") or name in _LINES

    def set_line(self, work: Work, row: Record, collection: str, line: Record, name: str, value: Value) -> None:
        if (
            collection == "Details"
            and name == "ShippedQty"
            and isinstance(value, Decimal)
            and value > line.number("OpenQty")
        ):
            raise FieldError("The shipped quantity is greater than the open quantity of the order.")
        line.values[name] = value

    def complete(self, work: Work, before: Record | None, row: Record) -> None:
        if before is None:
            row.error = "A shipment is created from a sales order."
        for at, package in enumerate(row.details("Packages"), 1):
            package.values.setdefault("LineNbr", at)
        shipping.total(row)

    def finish(self, work: Work, before: Record | None, row: Record, hold: bool | None) -> None:
        if row.text("Status") == "Open" and hold is True:
            row.values["Status"] = "On Hold"
        elif row.text("Status") == "On Hold" and hold is False:
            row.values["Status"] = "Open"
        row.values["Hold"] = row.text("Status") == "On Hold"

    def may_delete(self, work: Work, row: Record) -> None:
        raise exception("The shipment cannot be deleted here.")


def _update_stock(work: Work, row: Record, _: Mapping[str, Value]) -> None:
    """Inventory is not kept by the stand-in: the button does nothing that shows."""
    if row.text("Status") not in {"Confirmed", "Invoiced", "Completed"}:
        raise exception("Document Status is invalid for processing.")
