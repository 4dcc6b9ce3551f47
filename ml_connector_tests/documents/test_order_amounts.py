"""What an order comes to, where that is plain."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.order_amounts import amount_of


def line(quantity: str | None = "3", price: str | None = "12.05", basis: str = "") -> OrderLine:
    numbers = {"quantity": quantity, "price": price}
    read: dict[str, Any] = {name: None if text is None else Decimal(text) for name, text in numbers.items()}
    return OrderLine(number="1", price_basis=basis, **read)


def order(*lines: OrderLine, currency: str = "USD", total: str | None = None) -> PurchaseOrder:
    said = None if total is None else Decimal(total)
    return PurchaseOrder(number="PO1", order_date=date(2026, 11, 2), currency=currency, lines=lines, total=said)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        (order(line(), line("2", "0.5")), "37.15"),
        (order(line("250", "12.05", "HP")), "30.13"),  # 30.125, a price for a hundred
        (order(line("3", "33.35"), currency="JPY"), "100"),
        (order(line(), total="99.99"), "99.99"),
        (order(line(), currency=""), None),
        (order(), None),
        (order(line(), line(price=None)), None),
        (order(line(), line(quantity=None)), None),
        (order(line(), line(basis="ZZ")), None),
    ],
    ids=[
        "lines",
        "a price for many",
        "no cents",
        "said",
        "no currency",
        "no lines",
        "no price",
        "no quantity",
        "no basis",
    ],
)
def test_it_is_told_where_it_is_plain(given: PurchaseOrder, amount: str | None) -> None:
    assert amount_of(given) == (None if amount is None else Decimal(amount))
