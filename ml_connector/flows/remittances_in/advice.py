"""What an 820 says, decided by lists: whether it pays, what it pays, and what it holds that no bill carries.

Sheet: x12-procurement 9. Pure; what is on no list holds the advice with a question (DESIGN 3, 9).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.documents.remittances import Adjustment, PaidEntity, PaidItem, Remittance
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.payments.allocation import Claim
from ml_connector.flows.remittances_in.settings import Meaning

ZERO = Decimal(0)
#: BPR01 (element 305). I and N say that money goes another way, U and X leave open whether it goes at all.
HANDLING: Mapping[str, Meaning] = {
    "C": "payment",
    "D": "payment",
    "I": "held",
    "U": "held",
    "X": "held",
    "N": "held",
    "P": "recorded",
    "H": "recorded",
}
#: BPR03 (element 478): the payee is credited. D draws money, so that who pays is the other one.
_CREDITS = "C"
#: RMR01 (element 128) of a supplier's invoice, of its credit memo, and of what we sold.
_BILLS = frozenset({"IV", "OI", "IK"})
_CREDIT_MEMOS = frozenset({"CM"})
_RECEIVABLES = frozenset({"AP"})
#: RMR03 (element 482) of what settles open items.
_PAYS = frozenset({"", "PI", "PP"})


@dataclass(frozen=True)
class Part:
    """What is paid to one payee. entity: who, where ENT says it; besides: adjustments beside the items."""

    entity: PaidEntity
    claims: tuple[Claim, ...]
    besides: tuple[Adjustment, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def amount(self) -> Decimal:
        """What its items come to."""
        return sum((claim.amount for claim in self.claims), ZERO)

    @property
    def beside(self) -> Decimal:
        """What its adjustments come to."""
        return sum((one.amount or ZERO for one in self.besides), ZERO)


@dataclass(frozen=True)
class Advice:
    """An advice whose codes are all known. amount: of the whole payment."""

    number: str
    amount: Decimal
    parts: tuple[Part, ...] = field(default=())


def meaning_of(advice: Remittance, handling: Mapping[str, Meaning]) -> Meaning:
    """Whether it pays; `held` too for a code that is on no list."""
    code = advice.handling.strip().upper()
    return handling.get(code) or HANDLING.get(code, "held")


def check_pays(advice: Remittance, handling: Mapping[str, Meaning]) -> None:
    """Raises NeedsCorrection for an advice that does not plainly say that we have paid."""
    code = advice.handling.strip()
    if meaning_of(advice, handling) != "payment":
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Remittance advice {advice.number or '(no number)'} does not say whether it is a payment (BPR01"
            f" {code or 'empty'}).",
            remedy="Ask the sender. What the code means goes under remittances_in.handling (payment, recorded or held);"
            " then replay this.",
            data={"element": "BPR01", "code": code, "trace": advice.number},
        )
    if advice.credit_or_debit.strip().upper() != _CREDITS:
        raise _unknown(advice, "BPR03", advice.credit_or_debit, "whether money was paid or drawn")
    if not advice.number.strip():
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            "Remittance advice without a number (TRN02): it could not be told from another one.",
            remedy="Ask the sender for the trace number in TRN; enter this payment by hand and discard it.",
            data={"element": "TRN02"},
        )
    if advice.amount is None or advice.amount <= 0 or not advice.currency:
        lacks = "currency (CUR02)" if advice.amount is not None and advice.amount > 0 else "amount (BPR02)"
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Payment {advice.number} has no usable {lacks}.",
            remedy="Ask the sender to send it again; enter this payment by hand and discard it.",
            data={"amount": _text(advice.amount), "currency": advice.currency},
        )


def is_about_sales(advice: Remittance) -> bool:
    """Whether everything that is paid is a receivable of ours."""
    items = advice.items
    return bool(items) and all(_code(item.qualifier) in _RECEIVABLES for item in items)


def read(advice: Remittance) -> Advice:
    """What it pays, by payee.

    Raises:
        NeedsCorrection: a code is on no list, or its amounts contradict each other.
    """
    parts = tuple(_part(advice, entity) for entity in advice.entities if entity.items or entity.adjustments)
    amount = advice.amount or ZERO
    total = sum((part.amount + part.beside for part in parts), ZERO)
    if not any(part.claims for part in parts):
        raise NeedsCorrection(
            Reason.PAYMENT_DIFFERENCE,
            f"Payment {advice.number} of {_text(amount)} {advice.currency} names nothing that it pays.",
            remedy="Ask the sender what it pays; enter it by hand and discard this.",
            data={"trace": advice.number, "amount": _text(amount)},
        )
    if total != amount:
        raise NeedsCorrection(
            Reason.PAYMENT_DIFFERENCE,
            f"Payment {advice.number} is {_text(amount)} {advice.currency}, and what it names comes to"
            f" {_text(total)} (BPR02 against RMR04 and ADX beside the items).",
            remedy="Ask the sender for the right one; enter this payment by hand and discard it.",
            data={"trace": advice.number, "amount": _text(amount), "named": _text(total)},
        )
    return Advice(advice.number.strip(), amount, parts)


def _part(advice: Remittance, entity: PaidEntity) -> Part:
    told: list[str] = []
    claims = tuple(_claim(advice, item, told) for item in entity.items)
    for one in entity.adjustments:
        if one.amount is None:
            raise _unreadable(advice, "ADX01", one.number or one.reason)
    return Part(entity, claims, tuple(one for one in entity.adjustments if one.amount), tuple(told))


def _claim(advice: Remittance, item: PaidItem, told: list[str]) -> Claim:
    qualifier, action = _code(item.qualifier), _code(item.action)
    if qualifier not in _BILLS | _CREDIT_MEMOS:
        raise _unknown(advice, "RMR01", item.qualifier, f"what {item.number or 'a paid item'} is")
    if action not in _PAYS:
        raise _unknown(advice, "RMR03", item.action, f"how the payment of {item.number or 'an item'} is applied")
    if item.amount is None or not item.number.strip():
        raise _unreadable(advice, "RMR04" if item.number.strip() else "RMR02", item.number)
    discount = item.discount or ZERO
    _check_explained(advice, item, discount)
    if qualifier in _CREDIT_MEMOS and item.amount > 0:
        # A credit that is added to a payment is no credit; which one is wrong only the sender knows.
        why = "is a credit memo, and its amount is added to the payment"
        raise _contradicted(advice, item, why, Reason.SIGN_CONTRADICTION)
    if qualifier in _BILLS and item.amount < 0:
        why = "is an invoice, and its amount is taken from the payment"
        raise _contradicted(advice, item, why, Reason.SIGN_CONTRADICTION)
    taken = [*((one.amount or ZERO, one.reason) for one in item.adjustments), *_own(item)]
    told += [f"{item.number}: {_text(amount)} adjusted (reason {reason or 'not said'})" for amount, reason in taken]
    return Claim(item.number.strip(), item.amount, discount)


def _own(item: PaidItem) -> Iterator[tuple[Decimal, str]]:
    if item.adjustment_amount:
        yield item.adjustment_amount, item.adjustment_reason


def _check_explained(advice: Remittance, item: PaidItem, discount: Decimal) -> None:
    """RMR05 less discount and what the adjustments inside say is RMR04; a part payment explains nothing."""
    if discount < 0:
        raise _contradicted(advice, item, "has a discount below zero")
    if item.invoice_amount is None or item.amount is None:
        return
    left = item.invoice_amount - discount - item.amount
    said = -sum((one.amount or ZERO for one in item.adjustments), ZERO)
    own = item.adjustment_amount or ZERO
    # The sign of RMR08 is not agreed on: either reading explains it (x12-procurement 9 has it for ADX01 alone).
    if left in {said, said + own, said - own} or (left > 0 and not item.adjustments and not own):
        return
    raise _contradicted(
        advice,
        item,
        f"was invoiced at {_text(item.invoice_amount)}; less discount and adjustments that is not what is paid,"
        f" {_text(item.amount)}",
    )


def _code(value: str) -> str:
    return value.strip().upper()


def _text(value: Decimal | None) -> str:
    return "" if value is None else decimal_text(value)


def _facts(advice: Remittance, **more: Any) -> dict[str, Any]:
    return {"trace": advice.number, **more}


def _unknown(advice: Remittance, element: str, code: str, what: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"Payment {advice.number or '(no number)'} does not say in a way that is known here {what} ({element}"
        f" {code.strip() or 'empty'}).",
        remedy="Ask the sender what is meant; enter the payment by hand, then discard this.",
        data=_facts(advice, element=element, code=code.strip()),
    )


def _unreadable(advice: Remittance, element: str, number: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Payment {advice.number}: {element} of {number or 'an item without a number'} says nothing.",
        remedy="Ask the sender to send it again; enter this payment by hand and discard it.",
        data=_facts(advice, element=element, number=number),
    )


def _contradicted(
    advice: Remittance, item: PaidItem, why: str, reason: Reason = Reason.PAYMENT_DIFFERENCE
) -> NeedsCorrection:
    return NeedsCorrection(
        reason,
        f"Payment {advice.number}: {item.number} {why}.",
        remedy="Ask the sender what is right; enter the payment by hand, then discard this.",
        data=_facts(advice, number=item.number, paid=_text(item.amount), invoiced=_text(item.invoice_amount)),
    )
