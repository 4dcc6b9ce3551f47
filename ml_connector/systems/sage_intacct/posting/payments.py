"""How a payment becomes the exact call: one AP payment for many bills, with the credits that it uses (intacct 7)."""

from collections.abc import Iterator
from decimal import Decimal

from ml_connector.documents.payables.settlements import ItemKind, Payment, PaymentLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Identity, PlannedOperation
from ml_connector.systems.our_keys import with_key
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.writing import planned
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import money, slashed
from ml_connector.systems.sage_intacct.wire.xml import Value, told_of

ZERO = Decimal(0)


class PaymentPlanner:
    """Payment -> the exact call."""

    def __init__(self, settings: IntacctConnection, kinds: Kinds) -> None:
        self._settings = settings
        self._kinds = kinds

    def plan(self, payment: Payment, key: str) -> list[PlannedOperation]:
        """The write that enters a payment.

        Raises:
            NeedsCorrection: it cannot be expressed.
        """
        settings = self._settings
        told = "; ".join(one for one in (payment.description, *payment.told) if one)
        description = with_key(told or payment.reference, key, settings.description_length)
        values: dict[str, Value] = {
            "FINANCIALENTITY": payment.account,
            "PAYMENTMETHOD": settings.payment_methods.get(payment.method, settings.payment_method),
            "VENDORID": payment.party_id,
            "DOCNUMBER": payment.reference,
            "DESCRIPTION": description,
            "PAYMENTDATE": slashed(payment.payment_date),
            "CURRENCY": payment.currency,
            "ACTION": settings.payment_action,
        }
        element = functions.payment(values, list(_details(payment)))
        identity = Identity(payment.party_id, payment.reference)
        texts = told_of({"number": payment.reference, "description": description})
        return [planned(self._kinds.payment, settings, key, identity, element, texts)]


def _details(payment: Payment) -> Iterator[dict[str, Value]]:
    """A detail for each bill, and one more for each further credit that is used on it.

    A credit is used on bills without a discount: a discount is told by the amount alone (intacct 7).
    """
    credits_ = {line.item_id: -line.amount for line in payment.lines if line.kind is ItemKind.CREDIT}
    for line in sorted((one for one in payment.lines if one.kind is ItemKind.BILL), key=lambda one: bool(one.discount)):
        yield from _of_bill(payment, line, credits_)
    left = sum(credits_.values(), ZERO)
    if left:
        raise NeedsCorrection(
            Reason.PAYMENT_DIFFERENCE,
            f"Payment {payment.reference}: {left} of its credits find no bill to be used on.",
            remedy="Enter the payment in Sage Intacct by hand, then discard this.",
            data={"left": str(left)},
        )


def _of_bill(payment: Payment, line: PaymentLine, credits_: dict[str, Decimal]) -> Iterator[dict[str, Value]]:
    used: list[tuple[str, Decimal]] = []
    open_ = ZERO if line.discount else line.amount
    for number, amount in credits_.items():
        taken = min(open_, amount)
        if taken > 0:
            used.append((number, taken))
            credits_[number] = amount - taken
            open_ -= taken
    paid = line.amount - sum((amount for _, amount in used), ZERO)
    first: dict[str, Value] = {"RECORDKEY": line.item_id}
    if paid:
        first["TRX_PAYMENTAMOUNT"] = money(paid)
    if line.discount:
        first["DISCOUNTDATE"] = slashed(payment.payment_date)
    details = [first]
    for at, (number, amount) in enumerate(used):
        more: dict[str, Value] = {"ADJUSTMENTKEY": number, "TRX_ADJUSTMENTAMOUNT": money(amount)}
        if at:
            details.append({"RECORDKEY": line.item_id, **more})
        else:
            first.update(more)
    yield from details
