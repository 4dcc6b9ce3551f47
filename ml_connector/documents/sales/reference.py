"""What sales need to know of an ERP: customers, their places, items with their other numbers, units and prices."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from ml_connector.documents.common import Record

#: Decimal places that are kept of a quantity that was converted.
PLACES = 6


class SalesTable(StrEnum):
    """Reference tables of sales; an ERP that sells nothing through here has none of them."""

    CUSTOMERS = "customers"
    CUSTOMER_LOCATIONS = "customer_locations"
    ITEM_FACTS = "item_facts"
    SALES_PRICES = "sales_prices"


class Customer(Record):
    """A customer. their_number: their number for us. attributes: by the ERP's name of each, as for an EDI id.

    terms: the ERP's code of its payment terms. location: code of the place that it is delivered to if nothing is said.
    """

    id: str
    code: str
    name: str = ""
    status: str = ""
    blocked: bool = False
    their_number: str = ""
    currency: str = ""
    terms: str = ""
    tax_zone: str = ""
    customer_class: str = ""
    location: str = ""
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


class CustomerLocation(Record):
    """A place of a customer. customer: the customer's id. their_code: their code of it, as N1 ST has it."""

    id: str
    code: str
    customer: str
    name: str = ""
    active: bool = True
    default: bool = False
    their_code: str = ""
    tax_zone: str = ""
    warehouse: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


class NumberKind(StrEnum):
    """Whose a further number of an item is."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    EVERYBODY = "everybody"
    GTIN = "gtin"
    BARCODE = "barcode"


class CrossReference(Record):
    """Another number of an item. kind: a NumberKind, or whatever else the ERP has. party: code of whose it is.

    unit: of which unit of the item it is the number; empty where it is for all.
    """

    number: str
    kind: str = ""
    party: str = ""
    unit: str = ""


class UnitConversion(Record):
    """How many of a unit come to one of another: a `from_unit` is `factor` of `to_unit`, or its reciprocal."""

    from_unit: str
    to_unit: str
    factor: Decimal
    divides: bool = False


class ItemFacts(Record):
    """What an item has beside what all ERPs tell: numbers and units for sales and purchases.

    not_sold: it cannot be ordered by customers. price: what one `price_unit` (empty: `sales_unit`) costs by default, in
    `price_currency` (empty: the company's own); none where it is nothing.
    """

    added = frozenset({"not_sold", "price", "price_unit", "price_currency"})

    id: str
    code: str
    status: str = ""
    stock: bool = False
    base_unit: str = ""
    purchase_unit: str = ""
    sales_unit: str = ""
    tax_category: str = ""
    tracked: bool = False
    receipt_needed: bool = True
    not_sold: bool = False
    price: Decimal | None = None
    price_unit: str = ""
    price_currency: str = ""
    numbers: tuple[CrossReference, ...] = ()
    conversions: tuple[UnitConversion, ...] = ()

    def has_unit(self, unit: str) -> bool:
        """Whether it is kept, bought or sold in a unit."""
        return bool(unit) and self._base_units(unit) is not None

    def converted(self, quantity: Decimal, unit: str, wanted: str) -> Decimal | None:
        """A quantity of one unit in another, exactly; None where it does not come out even, or a unit is unknown."""
        if unit == wanted:
            return quantity
        one, other = self._base_units(unit), self._base_units(wanted)
        return _decimal(Fraction(quantity) * one / other) if one and other else None

    def _base_units(self, unit: str) -> Fraction | None:
        """How many base units one comes to."""
        if unit == self.base_unit:
            return Fraction(1)
        for one in self.conversions:
            if (one.from_unit, one.to_unit) == (unit, self.base_unit) and one.factor:
                return 1 / Fraction(one.factor) if one.divides else Fraction(one.factor)
        return None


class SalesPrice(Record):
    """What an item costs. customer: code of whom it is for; empty: for all. Valid from and to these days, both in."""

    id: str
    code: str
    item: str
    customer: str = ""
    unit: str = ""
    price: Decimal
    currency: str = ""
    from_quantity: Decimal = Decimal(0)
    begins: date | None = None
    ends: date | None = None


def best_price(
    prices: Iterable[SalesPrice], customer: str, currency: str, unit: str, quantity: Decimal, day: date
) -> SalesPrice | None:
    """The price that holds: the customer's own before the general one, of breaks the highest that is reached."""
    fitting = [
        one
        for one in prices
        if one.customer in {"", customer}
        and one.currency in {"", currency}
        and one.unit in {"", unit}
        and one.from_quantity <= quantity
        and (one.begins is None or one.begins <= day)
        and (one.ends is None or day <= one.ends)
    ]
    return max(fitting, key=lambda one: (bool(one.customer), one.from_quantity), default=None)


def _decimal(number: Fraction) -> Decimal | None:
    """The number where it has an end within the places that are kept of quantities; else None."""
    scaled = number * 10**PLACES
    return Decimal(scaled.numerator).scaleb(-PLACES) if scaled.denominator == 1 else None
