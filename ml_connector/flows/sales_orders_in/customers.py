"""Which customer an order is of: by its partner's file, by the number it has for us, or by where it goes.

Pure functions; each raises NeedsCorrection with what is unknown or contradicts what.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ml_connector.config.partners import Partner, SalesRules
from ml_connector.documents.common import Party
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import NewCustomer
from ml_connector.documents.sales.reference import Customer
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.reference.sales_book import SalesBook, folded
from ml_connector.flows.sales_orders_in.stores import stores_of

#: REF01 of the number that a customer has for us: internal vendor number, vendor id (x12-procurement 4).
_OUR_NUMBERS = ("IA", "VR")
#: N101 of us, and N103 of an id that the customer gave.
_US, _GIVEN_BY_BUYER = ("SE", "VN", "SU"), "92"


def customer_of(order: PurchaseOrder, partner: Partner, rules: SalesRules, book: SalesBook) -> Customer:
    """The customer whose order it is.

    Raises:
        NeedsCorrection: it is not known, more than one fits, it may not order, or the order is another's.
    """
    if rules.customer_by == "their_number":
        customer = _by_their_number(order, book)
    elif rules.customer_by == "location":
        customer = _by_location(order, book)
    else:
        customer = _by_partner(order, partner, book)
    if customer.blocked:
        raise NeedsCorrection(
            Reason.CUSTOMER_BLOCKED,
            f"Customer {customer.code} {customer.name} may not order: its status in the ERP is "
            f"{customer.status or 'blocked'}.",
            remedy="Settle it with finance and release the customer; the order is taken up again by itself.",
            data={"customer": customer.code, "status": customer.status},
        )
    if order.currency and customer.currency and order.currency != customer.currency:
        raise NeedsCorrection(
            Reason.CURRENCY_MISMATCH,
            f"Order {order.number} is in {order.currency}, customer {customer.code} in {customer.currency}.",
            remedy="Ask the customer which currency counts; enter it by hand, or mend the customer's currency.",
            data={"order": order.currency, "customer": customer.currency},
        )
    return customer


def customer_or_new(
    order: PurchaseOrder, partner: Partner, rules: SalesRules, book: SalesBook
) -> tuple[Customer, NewCustomer | None]:
    """The customer, and what it takes to create it where the ERP does not have it and the rules say so.

    Raises:
        NeedsCorrection: as `customer_of`; or the order does not say enough of a new one.
    """
    try:
        return customer_of(order, partner, rules, book), None
    except NeedsCorrection as held:
        if held.reason is not Reason.UNKNOWN_CUSTOMER or not _is_created(rules):
            raise
        new = _new(partner, rules, held)
    number = next(iter(our_numbers(order)), "")
    code = new.code or new.reference
    return Customer(id=new.code, code=code, name=new.name, their_number=number, currency=order.currency), new


def _is_created(rules: SalesRules) -> bool:
    return rules.unknown_customers == "create" and rules.customer_by in {"partner", "their_number"}


def _new(partner: Partner, rules: SalesRules, held: NeedsCorrection) -> NewCustomer:
    told = held.data["proposal"]
    by_partner = rules.customer_by == "partner"
    reference = told.get("their_number", "") or (partner.customer if by_partner else "")
    missing = [
        what
        for what, value in (
            ("a template (`customer_class`)", rules.customer_class),
            ("a name (N1 BY)", told.get("name", "")),
            ("a number that it has for us (REF IA or VR)", reference),
        )
        if not value
    ]
    if missing:
        raise NeedsCorrection(
            Reason.UNKNOWN_CUSTOMER,
            f"{held.message} It cannot be created: {' and '.join(missing)} is not there.",
            remedy=held.remedy,
            data=held.data,
        )
    address = {name: told.get(name, "") for name in ("city", "region", "postal_code", "country", "contact")}
    return NewCustomer(
        code=partner.customer if by_partner else "",
        reference=reference,
        customer_class=rules.customer_class,
        name=told["name"],
        street=tuple(told.get("street", ())),
        **address,
    )


def _by_partner(order: PurchaseOrder, partner: Partner, book: SalesBook) -> Customer:
    customer = book.customer(partner.customer)
    if customer is None:
        raise unknown(order, f"The ERP has no customer {partner.customer} (partner {partner.name}).", partner.customer)
    for number in our_numbers(order):
        others = [one.code for one in book.customers_numbered(number) if one.id != customer.id]
        if others and folded(number) != folded(customer.their_number):
            raise NeedsCorrection(
                Reason.CUSTOMER_CONTRADICTED,
                f"Order {order.number} calls us {number}, which is how customer {others[0]} calls us; its partner "
                f"{partner.name} is customer {customer.code}.",
                remedy="Ask the customer whose order it is. Where one partner orders for several customers, say "
                "`sales: {customer_by: their_number}` in its file.",
                data={"number": number, "customers": others, "customer": customer.code},
            )
    return customer


def _by_their_number(order: PurchaseOrder, book: SalesBook) -> Customer:
    numbers = our_numbers(order)
    found = {one.id: one for number in numbers for one in book.customers_numbered(number)}
    return _only_one(order, found, "number that it has for us (REF IA or VR, N1 SE)", numbers)


def _by_location(order: PurchaseOrder, book: SalesBook) -> Customer:
    codes = list(dict.fromkeys(code for code in stores_of(order) if code))
    found = {one.customer: book.customer(one.customer) for code in codes for one in book.places(code)}
    customers = {key: one for key, one in found.items() if one is not None}
    return _only_one(order, customers, "place that it goes to (N1 ST)", codes)


def _only_one(order: PurchaseOrder, found: dict[str, Customer], by: str, codes: Sequence[str]) -> Customer:
    said = ", ".join(codes) or "(none)"
    if not found:
        raise unknown(order, f"No customer in the ERP is known by the {by}: {said}.", ", ".join(codes))
    if len(found) > 1:
        raise NeedsCorrection(
            Reason.CUSTOMER_CONTRADICTED,
            f"Order {order.number} leads to several customers by the {by}: {said}.",
            remedy="Correct the customers or their places in the ERP; it is taken up again by itself.",
            data={"codes": list(codes), "customers": sorted(one.code for one in found.values())},
        )
    return next(iter(found.values()))


def our_numbers(order: PurchaseOrder) -> list[str]:
    """What the customer calls us in an order."""
    return list(dict.fromkeys(number.strip() for number in _our_numbers(order) if number.strip()))


def _our_numbers(order: PurchaseOrder) -> Iterator[str]:
    yield from (one.value for one in order.references if one.qualifier.upper() in _OUR_NUMBERS)
    for party in order.parties:
        if party.role.upper() in _US:
            if party.id_scheme == _GIVEN_BY_BUYER:
                yield party.id
            yield from (one.value for one in party.references if one.qualifier.upper() in _OUR_NUMBERS)


def unknown(order: PurchaseOrder, message: str, code: str) -> NeedsCorrection:
    """An order of a customer that the ERP does not have, with what it takes to create it."""
    return NeedsCorrection(
        Reason.UNKNOWN_CUSTOMER,
        message,
        remedy="Create the customer as proposed below, or mend `customer` in the partner's file, or the customer's "
        "number for us or code of the place in the ERP; it is taken up again by itself.",
        data={"customer": code, "order": order.number, "proposal": proposal(order, code)},
    )


def proposal(order: PurchaseOrder, code: str) -> dict[str, Any]:
    """What the order says of who orders: what somebody would enter to create the customer."""
    buyer = order.party("BT", "BS", "BY", "OB", "SO")
    place = order.party("ST", "BS")
    made: dict[str, Any] = {
        "code": code,
        "currency": order.currency,
        "their_number": next(iter(our_numbers(order)), ""),
    }
    made |= _address(buyer or place)
    if place is not None:
        made["location"] = {"their_code": place.id, **_address(place)}
    return {name: value for name, value in made.items() if value}


def _address(party: Party | None) -> dict[str, Any]:
    if party is None:
        return {}
    told = {
        "name": party.name,
        "street": list(party.street),
        "city": party.city,
        "region": party.region,
        "postal_code": party.postal_code,
        "country": party.country,
        "contact": next((one.name for one in party.contacts if one.name), ""),
    }
    return {name: value for name, value in told.items() if value}
