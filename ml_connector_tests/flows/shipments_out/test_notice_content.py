"""What is told of a shipment: the tree, the packs where they are known, and what is held."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import Purpose, changed
from ml_connector.documents.sales.invoices import Address
from ml_connector.documents.sales.shipments import Package, PackedItem, SentLine, SentShipment, ShippedLot
from ml_connector.documents.shipments import ShipNotice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.shipments_out.facts import NoticeFacts, ShippedFor
from ml_connector.flows.shipments_out.notice_content import ship_notice
from ml_connector.flows.shipments_out.settings import ShipmentsOut
from ml_connector_tests.edi.judging import written
from ml_connector_tests.flows.customers_orders.made import AT, DAY, OURS, D, customer, order, posted, sscc

RULES = ShipmentsOut.model_validate({"units": {"KG": "KG"}, "carriers": {"UPSGROUND": {"scac": "UPSN", "mode": "M"}}})


def line(number: int = 1, quantity: str = "3", **changes: Any) -> SentLine:
    values: dict[str, Any] = {
        "number": number,
        "order_id": "so-1",
        "order_number": "SO100",
        "order_line": number,
        "item_code": f"ITEM-{number}",
        "quantity": D(quantity),
        "unit": "CASE" if number == 1 else "EACH",
    }
    return SentLine(**{**values, **changes})


def shipment(*lines: SentLine, **changes: Any) -> SentShipment:
    values: dict[str, Any] = {
        "id": "SH1",
        "number": "SH1",
        "confirmed": True,
        "ship_date": DAY,
        "customer_code": "C100",
        "lines": lines or (line(), line(2, "10")),
    }
    return SentShipment(**{**values, **changes})


def packed(number: int, *contents: tuple[int, str], **changes: Any) -> Package:
    """A package with so much of these lines."""
    inside = tuple(
        PackedItem(line=at, item_code=f"ITEM-{at}", quantity=D(quantity), unit="CASE" if at == 1 else "EACH")
        for at, quantity in contents
    )
    return Package(**{"number": number, "sscc": sscc(number), "contents": inside, **changes})


def ordered_as(**changes: Any) -> ShippedFor:
    one = order(**changes)
    return ShippedFor(order_id="so-1", document=1, order=one, posted=posted(one))


def told(
    what: SentShipment,
    *orders: ShippedFor,
    others: tuple[str, ...] = (),
    purpose: Purpose = Purpose.ORIGINAL,
    **own: Any,
) -> ShipNotice:
    facts = NoticeFacts(shipment=what, orders=orders or (ordered_as(),), others=others)
    return ship_notice(facts, customer(shipments={"send": True, **own}), OURS, RULES, AT, purpose=purpose)


def segments(notice: ShipNotice, name: str) -> list[tuple[str, ...]]:
    """What is written of a notice, without the segments' names."""
    body = written(notice).decode().replace("\n", "").split("~")
    return [tuple(one.split("*")[1:]) for one in body if one.split("*")[0] == name]


def levels(notice: ShipNotice) -> list[str]:
    """HL02 and HL03 of each level."""
    return [f"{one[1]}{one[2]}" for one in segments(notice, "HL")]


def items(notice: ShipNotice) -> list[tuple[str, Decimal | None, str, tuple[str, ...]]]:
    return [(one.line_number, one.quantity, one.unit, one.packs) for order in notice.orders for one in order.items]


def test_without_packages_the_items_stand_below_their_order() -> None:
    notice = told(shipment())
    assert (notice.number, notice.purpose, notice.structure, notice.shipped_date) == ("SH1", "00", "0004", DAY)
    assert items(notice) == [("1", D(3), "CA", ()), ("2", D(10), "EA", ())]
    assert [one.order_number for one in notice.orders] == ["PO-9"]
    place = notice.party("ST")
    assert place is not None
    assert (place.id_scheme, place.id) == ("92", "0042")


