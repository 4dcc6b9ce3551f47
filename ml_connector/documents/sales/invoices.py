"""Sales invoices and credit memos as an ERP has them, for whoever sends them to customers.

Neutral between ERPs: ids are the ERP's own, codes are unpadded. Amounts are in `currency` and have the signs of the
ERP's screen: a credit memo's are positive like an invoice's, and the type tells which of the two it is.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.common import Record


class SalesInvoiceType(StrEnum):
    """What it is to the customer: something to pay, or something that is paid back."""

    INVOICE = "invoice"
    CREDIT = "credit"


class Address(Record):
    """A party with its address. code: ours for it. customers_code: what the customer itself calls it. gln: GS1's."""

    code: str = ""
    customers_code: str = ""
    gln: str = ""
    name: str = ""
    attention: str = ""
    phone: str = ""
    email: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class SalesTerms(Record):
    """When it is to be paid; the due date stands in the invoice. code, description: as the ERP names the terms."""

    code: str = ""
    description: str = ""
    discount_percent: Decimal | None = None
    discount_days: int | None = None
    discount_until: date | None = None
    discount_amount: Decimal | None = None
    net_days: int | None = None


class SalesDiscount(Record):
    """What goes off a line or the whole invoice; positive. code: the ERP's of the discount, empty where it has none."""

    code: str = ""
    description: str = ""
    percent: Decimal | None = None
    amount: Decimal


class SalesCharge(Record):
    """What is added besides the lines: freight, handling. code: the ERP's of the charge, or what it is (`freight`)."""

    code: str
    description: str = ""
    shipment_number: str = ""
    amount: Decimal


class SalesTax(Record):
    """One tax of one jurisdiction. code: the ERP's id of the tax. percent 8.25 for 8.25 %. basis: what is taxed."""

    code: str
    description: str = ""
    jurisdiction: str = ""
    percent: Decimal | None = None
    basis: Decimal | None = None
    amount: Decimal


class SalesInvoiceLine(Record):
    """One line. `amount` is what it adds to the total before taxes: quantity x price, less its own discounts.

    customer_order, customer_line: the customer's order and line where the line has its own. order_number,
    shipment_number: ours. original_invoice: what a line of a credit memo gives back, where each line has its own.
    """

    id: str
    number: int
    item_code: str = ""
    customers_item: str = ""
    gtin: str = ""
    description: str = ""
    quantity: Decimal
    unit: str = ""
    price: Decimal
    discounts: tuple[SalesDiscount, ...] = ()
    amount: Decimal
    order_number: str = ""
    shipment_number: str = ""
    customer_order: str = ""
    customer_line: str = ""
    original_invoice: str = ""
    lot: str = ""
    notes: str = ""


class SalesInvoice(Record):
    """A sales invoice or credit memo as an ERP has it, whole: what is not in here is sent to nobody.

    id: one identity of the invoice, whichever of the ERP's lists it was read from, made of nothing that changes (its
    type and number, for example); where an ERP shows one invoice in two lists, its source reads one of them.
    other_type: the ERP's name of a type that is not plainly an invoice or a credit memo: such a one is held. released:
    it is final and stands in the books. voided: it was taken back without a credit memo. original_invoice,
    original_date: the invoice that a credit memo reverses, by the number that the customer knows. total: what the ERP
    says the customer owes (or gets), taxes in it. taxes_included: line amounts hold the taxes already. unsent: the
    ERP's names of what is filled in and has no place here.
    """

    id: str
    number: str
    type: SalesInvoiceType = SalesInvoiceType.INVOICE
    other_type: str = ""
    invoice_date: date
    due_date: date | None = None
    currency: str
    released: bool = True
    voided: bool = False
    customer_id: str = ""
    customer_code: str
    customer_name: str = ""
    customer_order: str = ""
    customer_order_date: date | None = None
    order_numbers: tuple[str, ...] = ()
    shipment_numbers: tuple[str, ...] = ()
    original_invoice: str = ""
    original_date: date | None = None
    terms: SalesTerms = SalesTerms()
    bill_to: Address | None = None
    ship_to: Address | None = None
    remit_to: Address | None = None
    description: str = ""
    notes: str = ""
    lines: tuple[SalesInvoiceLine, ...] = ()
    discounts: tuple[SalesDiscount, ...] = ()
    charges: tuple[SalesCharge, ...] = ()
    taxes: tuple[SalesTax, ...] = ()
    taxes_included: bool = False
    total: Decimal
    unsent: tuple[str, ...] = ()

    @property
    def is_credit(self) -> bool:
        return self.type is SalesInvoiceType.CREDIT
