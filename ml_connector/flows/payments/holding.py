"""Why a payment is held that does not fit what is open, in an accountant's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.documents.payables.settlements import OpenItem
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.payments.allocation import Misfit, Trouble

#: Things that do not fit which are shown; all of them hold it.
SHOWN = 20
_REASONS: Mapping[Misfit, Reason] = {
    Misfit.UNKNOWN: Reason.PAYMENT_ITEM_UNKNOWN,
    Misfit.SEVERAL: Reason.PAYMENT_ITEM_UNKNOWN,
    Misfit.NOT_READY: Reason.PAYMENT_ITEM_UNKNOWN,
    Misfit.PAID: Reason.PAYMENT_ABOVE_DUE,
    Misfit.ABOVE_DUE: Reason.PAYMENT_ABOVE_DUE,
    Misfit.CURRENCY: Reason.CURRENCY_MISMATCH,
    Misfit.SIGN: Reason.SIGN_CONTRADICTION,
    Misfit.DISCOUNT: Reason.PAYMENT_DIFFERENCE,
    Misfit.SUM: Reason.PAYMENT_DIFFERENCE,
    Misfit.NOTHING: Reason.PAYMENT_DIFFERENCE,
}
_REMEDIES: Mapping[Reason, str] = {
    Reason.PAYMENT_ITEM_UNKNOWN: "See whether the bill is held here or waits in the ERP; once it is there this goes on"
    " by itself. If it never will be, enter the payment by hand and discard this.",
    Reason.PAYMENT_ABOVE_DUE: "Look who paid it in the ERP. If that is this payment, entered by hand or by a bank file,"
    " discard this; else ask the sender what is paid twice.",
    Reason.CURRENCY_MISMATCH: "Amounts of two currencies are never added: enter the payment by hand at its rate, then"
    " discard this.",
    Reason.SIGN_CONTRADICTION: "Ask the sender what is paid and what is credited; enter it by hand, then discard this.",
    Reason.PAYMENT_DIFFERENCE: "Ask the sender what the difference is; enter the payment by hand, then discard this.",
}


def held(what: str, currency: str, troubles: Sequence[Trouble]) -> NeedsCorrection:
    """Why it is held. what: the payment, as people call it; troubles: at least one."""
    first = troubles[0]
    reason = _REASONS[first.what]
    more = f" And {len(troubles) - 1} more do not fit." if len(troubles) > 1 else ""
    return NeedsCorrection(
        reason,
        f"{what}: {_sentence(first, currency)}{more}",
        remedy=_REMEDIES[reason],
        data={"currency": currency, "troubles": [_facts(one) for one in troubles[:SHOWN]], "in_all": len(troubles)},
    )


def _sentence(one: Trouble, currency: str) -> str:
    claimed, due = decimal_text(one.claimed), decimal_text(one.due)
    states = ", ".join(dict.fromkeys(item.state for item in one.items if item.state))
    others = ", ".join(dict.fromkeys(item.currency for item in one.items))
    return {
        Misfit.UNKNOWN: f"the ERP has no bill or credit {one.number} of this supplier.",
        Misfit.SEVERAL: f"{one.number} stands there {len(one.items)} times, {due} {currency} are due together,"
        f" {claimed} are paid.",
        Misfit.NOT_READY: f"{one.number} cannot be paid yet: it is {states or 'not approved'}.",
        Misfit.PAID: f"{one.number} is paid already: nothing is due of it, {claimed} {currency} are paid.",
        Misfit.ABOVE_DUE: f"of {one.number} {due} {currency} are due, {claimed} are paid.",
        Misfit.CURRENCY: f"{one.number} is in {others}, the payment in {currency}.",
        Misfit.SIGN: f"{one.number} is paid {claimed} {currency}, which is not how it stands in the ERP (bill or"
        " credit).",
        Misfit.DISCOUNT: f"{one.number}: payment and discount are {claimed} {currency}, and {due} are due; a discount"
        " has to close it.",
        Misfit.SUM: f"its items come to {claimed} {currency}, the payment is {due}.",
        Misfit.NOTHING: f"{claimed} {currency} are paid, and nothing is named that they pay.",
    }[one.what]


def _facts(one: Trouble) -> dict[str, Any]:
    return {
        "what": str(one.what),
        "number": one.number,
        "paid": decimal_text(one.claimed),
        "due": decimal_text(one.due),
        "entries": [_item(item) for item in one.items[:SHOWN]],
    }


def _item(item: OpenItem) -> dict[str, str]:
    return {
        "id": item.id,
        "entry": item.entry,
        "currency": item.currency,
        "total": decimal_text(item.total),
        "due": decimal_text(item.due),
        "state": item.state,
    }
