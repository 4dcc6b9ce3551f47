"""What a customer's order means: every reason to hold it, and, whatever it says, what is ordered is what it says."""

from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.document_identity import identity_of
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector.flows.sales_orders_in.stores import portions_of
from ml_connector_tests.flows import shop as s
from ml_connector_tests.flows.shop import D, day

RICE = "PO1*1*10*EA*2.50**IN*HM-RICE"
STORES = "SDQ*EA*92*0001*4*0002*6"


def read(text: str) -> PurchaseOrder:
    """The order as our reader has it."""
    (found,) = [one for one in read_interchanges(s.edi(text)) if isinstance(one, ReceivedSet)]
    assert found.accepted, found.findings
    assert isinstance(found.document, PurchaseOrder)
    return found.document


def made(*lines: str, flow: dict[str, Any] | None = None, sales: dict[str, Any] | None = None, **more: Any) -> Any:
    """What an order of these lines becomes."""
    values = {"units": {"CS": "CA"}, **({"sales": sales} if sales else {}), **more.pop("partner", {})}
    book = more.pop("book", None) or s.book()
    order = read(s.body("PO-1", *(lines or (RICE,)), **more))
    return sales_orders_for(order, s.partner(**values), s.settings(**(flow or {})), book, s.TODAY)


def held(*lines: str, **more: Any) -> NeedsCorrection:
    with pytest.raises(NeedsCorrection) as caught:
        made(*lines, **more)
    assert caught.value.remedy
    assert caught.value.data
    return caught.value


def one(*lines: str, **more: Any) -> SalesOrder:
    (order,) = made(*lines, **more)
    assert isinstance(order, SalesOrder)
    return order


# ---------------------------------------------------------------------- what holds an order

