"""Coding a matched invoice: GL account, dimensions and taxes of every line, and the bill to post.

Where a value may come from, in order (docs/coding.md): what the order line says, a mapping for the item, the
item or supplier in the ERP, the partner file, the integration's default.
"""

from datetime import date

from ml_connector.config.integrations import Coding
from ml_connector.config.partners import MatchTolerances, Partner
from ml_connector.documents.erp_postings import Bill, BillMode
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports.coding_traits import VAT_CODES, CodingTraits
from ml_connector.flows.invoices_in.coding.coder import Coder, net_of, not_to_the_cent
from ml_connector.flows.invoices_in.coding.lines import coded_lines
from ml_connector.flows.invoices_in.coding.taxes import posted_taxes
from ml_connector.flows.invoices_in.matching import MatchedInvoice
from ml_connector.flows.invoices_in.payment_terms import terms_of
from ml_connector.flows.reference.coding_tables import CodingTables

#: What the ledger shows and finds an invoice by; X12 allows 22 (BIG02).
LONGEST_NUMBER = 80
#: Dates of business. A refused call for another one would count against the connection (exact-online 5).
YEARS = (1950, 2150)


def code_invoice(
    invoice: Invoice,
    matched: MatchedInvoice,
    vendor: Vendor,
    partner: Partner,
    coding: Coding,
    tables: CodingTables,
    tolerances: MatchTolerances,
    *,
    attach_original: bool = False,
    traits: CodingTraits = VAT_CODES,
) -> Bill:
    """The bill to post. traits: what the ERP takes.

    Raises:
        NeedsCorrection: an account, dimension, charge or VAT code is missing, blocked or ended, or a total differs.
    """
    _check_number(invoice)
    coder = Coder(invoice, _invoice_date(invoice), matched, vendor, partner, coding, tables, traits)
    lines, told = coded_lines(coder)
    taxes = posted_taxes(coder, lines, tolerances)
    # What is posted is the document's own total, to the cent.
    if net_of(lines) + taxes.total != matched.total:
        raise not_to_the_cent(coder, lines, taxes.total)
    terms = terms_of(invoice)
    return Bill(
        mode=BillMode(matched.mode),
        vendor_id=matched.vendor_id,
        vendor_code=matched.vendor_code,
        number=invoice.number,
        invoice_date=coder.day,
        currency=matched.currency,
        credit=matched.credit,
        order_number=matched.order_numbers[0] if matched.order_numbers else invoice.order_number,
        order_numbers=matched.order_numbers,
        original_invoice=invoice.original_invoice,
        description=f"Invoice {invoice.number}" if not matched.credit else f"Credit note {invoice.number}",
        total=matched.total,
        vat_total=taxes.total,
        due_date=terms.due,
        discount_percent=terms.discount_percent,
        discount_until=terms.discount_until,
        told=(*told, *terms.told),
        warehouse_id=matched.warehouse_id,
        attach_original=attach_original,
        taxes=taxes.each,
        lines=tuple(lines),
    )


def _check_number(invoice: Invoice) -> None:
    if len(invoice.number) > LONGEST_NUMBER:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"The invoice number {invoice.number[:20]}... has {len(invoice.number)} characters; "
            f"{LONGEST_NUMBER} at most are posted.",
            remedy="Ask the supplier for the right number (BIG02), or enter the invoice by hand and discard it here.",
            data={"segment": "BIG", "element": 2, "length": len(invoice.number)},
        )


def _invoice_date(invoice: Invoice) -> date:
    if invoice.invoice_date is not None and not YEARS[0] <= invoice.invoice_date.year <= YEARS[1]:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} is dated {invoice.invoice_date.isoformat()}, which no invoice is.",
            remedy="Ask the supplier to send it again with its date (BIG01); discard this one.",
            data={"segment": "BIG", "element": 1},
        )
    if invoice.invoice_date is None:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} has no date.",
            remedy="Ask the supplier to send BIG01.",
            data={"segment": "BIG", "element": 1},
        )
    return invoice.invoice_date
