"""What coding needs to know of an ERP."""

from dataclasses import dataclass
from typing import Literal

from ml_connector.documents.dimensions import COST_CENTER, COST_UNIT

#: Who says what tax is booked. vat_codes: a VAT code on each line, from which the ERP works the tax out. as_invoiced:
#: the invoice's taxes as amounts. none: nobody here; the ERP takes no taxes with a bill.
TaxPolicy = Literal["vat_codes", "as_invoiced", "none"]


@dataclass(frozen=True)
class CodingTraits:
    """dimensions: by name, of which a line can carry a code. codes_matched_lines: a line that is matched to an order
    may carry an account and dimensions of its own.
    """

    dimensions: tuple[str, ...] = (COST_CENTER, COST_UNIT)
    taxes: TaxPolicy = "vat_codes"
    codes_matched_lines: bool = False


#: Of an ERP that books taxes by VAT codes, with cost centers and cost units.
VAT_CODES = CodingTraits()
