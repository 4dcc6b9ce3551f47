"""Where an order is to be delivered: a warehouse of ours, by the partner's code for it, or an address. Pure."""

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import Contact, Party, Reference, changed
from ml_connector.documents.reference import DeliveryAddress, OpenOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.sent_parts import LINES, NAME, STREET, party_at, street_lines

#: N103: the id is the buyer's own code, or the one that the seller agreed to.
BUYERS_CODE = "92"


def ship_to(order: OpenOrder, partner: Partner, settings: IntegrationSettings) -> Party:
    """N1*ST of an order.

    Raises:
        NeedsCorrection: it names no place, the partner has no code for the warehouse, or it is to go elsewhere and the
            address is not known, or the partner takes no such orders (a setting).
    """
    if is_elsewhere(order, settings):
        return _elsewhere(order, partner)
    code = order.warehouse_code
    if order.delivery is not None and order.delivery.warehouse_code:
        code = order.delivery.warehouse_code
    if not code:
        raise _unresolved(
            order, f"Purchase order {order.number} names no warehouse to deliver to.", "Set the warehouse in the ERP."
        )
    name = settings.ship_to_names.get(code, f"Warehouse {code}")
    address = settings.ship_to_addresses.get(code)
    theirs = partner.orders.ship_to.get(code, "" if partner.orders.ship_to else code)
    if not theirs and address is None:
        raise _unresolved(
            order,
            f"Warehouse {code} of purchase order {order.number} has no code for {partner.name}.",
            "Add it under orders.ship_to in the partner's file, or its address under ship_to_addresses of the"
            " integration: then it is sent as name and address.",
        )
    party = Party(role="ST", name=name)
    if address is not None:
        where = (address.street, address.city, address.region, address.postal_code, address.country)
        party = party_at("ST", name, *where)
    return changed(party, id_scheme=BUYERS_CODE, id=theirs.zfill(2)) if theirs else party


def is_elsewhere(order: OpenOrder, settings: IntegrationSettings) -> bool:
    """Whether an order goes to another place than a warehouse of ours."""
    place = order.delivery
    if order.drop_shipment:
        return True
    if place is None or place.warehouse_code:
        return False
    return place.account not in settings.flows.orders_out.own_accounts if place.account else True


def _elsewhere(order: OpenOrder, partner: Partner) -> Party:
    place = order.delivery or DeliveryAddress()
    kind = "a drop shipment" if order.drop_shipment else "to be delivered to an address of its own"
    rules = partner.orders
    setting = "drop_shipments" if order.drop_shipment else "other_addresses"
    rule = rules.drop_shipments if order.drop_shipment else rules.other_addresses
    if rule == "hold":
        raise _unresolved(
            order,
            f"Purchase order {order.number} is {kind} ({place.name or 'nobody is named'}), and {partner.name} gets no"
            " such orders.",
            f"Tell the partner, and discard it here; or set orders.{setting}: send in its file.",
        )
    theirs = rules.ship_to.get(place.id) or rules.ship_to.get(place.account) or ""
    if not theirs and not (place.name and place.street and (place.city or place.postal_code)):
        raise _unresolved(
            order,
            f"Purchase order {order.number} is {kind}, and the ERP gives no whole address of it"
            f" ({', '.join(_said(place)) or 'nothing'}).",
            "Complete the delivery address in the ERP (name, street, town), give our user there the right to read"
            " addresses, and touch the order there.",
        )
    if len(street_lines(place.street, place.region)) > LINES:
        raise _unresolved(
            order,
            f"Purchase order {order.number} is {kind}, and its address is longer than {LINES} lines of {STREET}"
            f" characters ({', '.join(place.street)}).",
            "Shorten the address in the ERP, and touch the order there.",
        )
    party = party_at("ST", place.name, place.street, place.city, place.region, place.postal_code, place.country)
    if place.contact or place.phone:
        numbers = (Reference(qualifier="TE", value=place.phone),) if place.phone else ()
        contact = Contact(function="DC", name=place.contact[:NAME], numbers=numbers)
        party = changed(party, contacts=(contact,))
    return changed(party, id_scheme=BUYERS_CODE, id=theirs.zfill(2)) if theirs else party


def _said(place: DeliveryAddress) -> list[str]:
    return [text for text in (place.name, *place.street, place.postal_code, place.city) if text]


def _unresolved(order: OpenOrder, what: str, remedy: str) -> NeedsCorrection:
    data = {"order": order.number, "warehouse": order.warehouse_code}
    if order.delivery is not None:
        data["address"] = ", ".join(_said(order.delivery))
    return NeedsCorrection(Reason.UNRESOLVED_SHIP_TO, what, remedy=remedy, data=data)