def test_what_is_in_each_pack_stands_in_it_and_packs_on_their_pallet() -> None:
    boxes = (packed(1, (1, "2"), pallet=sscc(9)), packed(2, (1, "1"), (2, "10"), pallet=sscc(9), tracking="1Z2"))
    notice = told(shipment(packages=boxes))
    assert levels(notice) == ["S", "1O", "2T", "3P", "4I", "3P", "6I", "6I"]
    marks = ["00" + sscc(9), "00" + sscc(1), "00" + sscc(2)]
    assert segments(notice, "MAN") == [("GM", one) for one in marks]
    assert items(notice) == [
        ("1", D(2), "CA", (marks[0], marks[1])),
        ("1", D(1), "CA", (marks[0], marks[2])),
        ("2", D(10), "EA", (marks[0], marks[2])),
    ]
    assert ("CN", "1Z2") in segments(notice, "REF")


def test_everything_is_in_the_only_package() -> None:
    notice = told(shipment(packages=(packed(1),)))
    assert [packs for *_, packs in items(notice)] == [("00" + sscc(1),)] * 2
    assert notice.structure == "0001"


def test_of_two_packages_without_contents_no_pack_is_told_but_where_they_are_tracked() -> None:
    boxes = (packed(1, tracking="1Z1"), packed(2, tracking="1Z2"))
    notice = told(shipment(packages=boxes))
    assert (notice.structure, [one.packs for each in notice.orders for one in each.items]) == ("0004", [(), ()])
    assert [(one.qualifier, one.value) for one in notice.references if one.qualifier == "CN"] == [
        ("CN", "1Z1"),
        ("CN", "1Z2"),
    ]


def test_a_package_without_an_sscc_goes_by_its_tracking_number() -> None:
    notice = told(shipment(packages=(packed(1, sscc="", tracking="1Z1"),)))
    assert [packs for *_, packs in items(notice)] == [("1Z1",)] * 2


@pytest.mark.parametrize(
    "boxes",
    [(), (packed(1), packed(2)), (packed(1, sscc="", tracking="1Z1"),), (packed(1, (1, "3")),)],
)
def test_where_packs_are_wanted_what_stands_in_none_is_held(boxes: tuple[Package, ...]) -> None:
    with pytest.raises(NeedsCorrection) as held:
        told(shipment(packages=boxes), packs="required")
    assert (held.value.reason, bool(held.value.remedy)) == (Reason.NOTHING_TO_SEND, True)


def test_where_none_are_wanted_none_are_told() -> None:
    assert levels(told(shipment(packages=(packed(1),)), packs="none")) == ["S", "1O", "2I", "2I"]
    assert told(shipment(packages=(packed(1),)), packs="none").structure == "0004"


def test_contents_that_may_be_of_two_lines_are_not_told_as_packed() -> None:
    lines = (line(), line(2, "3", item_code="ITEM-1", unit="CASE"))
    box = packed(1, contents=(PackedItem(item_code="ITEM-1", quantity=D(4), unit="CASE"),))
    notice = told(shipment(*lines, packages=(box, packed(2))))
    assert all(not packs for *_, packs in items(notice))


def test_packages_that_hold_more_than_was_shipped_are_held() -> None:
    with pytest.raises(NeedsCorrection) as held:
        told(shipment(packages=(packed(1, (1, "4")),)))
    assert held.value.reason is Reason.BAD_VALUE
    assert "4 CASE of ITEM-1" in held.value.message


def test_each_lot_is_an_item_of_its_own_with_its_day() -> None:
    lots = (ShippedLot(lot="L1", quantity=D(1), expires=DAY), ShippedLot(lot="L2", quantity=D(2)))
    notice = told(shipment(line(lots=lots), line(2, "10")))
    assert [(one.quantity, [i.value for i in one.items if i.qualifier == "LT"]) for one in notice.orders[0].items] == [
        (D(1), ["L1"]),
        (D(2), ["L2"]),
        (D(10), []),
    ]
    assert ("036", f"{DAY:%Y%m%d}") in segments(notice, "DTM")
    without = told(shipment(line(lots=lots)), lot_qualifier="").orders[0].items
    assert {i.qualifier for one in without for i in one.items} == {"IN", "VP"}


