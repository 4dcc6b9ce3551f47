"""What a seller says of each line, and what it means: as ordered, changed, backordered, held, refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import DateReference, ItemId, changed
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import compare

DAY = date(2026, 12, 1)
ORDERED = OrderLine(
    number="1",
    quantity=Decimal(100),
    unit="EA",
    price=Decimal("2.50"),
    items=(ItemId(qualifier="BP", value="RELAY"),),
    dates=(DateReference(qualifier="002", day=DAY),),
)


def answer(*answers: tuple[str, int, date | None], price: str = "2.50") -> OrderAcknowledgment:
    lines = tuple(
        LineAnswer(status=status, quantity=Decimal(count), unit="EA", day=day) for status, count, day in answers
    )
    line = AcknowledgedLine(number="1", quantity=Decimal(100), unit="EA", price=Decimal(price), answers=lines)
    return OrderAcknowledgment(number="4711", order_date=DAY, type="AC", lines=(line,))


@pytest.mark.parametrize(
    ("given", "verdict", "told"),
    [
        (answer(("IA", 100, DAY)), "accepted", set()),
        (answer(("IA", 100, date(2026, 11, 25))), "accepted", {"earlier"}),
        (answer(("IQ", 60, DAY)), "changed", {"quantity"}),
        (answer(("IP", 100, DAY), price="2.75"), "changed", {"price"}),
        (answer(("IA", 100, date(2026, 12, 9))), "changed", {"date"}),
        (answer(("IA", 60, DAY), ("IB", 40, date(2026, 12, 20))), "backordered", {"date"}),
        (answer(("BP", 60, DAY)), "backordered", {"quantity"}),
        (answer(("IH", 100, DAY)), "held", set()),
        (answer(("IR", 100, None)), "refused", set()),
    ],
)
def test_each_line_has_its_verdict(given: OrderAcknowledgment, verdict: str, told: set[str]) -> None:
    (line,) = compare(given, Expected([ORDERED])).lines
    assert line.verdict == verdict
    assert set(line.detail) - {"status"} == told


def test_a_line_that_was_not_ordered_is_a_change() -> None:
    other: Any = changed(ORDERED, number="7", items=(ItemId(qualifier="BP", value="LAMP"),))
    line, missing = compare(answer(("IA", 100, DAY)), Expected([other])).lines
    assert (line.verdict, line.detail["note"]) == ("changed", "not on the order")
    assert (missing.line, missing.verdict) == ("7", "unanswered")
