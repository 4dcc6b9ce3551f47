"""Which open items a payment settles, and by how much. Pure: in exact decimals, one currency a payment.

All or nothing: either every amount that is claimed has its item and they come to the payment, or nothing is settled
and each thing that does not fit is told. A difference is never spread over items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.payables.settlements import ItemKind, OpenItem
from ml_connector.documents.values.unseen import as_key

ZERO = Decimal(0)


@dataclass(frozen=True)
class Claim:
    """What a payment says it pays of one item, by the item's number: below zero where it takes a credit.

    discount: taken off besides, and never below zero.
    """

    number: str
    amount: Decimal
    discount: Decimal = ZERO


@dataclass(frozen=True)
class Settled:
    """What is paid of one item."""

    item: OpenItem
    amount: Decimal
    discount: Decimal = ZERO


class Misfit(StrEnum):
    """What does not fit."""

    NOTHING = "nothing"
    UNKNOWN = "unknown"
    SEVERAL = "several"
    CURRENCY = "currency"
    NOT_READY = "not_ready"
    PAID = "paid"
    ABOVE_DUE = "above_due"
    SIGN = "sign"
    DISCOUNT = "discount"
    SUM = "sum"


@dataclass(frozen=True)
class Trouble:
    """One thing that does not fit. number: of the item; empty for the payment as a whole."""

    what: Misfit
    number: str = ""
    claimed: Decimal = ZERO
    due: Decimal = ZERO
    items: tuple[OpenItem, ...] = ()


@dataclass(frozen=True)
class Allocation:
    """What a payment settles; nothing where something does not fit."""

    settled: tuple[Settled, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Paid:
    """A payment as it is told. besides: what it holds that settles no item (fees, adjustments), part of `amount`."""

    amount: Decimal
    currency: str
    claims: Sequence[Claim]
    besides: Decimal = ZERO
    #: What other payments, not in the books yet, take of items, by id.
    spoken: Mapping[str, Decimal] = field(default_factory=dict)


def allocate(paid: Paid, items: Sequence[OpenItem]) -> Allocation:
    """Which of these items are settled. items: of the one who is paid, whatever they are numbered."""
    claims = merged(paid.claims)
    by_number: dict[str, list[OpenItem]] = {}
    for item in items:
        by_number.setdefault(folded(item.number), []).append(item)
    settled: list[Settled] = []
    troubles: list[Trouble] = []
    for claim in claims:
        found = _settle(claim, by_number.get(folded(claim.number), []), paid)
        if isinstance(found, Trouble):
            troubles.append(found)
        else:
            settled += found
    if not claims:
        troubles.append(Trouble(Misfit.NOTHING, claimed=paid.amount))
    total = sum((claim.amount for claim in claims), ZERO) + paid.besides
    if total != paid.amount:
        troubles.append(Trouble(Misfit.SUM, claimed=total, due=paid.amount))
    return Allocation(troubles=tuple(troubles)) if troubles else Allocation(tuple(settled))


def merged(claims: Sequence[Claim]) -> list[Claim]:
    """One claim an item: a payment may name one in several lines. What is paid and what is credited stay two."""
    found: dict[tuple[str, bool], Claim] = {}
    for claim in claims:
        key = (folded(claim.number), claim.amount < 0)
        was = found.get(key)
        if was is None:
            found[key] = claim
        else:
            found[key] = Claim(was.number, was.amount + claim.amount, was.discount + claim.discount)
    return list(found.values())


def folded(number: str) -> str:
    """A number as it is compared: without regard to case and invisible characters."""
    return as_key(number.strip()).casefold()


def _settle(claim: Claim, found: Sequence[OpenItem], paid: Paid) -> list[Settled] | Trouble:
    """What is settled by one claim."""
    if not found:
        return Trouble(Misfit.UNKNOWN, claim.number, claim.amount)
    kind = ItemKind.CREDIT if claim.amount < 0 else ItemKind.BILL
    plain = bool(claim.amount) and claim.discount >= 0
    left = found
    for what, fits in (
        (Misfit.CURRENCY, lambda one: one.currency == paid.currency),
        (Misfit.SIGN, lambda one: plain and one.kind is kind),
        (Misfit.NOT_READY, lambda one: one.ready),
        (Misfit.PAID, lambda one: bool(_due(one, paid))),
    ):
        fitting = [one for one in left if fits(one)]
        if not fitting:
            return _trouble(what, claim, left, paid)
        left = fitting
    return _one(claim, left[0], paid) if len(left) == 1 else _several(claim, left, paid)


def _one(claim: Claim, item: OpenItem, paid: Paid) -> list[Settled] | Trouble:
    due, wanted = _due(item, paid), claim.amount + claim.discount
    if abs(wanted) > abs(due):
        return _trouble(Misfit.ABOVE_DUE, claim, [item], paid)
    if claim.discount and (wanted != due or claim.amount < 0):
        # What is taken off closes the item: a part payment with a discount leaves open how much is still owed.
        return _trouble(Misfit.DISCOUNT, claim, [item], paid)
    return [Settled(item, claim.amount, claim.discount)]


def _several(claim: Claim, items: Sequence[OpenItem], paid: Paid) -> list[Settled] | Trouble:
    """One invoice may stand in the books in several parts: together they are paid, or a person says which."""
    dues = [_due(item, paid) for item in items]
    if claim.discount or sum(dues, ZERO) != claim.amount:
        return _trouble(Misfit.SEVERAL, claim, items, paid)
    return [Settled(item, due) for item, due in zip(items, dues, strict=True)]


def _due(item: OpenItem, paid: Paid) -> Decimal:
    """What is left of an item when the payments that are on their way are in the books; never beyond nothing."""
    left = item.due - paid.spoken.get(item.id, ZERO)
    return max(left, ZERO) if item.kind is ItemKind.BILL else min(left, ZERO)


def _trouble(what: Misfit, claim: Claim, items: Sequence[OpenItem], paid: Paid) -> Trouble:
    # Amounts of several currencies are never added.
    due = sum((_due(one, paid) for one in items), ZERO) if len({one.currency for one in items}) == 1 else ZERO
    return Trouble(what, claim.number, claim.amount + claim.discount, due, tuple(items))
