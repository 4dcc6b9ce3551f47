"""What coding one invoice works with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.config.integrations import Coding
from ml_connector.config.partners import Partner
from ml_connector.documents.erp_postings import BillLine
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.reference import Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import CodingTraits
from ml_connector.flows.invoices_in.matching import MatchedInvoice
from ml_connector.flows.reference.coding_tables import CodingTables


@dataclass(frozen=True)
class Coder:
    """One invoice with all that decides its codes. day: its date, on which codes must be usable."""

    invoice: Invoice
    day: date
    matched: MatchedInvoice
    vendor: Vendor
    partner: Partner
    coding: Coding
    tables: CodingTables
    traits: CodingTraits

    @property
    def is_matched(self) -> bool:
        return self.matched.mode == "matched"

    @property
    def has_accounts(self) -> bool:
        """Whether its lines carry accounts: always without an order, else where the ERP takes them beside one."""
        return not self.is_matched or self.traits.codes_matched_lines


def net_of(lines: Iterable[BillLine]) -> Decimal:
    """What lines come to without tax."""
    return sum((line.amount for line in lines), Decimal(0))


def not_to_the_cent(coder: Coder, lines: Iterable[BillLine], taxes: Decimal) -> NeedsCorrection:
    """Why a bill is held that does not come to its invoice's total."""
    net = net_of(lines)
    return NeedsCorrection(
        Reason.TOTAL_DIFFERENCE,
        f"What would be posted is {net} and {taxes} of tax, the invoice says {coder.matched.total}.",
        remedy="Ask the supplier for a correct invoice, or enter it by hand and discard it here.",
        data={"net": str(net), "taxes": str(taxes), "stated": str(coder.matched.total)},
    )
