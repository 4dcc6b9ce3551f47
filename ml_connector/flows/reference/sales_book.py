"""What the ERP knows of customers, their places and items, as orders ask for it: read once for many orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ml_connector.documents.sales.reference import (
    Customer,
    CustomerLocation,
    ItemFacts,
    NumberKind,
    SalesPrice,
    SalesTable,
)
from ml_connector.flows.reference.lookup import ReferenceBook

K = TypeVar("K")
V = TypeVar("V")

#: Kinds of numbers that a GTIN, a UPC or a bar code may be kept as.
_PRODUCT_CODES = (NumberKind.GTIN, NumberKind.BARCODE, NumberKind.EVERYBODY)


@dataclass(frozen=True)
class ItemNumber:
    """An item that a number leads to. unit: of which unit of it; empty: of all."""

    item: ItemFacts
    unit: str = ""


def folded(text: str) -> str:
    """A code as it is compared: in capitals or not, without blanks around it."""
    return text.strip().casefold()


def product_code(text: str) -> str:
    """A GTIN as it is compared: UPC-12, EAN-13 and GTIN-14 of one product differ in leading zeros only."""
    plain = folded(text).replace(" ", "").replace("-", "")
    return plain.lstrip("0") if plain.isascii() and plain.isdigit() else plain


@dataclass(frozen=True)
class SalesBook:
    """Look-ups over the tables."""

    customers: Sequence[Customer]
    locations: Sequence[CustomerLocation]
    items: Sequence[ItemFacts]
    prices: Sequence[SalesPrice] = ()

    def customer(self, code: str) -> Customer | None:
        """By code or id."""
        return self._customers.get(folded(code))

    def customers_numbered(self, number: str) -> Sequence[Customer]:
        """Those that have this number for us."""
        return self._by_their_number.get(folded(number), ())

    def places(self, code: str, customer: Customer | None = None) -> list[CustomerLocation]:
        """Places that a customer (any, where none is given) has this code for, else those that we have it for."""
        owner = customer.id if customer is not None else ""
        theirs = [one for one in self._by_their_code.get(folded(code), ()) if owner in {"", one.customer}]
        if theirs or customer is None:
            return theirs
        return [one for one in self._by_customer.get(customer.id, ()) if folded(one.code) == folded(code)]

    def place_of(self, customer: Customer, code: str) -> CustomerLocation | None:
        """A customer's place by our code."""
        found = (one for one in self._by_customer.get(customer.id, ()) if folded(one.code) == folded(code))
        return next(found, None)

    def item(self, code: str) -> ItemFacts | None:
        """By our own number."""
        return self._items.get(folded(code))

    def by_customers_number(self, customer: Customer, number: str) -> Sequence[ItemNumber]:
        """Items that a customer calls so."""
        names = dict.fromkeys((folded(customer.id), folded(customer.code)))
        return [one for name in names for one in self._by_customers_number.get((name, folded(number)), ())]

    def by_common_number(self, number: str) -> Sequence[ItemNumber]:
        """Items that everybody may call so."""
        return self._by_common_number.get(folded(number), ())

    def by_product_code(self, code: str) -> Sequence[ItemNumber]:
        """Items that have this GTIN, UPC or bar code."""
        return self._by_product_code.get(product_code(code), ())

    def prices_of(self, item: ItemFacts) -> Sequence[SalesPrice]:
        """What the ERP's price list has of an item."""
        return self._prices.get(item.code, ())

    @cached_property
    def _customers(self) -> Mapping[str, Customer]:
        return {folded(name): one for one in self.customers for name in (one.id, one.code)}

    @cached_property
    def _by_their_number(self) -> Mapping[str, list[Customer]]:
        return _grouped((folded(one.their_number), one) for one in self.customers if one.their_number)

    @cached_property
    def _by_their_code(self) -> Mapping[str, list[CustomerLocation]]:
        return _grouped((folded(one.their_code), one) for one in self.locations if one.their_code)

    @cached_property
    def _by_customer(self) -> Mapping[str, list[CustomerLocation]]:
        return _grouped((one.customer, one) for one in self.locations)

    @cached_property
    def _items(self) -> Mapping[str, ItemFacts]:
        return {folded(name): one for one in self.items for name in (one.id, one.code)}

    @cached_property
    def _by_customers_number(self) -> Mapping[tuple[str, str], list[ItemNumber]]:
        return _grouped(
            ((folded(number.party), folded(number.number)), ItemNumber(item, number.unit))
            for item in self.items
            for number in item.numbers
            if number.kind == NumberKind.CUSTOMER
        )

    @cached_property
    def _by_common_number(self) -> Mapping[str, list[ItemNumber]]:
        return _grouped(
            (folded(number.number), ItemNumber(item, number.unit))
            for item in self.items
            for number in item.numbers
            if number.kind == NumberKind.EVERYBODY
        )

    @cached_property
    def _by_product_code(self) -> Mapping[str, list[ItemNumber]]:
        return _grouped(
            (product_code(number.number), ItemNumber(item, number.unit))
            for item in self.items
            for number in item.numbers
            if number.kind in _PRODUCT_CODES
        )

    @cached_property
    def _prices(self) -> Mapping[str, list[SalesPrice]]:
        return _grouped((one.item, one) for one in self.prices)


def sales_book(book: ReferenceBook) -> SalesBook:
    """The tables as they are in a book; which versions they are is noted there."""
    return SalesBook(
        customers=tuple(book.records(SalesTable.CUSTOMERS)),
        locations=tuple(book.records(SalesTable.CUSTOMER_LOCATIONS)),
        items=tuple(book.records(SalesTable.ITEM_FACTS)),
        prices=tuple(book.records(SalesTable.SALES_PRICES)),
    )


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