WHY: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "two currencies of the head": ("currency_mismatch", (), {"head": ("CUR*BY*USD**SE*EUR",)}),
    "a currency of a line": ("currency_mismatch", (RICE, "CUR*BY*EUR"), {"head": ("CUR*BY*USD",)}),
    "a day that is none": ("bad_value", (), {"head": ("DTM*002*20261131",)}),
    "a day of a line that is none": ("bad_value", (RICE, "DTM*010*20261131"), {}),
    "a type on no list": ("unsupported_document", (), {"kind": "ZZ"}),
    "a blanket order": ("unsupported_document", (), {"kind": "BK"}),
    "a dropship": ("unsupported_document", (), {"kind": "DS"}),
    "a release of nothing": ("bad_value", (), {"kind": "RL"}),
    "cancel date past": ("cancel_date_past", (), {"head": ("DTM*001*20261120",)}),
    "cancel date of a line past": ("cancel_date_past", (RICE, "DTM*063*20261101"), {}),
    "a quantity of nothing": ("bad_value", ("PO1*1*0*EA*2.50**IN*HM-RICE",), {}),
    "a quantity below nothing": ("bad_value", ("PO1*1*-5*EA*2.50**IN*HM-RICE",), {}),
    "no such customer": ("unknown_customer", (), {"partner": {"customer": "C9"}}),
    "a customer that may not order": ("customer_blocked", (), {"partner": {"customer": "C3"}}),
    "another customer's number for us": ("customer_contradicted", (), {"head": ("REF*IA*V-88",)}),
    "another currency": ("currency_mismatch", (), {"head": ("CUR*BY*CAD",)}),
    "a number nobody has for us": (
        "unknown_customer", (), {"head": ("REF*IA*V-1",), "sales": {"customer_by": "their_number"}},
    ),
    "a place that is not active": ("unknown_ship_to", (RICE, "N1*ST**92*0009"), {}),
    "another customer's place": ("unknown_ship_to", (RICE, "N1*ST**92*7001"), {}),
    "an unknown place": ("unknown_ship_to", (RICE, "N1*ST**92*8888"), {}),
    "an address without a street": (
        "unknown_ship_to", (RICE, "N1*ST*NEW SHOP*92*8888"), {"sales": {"unknown_ship_to": "address"}},
    ),
    "an unknown item": ("unknown_item", ("PO1*1*10*EA*2.50**IN*XX*UP*999",), {}),
    "another customer's item number": ("unknown_item", (RICE,), {"partner": {"customer": "C2"}}),
    "numbers that contradict each other": ("item_contradicted", ("PO1*1*10*EA*2.50**IN*HM-RICE*VP*OIL",), {}),
    "an item that is not sold": ("item_not_sold", ("PO1*1*10*EA*2.50**VP*OLD",), {}),
    "a unit that the item has not": ("unit_mismatch", ("PO1*1*10*CA*2.50**IN*HM-RICE",), {}),
    "no unit": ("unit_mismatch", ("PO1*1*10**2.50**IN*HM-RICE",), {}),
    "a case by the code of one": ("unit_mismatch", ("PO1*1*10*CA*48**UP*012345678905",), {}),
    "a price of nothing": ("sales_price", ("PO1*1*10*EA*0**IN*HM-RICE",), {}),
    "a price below nothing": ("sales_price", ("PO1*1*10*EA*-1**IN*HM-RICE",), {}),
    "an unknown price basis": ("sales_price", ("PO1*1*10*EA*2.50*ZZ*IN*HM-RICE",), {}),
    "a price that is not ours": ("sales_price", ("PO1*1*10*EA*2.51**IN*HM-RICE",), {"sales": {"price": "compared"}}),
    "a price to compare with nothing": ("sales_price", ("PO1*1*10*EA*1**VP*DISC",), {"sales": {"price": "compared"}}),
    "stores that do not add up": ("store_quantities", (RICE, "SDQ*EA*92*0001*4*0002*5"), {}),
    "stores in another unit": ("store_quantities", (RICE, "SDQ*CA*92*0001*4*0002*6"), {}),
    "days that do not add up": ("store_quantities", (RICE, "SCH*4*EA***002*20261201", "SCH*5*EA***002*20261208"), {}),
    "a day whose code says nothing": ("bad_value", (RICE, "SCH*10*EA***017*20261201"), {}),
    "a second day whose code says nothing": ("bad_value", (RICE, "SCH*10*EA***002*20261201**017*20261203"), {}),
    "a second day that is none": ("bad_value", (RICE, "SCH*10*EA***002*20261201**063*20261333"), {}),
    "a schedule that is over": ("cancel_date_past", (RICE, "SCH*10*EA***063*20201201"), {}),
    "wanted after its last day": ("bad_value", (RICE, "SCH*10*EA***002*20261210**001*20261208"), {}),
    "several stores": ("store_quantities", (RICE, STORES), {"sales": {"several_stores": "hold"}}),
    "a store nobody knows": ("unknown_ship_to", (RICE, "SDQ*EA*92*0001*4*8888*6"), {}),
    "an allowance": ("order_charge", (), {"head": ("SAC*A*C310***500",)}),
    "a charge without an item": (
        "order_charge", (), {"head": ("SAC*C*D240***500",), "sales": {"charges": "post"}},
    ),
    "a charge over several stores": (
        "order_charge",
        (RICE, STORES),
        {"head": ("SAC*C*D240***500",), "sales": {"charges": "post", "charge_items": {"D240": "DISC"}}},
    ),
    "other terms": (
        "terms_differ",
        (),
        {
            "head": ("ITD*08*3*****60",),
            "sales": {"terms_differ": "hold"},
            "flow": {"terms": {"30D": {"net_days": 30}}},
        },
    ),
    "a total that is not its lines'": ("total_difference", (RICE, "CTT*1", "AMT*TT*2500"), {}),
}  # fmt: skip


