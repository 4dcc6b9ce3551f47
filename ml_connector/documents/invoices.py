"""Invoices and credit memos (810)."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import (
    AllowanceCharge,
    Amounts,
    DateReference,
    Document,
    Itemized,
    KeptSegment,
    Party,
    PaymentTerms,
    Purpose,
    Reference,
    Tax,
)
from ml_connector.documents.values.price_basis import pieces

_INVOICES = "DI PR FB EB EF EI ER IB IF IR IU MF MI MR MS RF UF PB PA BA BH CT DO SM SS MM CI CD"
_CREDITS = "CN CR CE CG MC CC"
#: BIG07 (element 640) by what is posted (x12-procurement 8, the table under BIG); others are decided by a person.
INVOICE_TYPES = frozenset(("", *_INVOICES.split()))
CREDIT_TYPES = frozenset(_CREDITS.split())


class InvoiceLine(Itemized, Amounts):
    """IT1. quantity in `unit`, price per price basis; amount excludes taxes, allowances and charges of the line."""

    number: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    price_basis: str = ""
    description: str = ""
    order_number: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    parties: tuple[Party, ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    @property
    def divisor(self) -> Decimal:
        """For how many units the price is (PO105/IT105, x12-procurement 5)."""
        return pieces(self.price_basis)

    @property
    def amount(self) -> Decimal:
        """Quantity x price, unrounded, in the invoice's currency."""
        return (self.quantity or Decimal(0)) * (self.price or Decimal(0)) / self.divisor


class Invoice(Document, Amounts):
    """810. `total` is TDS01: payable before terms discount, in `currency`; negative or of a credit's type is a credit.

    Amounts have the sign they were sent with. `invoice_date` and `total` are None only in an invoice whose set
    was not accepted (the element was missing or unreadable; see its findings).
    """

    number: str
    invoice_date: date | None
    order_number: str = ""
    order_date: date | None = None
    release: str = ""
    type: str = ""
    purpose: Purpose | None = None
    original_invoice: str = ""
    total: Decimal | None
    discountable: Decimal | None = None
    discounted: Decimal | None = None
    terms_discount: Decimal | None = None
    terms: tuple[PaymentTerms, ...] = ()
    lines: tuple[InvoiceLine, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()

    @property
    def is_credit(self) -> bool:
        """A credit by its type, or a negative total (x12-procurement 8)."""
        return self.type.strip().upper() in CREDIT_TYPES or (self.total is not None and self.total < 0)

    @property
    def order_numbers(self) -> tuple[str, ...]:
        """Every order it invoices, header first, each once."""
        found = [self.order_number, *(line.order_number for line in self.lines)]
        return tuple(dict.fromkeys(n for n in found if n))
