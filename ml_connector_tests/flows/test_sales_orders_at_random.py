"""Whatever a customer orders at random, what is ordered of the ERP is what the 850 says, exactly."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from ml_connector.documents.sales.reference import ItemFacts, UnitConversion
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector_tests.flows import shop as s
from ml_connector_tests.flows.shop import D
from ml_connector_tests.flows.test_sales_orders_building import read

STORE_CODES = ("0001", "0002", "0003")
ITEM_NUMBERS = {"HM-RICE": ("RICE", ("EA",)), "HM-OIL": ("OIL", ("EA", "CA"))}


@st.composite
def ordered(draw: st.DrawFn) -> list[tuple[str, str, dict[str, Decimal], Decimal]]:
    """Lines: the customer's number, X12 unit, quantity by store ("" where it is not divided), price."""
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.sampled_from(sorted(ITEM_NUMBERS)))
        unit = draw(st.sampled_from(ITEM_NUMBERS[number][1]))
        amounts = st.decimals("0.001", "99999", places=draw(st.integers(0, 3))).filter(lambda one: one > 0)
        stores = draw(st.lists(st.sampled_from(STORE_CODES), unique=True, max_size=3))
        parts = {store: draw(amounts) for store in stores or ("",)}
        lines.append((number, unit, parts, draw(st.decimals("0.01", "9999", places=2))))
    return lines


@trying(deadline=None)
@given(ordered(), st.sampled_from(["orders", "lines"]), st.sampled_from(["ordered", "base"]))
def test_what_is_ordered_is_what_the_850_says(
    lines: list[tuple[str, str, dict[str, Decimal], Decimal]], stores: str, quantities: str
) -> None:
    """Whatever units and stores: in base units, by item and place, exactly; and to the same amount of money.

    A price of twelve that has no end for one is held, never rounded.
    """
    segments = []
    for at, (number, unit, parts, price) in enumerate(lines, 1):
        total = sum(parts.values(), D(0))
        segments.append(f"PO1*{at}*{total:f}*{unit}*{price:f}**IN*{number}")
        if "" not in parts:
            pairs = "*".join(f"{store}*{amount:f}" for store, amount in parts.items())
            segments.append(f"SDQ*{unit}*92*{pairs}")
    rules = {"several_stores": stores, "quantities_in": quantities}
    order = read(s.body("PO-1", *segments))
    uneven = quantities == "base" and any(unit == "CA" and price * 100 % 3 for _, unit, _, price in lines)
    if uneven:
        with pytest.raises(NeedsCorrection, match="does not come out even"):
            sales_orders_for(order, s.partner(sales=rules), s.settings(), s.book(), s.TODAY)
        return
    orders = sales_orders_for(order, s.partner(sales=rules), s.settings(), s.book(), s.TODAY)
    facts = {item.code: item for item in s.ITEMS}
    places = {"": "MAIN", "0001": "MAIN", "0002": "S2", "0003": "S3"}
    wanted: Counter[tuple[str, str]] = Counter()
    money = D(0)
    for number, unit, parts, price in lines:
        item = ITEM_NUMBERS[number][0]
        for store, amount in parts.items():
            wanted[item, places[store]] += amount * (12 if unit == "CA" else 1)  # type: ignore[assignment]
            money += amount * price
    found: Counter[tuple[str, str]] = Counter()
    for one_order in orders:
        for line in one_order.lines:
            pieces = facts[line.item_code].converted(line.quantity, line.unit, "EACH")
            found[line.item_code, line.location_code or one_order.location_code or "MAIN"] += pieces  # type: ignore[assignment, operator]
    assert found == wanted
    assert sum((one_order.total or D(0) for one_order in orders), D(0)) == money
    assert len({one_order.reference for one_order in orders}) == len(orders)


@given(st.decimals("0.001", "999999", places=3), st.integers(1, 999), st.booleans())
def test_a_conversion_is_exact_or_none(quantity: Decimal, factor: int, divides: bool) -> None:
    unit = UnitConversion(from_unit="X", to_unit="B", factor=D(factor), divides=divides)
    item = ItemFacts(id="i", code="i", base_unit="B", conversions=(unit,))
    there = item.converted(quantity, "X", "B")
    if there is not None:
        assert item.converted(there, "B", "X") == quantity
    assert item.converted(quantity, "X", "NONE") is None
