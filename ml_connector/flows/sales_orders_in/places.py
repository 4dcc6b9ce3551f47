"""Where an order goes: to a place of the customer, found by the customer's code of it, or to an address of its own.

Pure functions.
"""

from dataclasses import dataclass
from typing import Any

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import Party
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.records import json_values
from ml_connector.documents.sales.orders import ShipToAddress
from ml_connector.documents.sales.reference import Customer, CustomerLocation
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.reference.sales_book import SalesBook, folded
from ml_connector.flows.sales_orders_in.stores import SHIP_TO


@dataclass(frozen=True)
class ShipTo:
    """Where something goes. location: of the customer; None: its usual one. address: overrides that."""

    location: CustomerLocation | None = None
    address: ShipToAddress | None = None
    store: str = ""
    told: tuple[str, ...] = ()


def header_party(order: PurchaseOrder) -> Party | None:
    """Where the whole order goes, as it says.

    Raises:
        NeedsCorrection: it names several places, and nothing says what goes where.
    """
    parties = [one for role in SHIP_TO for one in order.parties if one.role.upper() == role]
    first = [one for one in parties if one.role.upper() == parties[0].role.upper()] if parties else []
    if len({(folded(one.id), one.name) for one in first}) > 1:
        raise NeedsCorrection(
            Reason.STORE_QUANTITIES,
            f"Order {order.number} goes to several places (N1 {first[0].role}) and does not say what goes where.",
            remedy="Ask the customer what goes where; enter it in the ERP by hand, then discard this.",
            data={"order": order.number, "places": [one.id or one.name for one in first]},
        )
    return first[0] if first else None


def place_of(
    order: PurchaseOrder, customer: Customer, store: str, party: Party | None, rules: SalesRules, book: SalesBook
) -> ShipTo:
    """The place that a code or a party means.

    Raises:
        NeedsCorrection: it is no place of the customer's that is active, or its address cannot be used.
    """
    if not store and party is None:
        return ShipTo(told=("it names no place: it goes to the customer's usual one",))
    found = book.places(store, customer) if store else []
    if len(found) > 1:
        raise _unknown(order, customer, store, party, f"several places of customer {customer.code} have the code")
    if found and not found[0].active:
        raise _unknown(
            order, customer, store, party, f"place {found[0].code} of customer {customer.code} is not active:"
        )
    if found:
        return ShipTo(found[0], None, store, _moved(found[0], party))
    address = _address(party) if party is not None else None
    if rules.unknown_ship_to == "address" and address is not None:
        return ShipTo(None, address, store, ("its address is put on the order: no place of the customer has it",))
    if not store and party is not None:
        same = _of_address(customer, party, book)
        if same is not None:
            return ShipTo(same, None, "", (f"its address is that of place {same.code}",))
    raise _unknown(order, customer, store, party, f"no place of customer {customer.code} has the code")


def _address(party: Party) -> ShipToAddress | None:
    """The address of a party; None for one that nothing can be delivered to."""
    if not party.street or not party.city:
        return None
    numbers = {one.qualifier: one.value for contact in party.contacts for one in contact.numbers}
    return ShipToAddress(
        name=" ".join((party.name, *party.more_names)).strip(),
        street=party.street,
        city=party.city,
        region=party.region,
        postal_code=party.postal_code,
        country=party.country,
        contact=next((one.name for one in party.contacts if one.name), ""),
        phone=numbers.get("TE", ""),
        email=numbers.get("EM", ""),
    )


def _of_address(customer: Customer, party: Party, book: SalesBook) -> CustomerLocation | None:
    """The one active place of the customer that has this very address."""
    wanted = _plain(party.street, party.city, party.postal_code)
    found = [
        one
        for one in book.locations
        if one.customer == customer.id and one.active and _plain(one.street, one.city, one.postal_code) == wanted
    ]
    return found[0] if len(found) == 1 and all(wanted) else None


def _moved(location: CustomerLocation, party: Party | None) -> tuple[str, ...]:
    """Told where an order gives an address that is not the place's own: the place counts."""
    if party is None or not party.postal_code or not location.postal_code:
        return ()
    if _plain((), "", party.postal_code) == _plain((), "", location.postal_code):
        return ()
    return (f"its address has postal code {party.postal_code}, place {location.code} has {location.postal_code}",)


def _plain(street: tuple[str, ...], city: str, postal_code: str) -> tuple[str, str, str]:
    values = (" ".join(street), city, postal_code)
    return tuple("".join(one.split()).casefold() for one in values)  # type: ignore[return-value]  # three of them


def _unknown(order: PurchaseOrder, customer: Customer, store: str, party: Party | None, why: str) -> NeedsCorrection:
    name = store or (party.name if party is not None else "") or "(none)"
    proposed: dict[str, Any] = {"customer": customer.code, "their_code": store}
    if party is not None:
        address = _address(party)
        proposed |= json_values(address) if address is not None else {}
        proposed["name"] = party.name
    return NeedsCorrection(
        Reason.UNKNOWN_SHIP_TO,
        f"Order {order.number} goes to {name}: {why} {name}.",
        remedy="Enter the customer's code at the place in the ERP, or create the place as proposed; it is taken "
        "up again "
        "by itself. Or say `unknown_ship_to: address` under `sales` of the partner's file, and replay.",
        data={"order": order.number, "place": name, "proposal": {k: v for k, v in proposed.items() if v}},
    )