@pytest.mark.parametrize("why", list(WHY))
def test_what_is_not_plain_holds_an_order(why: str) -> None:
    reason, lines, more = WHY[why]
    head = more.get("head", ())
    place = [line for line in lines if line.startswith("N1*ST")]
    total = [line for line in lines if line.startswith(("CTT", "AMT"))]
    text = s.body(
        "PO-1",
        *([one for one in lines if one not in (*place, *total)] or (RICE,)),
        head=head,
        kind=more.get("kind", "SA"),
    )
    if place:
        text = text.replace("N1*ST**92*0001", place[0])
    if total:
        text = text.replace("CTT*1", "~".join(total))
    values = {**more.get("partner", {}), **({"sales": more["sales"]} if "sales" in more else {})}
    with pytest.raises(NeedsCorrection) as caught:
        sales_orders_for(read(text), s.partner(**values), s.settings(**more.get("flow", {})), s.book(), s.TODAY)
    assert caught.value.reason == reason, caught.value
    assert caught.value.remedy
    assert "PO-1" in caught.value.message or caught.value.data
    held_from = caught.value.message
    assert held_from.endswith("."), "a sentence"


# ---------------------------------------------------------------------- what is ordered


def test_types_are_decided_by_a_list_that_settings_add_to() -> None:
    assert one(kind="NE").kind == "order"
    taken = {"sales": {"order_types": {"BK": "blanket"}}, "flow": {"erp_order_types": {"blanket": "BL"}}}
    assert one(kind="BK", **taken).type_code == "BL"
    assert held(kind="SA", sales={"order_types": {"SA": "held"}}).reason == "unsupported_document"


def test_a_line_that_goes_to_two_places_is_held() -> None:
    assert held(RICE, "N1*ST**92*0001", "N1*ST**92*0002").reason == "store_quantities"
    assert one(RICE, "N1*ST**92*0002", "N1*ST**92*0002").store == "0002"


def test_an_order_number_is_read_as_it_is_seen() -> None:
    hidden = changed(read(s.body("PO-1")), number="PO\u200b-1\u00a0")
    assert identity_of(hidden, "a").number == "PO-1"
    (order,) = sales_orders_for(hidden, s.partner(), s.settings(), s.book(), s.TODAY)
    assert isinstance(order, SalesOrder)
    assert order.customer_order == "PO-1"
    assert "its number is read as it is seen" in order.told


def test_what_is_about_another_order_has_an_identity_of_its_own() -> None:
    first, cancelled = read(s.body("PO-1")), read(s.body("PO-1", purpose="01"))
    assert identity_of(first, "a").distinct == ""
    assert identity_of(cancelled, "b").distinct != ""


@pytest.mark.parametrize(
    ("numbers", "item"),
    [
        ("IN*HM-RICE", "RICE"),
        ("BP*hm-rice", "RICE"),
        ("IN*CS-1", "RICE"),
        ("VP*RICE", "RICE"),
        ("VP*RC5", "RICE"),
        ("UP*012345678905", "OIL"),
        ("EN*0012345678905", "OIL"),
        ("UK*00012345678905", "OIL"),
        ("IN*XX*VP*RICE", "RICE"),
    ],
)
def test_items_are_found_by_the_customers_number_then_ours_then_product_codes(numbers: str, item: str) -> None:
    order = one(f"PO1*1*10*EA*2.50**{numbers}")
    assert order.lines[0].item_code == item


def test_the_number_of_one_customer_is_another_item_of_another_customer() -> None:
    line = "PO1*1*10*EA*2.50**IN*CS-1"
    assert one(line).lines[0].item_code == "RICE"
    place = changed(s.LOCATIONS[0], id="C2|X", customer="C2", code="X")
    other = one(line, partner={"customer": "C2"}, book=s.book(locations=(*s.LOCATIONS, place)))
    assert other.lines[0].item_code == "OIL"


def test_the_customer_is_found_by_its_number_for_us_or_by_its_place() -> None:
    by_number = {"customer_by": "their_number"}
    assert one(head=("REF*IA*V-77",), sales=by_number).customer_code == "C1"
    assert one(head=("N1*SE**92*V-77",), sales=by_number).customer_code == "C1"
    assert one(sales={"customer_by": "location"}, partner={"customer": "C2"}).customer_code == "C1"


def test_an_unknown_customer_comes_with_a_proposal() -> None:
    head = ("REF*IA*V-9", "N1*BY*NEW FOODS*92*77", "N3*2 SIDE ST", "N4*DALLAS*TX*75001*US")
    why = held(head=head, partner={"customer": "C9"})
    proposal = why.data["proposal"]
    assert (proposal["code"], proposal["name"], proposal["their_number"]) == ("C9", "NEW FOODS", "V-9")
    assert (proposal["city"], proposal["location"]) == ("DALLAS", {"their_code": "0001"})


