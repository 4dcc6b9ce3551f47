"""Supplier invoices as the ERP has them booked, whoever entered them: what a network that pays is sent."""

from datetime import date
from decimal import Decimal
from typing import Literal

from ml_connector.documents.common import Amounts, DocumentPart

#: Whether it still has to be paid, as far as the ERP tells. selected: for its own payment run, or sent to the bank.
Settled = Literal["", "open", "selected", "paid"]


class EnteredLine(Amounts):
    """A line of a booking: positive on an invoice, negative on a credit. amount: without tax. id: the ERP's own."""

    number: int
    amount: Decimal
    tax: Decimal = Decimal(0)
    tax_code: str = ""
    account: str = ""
    cost_center: str = ""
    cost_unit: str = ""
    description: str = ""
    id: str = ""
    account_id: str = ""


class Original(DocumentPart):
    """A file that is attached to it. address: where it can be had, by the ERP's own way."""

    name: str
    address: str
    size: int = 0


class EnteredInvoice(Amounts):
    """A booked invoice or credit note. number: the supplier's; entry_number: the ERP's. `total` has its sign.

    our_key: of the document of this connector that booked it; empty where somebody else did.
    """

    id: str
    number: str
    vendor_id: str
    total: Decimal
    entry_number: str = ""
    journal: str = ""
    vendor_name: str = ""
    invoice_date: date | None = None
    due_date: date | None = None
    order_number: str = ""
    currency: str = ""
    description: str = ""
    our_key: str = ""
    settled: Settled = ""
    gone: bool = False
    lines: tuple[EnteredLine, ...] = ()
    originals: tuple[Original, ...] = ()
