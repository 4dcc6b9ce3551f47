"""Tax details of a bill's lines, of companies that book VAT (intacct 4, 7.1). Purchasing documents and adjustments have
no place for them that the sheet knows: where they have tax, a person enters them.
"""

from decimal import Decimal

from ml_connector.documents.erp_postings import Bill
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import money
from ml_connector.systems.sage_intacct.wire.xml import Value


def entries_of(bill: Bill) -> list[Value]:
    """TAXENTRIES of each line, in the lines' order; None for one without a tax detail.

    The cents by which the lines' taxes miss the invoice's (within tolerance, or coding had refused it) go to the line
    with the most tax, so that what is owed is what the supplier asked for.
    """
    taxes = [line.vat_amount or Decimal(0) for line in bill.lines]
    difference = bill.vat_total - sum(taxes, Decimal(0))
    if difference and any(taxes):
        taxes[max(range(len(taxes)), key=lambda at: abs(taxes[at]))] += difference
    return [
        [("TAXENTRY", [("DETAILID", line.vat_code), ("TRX_TAX", money(tax))])] if line.vat_code else None
        for line, tax in zip(bill.lines, taxes, strict=True)
    ]


def check_untaxed(bill: Bill, settings: IntacctConnection, what: str) -> None:
    """Raises NeedsCorrection: it has tax, which could not be told with it."""
    if settings.tax_details and bill.vat_total:
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Invoice {bill.number} has {money(bill.vat_total)} of tax and would become {what}: how that takes tax"
            " details is not known.",
            remedy="Enter it in Sage Intacct by hand, and discard this.",
            data={"tax": money(bill.vat_total), "kind": what},
        )
