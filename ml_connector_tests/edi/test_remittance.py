"""Payments (820) and application advices (824): values, sums, and what senders leave out."""

from decimal import Decimal

from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.remittances import Remittance
from ml_connector_tests.edi.building import codes, group, interchange, one, transaction

PAYMENT = (
    "BPR*C*1050.5*C*ACH*CTX*01*091000019*DA*92283334*1657777777**01*148529553*DA*4711*20261130~TRN*1*TRACE-1~"
    "CUR*PR*USD~N1*PR*ACME CORP*92*0042~N1*PE*SELLER~ENT*1~"
    "RMR*IV*INV-1*PI*900*950*20~REF*PO*PO-1~ADX*-30*04~RMR*IV*INV-2**150.5~ADX*-50*ZZ*CM*C-7~NTE*GEN*RETURNED~"
)
ADVICE = (
    "BGN*00*ADV-1*20261121*0215~N1*FR*BUYER*92*0042~"
    "OTI*TR*IV*INV-1*SELLER*BUYER*20261120**77*0001*810*004010~"
    "TED*ZZZ*PRICE DIFFERS*IT1*7*4*212*12.5~NTE*GEN*ORDERED AT 12.00~OTI*TA*IV*INV-2~"
)


def payment(body: str = PAYMENT, version: str = "004010") -> bytes:
    return interchange(group("RA", transaction("820", body), version=version), version=version)


def advice(body: str = ADVICE, version: str = "004010") -> bytes:
    return interchange(group("AG", transaction("824", body), version=version), version=version)


def test_a_payment_says_what_it_pays() -> None:
    received = one(payment(), "strict")
    assert received.accepted, received.findings
    assert received.findings == ()
    found = received.document
    assert isinstance(found, Remittance)
    assert (found.number, found.amount, found.currency, found.method) == ("TRACE-1", Decimal("1050.5"), "USD", "ACH")
    first, second = found.items
    assert (first.number, first.amount, first.invoice_amount, first.discount) == (
        "INV-1",
        Decimal(900),
        Decimal(950),
        Decimal(20),
    )
    assert first.order_number == "PO-1"
    assert [(a.amount, a.reason) for a in first.adjustments] == [(Decimal(-30), "04")]
    assert second.amount == Decimal("150.5")
    # this ADX follows an RMR: it explains that item
    assert [(a.amount, a.qualifier, a.number) for a in second.adjustments] == [(Decimal(-50), "CM", "C-7")]


def test_adjustments_beside_the_items_are_part_of_the_sum_and_those_under_an_item_are_not() -> None:
    """x12-procurement 9: BPR02 = RMR04 + ADX directly under ENT."""
    beside = PAYMENT.replace("ENT*1~", "ENT*1~ADX*-50*ZZ~")
    assert codes(one(payment(beside))) == [("business", "payment_total", "BPR02")]
    assert codes(one(payment(beside.replace("*1050.5*C", "*1000.5*C")))) == []


def test_a_payment_that_does_not_add_up_is_told_and_accepted() -> None:
    received = one(payment(PAYMENT.replace("RMR*IV*INV-2**150.5", "RMR*IV*INV-2**100")))
    assert received.accepted
    assert codes(received) == [("business", "payment_total", "BPR02")]
    assert received.findings[0].kind == "control_total"


def test_items_without_an_entity_are_read_and_told() -> None:
    received = one(payment(PAYMENT.replace("ENT*1~", "")))
    assert received.accepted
    assert [item.number for item in received.document.items] == ["INV-1", "INV-2"]  # type: ignore[union-attr]
    assert {code for _, code, place in codes(received) if place == "RMR"} == {"2"}


def test_an_advice_names_the_document_and_its_errors() -> None:
    for version in ("004010", "005010"):
        received = one(advice(version=version), "strict")
        assert received.accepted, received.findings
        found = received.document
        assert isinstance(found, ApplicationAdvice)
        refused, taken = found.items
        assert (refused.code, refused.accepted, refused.number, refused.set_control) == ("TR", False, "INV-1", "0001")
        assert taken.accepted
        [error] = refused.errors
        assert (error.code, error.segment_id, error.position, error.element, error.value) == (
            "ZZZ",
            "IT1",
            7,
            4,
            "12.5",
        )
        assert error.notes == ("ORDERED AT 12.00",)


def test_an_advice_without_items_is_not_accepted() -> None:
    received = one(advice("BGN*00*ADV-1*20261121~"))
    assert not received.accepted
    assert ("segment", "3", "OTI") in codes(received)
