"""The screen of each entity. Those without rules keep what is put into them."""

from collections.abc import Mapping

from ml_connector.sandbox.acumatica.books.forms import Form
from ml_connector.sandbox.acumatica.books.parties import CustomerForm, LocationForm, VendorForm
from ml_connector.sandbox.acumatica.books.purchasing.bills import BillForm
from ml_connector.sandbox.acumatica.books.purchasing.purchase_orders import PurchaseOrderForm
from ml_connector.sandbox.acumatica.books.purchasing.receipts import ReceiptForm
from ml_connector.sandbox.acumatica.books.sales.receivables import InvoiceForm, SalesInvoiceForm
from ml_connector.sandbox.acumatica.books.sales.sales_orders import SalesOrderForm
from ml_connector.sandbox.acumatica.books.sales.shipments import ShipmentForm
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import FieldError, exception
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import Value

_MADE: tuple[Form, ...] = (
    BillForm(), CustomerForm(), InvoiceForm(), LocationForm(), PurchaseOrderForm(), ReceiptForm(), SalesInvoiceForm(),
    SalesOrderForm(), ShipmentForm(), VendorForm(),
)  # fmt: skip
FORMS: Mapping[str, Form] = {form.entity: form for form in _MADE}
_PLAIN = Form()


def form_of(entity: str) -> Form:
    return FORMS.get(entity, _PLAIN)


def press(work: Work, entity: str, row: Record, name: str, parameters: Mapping[str, Value]) -> None:
    """Do an action of a screen to a stored record. Raises ApiError."""
    form = form_of(entity)
    try:
        form.actions[name](work, row, parameters)
    except FieldError as error:
        raise exception(str(error)) from None
    work.tenant.wrote(
        f"{entity} {name}",
        {"branch": work.branch, "session": work.session, "id": row.id, **form.facts(row)},
    )