def test_an_address_of_its_own_overrides_the_customers_where_a_setting_says_so() -> None:
    text = s.body("PO-1", RICE).replace(
        "N1*ST**92*0001", "N1*ST*POP UP SHOP*92*8888~N3*12 DOCK RD~N4*AUSTIN*TX*73302*US~PER*DC*ANN*TE*555"
    )
    partner = s.partner(sales={"unknown_ship_to": "address"})
    (order,) = sales_orders_for(read(text), partner, s.settings(), s.book(), s.TODAY)
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.street, order.ship_to.postal_code) == (
        "POP UP SHOP",
        ("12 DOCK RD",),
        "73302",
    )
    assert (order.ship_to.contact, order.ship_to.phone, order.location_id) == ("ANN", "555", "")


def test_units_are_the_items_own_or_converted_to_one_of_them() -> None:
    cases = "PO1*1*5*CS*48**IN*HM-OIL"
    line = one(cases).lines[0]
    assert (line.quantity, line.unit, line.price, line.ordered_unit) == (D(5), "CASE", D(48), "CS")
    line = one(cases, sales={"quantities_in": "base"}).lines[0]
    assert (line.quantity, line.unit, line.price, line.ordered_quantity) == (D(60), "EACH", D(4), D(5))
    line = one("PO1*1*24*EA*4**IN*HM-OIL", sales={"quantities_in": "sales"}).lines[0]
    assert (line.quantity, line.unit, line.price) == (D(2), "CASE", D(48))
    assert held("PO1*1*10*EA*4**IN*HM-OIL", sales={"quantities_in": "sales"}).reason == "unit_mismatch"


def test_dates_of_lines_and_schedules_come_before_those_of_the_order() -> None:
    days = ("SCH*4*EA***002*20261208", "SCH*6*EA***002*20261215")
    order = one(RICE, *days, head=("DTM*002*20261201", "DTM*010*20261130"))
    assert order.requested_date == day("2026-12-01")
    assert [(line.quantity, line.requested_date) for line in order.lines] == [
        (D(4), day("2026-12-08")),
        (D(6), day("2026-12-15")),
    ]
    assert {line.ship_date for line in order.lines} == {day("2026-11-30")}


def test_the_last_day_of_a_schedule_is_not_when_it_is_wanted() -> None:
    (line,) = one(RICE, "SCH*10*EA***063*20261220", head=("DTM*002*20261201",)).lines
    assert line.requested_date == day("2026-12-01")
    (line,) = one(RICE, "SCH*10*EA***002*20261208**010*20261205").lines
    assert (line.requested_date, line.ship_date) == (day("2026-12-08"), day("2026-12-05"))


def test_prices_by_the_rules_of_the_partner() -> None:
    assert one(sales={"price": "ours"}).lines[0].price is None
    assert one("PO1*1*10*EA***IN*HM-RICE").lines[0].price is None, "by contract"
    assert one("PO1*1*10*EA*250*HP*IN*HM-RICE").lines[0].price == D("2.5")
    assert one("PO1*1*10*EA*0*NC*IN*HM-RICE").lines[0].price == 0
    compared = {"price": "compared"}
    assert one(sales=compared).lines[0].price == D("2.50")
    assert one("PO1*1*5*CA*48**IN*HM-OIL", sales=compared).total == D(240)
    assert one("PO1*1*5*EA*4**IN*HM-OIL", sales=compared).lines[0].price == D(4), "of a case, for one"
    assert one("PO1*1*1000*EA*2**IN*HM-RICE", sales=compared).lines[0].price == D(2), "by quantity"
    within = {**compared, "price_tolerance": {"percent": "2"}}
    assert one("PO1*1*10*EA*2.55**IN*HM-RICE", sales=within).lines[0].price == D("2.55")
    assert held("PO1*1*10*EA*2.44**IN*HM-RICE", sales=within).reason == "sales_price", "below is a difference too"


