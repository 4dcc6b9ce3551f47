"""Invoices that a network approves and codes."""

from datetime import date
from decimal import Decimal
from typing import Literal

from ml_connector.documents.common import Amounts, DocumentPart

#: What a network's word for where an invoice stands means (avidxchange 5); empty: a word that no setting names.
InvoiceStanding = Literal["", "open", "held", "approved", "refused", "paid"]


class LineCode(DocumentPart):
    """One code of a line. group: of which codes it is one; several lines may carry codes of the same groups."""

    group: str
    value: str
    description: str = ""


class CodedLine(Amounts):
    """What is booked by codes. amount: with its sign, negative on credits, in the invoice's currency."""

    number: int
    amount: Decimal
    description: str = ""
    codes: tuple[LineCode, ...] = ()

    def code(self, group: str) -> str:
        """Its code of a group, by the group's name whatever its case; empty where it has none."""
        wanted = group.casefold()
        return next((one.value for one in self.codes if one.group.casefold() == wanted), "")


class NetworkInvoice(Amounts):
    """An invoice there. `total` includes tax and has its sign: negative is a credit.

    id: the network's. external_id: what we call it there, the key by which it is looked up before it is sent again.
    vendor: what we call its vendor there, empty where the network has not linked it; vendor_id: the network's own.
    image_sha256, image_name: its original, bytes of the ledger; sent with it.
    """

    number: str
    total: Decimal
    id: str = ""
    external_id: str = ""
    vendor: str = ""
    vendor_id: str = ""
    vendor_name: str = ""
    company: str = ""
    invoice_date: date | None = None
    due_date: date | None = None
    posting_date: date | None = None
    order_number: str = ""
    currency: str = ""
    memo: str = ""
    image_url: str = ""
    image_sha256: str = ""
    image_name: str = ""
    status: str = ""
    standing: InvoiceStanding = ""
    status_reason: str = ""
    paid: Decimal | None = None
    #: Of what comes in batches: the batch, and the moment at which it was closed; a new moment is a new reading of it.
    batch: str = ""
    batch_closed: str = ""
    modified: str = ""
    lines: tuple[CodedLine, ...] = ()
