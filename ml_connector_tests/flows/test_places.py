"""Where a customer's order goes: by the customer's code of a place, by its very address, or to one of its own."""

import pytest

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import Contact, Party, Purpose, Reference, changed
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.reference import Customer, CustomerLocation
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.places import ShipTo, place_of

CUSTOMER = Customer(id="c1", code="C000042", name="Brightmart")
STORE = CustomerLocation(
    id="l1",
    code="MAIN",
    customer="c1",
    their_code="0042",
    street=("1 Market St",),
    city="Springfield",
    postal_code="62701",
)
DEPOT = changed(STORE, id="l2", code="DEPOT", their_code="0043", street=("9 Dock Rd",), postal_code="62702")
ORDER = PurchaseOrder(purpose=Purpose.ORIGINAL, number="PO-9", order_date=None, lines=())
HELD, ADDRESSED = SalesRules(), SalesRules(unknown_ship_to="address")


def party(**values: object) -> Party:
    place = {"name": "Brightmart 42", "street": ("1 Market St",), "city": "Springfield", "postal_code": "62701"}
    return Party(role="ST", **{**place, **values})  # type: ignore[arg-type]


def goes(
    store: str, to: Party | None, *locations: CustomerLocation, rules: SalesRules = HELD, order: PurchaseOrder = ORDER
) -> ShipTo:
    book = SalesBook(customers=(CUSTOMER,), locations=locations or (STORE, DEPOT), items=())
    return place_of(order, CUSTOMER, store, to, rules, book)


def test_an_order_that_names_no_place_goes_to_the_usual_one() -> None:
    found = goes("", None)
    assert (found.location, found.address) == (None, None)
    assert "usual one" in found.told[0]


def test_a_code_finds_its_place_and_another_postal_code_is_told() -> None:
    assert goes("0042", party()) == ShipTo(STORE, None, "0042")
    assert goes("0042", party(postal_code="6 2701")).told == ()
    assert goes("0042", party(postal_code="99999")).told == ("its address has postal code 99999, place MAIN has 62701",)


def test_without_a_code_the_one_place_of_that_very_address_is_meant() -> None:
    found = goes("", party(street=("1  MARKET st",)))
    assert (found.location, found.told) == (STORE, ("its address is that of place MAIN",))


@pytest.mark.parametrize(
    ("store", "to", "locations", "said"),
    [
        ("0042", None, (STORE, changed(DEPOT, their_code="0042")), "several places of customer C000042 have the code"),
        ("0042", None, (changed(STORE, active=False),), "place MAIN of customer C000042 is not active"),
        ("0099", None, (STORE,), "no place of customer C000042 has the code"),
        ("", party(), (STORE, changed(STORE, id="l3", code="TWIN")), "no place of customer C000042 has the code"),
        ("", party(), (changed(STORE, active=False),), "no place of customer C000042 has the code"),
        ("", party(postal_code=""), (changed(STORE, postal_code=""),), "no place of customer C000042 has the code"),
    ],
    ids=["two of one code", "closed", "unknown", "two of one address", "closed, by address", "half an address"],
)
def test_what_is_not_one_place_is_held_with_what_could_be_made(
    store: str, to: Party | None, locations: tuple[CustomerLocation, ...], said: str
) -> None:
    with pytest.raises(NeedsCorrection, match=said) as held:
        goes(store, to, *locations)
    assert held.value.reason is Reason.UNKNOWN_SHIP_TO


def test_an_address_of_its_own_is_taken_whole_where_the_partners_file_says_so() -> None:
    contact = Contact(
        name="Dana",
        numbers=(Reference(qualifier="TE", value="555-0100"), Reference(qualifier="EM", value="dana@example.com")),
    )
    found = goes("0099", party(more_names=("Back door",), contacts=(contact,)), rules=ADDRESSED)
    assert found.location is None
    assert found.address is not None
    assert (found.address.name, found.address.contact) == ("Brightmart 42 Back door", "Dana")
    assert (found.address.phone, found.address.email) == ("555-0100", "dana@example.com")


@pytest.mark.parametrize("lacking", [{"street": ()}, {"city": ""}])
def test_an_address_that_nothing_can_be_delivered_to_is_held_all_the_same(lacking: dict[str, object]) -> None:
    with pytest.raises(NeedsCorrection, match="has the code"):
        goes("0099", party(**lacking), rules=ADDRESSED)
