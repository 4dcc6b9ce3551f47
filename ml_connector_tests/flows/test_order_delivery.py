"""Where orders are delivered, and what else of the ERP's order leaves: drop shipments, discounts, terms, texts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import Party, changed
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.reference import DeliveryAddress, Named, OpenOrder
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.orders_out.order_comparing import View, changes
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.systems.exact_online.reading import records
from ml_connector_tests.flows.test_order_content import TABLES, ordered, partner, settings

PLAIN = partner(account_reference="", cost_center_reference="")
PLACE = DeliveryAddress(
    id="a-9",
    account="40012",
    name="Bakkerij De Vries",
    contact="J. de Vries",
    street=("Dorpsstraat 1", "achterom"),
    postal_code="1234 AB",
    city="Utrecht",
    country="NL",
    phone="030 123",
)


def of(**header: Any) -> OpenOrder:
    return changed(ordered(), **header)


def sent(order: OpenOrder, to: Partner = PLAIN, by: IntegrationSettings | None = None) -> PurchaseOrder:
    return resolve_order(order, to, by or settings(), TABLES)


def segments(order: PurchaseOrder) -> list[list[str]]:
    envelope = Envelope(
        sender_qualifier="ZZ", sender_id="US", receiver_qualifier="ZZ", receiver_id="P", group_sender="US",
        group_receiver="PP", version="004010", usage="T",
    )  # fmt: skip
    data = write_interchange(envelope, ControlNumbers(1, 1, 1), [order], datetime(2026, 11, 29, tzinfo=UTC)).data
    return [segment.strip().split("*") for segment in data.decode("latin-1").split("~") if segment.strip()]


def place_of(order: PurchaseOrder) -> Party:
    return next(party for party in order.parties if party.role == "ST")


def test_a_drop_shipment_goes_to_the_address_of_the_order() -> None:
    order = sent(of(drop_shipment=True, delivery=PLACE))
    found = segments(order)
    at = found.index(["N1", "ST", "Bakkerij De Vries"])
    assert found[at + 1 : at + 4] == [
        ["N3", "Dorpsstraat 1", "achterom"],
        ["N4", "Utrecht", "", "1234 AB", "NL"],
        ["PER", "DC", "J. de Vries", "TE", "030 123"],
    ]
    assert next(segment[2] for segment in found if segment[0] == "BEG") == "DS"


def test_an_address_of_its_own_is_no_drop_shipment() -> None:
    order = sent(of(delivery=PLACE))
    assert (order.order_type, place_of(order).city, place_of(order).id) == ("SA", "Utrecht", "")


@pytest.mark.parametrize("key", ["40012", "a-9"])
def test_a_partner_may_have_a_code_for_the_address(key: str) -> None:
    place = place_of(sent(of(delivery=PLACE), partner(cost_center_reference="", ship_to={"1": "DC", key: "S9"})))
    assert (place.id_scheme, place.id, place.street) == ("92", "S9", PLACE.street)


@pytest.mark.parametrize(
    "delivery",
    [changed(PLACE, warehouse_code="7"), changed(PLACE, account="1")],
)
def test_addresses_of_our_own_are_warehouses(delivery: DeliveryAddress) -> None:
    base = settings()
    rules = base.flows.orders_out.model_copy(update={"own_accounts": ("1",)})
    ours = base.model_copy(update={"flows": base.flows.model_copy(update={"orders_out": rules})})
    place = place_of(sent(of(delivery=delivery), by=ours))
    assert (place.id, place.street) == (("07" if delivery.warehouse_code else "01"), ())


@pytest.mark.parametrize(
    ("order", "rules"),
    [
        (of(drop_shipment=True), {}),
        (of(drop_shipment=True, delivery=DeliveryAddress(account="40012", name="Bakkerij")), {}),
        (of(delivery=DeliveryAddress(id="a-9")), {}),
        (of(drop_shipment=True, delivery=PLACE), {"drop_shipments": "hold"}),
        # Nothing of an address is cut: three lines of a hundred characters are more than N3 takes.
        (of(drop_shipment=True, delivery=changed(PLACE, street=("Lange weg " * 9,) * 3)), {}),
        (of(delivery=PLACE), {"other_addresses": "hold"}),
        (of(warehouse_code="8"), {"ship_to": {"1": "DC"}}),
        (of(warehouse_code=""), {}),
    ],
)
def test_an_order_whose_place_is_not_known_or_not_wanted_is_held(order: OpenOrder, rules: dict[str, Any]) -> None:
    with pytest.raises(NeedsCorrection) as held:
        sent(order, partner(account_reference="", cost_center_reference="", **rules))
    assert held.value.reason is Reason.UNRESOLVED_SHIP_TO
    assert held.value.remedy


def test_a_warehouse_without_a_code_leaves_by_its_address() -> None:
    raw = {**settings().model_dump(by_alias=True), "ship_to_addresses": {"8": {"street": ["Kade 2"], "city": "Breda"}}}
    place = place_of(
        sent(
            of(warehouse_code="8"),
            partner(cost_center_reference="", ship_to={"1": "DC"}),
            IntegrationSettings.model_validate(raw),
        )
    )
    assert (place.id, place.name, place.street, place.city) == ("", "Warehouse 8", ("Kade 2",), "Breda")


def test_long_names_and_regions_without_a_code_stay_whole() -> None:
    long = changed(PLACE, name="Coöperatie " * 9, street=("Weg " * 20,), region="Noord-Holland")
    place = place_of(sent(of(delivery=long)))
    assert " ".join([place.name, *place.more_names]) == long.name.strip()
    assert " ".join(place.street) == f"{long.street[0].strip()} Noord-Holland"
    assert max(map(len, [place.name, *place.more_names])) <= 60
    assert max(map(len, place.street)) <= 55


def test_a_discount_on_the_order_is_told_and_taken_off() -> None:
    """12.50 less 5 % is 11.87, as the ERP has it."""
    order = changed(ordered(quantity=Decimal(1), price=Decimal("12.50")), discount=Decimal(5))
    found = segments(sent(order))
    assert ["SAC", "A", "C310", "", "", "63", "3", "5", "", "", "", "", "02", "", "", "Discount on the order"] in found
    assert ["AMT", "TT", "11.87"] in found


@given(
    lines=st.lists(st.tuples(st.decimals("0.001", "9999", places=3), st.decimals(0, "9999", places=4)), min_size=1),
    percent=st.decimals("0.01", 100, places=2),
)
def test_the_total_is_the_lines_less_the_discount_to_the_cent(
    lines: list[tuple[Decimal, Decimal]], percent: Decimal
) -> None:
    one = ordered().lines[0]
    made = [changed(one, id=str(n), number=n, quantity=q, price=p) for n, (q, p) in enumerate(lines, start=1)]
    order = sent(changed(ordered(), discount=percent, lines=tuple(made)))
    gross = sum((round_half_up(q * p) for q, p in lines), Decimal(0))
    assert order.total == gross - round_half_up(gross * percent / 100)


def round_half_up(value: Decimal) -> Decimal:
    return Decimal(int(value * 100 + Decimal("0.5"))) / 100


def test_everything_that_the_order_says_is_in_the_850() -> None:
    order = changed(
        ordered(notes="Paint it red", description="word " * 40),
        description="Spring stock",
        remarks="Call first",
        your_reference="Q-881",
        payment_terms="30 days net",
        incoterm="DAP",
        incoterm_place="Utrecht",
        incoterm_version="2020",
        shipping_method=Named(id="DHL", name="DHL Express"),
        buyer=Named(id="e-1", name="Ann Koper"),
        supplier_contact=Named(id="c-1", name="Bob Verkoper"),
    )
    found = segments(sent(order))
    for wanted in (
        ["REF", "CR", "Q-881"],
        ["PER", "BD", "Ann Koper"],
        ["PER", "CN", "Bob Verkoper"],
        ["FOB", "DF", "ZZ", "Utrecht (Incoterms 2020)", "01", "DAP"],
        ["ITD", *[""] * 11, "30 days net"],
        ["PID", "F", "", "", "", "Spring stock"],
        ["TD5", "", "", "", "", "DHL Express"],
        ["MSG", "Call first"],
        ["MSG", "Paint it red"],
    ):
        assert wanted in found
    line = found[next(n for n, segment in enumerate(found) if segment[0] == "PO1") :]
    texts = [segment[5] for segment in line if segment[0] == "PID"]
    assert " ".join(texts).split() == ["word"] * 40
    assert max(map(len, texts)) <= 80


FILLED = {
    "payment_terms": "30 days",
    "incoterm": "DAP",
    "incoterm_place": "Utrecht",
    "incoterm_version": "2020",
    "shipping_method": Named(id="DHL", name="DHL"),
    "buyer": Named(id="e-1", name="Ann"),
    "supplier_contact": Named(id="c-1", name="Bob"),
    "discount": Decimal(5),
    "discount_amount": Decimal(1),
    "drop_shipment": True,
    "delivery": PLACE,
}
VIEW = View(PLAIN, settings(), TABLES)


def test_what_an_earlier_release_did_not_read_is_no_change_of_an_order() -> None:
    """Its record lacks the fields; what it sent lacked them too. That we read and send them now is not the buyer's."""
    raw = {"PurchaseOrderID": "26000017"}
    old = ordered()
    old = changed(
        old,
        unread=records.order(raw, ()).unread,
        lines=tuple(changed(line, unread=records.order_line({"ID": line.id}).unread) for line in old.lines),
    )
    assert {*old.unread, *old.lines[0].unread} == {*FILLED, "notes"}
    new = changed(ordered(notes="Paint it red"), **FILLED)
    assert not changes(old, new, VIEW)
    found = changes(old, changed(new, remarks="Now"), VIEW)
    assert found.header
    assert not found.lines


@pytest.mark.parametrize("name", sorted(FILLED))
def test_what_this_release_reads_is_a_change_when_the_buyer_changes_it(name: str) -> None:
    known = {"discount": Decimal(0), "discount_amount": Decimal(0), "drop_shipment": False, "delivery": None}
    before = {**FILLED, "drop_shipment": False, "discount": Decimal(0)}
    cleared = {**before, name: known.get(name, "" if isinstance(FILLED[name], str) else Named())}
    filled = {**before, name: FILLED[name]}
    assert bool(changes(of(**cleared), of(**filled), VIEW))


def test_other_names_in_the_master_data_are_no_change() -> None:
    old = of(**FILLED, payment_condition="30")
    new = of(
        **{
            **FILLED,
            "payment_terms": "30 dagen",
            "shipping_method": Named(id="DHL", name="DHL Parcel"),
            "buyer": Named(id="e-1", name="Ann Smit"),
            "delivery": changed(PLACE, phone="031"),
        },
        payment_condition="30",
    )
    assert not changes(old, new, VIEW)