def test_charges_and_terms_are_told_or_posted_by_the_rules() -> None:
    head = ("SAC*A*C310***500********DISCOUNT", "ITD*08*3*****60")
    told = one(head=head, sales={"charges": "tell"})
    assert told.charges == ()
    assert any("allowance C310 5" in word for word in told.told)
    assert any("net days 60" in word for word in told.told)
    posted = one(head=head, sales={"charges": "post", "charge_items": {"C310": "DISC"}})
    assert [(charge.item_code, charge.amount) for charge in posted.charges] == [("DISC", D("-5.00"))]
    assert posted.total == D("20.00")


def test_a_total_may_be_rounded_in_the_places_of_its_currency() -> None:
    """Ten at 2.54 yen are 25.4, and 25 in whole yen."""
    yen = (changed(s.CUSTOMERS[0], currency="JPY"), *s.CUSTOMERS[1:])
    lines = ("PO1*1*10*EA*2.54**IN*HM-RICE", "CTT*1", "AMT*TT*25")
    assert one(*lines, book=s.book(customers=yen)).currency == "JPY"
    assert held(*lines).reason == "total_difference"


@pytest.mark.parametrize("quantity", ["1_0", "\uff11\uff10", "9E+999999", "Infinity"])
def test_a_store_gets_no_number_that_is_spelled_as_programs_do(quantity: str) -> None:
    order = read(s.body("PO-1", RICE, "SDQ*EA*92*0001*10"))
    (line,) = order.lines
    (divided,) = line.extras
    other = changed(divided, elements=(*divided.elements[:3], quantity))
    with pytest.raises(NeedsCorrection) as caught:
        portions_of(order, changed(line, extras=(other,)))
    assert (caught.value.reason, caught.value.data["value"]) == ("store_quantities", quantity)


def test_a_customers_own_price_basis_means_what_its_file_says() -> None:
    """250 for a hundred, which this customer calls LB."""
    line = "PO1*1*10*EA*250*LB*IN*HM-RICE"
    why = held(line)
    assert (why.reason, "price_bases" in why.remedy) == ("sales_price", True)
    posted = one(line, partner={"price_bases": {"LB": "HP"}})
    assert (posted.lines[0].price, posted.total) == (D("2.5"), D(25))


def test_lines_of_one_order_go_to_their_stores_where_a_setting_says_so() -> None:
    order = one(RICE, STORES, sales={"several_stores": "lines"})
    assert [(line.store, line.location_code, line.quantity) for line in order.lines] == [
        ("0001", "MAIN", D(4)),
        ("0002", "S2", D(6)),
    ]
    assert order.lines[1].warehouse == "WEST"


def test_what_has_no_place_in_a_sales_order_is_told() -> None:
    order = one(head=("CSH*SC", "FOB*PP"))
    assert {"not carried over: sales conditions (CSH)", "not carried over: freight terms (FOB)"} <= set(order.told)


def test_notes_are_kept_however_they_are_written_and_unreadable_ones_told() -> None:
    order = one(RICE, "N9*L1*X", "MSG*KEEP COLD", head=("N9*L1*GEN*ATTENTION", "MSG*CALL BEFORE DELIVERY"))
    assert order.notes == ("ATTENTION", "CALL BEFORE DELIVERY")
    assert order.lines[0].notes == ("KEEP COLD",)
    odd = changed(read(s.body()), notes=("caf\ufffd", "plain"))
    (told,) = sales_orders_for(odd, s.partner(), s.settings(), s.book(), s.TODAY)
    assert told.notes == ("plain",)
    assert "a note is left out, it cannot be read" in told.told


def test_lines_without_a_number_are_named_by_their_place() -> None:
    line = OrderLine(number="", quantity=D(1), unit="EA", price=D("2.50"), items=read(s.body()).lines[0].items)
    order = changed(read(s.body()), lines=(line, line))
    (made_order,) = sales_orders_for(order, s.partner(), s.settings(), s.book(), s.TODAY)
    assert [one_line.customers_line for one_line in made_order.lines] == ["1", "2"]
