"""What a customer is told of a shipment: the tree of an 856 (x12-procurement 7). Pure functions.

Shipment, its orders, the pallets and packs where they are known, and the items as the customer ordered them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner, ShipmentsToPartner
from ml_connector.documents.common import KeptSegment, Party, Purpose
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.documents.sales.shipments import Package, SentLine, SentShipment
from ml_connector.documents.shipments import ShipNotice
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.edi.writing.reread import as_read
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.customers_orders.lines import by_customers_line, in_ordered_unit
from ml_connector.flows.meaning.sent_parts import party_at
from ml_connector.flows.shipments_out.facts import NoticeFacts, ShippedFor
from ml_connector.flows.shipments_out.packing import Piece, pieces_of
from ml_connector.flows.shipments_out.settings import ShipmentsOut
from ml_connector.flows.shipments_out.tree import Tree, segment

#: BSN05: shipment, order, pack, item; the same without packs.
WITH_PACKS, WITHOUT_PACKS = "0001", "0004"
#: DTM01: shipped; expires.
SHIPPED, EXPIRES = "011", "036"
#: N103: whose code it is.
THEIRS = "92"
#: TD101 of cartons; TD106 gross weight; TD501 carrier, TD502 its SCAC.
CARTONS, GROSS, CARRIER, BY_SCAC = "CTN", "G", "B", "2"
#: Characters of PID05, and of TD505.
TEXT, ROUTING = 80, 35
#: Application identifier of an SSCC (MAN02 with GM).
IDENTIFIER = "00"


@dataclass(frozen=True)
class _Told:
    """A piece with what the customer calls it. line: None for what it has not ordered. store: the customer's code of
    the one that it is for; empty where it is for the order's own place.
    """

    piece: Piece
    of: ShippedFor
    line: OrderLine | None
    quantity: Decimal
    unit: str
    store: str

    @property
    def pack(self) -> Package | None:
        return self.piece.package


def ship_notice(
    facts: NoticeFacts,
    partner: Partner,
    settings: IntegrationSettings,
    rules: ShipmentsOut,
    at: datetime,
    *,
    purpose: Purpose = Purpose.ORIGINAL,
) -> ShipNotice:
    """The notice that the customer gets.

    Raises:
        NeedsCorrection: nothing was shipped, orders of others are in it, a quantity cannot be told in what was
            ordered, or a pack that the customer wants is not known.
    """
    shipment, own = facts.shipment, partner.shipments
    _check(facts, partner)
    told = [_told(piece, facts, rules) for piece in pieces_of(shipment)]
    in_packs = _in_packs(told, shipment, own)
    tree = Tree()
    top = tree.add("S", "", *_shipment(facts, told, partner, settings, rules, in_packs=in_packs))
    for order in facts.orders:
        parts = [one for one in told if one.of is order]
        for store in dict.fromkeys(one.store for one in parts):
            _add_order(tree, top, [one for one in parts if one.store == store], own, in_packs=in_packs)
    notice = ShipNotice(
        number=shipment.number,
        notice_date=at.date(),
        notice_time=at.time().replace(second=0, microsecond=0, tzinfo=None),
        purpose=purpose,
        structure=WITH_PACKS if in_packs else WITHOUT_PACKS,
        tree=tree.built(),
    )
    return as_read(notice)


def _check(facts: NoticeFacts, partner: Partner) -> None:
    shipment = facts.shipment
    if not shipment.lines:
        raise NeedsCorrection(
            Reason.NOTHING_TO_SEND,
            f"Shipment {shipment.number} has no lines.",
            remedy="Correct it in the ERP; it is read again when it is saved. Or discard this here.",
            data={"shipment": shipment.number},
        )
    if facts.others:
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER,
            f"Shipment {shipment.number} holds goods of {', '.join(facts.others[:10])} too, which no order (850) of"
            f" {partner.name} is behind.",
            remedy=f"Tell {partner.name} of this shipment another way and discard this here. Shipments of their own"
            " for orders by EDI leave by themselves.",
            data={"shipment": shipment.number, "orders": list(facts.others[:20])},
        )


def _told(piece: Piece, facts: NoticeFacts, rules: ShipmentsOut) -> _Told:
    sent = piece.line
    of = next(one for one in facts.orders if one.order_id == sent.order_id)
    posted = _posted(sent, of.posted)
    if posted is None:
        unit = rules.unit_codes.get(sent.unit, "")
        if len(unit) != 2:
            raise NeedsCorrection(
                Reason.UNIT_MISMATCH,
                f"Unit {sent.unit or '(none)'} of line {sent.number}, shipment {facts.shipment.number}, which the"
                " customer has not ordered, is mapped to no X12 unit.",
                remedy="Map it under shipments_out.units.",
                data={"shipment": facts.shipment.number, "line": sent.number, "unit": sent.unit},
            )
        return _Told(piece, of, None, piece.quantity, unit, _store(of, ""))
    at = by_customers_line(of.order, of.posted.lines)[of.posted.lines.index(posted)]
    line = of.order.lines[at]
    quantity = in_ordered_unit(piece.quantity, sent.unit, posted, f"shipment {facts.shipment.number}")
    return _Told(piece, of, line, quantity, line.unit or posted.ordered_unit, _store(of, posted.store))


def _posted(sent: SentLine, order: SalesOrder) -> SalesOrderLine | None:
    """The posted line that a shipped one is of: by number and item, by an item on one line, by the number alone."""
    same = [one for one in order.lines if one.item_code == sent.item_code]
    exact = [one for one in same if one.number == sent.order_line]
    if exact or len(same) == 1:
        return (exact or same)[0]
    if same:
        return None
    return next((one for one in order.lines if one.number == sent.order_line), None)


def _in_packs(told: Sequence[_Told], shipment: SentShipment, own: ShipmentsToPartner) -> bool:
    """Whether packs are told.

    Raises:
        NeedsCorrection: the customer wants each piece in a pack with an SSCC, and one is not.
    """
    if own.packs == "required":
        loose = next((one for one in told if one.pack is None or not one.pack.sscc), None)
        if loose is not None:
            where = "in no package" if loose.pack is None else f"in package {loose.pack.number}, which has no SSCC"
            raise NeedsCorrection(
                Reason.NOTHING_TO_SEND,
                f"{loose.piece.quantity} {loose.piece.line.unit} of {loose.piece.line.item_code} in shipment"
                f" {shipment.number} stand {where}; the customer wants packs with an SSCC.",
                remedy="Say in the ERP what is in each package, and its SSCC; the shipment is read again when it is"
                " saved. Or set shipments.packs: known in the customer's file.",
                data={"shipment": shipment.number, "item": loose.piece.line.item_code},
            )
    return own.packs != "none" and any(_is_pack(one.pack) for one in told)


def _is_pack(pack: Package | None) -> bool:
    """Whether a package has a number that it can be known by."""
    return pack is not None and bool(pack.sscc or pack.tracking)


def _shipment(
    facts: NoticeFacts,
    told: Sequence[_Told],
    partner: Partner,
    settings: IntegrationSettings,
    rules: ShipmentsOut,
    *,
    in_packs: bool,
) -> Iterator[KeptSegment | None]:
    shipment, own = facts.shipment, partner.shipments
    yield _cartons(shipment, rules)
    yield _carrier(shipment, rules)
    if own.bill_of_lading:
        yield segment("REF", own.bill_of_lading, shipment.number)
    if own.tracking and not in_packs:
        for tracking in dict.fromkeys(one.tracking for one in shipment.packages if one.tracking):
            yield segment("REF", own.tracking, tracking)
    yield segment("DTM", SHIPPED, _day(shipment.ship_date))
    number = own.supplier_number
    yield segment("N1", "SF", settings.company_name or settings.identity.id, THEIRS if number else "", number)
    yield _place(facts, told, partner)


def _cartons(shipment: SentShipment, rules: ShipmentsOut) -> KeptSegment | None:
    """How many packages, and their gross weight where all say theirs in one unit."""
    packages = shipment.packages
    if not packages:
        return None
    units = {rules.unit_codes.get(one.weight_unit, "") for one in packages}
    unit = units.pop() if len(units) == 1 else ""
    if not unit or any(one.weight is None for one in packages):
        return segment("TD1", CARTONS, str(len(packages)))
    weight = sum((one.weight or Decimal(0) for one in packages), Decimal(0))
    return segment("TD1", CARTONS, str(len(packages)), "", "", "", GROSS, decimal_text(weight), unit)


def _carrier(shipment: SentShipment, rules: ShipmentsOut) -> KeptSegment | None:
    known = rules.carriers.get(shipment.ship_via)
    if known is not None:
        return segment("TD5", CARRIER, BY_SCAC, known.scac, known.mode, shipment.ship_via[:ROUTING])
    return segment("TD5", "", "", "", "", shipment.ship_via[:ROUTING]) if shipment.ship_via else None


def _place(facts: NoticeFacts, told: Sequence[_Told], partner: Partner) -> KeptSegment | None:
    """Where it goes: as all its orders say it alike, else as the ERP has the address."""
    stores = {one.store for one in told}
    if len(stores) == 1 and (store := stores.pop()):
        return segment("N1", "ST", "", THEIRS, store)
    places = [_party_of(one.order, "ST") for one in facts.orders]
    first = places[0] if places else None
    if first is not None and not stores - {""} and all(one == first for one in places):
        return _n1(first)
    to = facts.shipment.ship_to
    if to is None:
        return None
    name = to.name or partner.title or partner.name
    return _n1(party_at("ST", name, to.street, to.city, to.region, to.postal_code, to.country))


def _store(of: ShippedFor, own: str) -> str:
    """The customer's code of the store that a line is for; empty where that is the order's own place."""
    place, store = _party_of(of.order, "ST"), own or of.posted.store
    return "" if place is not None and place.id.strip() == store else store


def _party_of(order: PurchaseOrder, role: str) -> Party | None:
    return next((one for one in order.parties if one.role == role), None)


def _n1(party: Party) -> KeptSegment:
    street = [segment("N3", *party.street[at : at + 2]) for at in range(0, len(party.street), 2)]
    names = [segment("N2", *party.more_names[:2])] if party.more_names else []
    town = segment("N4", party.city, party.region, party.postal_code, party.country)
    inside = (*names, *street[:2], *([town] if town.elements else []))
    return segment("N1", party.role, party.name, party.id_scheme, party.id, inside=inside)


def _add_order(tree: Tree, top: str, parts: Sequence[_Told], own: ShipmentsToPartner, *, in_packs: bool) -> None:
    """What is for one order, and one store of it: pallets and packs with what is in them, then what is loose."""
    order, store = parts[0].of.order, parts[0].store
    buyer = _party_of(order, "BY")
    numbers = dict.fromkeys(one.piece.line.order_number for one in parts if one.piece.line.order_number)
    below = tree.add(
        "O",
        top,
        segment("PRF", order.number, order.release, "", _day(order.order_date)),
        *(segment("REF", own.our_order_reference, one) for one in numbers if own.our_order_reference),
        segment("N1", "BY", "", THEIRS, store) if store else _n1(buyer) if buyer is not None else None,
    )
    packed = [one for one in parts if in_packs and _is_pack(one.pack)]
    pallets: dict[str, str] = {}
    packs: dict[int, str] = {}
    for one in packed:
        pack = one.pack
        assert pack is not None
        if pack.number not in packs:
            if pack.pallet and pack.pallet not in pallets:
                pallets[pack.pallet] = tree.add("T", below, _marked(pack.pallet))
            packs[pack.number] = tree.add("P", pallets.get(pack.pallet, below), *_pack(pack, own))
        for inner in [each for each in packed if each.pack is pack] if one is _first(packed, pack) else []:
            tree.add("I", packs[pack.number], *_item(inner, own))
    for one in parts:
        if one not in packed:
            tree.add("I", below, *_item(one, own))


def _first(packed: Sequence[_Told], pack: Package) -> _Told:
    return next(one for one in packed if one.pack is pack)


def _marked(sscc: str) -> KeptSegment:
    return segment("MAN", "GM", IDENTIFIER + sscc)


def _pack(pack: Package, own: ShipmentsToPartner) -> Iterator[KeptSegment]:
    """By its SSCC, with the tracking number beside it; else by that alone."""
    if pack.sscc:
        if pack.tracking and own.tracking:
            yield segment("REF", own.tracking, pack.tracking)
        yield _marked(pack.sscc)
    else:
        yield segment("MAN", "CP", pack.tracking)


def _item(told: _Told, own: ShipmentsToPartner) -> Iterator[KeptSegment]:
    piece, line = told.piece, told.line
    pairs = [(one.qualifier, one.value) for one in (line.items if line is not None else ())]
    ours = own.our_item_qualifier or ("" if pairs else "VP")
    if ours and not any(qualifier == ours for qualifier, _ in pairs):
        pairs.append((ours, piece.line.item_code))
    if piece.lot and own.lot_qualifier:
        pairs.append((own.lot_qualifier, piece.lot))
    yield segment("LIN", line.number if line is not None else "", *(text for pair in pairs for text in pair))
    ordered = line.quantity if line is not None else None
    has = (decimal_text(ordered), line.unit) if ordered is not None and line is not None and line.unit else ("", "")
    yield segment("SN1", "", decimal_text(told.quantity), told.unit, "", *has)
    text = (line.description if line is not None else "") or piece.line.description
    if text:
        yield segment("PID", "F", "", "", "", text[:TEXT])
    if piece.expires is not None:
        yield segment("DTM", EXPIRES, _day(piece.expires))


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day is not None else ""
