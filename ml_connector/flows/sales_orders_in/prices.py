"""What a line costs: by the customer's word, by the ERP, or the first compared with the second. Pure functions."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ml_connector.config.partners import SalesRules
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.reference import Customer, ItemFacts, best_price
from ml_connector.documents.values.price_basis import is_decided, pieces
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.price_bases import REMEDY
from ml_connector.flows.reference.sales_book import SalesBook

#: PO105 of what costs nothing (x12-procurement 5).
_NO_CHARGE = "NC"


@dataclass(frozen=True)
class Priced:
    """price: the customer's, for one unit ordered, where that is kept; None: the ERP's counts."""

    price: Decimal | None = None
    told: tuple[str, ...] = ()


def customers_price(order: PurchaseOrder, line: OrderLine) -> Decimal | None:
    """What one unit costs as the order says; None where it says nothing: by contract (x12-procurement 5).

    Raises:
        NeedsCorrection: for how many units it is, or what it means, is not known.
    """
    if line.price is None:
        return None
    if line.price < 0:
        raise _not_plain(order, line, f"has the price {line.price}", "Ask the customer for a corrected order.")
    basis = line.price_basis.strip().upper()
    if line.price and not is_decided(basis):
        raise _not_plain(
            order, line, f"has the price basis {basis}, which is not known", REMEDY.format(code=basis) + "."
        )
    if not line.price and basis != _NO_CHARGE:
        raise _not_plain(
            order,
            line,
            f"has the price 0 without saying that it is free (PO105 {_NO_CHARGE})",
            "Ask the customer whether it is free or for which price; or say `price: ours` under `sales` of its file.",
        )
    one = price_in(line.price, Decimal(1), pieces(basis))
    if one is None:
        raise _not_plain(
            order,
            line,
            f"has a price for {basis} units that does not come out even for one",
            "Ask the customer for the price of one unit, or enter the order by hand and discard this.",
        )
    return one


def priced(
    order: PurchaseOrder,
    line: OrderLine,
    item: ItemFacts,
    unit: str,
    customer: Customer,
    rules: SalesRules,
    book: SalesBook,
    today: date,
) -> Priced:
    """What a line costs by the rules.

    Raises:
        NeedsCorrection: the customer's price cannot be understood, or is too far off ours.
    """
    if rules.price == "ours":
        return Priced(told=_ours_counts(line))
    price = customers_price(order, line)
    if price is None:
        return Priced(told=(f"line {line.number} has no price: the ERP's counts",))
    if rules.price == "theirs":
        return Priced(price)
    expected = _expected(order, line, item, unit, customer, book, today)
    if expected is None:
        raise NeedsCorrection(
            Reason.SALES_PRICE,
            f"Line {line.number} of order {order.number} has the price {price} for a {unit} of {item.code}, and the "
            "ERP has none to compare it with.",
            remedy="Enter a price for the item, or say `price: theirs` or `ours` under `sales` of the partner's file, "
            "and replay.",
            data={"line": line.number, "item": item.code, "unit": unit, "theirs": str(price)},
        )
    if rules.price_tolerance.allows(expected, price):
        return Priced(price)
    raise NeedsCorrection(
        Reason.SALES_PRICE,
        f"Line {line.number} of order {order.number} has the price {price} for a {unit} of {item.code}; ours is "
        f"{expected}.",
        remedy="Settle the price with the customer: correct it in the ERP, and the order is taken up again by "
        "itself; or "
        "have it corrected by the customer and discard this. `price_tolerance` says how much is let pass.",
        data={"line": line.number, "item": item.code, "unit": unit, "theirs": str(price), "ours": str(expected)},
    )


def _ours_counts(line: OrderLine) -> tuple[str, ...]:
    if line.price is None:
        return ()
    per = f" {line.price_basis}" if line.price_basis else ""
    return (f"line {line.number}: the customer has the price {line.price}{per}, the ERP's counts",)


def _expected(
    order: PurchaseOrder,
    line: OrderLine,
    item: ItemFacts,
    unit: str,
    customer: Customer,
    book: SalesBook,
    today: date,
) -> Decimal | None:
    """What the ERP would ask for one unit."""
    currency = order.currency or customer.currency
    day = order.order_date or today
    quantity = line.quantity or Decimal(0)
    listed = best_price(book.prices_of(item), customer.code, currency, unit, quantity, day)
    if listed is not None:
        return _of_unit(item, listed.price, listed.unit or item.sales_unit or item.base_unit, unit)
    foreign = item.price_currency and currency and item.price_currency != currency
    if item.price is None or foreign:
        return None
    return _of_unit(item, item.price, item.price_unit or item.sales_unit or item.base_unit, unit)


def _of_unit(item: ItemFacts, price: Decimal, of: str, unit: str) -> Decimal | None:
    """A price for one unit, of what it is for another; to six places."""
    if of == unit:
        return price
    many = item.converted(Decimal(1), unit, of)
    if many is not None:
        return price * many
    few = item.converted(Decimal(1), of, unit)
    return (price / few).quantize(Decimal("0.000001")) if few else None


def price_in(price: Decimal, ordered: Decimal, posted: Decimal) -> Decimal | None:
    """The same price for another unit: what the line costs stays exactly the same; None where that has no end."""
    exact = Fraction(price) * Fraction(ordered) / Fraction(posted)
    found = Decimal(exact.numerator) / Decimal(exact.denominator)
    return found if Fraction(found) == exact else None


def _not_plain(order: PurchaseOrder, line: OrderLine, why: str, remedy: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.SALES_PRICE,
        f"Line {line.number} of order {order.number} {why}.",
        remedy=remedy,
        data={"line": line.number, "price": str(line.price), "basis": line.price_basis},
    )