def test_a_shipment_of_two_orders_names_both_and_the_place_of_the_erp() -> None:
    there = order(number="PO-10", parties=())
    other = ShippedFor(order_id="so-2", document=2, order=there, posted=posted(there, store=""))
    what = shipment(
        line(), line(2, "10", order_id="so-2", order_line=2), ship_to=Address(name="DC", street=("1 Way",), city="Troy")
    )
    notice = told(what, ordered_as(), other)
    assert [(one.order_number, [i.line_number for i in one.items]) for one in notice.orders] == [
        ("PO-9", ["1"]),
        ("PO-10", ["2"]),
    ]
    place = notice.party("ST")
    assert place is not None
    assert (place.name, place.city) == ("DC", "Troy")


def test_a_part_for_one_store_of_several_names_the_store() -> None:
    of = ordered_as()
    notice = told(shipment(), changed(of, posted=changed(of.posted, store="0015")))
    place, buyer = notice.party("ST"), notice.orders[0].parties
    assert place is not None
    assert (place.id, [(one.role, one.id) for one in buyer]) == ("0015", [("BY", "0015")])


def test_lines_for_several_stores_stand_below_their_store() -> None:
    one = order(parties=())
    made = posted(one, store="")
    lines = tuple(changed(each, store=store) for each, store in zip(made.lines, ("0012", "0015"), strict=True))
    of = ShippedFor(order_id="so-1", document=1, order=one, posted=changed(made, lines=lines))
    notice = told(shipment(ship_to=Address(name="DC", street=("1 Way",), city="Troy")), of)
    assert levels(notice) == ["S", "1O", "2I", "1O", "4I"]
    assert [each for each in segments(notice, "N1") if each[0] == "BY"] == [
        ("BY", "", "92", "0012"),
        ("BY", "", "92", "0015"),
    ]
    assert [each[1] for each in segments(notice, "N1") if each[0] == "ST"] == ["DC"]
    (told_order,) = notice.orders
    assert [each.line_number for each in told_order.items] == ["1", "2"]


def test_carrier_weight_and_cartons() -> None:
    boxes = tuple(packed(at, (at, "3" if at == 1 else "10"), weight=D(4), weight_unit="KG") for at in (1, 2))
    notice = told(shipment(packages=boxes, ship_via="UPSGROUND"))
    assert segments(notice, "TD1") == [("CTN", "2", "", "", "", "G", "8", "KG")]
    assert segments(notice, "TD5") == [("B", "2", "UPSN", "M", "UPSGROUND")]
    plain = told(shipment(packages=(changed(boxes[0], weight_unit="STONE"), boxes[1]), ship_via="OUR TRUCK"))
    assert (segments(plain, "TD1"), segments(plain, "TD5")) == ([("CTN", "2")], [("", "", "", "", "OUR TRUCK")])


def test_quantities_are_told_in_the_unit_that_was_ordered() -> None:
    one = order()
    of = ShippedFor(order_id="so-1", document=1, order=one, posted=posted(one, per_case=12))
    assert items(told(shipment(line(quantity="24", unit="EACH")), of)) == [("1", D(2), "CA", ())]
    with pytest.raises(NeedsCorrection) as held:
        told(shipment(line(quantity="25", unit="EACH")), of)
    assert held.value.reason is Reason.UNIT_MISMATCH


def test_a_substitute_goes_by_the_line_that_it_takes_the_place_of_and_a_gift_by_our_number() -> None:
    notice = told(shipment(line(item_code="OTHER"), line(3, "1", unit="KG", item_code="GIFT")))
    assert [(one.line_number, one.vendors_item) for one in notice.orders[0].items] == [("1", "OTHER"), ("", "GIFT")]
    with pytest.raises(NeedsCorrection) as held:
        told(shipment(line(), line(3, "1", unit="BAG", item_code="GIFT")))
    assert held.value.reason is Reason.UNIT_MISMATCH


@pytest.mark.parametrize(
    ("what", "others", "reason"),
    [
        (changed(shipment(), lines=()), (), Reason.NOTHING_TO_SEND),
        (shipment(), ("SO777",), Reason.NO_SUCH_ORDER),
    ],
)
def test_what_cannot_be_told_is_held(what: SentShipment, others: tuple[str, ...], reason: Reason) -> None:
    with pytest.raises(NeedsCorrection) as held:
        told(what, others=others)
    assert (held.value.reason, bool(held.value.remedy)) == (reason, True)


def test_a_replacement_says_so() -> None:
    assert told(shipment(), purpose=Purpose.REPLACE).purpose == "05"
