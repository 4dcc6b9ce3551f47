"""Payment and remittance advice (820): what a payment pays."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Amounts, DateReference, Document, KeptSegment, Reference, Segmented


class Adjustment(Segmented, Amounts):
    """ADX: an amount taken off (negative) or added, with the reason (element 426), in the payment's currency."""

    amount: Decimal | None
    reason: str = ""
    qualifier: str = ""
    number: str = ""
    extras: tuple[KeptSegment, ...] = ()


class PaidItem(Segmented, Amounts):
    """RMR: one invoice or other item that is paid. qualifier is element 128 (IV invoice, CM credit memo, PO order).

    amount is what is paid for it, invoice_amount what was invoiced before discount. Its adjustments explain the
    difference between the two; they are part of `amount` already.
    """

    qualifier: str = ""
    number: str = ""
    action: str = ""
    amount: Decimal | None = None
    invoice_amount: Decimal | None = None
    discount: Decimal | None = None
    adjustment_reason: str = ""
    adjustment_amount: Decimal | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    extras: tuple[KeptSegment, ...] = ()

    @property
    def order_number(self) -> str:
        """The order it belongs to, where RMR or a REF*PO under it says so."""
        if self.qualifier == "PO":
            return self.number
        return next((r.value for r in self.references if r.qualifier == "PO" and r.value), "")


class PaidEntity(Segmented):
    """ENT: for whom is paid. number is empty where it only counts (1, 2, 3); adjustments stand beside all items."""

    number: str = ""
    role: str = ""
    id_scheme: str = ""
    id: str = ""
    items: tuple[PaidItem, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class Remittance(Document, Amounts):
    """820. `number` is the trace number (TRN02: cheque, ACH), `amount` what is paid, in `currency`.

    amount and payment_date are None where the set did not say them or they were unreadable.
    """

    number: str = ""
    amount: Decimal | None
    handling: str = ""
    credit_or_debit: str = ""
    method: str = ""
    payment_format: str = ""
    payer_bank_type: str = ""
    payer_bank: str = ""
    payer_account_type: str = ""
    payer_account: str = ""
    originator: str = ""
    payee_bank_type: str = ""
    payee_bank: str = ""
    payee_account_type: str = ""
    payee_account: str = ""
    payment_date: date | None = None
    reason: str = ""
    trace_type: str = ""
    entities: tuple[PaidEntity, ...] = ()

    @property
    def items(self) -> tuple[PaidItem, ...]:
        """Everything that is paid, whatever entity it stands under."""
        return tuple(item for entity in self.entities for item in entity.items)

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """Those that stand beside the items and change the sum."""
        return tuple(one for entity in self.entities for one in entity.adjustments)
