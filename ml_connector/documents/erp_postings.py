"""What is posted to an ERP: bills (purchase invoices) and goods receipts, after matching and coding.

Neutral between ERPs: ids are the ERP's own, codes are unpadded, amounts are exact and in `currency`.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.common import Record
from ml_connector.documents.dimensions import Dimensioned


class BillMode(StrEnum):
    """matched: lines linked to order lines. coded: GL account and cost center on each line (exact-online 10.3)."""

    MATCHED = "matched"
    CODED = "coded"


class BillLine(Dimensioned):
    """One line. `amount` excludes VAT, is rounded to the cent and is positive on invoices and credits alike."""

    number: int
    order_number: str = ""
    order_line_id: str = ""
    item_id: str = ""
    gl_account_id: str = ""
    gl_account_code: str = ""
    quantity: Decimal
    unit_price: Decimal | None = None
    amount: Decimal
    vat_code: str = ""
    vat_amount: Decimal | None = None
    vat_including: bool = False
    description: str = ""
    charge_code: str = ""


class BillTax(Record):
    """A tax as the invoice has it, where the ERP takes amounts. tax_id: the ERP's, empty where none is mapped."""

    kind: str = ""
    percent: Decimal | None = None
    jurisdiction: str = ""
    amount: Decimal
    tax_id: str = ""


class Bill(Record):
    """A purchase invoice or credit note, ready to post. `number` is the supplier's invoice number."""

    added = frozenset({"taxes"})

    mode: BillMode
    vendor_id: str
    vendor_code: str
    number: str
    invoice_date: date
    currency: str
    credit: bool = False
    order_number: str = ""
    order_numbers: tuple[str, ...] = ()
    original_invoice: str = ""
    description: str = ""
    total: Decimal
    vat_total: Decimal
    due_date: date | None = None
    #: Of the supplier's terms; shown where the ERP has no place for it.
    discount_percent: Decimal | None = None
    discount_until: date | None = None
    #: What was decided beside the values, in words: rounding, terms that are left to the ERP.
    told: tuple[str, ...] = ()
    warehouse_id: str = ""
    attach_original: bool = False
    attachment_sha256: str = ""
    attachment_name: str = ""
    #: Where the ERP takes taxes as amounts: they come to `vat_total`.
    taxes: tuple[BillTax, ...] = ()
    lines: tuple[BillLine, ...]


class ReceiptLine(Record):
    """What came of one line of an order."""

    order_line_id: str
    order_number: str = ""
    line_number: int = 0
    quantity: Decimal
    description: str = ""


class GoodsReceipt(Record):
    """Goods received against order lines of one supplier and one warehouse (exact-online 10.2)."""

    vendor_id: str
    warehouse_id: str
    receipt_date: date
    reference: str
    description: str = ""
    #: What was decided beside the quantities, in words: items that are named and not shipped.
    told: tuple[str, ...] = ()
    lines: tuple[ReceiptLine, ...]
