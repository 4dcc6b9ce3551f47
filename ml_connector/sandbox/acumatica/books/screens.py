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

_MADE: tuple[Form, ...] = (
    BillForm(), CustomerForm(), InvoiceForm(), LocationForm(), PurchaseOrderForm(), ReceiptForm(), SalesInvoiceForm(),
    SalesOrderForm(), ShipmentForm(), VendorForm(),
)  # fmt: skip
FORMS: Mapping[str, Form] = {form.entity: form for form in _MADE}
_PLAIN = Form()


def form_of(entity: str) -> Form:
    return FORMS.get(entity, _PLAIN)
