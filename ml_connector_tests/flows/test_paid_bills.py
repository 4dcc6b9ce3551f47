"""What a payment says of each bill that it pays, for whoever hears of it."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import changed
from ml_connector.documents.payables.settlements import ItemKind, Payment, PaymentLine, Settlement
from ml_connector.flows.payments_in.booking import paid_bills

D = Decimal
LINES = (
    PaymentLine(item_id="1", number="A", amount=D(70), bill="bill a"),
    PaymentLine(item_id="2", number="A", amount=D(30), bill="bill a"),
    PaymentLine(item_id="3", number="C", kind=ItemKind.CREDIT, amount=D(-20), bill="credit c"),
    PaymentLine(item_id="4", number="B", amount=D(5)),
)


def payment(*lines: PaymentLine) -> Payment:
    total = sum((line.amount for line in lines), D(0))
    return Payment(
        party_id="v", reference="P", payment_date=date(2026, 11, 20), currency="EUR", amount=total, lines=lines
    )


def test_parts_of_a_bill_are_one_and_a_credit_that_is_used_is_not_taken_back() -> None:
    found = paid_bills(Settlement(payments=(payment(*LINES),)))
    assert {bill: (one.amount, one.back) for bill, one in found.items()} == {
        "bill a": (D(100), False),
        "credit c": (D(-20), False),
    }


def test_what_takes_a_payment_back_takes_back_its_bills_and_its_credits() -> None:
    back = (changed(line, amount=-line.amount) for line in LINES)
    found = paid_bills(Settlement(payments=(payment(*back),)))
    assert {bill: (one.amount, one.back) for bill, one in found.items()} == {
        "bill a": (D(-100), True),
        "credit c": (D(20), True),
    }
