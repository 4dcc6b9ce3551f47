"""Allowances, charges and payment terms of an order, beside what the ERP has for the customer. Pure functions."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import AllowanceCharge, AllowanceKind, PaymentTerms
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import OrderCharge
from ml_connector.documents.sales.reference import Customer
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.settings import TermsMeaning

#: SAC02 of taxes (x12-procurement 4): the ERP computes them.
_TAXES = frozenset({"H850", "H740", "H770", "D360"})
_COUNTED = (AllowanceKind.ALLOWANCE, AllowanceKind.CHARGE)


def charges_of(
    order: PurchaseOrder, rules: SalesRules, book: SalesBook, *, divided: bool
) -> tuple[tuple[OrderCharge, ...], tuple[str, ...]]:
    """What is put on the order for its allowances and charges, and what is told. divided: it becomes several orders.

    Raises:
        NeedsCorrection: a person has to decide.
    """
    found: list[OrderCharge] = []
    told: list[str] = []
    for place, charge in _charges(order):
        words = f"{place}{_words(charge)}"
        if charge.kind is AllowanceKind.NEITHER or charge.code in _TAXES or rules.charges == "tell":
            told.append(f"{words}: left to the ERP")
        elif rules.charges == "hold":
            raise _held(order, charge, words, "which needs a decision")
        elif charge.kind not in _COUNTED:
            raise _held(order, charge, words, f"of a kind ({charge.kind}, SAC01) that is neither allowance nor charge")
        elif charge.amount is None:
            raise _held(order, charge, words, "without an amount (SAC05)")
        elif divided:
            raise _held(order, charge, words, "which cannot be divided over orders of several stores")
        else:
            found.append(_charge(order, charge, words, rules, book))
    return tuple(found), tuple(told)


def _charges(order: PurchaseOrder) -> Iterator[tuple[str, AllowanceCharge]]:
    yield from (("", one) for one in order.allowances)
    yield from ((f"line {line.number}, ", one) for line in order.lines for one in line.allowances)


def _words(charge: AllowanceCharge) -> str:
    what = {AllowanceKind.ALLOWANCE: "allowance", AllowanceKind.CHARGE: "charge"}.get(charge.kind, "SAC")
    size = str(charge.amount) if charge.amount is not None else f"{charge.percent} %" if charge.percent else ""
    return " ".join(part for part in (what, charge.code, size, charge.description) if part)


def _charge(
    order: PurchaseOrder, charge: AllowanceCharge, words: str, rules: SalesRules, book: SalesBook
) -> OrderCharge:
    code = rules.charge_items.get(charge.code, "")
    item = book.item(code) if code else None
    if item is None:
        raise _held(order, charge, words, f"whose item {code} the ERP does not have" if code else "which has no item")
    return OrderCharge(
        code=charge.code,
        amount=charge.signed_amount,
        description=charge.description,
        item_id=item.id,
        item_code=item.code,
    )


def _held(order: PurchaseOrder, charge: AllowanceCharge, words: str, why: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.ORDER_CHARGE,
        f"Order {order.number} has {words}, {why}.",
        remedy="Say under `sales` of the partner's file what becomes of such ones: `charges: tell` leaves them to the "
        "ERP, `charges: post` with `charge_items` puts them on the order. Then replay.",
        data={"order": order.number, "code": charge.code, "amount": str(charge.amount or ""), "kind": str(charge.kind)},
    )


def terms_told(
    order: PurchaseOrder, customer: Customer, known: Mapping[str, TermsMeaning], rules: SalesRules
) -> tuple[str, ...]:
    """What is told of the order's payment terms; nothing where they are the customer's.

    Raises:
        NeedsCorrection: they are others, and the rules hold that.
    """
    differences = [one for terms in order.terms for one in _differences(terms, customer, known)]
    if differences and rules.terms_differ == "hold":
        raise NeedsCorrection(
            Reason.TERMS_DIFFER,
            f"Order {order.number} has other payment terms than customer {customer.code}: {'; '.join(differences)}.",
            remedy="Settle the terms with the customer: correct them in the ERP, or say `terms_differ: tell` under "
            "`sales` of the partner's file and replay.",
            data={
                "order": order.number,
                "customer": customer.code,
                "terms": customer.terms,
                "differences": differences,
            },
        )
    return tuple(f"payment terms: {one}; the customer's count" for one in differences)


def _differences(terms: PaymentTerms, customer: Customer, known: Mapping[str, TermsMeaning]) -> Iterator[str]:
    said: tuple[tuple[str, Decimal | int | None, str], ...] = (
        ("net days", terms.net_days, "net_days"),
        ("discount percent", terms.discount_percent, "discount_percent"),
        ("discount days", terms.discount_days, "discount_days"),
    )
    ours = known.get(customer.terms)
    for what, value, name in said:
        if value is None:
            continue
        if ours is None:
            yield f"{what} {value}, and `terms` does not say what {customer.terms or 'none'} is"
            continue
        have = getattr(ours, name)
        if (have or 0) != value:
            yield f"{what} {value}, ours {have if have is not None else 'none'} ({customer.terms})"
