"""Which changes of a supplier count as agreed, case by case, and what the order is with them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.config.partners import Partner, Tolerance
from ml_connector.documents.common import DateReference, ItemId, changed
from ml_connector.documents.json import dump
from ml_connector.documents.order_agreements import AgreedLine
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine, PurchaseOrder
from ml_connector.documents.records import from_values
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import Rules, compare
from ml_connector.flows.orders_out.agreed_changes import agreed_line, with_line
from ml_connector.flows.orders_out.order_content import with_total

DAY, LATER = date(2026, 12, 1), date(2026, 12, 8)
ORDERED = OrderLine(
    number="1",
    quantity=Decimal(100),
    unit="EA",
    price=Decimal("2.50"),
    items=(ItemId(qualifier="BP", value="RELAY"),),
    dates=(DateReference(qualifier="002", day=DAY),),
)
PARTNER = Partner.model_validate(
    {
        "name": "northwind",
        "vendor": "20011",
        "identity": {"qualifier": "ZZ", "id": "NORTHWIND"},
        "channels": {"send": "out"},
        "units": {"PCE": "EA"},
    }
)
RULES = Rules(units=PARTNER.units)
NONE, TEN_PERCENT = Tolerance(), Tolerance(percent=Decimal(10))


def agreed(*answers: dict[str, Any], price: str | None = "2.50", tolerance: Tolerance = NONE) -> AgreedLine | None:
    usual = {"status": "IC", "quantity": 100, "unit": "EA", "date_qualifier": "067", "day": DAY}
    made = from_values(tuple[LineAnswer, ...], [{**usual, **answer} for answer in answers])
    line = AcknowledgedLine(
        number="1", quantity=Decimal(100), unit="EA", price=Decimal(price) if price else None, answers=made
    )
    verdicts = compare(OrderAcknowledgment(number="4711", type="AC", lines=(line,)), Expected([ORDERED]), RULES)
    return agreed_line(verdicts.pairs[0], verdicts.lines[0], "line-1", PARTNER, tolerance, date(2026, 11, 21))


@pytest.mark.parametrize("status", ["IC", "IQ"])
def test_less_and_later_is_agreed(status: str) -> None:
    line = agreed({"status": status, "quantity": 80, "day": LATER})
    assert line is not None
    assert (line.quantity, line.receipt_date, line.was_quantity, line.was_date) == (80, LATER, 100, DAY)


@pytest.mark.parametrize("status", ["IA", "AC", "AR", "DR"])
def test_a_part_that_is_accepted_says_nothing_of_the_rest(status: str) -> None:
    """60 of 100 accepted, and no word of the other 40: they may be answered later."""
    assert agreed({"status": status, "quantity": 60}) is None
    line = agreed({"status": status, "quantity": 60, "day": LATER})
    assert line is not None
    assert (line.quantity, line.receipt_date) == (None, LATER)


def test_only_what_differs_is_written() -> None:
    quantity, day = agreed({"quantity": 80}), agreed({"day": LATER})
    assert quantity is not None
    assert (quantity.quantity, quantity.receipt_date) == (80, None)
    assert day is not None
    assert (day.quantity, day.receipt_date) == (None, LATER)
    assert agreed({}) is None


@pytest.mark.parametrize("status", ["IP", "IR", "ID", "IB", "BP", "IS", "IH", "IE", "SP", "AA", "R1", "R8"])
def test_other_answers_are_for_a_person(status: str) -> None:
    assert agreed({"status": status, "quantity": 80, "day": LATER}) is None
    assert agreed({"quantity": 60}, {"status": status, "quantity": 20}) is None


def test_a_line_at_another_price_is_not_written_at_all() -> None:
    assert agreed({"quantity": 80}, price="2.49") is None
    assert agreed({"quantity": 80}, price=None) is not None


def test_more_is_agreed_within_the_tolerance() -> None:
    assert agreed({"quantity": 101}) is None
    allowed = agreed({"quantity": 110}, tolerance=TEN_PERCENT)
    assert allowed is not None
    assert allowed.quantity == 110
    assert agreed({"quantity": 111}, tolerance=TEN_PERCENT) is None


@pytest.mark.parametrize("quantity", [0, -5, None])
def test_nothing_and_less_than_nothing_is_no_quantity(quantity: int | None) -> None:
    assert agreed({"quantity": quantity}) is None


def test_units_must_be_the_orders_own() -> None:
    assert agreed({"quantity": 80, "unit": "CS"}) is None
    mapped = agreed({"quantity": 80, "unit": "PCE"})
    assert mapped is not None
    assert mapped.quantity == 80


@pytest.mark.parametrize("qualifier", ["068", "079", "010", ""])
def test_a_date_of_shipment_is_no_date_of_receipt(qualifier: str) -> None:
    assert agreed({"day": LATER, "date_qualifier": qualifier}) is None
    line = agreed({"quantity": 80, "day": LATER, "date_qualifier": qualifier})
    assert line is not None
    assert line.receipt_date is None


def test_two_dates_have_no_place_on_one_line_and_their_quantities_add_up() -> None:
    line = agreed({"quantity": 50}, {"quantity": 30, "day": LATER})
    assert line is not None
    assert (line.quantity, line.receipt_date) == (80, None)


def test_a_date_before_the_order_is_a_mistake() -> None:
    assert agreed({"day": date(2026, 11, 20)}) is None


@given(
    quantity=st.decimals(min_value="0.001", max_value="99999", places=3),
    price=st.decimals(min_value="0.01", max_value="999", places=2),
    day=st.dates(min_value=date(2026, 11, 21), max_value=date(2030, 1, 1)),
)
def test_the_order_with_an_agreed_line_is_the_order_as_it_will_be_read(
    quantity: Decimal, price: Decimal, day: date
) -> None:
    """Its text, and so its hash, is that of an order resolved with those values: no phantom change."""

    def order(ordered: Decimal, on: date) -> PurchaseOrder:
        lines = tuple(
            changed(
                ORDERED,
                number=number,
                price=price,
                quantity=ordered if number == "1" else Decimal(7),
                dates=(DateReference(qualifier="002", day=on if number == "1" else DAY),),
            )
            for number in ("1", "2")
        )
        bare = PurchaseOrder(number="4711", order_date=DAY, currency="EUR", lines=lines)
        return with_total(bare)

    change = AgreedLine(order_line_id="x", number="1", quantity=quantity, receipt_date=day)
    assert dump(with_line(order(Decimal(100), DAY), change)) == dump(order(quantity, day))
