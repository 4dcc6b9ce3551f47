"""What a person is told of a payment that nobody enters from here."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.remittances import Adjustment, PaidEntity, PaidItem, Remittance
from ml_connector.flows.meaning.unhandled import SHOWN, unhandled

D = Decimal


def payment(
    *items: PaidItem, amount: str = "95.00", adjustments: tuple[Adjustment, ...] = (), **more: Any
) -> Remittance:
    values: dict[str, Any] = {"number": "T1", "amount": D(amount), "currency": "USD", "handling": "C"}
    entity = PaidEntity(items=items, adjustments=adjustments)
    return Remittance(**{**values, **more}, entities=(entity,))


def test_each_invoice_is_told_with_what_was_taken_off() -> None:
    off = Adjustment(amount=D("-3.00"), reason="04")
    paid = PaidItem(
        qualifier="IV", number="002001", amount=D(95), invoice_amount=D(100), discount=D(2), adjustments=(off,)
    )
    held = unhandled(payment(paid), "820", "0001")
    assert held.reason == "unsupported_document"
    assert held.message == "Payment T1 of 95 USD (820) pays 002001; payments are not entered in the ERP from here."
    assert held.data["items"] == [
        {
            "what": "invoice", "number": "002001", "paid": "95", "invoiced": "100", "discount": "2",
            "adjustments": [{"amount": "-3", "reason": "04", "number": ""}],
        }
    ]  # fmt: skip
    assert (held.data["handling"], held.data["difference"]) == ("payment with remittance", "0")


@pytest.mark.parametrize(
    ("adjustments", "amount", "difference"),
    [((), "95", "-5"), ((Adjustment(amount=D(-5), reason="01"),), "95", "0"), ((), "120", "20")],
)
def test_a_payment_that_does_not_come_to_what_it_names_is_told(
    adjustments: tuple[Adjustment, ...], amount: str, difference: str
) -> None:
    held = unhandled(payment(PaidItem(number="1", amount=D(100)), amount=amount, adjustments=adjustments), "820", "1")
    assert held.data["difference"] == difference
    assert ("comes to" in held.message) == (difference != "0")


def test_codes_that_are_on_no_list_and_long_lists_are_told_too() -> None:
    many = [PaidItem(qualifier="ZZ", number=str(at), amount=D(1)) for at in range(SHOWN + 10)]
    held = unhandled(payment(*many, amount="60", handling="Q"), "820", "1")
    assert held.data["handling"] == "a code that is not known: Q"
    assert (len(held.data["items"]), held.data["items_in_all"]) == (SHOWN, SHOWN + 10)
    assert "and 55 more" in held.message
    assert held.data["items"][0]["what"] == "ZZ"


def test_another_set_is_only_named() -> None:
    assert unhandled(None, "830", "0001").data == {"set": "830", "control_number": "0001"}
