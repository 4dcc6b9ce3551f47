"""Remittance advices through the whole deployment: what they pay, what does not fit, and never twice."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import TryAgain
from ml_connector.flows.payments.spoken import settlement_of
from ml_connector.flows.remittances_in.settings import RemittancesIn
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.partners import ACMEBUY, HILLCREST
from ml_connector_tests.systems.sage_intacct.stage import Stage, open_stage

VENDOR = "V-17"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("remittances")) as made:
        yield made


@pytest.fixture
def stage(_opened: Stage) -> Iterator[Stage]:
    """One deployment for the module: each test has bills and payments of its own."""
    yield _opened
    _opened.sandbox.faults.clear()


def bill(stage: Stage, number: str, amount: str, *, vendor: str = VENDOR, **more: str) -> str:
    """A bill in the books of the entity; its record number."""
    row = stage.sandbox.call(user.enter_bill, stage.sandbox.sage_intacct, number, amount, vendor=vendor, **more)
    return row.text("RECORDNO")


def due(stage: Stage, number: str) -> Decimal:
    (row,) = stage.rows("APBILL", RECORDID=number)
    return row.amount("TRX_TOTALDUE")


def rmr(number: str, paid: str, *more: str, qualifier: str = "IV", action: str = "") -> Segment:
    return ["RMR", qualifier, number, action, paid, *more]


def advise(
    stage: Stage, trace: str, amount: str, *items: Segment, vendor: str = VENDOR, who: str = ACMEBUY.name, **codes: str
) -> None:
    """An 820 of the company's own purchasing lies in its folder."""
    head = ["BPR", codes.get("handling", "C"), amount, codes.get("direction", "C"), codes.get("method", "ACH"), "CTX"]
    sets: list[Segment] = [
        ["820"],
        [*head, *[""] * 10, codes.get("day", "20261128")],
        ["TRN", "1", trace],
        ["CUR", "PR", codes.get("currency", "USD")],
        ["N1", "PR", "Acme Manufacturing"],
        ["N1", "PE", "Lakeside Ironworks", "92", vendor],
        ["ENT", "1"],
        *items,
    ]
    partner = stage.world.partners[who]
    stage.sandbox.call(partner.send, "820", [sets], [], partner.behaviour)


def run(stage: Stage) -> None:
    stage.run()
    stage.sandbox.clock.move(5)


def remittance(stage: Stage, trace: str) -> DocumentRow:
    (row,) = (one for one in stage.documents("remittances_in") if one.number == trace)
    return row


def payments(stage: Stage, trace: str) -> list[Decimal]:
    return [row.amount("TRX_TOTALENTERED") for row in stage.rows("APPYMT", DOCNUMBER=trace)]


def held(stage: Stage, trace: str) -> str:
    """Why it is held, after a run; nothing of it is in the books."""
    run(stage)
    row = remittance(stage, trace)
    assert row.state is S.QUARANTINED, row.state
    assert payments(stage, trace) == []
    assert (row.reason_detail or {})["mend"]
    return row.reason or ""


def test_one_payment_pays_many_bills_and_uses_a_credit(stage: Stage) -> None:
    """An invoice without an order, a part of another, a credit, a discount: one AP payment, each bill by its part."""
    for number, amount in (("M-1", "100.00"), ("M-2", "50.00"), ("M-3", "20.00")):
        bill(stage, number, amount)
    bill(stage, "M-CM", "-30.00", kind="APADJUSTMENT")
    items = [rmr("M-1", "100"), rmr("M-2", "40"), rmr("M-3", "19.60", "20", "0.40"), rmr("M-CM", "-30", qualifier="CM")]
    advise(stage, "MANY-1", "129.6", *items)
    run(stage)
    assert (remittance(stage, "MANY-1").state, remittance(stage, "MANY-1").reason) == (S.POSTED, None)
    assert payments(stage, "MANY-1") == [Decimal("129.60")]
    assert [due(stage, number) for number in ("M-1", "M-2", "M-3")] == [0, 10, 0]
    (credit,) = stage.rows("APADJUSTMENT", RECORDID="M-CM")
    assert credit.amount("TRX_TOTALDUE") == 0
    (made,) = stage.rows("APPYMT", DOCNUMBER="MANY-1")
    assert (made.text("FINANCIALENTITY"), made.text("PAYMENTMETHOD"), made.owner) == ("CHK-MAIN", "EFT", "100")


def test_an_invoice_that_purchasing_made_is_paid_by_its_suppliers_number(stage: Stage) -> None:
    """The bill of a Vendor Invoice has a number of its own: the supplier's stands on the document (intacct 7.2)."""
    (order,) = stage.sandbox.call(user.create_orders, stage.sandbox.sage_intacct, entity="100")
    receiver = stage.sandbox.call(user.receive, stage.sandbox.sage_intacct, order.text("DOCID"))
    more = {"definition": "Vendor Invoice", "reference": "SUP-77"}
    stage.sandbox.call(user.receive, stage.sandbox.sage_intacct, receiver.text("DOCID"), **more)
    (made,) = stage.rows("APBILL", MODULEKEY="9.PO")
    total = made.amount("TRX_TOTALDUE")
    advise(stage, "PO-1", str(total), rmr("SUP-77", str(total)))
    run(stage)
    assert payments(stage, "PO-1") == [total]
    assert made.amount("TRX_TOTALDUE") == 0


def test_a_part_payment_leaves_the_rest_and_equal_parts_are_two(stage: Stage) -> None:
    bill(stage, "PART", "90.00")
    for at in (1, 2):
        advise(stage, f"PART-{at}", "45", rmr("PART", "45"))
    run(stage)
    assert [payments(stage, f"PART-{at}") for at in (1, 2)] == [[Decimal(45)], [Decimal(45)]]
    assert due(stage, "PART") == 0


def test_two_payments_of_one_batch_never_pay_more_than_is_due(stage: Stage) -> None:
    bill(stage, "TWICE", "60.00")
    for at in (1, 2):
        advise(stage, f"TWICE-{at}", "60", rmr("TWICE", "60"))
    run(stage)
    rows = [remittance(stage, f"TWICE-{at}") for at in (1, 2)]
    assert sorted((row.state, row.reason) for row in rows) == [
        (S.POSTED, None),
        (S.QUARANTINED, "payment_above_due"),
    ]
    assert due(stage, "TWICE") == 0


def test_the_same_payment_told_twice_is_entered_once(stage: Stage) -> None:
    bill(stage, "SAME", "80.00")
    advise(stage, "SAME-1", "40", rmr("SAME", "40"))
    run(stage)
    advise(stage, "SAME-1", "40", rmr("SAME", "40"), day="20261127")  # other bytes, the same trace number
    run(stage)
    rows = [row for row in stage.documents("remittances_in") if row.number == "SAME-1"]
    assert sorted((row.state, row.reason) for row in rows) == [
        (S.POSTED, None),
        (S.QUARANTINED, "duplicate_invoice_number"),
    ]
    assert due(stage, "SAME") == 40


def test_a_payment_that_somebody_entered_by_hand_is_set_aside(stage: Stage) -> None:
    bill(stage, "HAND", "70.00")
    stage.sandbox.call(user.pay_bill, stage.sandbox.sage_intacct, "HAND", "35.00", reference="HAND-1")
    advise(stage, "HAND-1", "35", rmr("HAND", "35"))
    run(stage)
    row = remittance(stage, "HAND-1")
    assert (row.state, row.reason) == (S.DUPLICATE, "keyed_by_hand")
    assert (payments(stage, "HAND-1"), due(stage, "HAND")) == ([Decimal(35)], 35)


def test_a_bill_that_somebody_paid_is_not_paid_again(stage: Stage) -> None:
    bill(stage, "PAID", "70.00")
    stage.sandbox.call(user.pay_bill, stage.sandbox.sage_intacct, "PAID", "70.00", reference="BANK-FILE")
    advise(stage, "PAID-1", "70", rmr("PAID", "70"))
    assert held(stage, "PAID-1") == "payment_above_due"


def test_a_payment_waits_for_its_bill_and_goes_on_by_itself(stage: Stage) -> None:
    advise(stage, "WAITS-1", "25", rmr("WAITS", "25"))
    assert held(stage, "WAITS-1") == "payment_item_unknown"
    bill(stage, "WAITS", "25.00")
    stage.sandbox.clock.move(700)
    run(stage)
    assert remittance(stage, "WAITS-1").state is S.POSTED
    assert due(stage, "WAITS") == 0


def test_what_no_bill_carries_is_a_journal_entry_by_its_reason(stage: Stage) -> None:
    """5 less left the bank than the bill takes: the bank's account gets them back, the difference has its account."""
    bill(stage, "FEE", "100.00")
    advise(stage, "FEE-1", "95", ["ADX", "-5", "04"], rmr("FEE", "100"))
    run(stage)
    assert remittance(stage, "FEE-1").state is S.POSTED
    assert (payments(stage, "FEE-1"), due(stage, "FEE")) == ([Decimal(100)], 0)
    (entry,) = stage.rows("GLBATCH", REFERENCENO="FEE-1")
    lines = stage.sandbox.call(stage.sandbox.sage_intacct.main.lines, "GLBATCH", entry)
    assert sorted((line.text("ACCOUNTNO"), line.text("TR_TYPE"), line.amount("TRX_AMOUNT")) for line in lines) == [
        ("1000", "1", Decimal(5)),
        ("6800", "-1", Decimal(5)),
    ]


def test_a_customers_payment_is_recorded_and_entered_nowhere(stage: Stage) -> None:
    before = len(stage.rows("APPYMT"))
    advise(stage, "CUST-1", "310", rmr("SI-5", "310", qualifier="AP"), who=HILLCREST.name)
    run(stage)
    assert remittance(stage, "CUST-1").state is S.APPLIED
    assert len(stage.rows("APPYMT")) == before


HELD = {
    "more than is due": ({"items": [rmr("H", "120")], "amount": "120"}, "payment_above_due"),
    "items are not the payment": ({"items": [rmr("H", "100")], "amount": "90"}, "payment_difference"),
    "nothing is named": ({"items": [], "amount": "100"}, "payment_difference"),
    "another currency": ({"items": [rmr("H", "100")], "amount": "100", "currency": "CAD"}, "currency_mismatch"),
    "a discount that leaves the bill open": (
        {"items": [rmr("H", "90", "100", "5")], "amount": "90"},
        "payment_difference",
    ),
    "what was invoiced does not explain it": (
        {"items": [rmr("H", "100", "80")], "amount": "100"},
        "payment_difference",
    ),
    "an invoice below zero": ({"items": [rmr("H", "-100"), rmr("I", "200")], "amount": "100"}, "sign_contradiction"),
    "a credit above zero": ({"items": [rmr("H", "100", qualifier="CM")], "amount": "100"}, "sign_contradiction"),
    "an order is paid": ({"items": [rmr("H", "100", qualifier="PO")], "amount": "100"}, "unsupported_document"),
    "paid in advance": ({"items": [rmr("H", "100", action="PA")], "amount": "100"}, "unsupported_document"),
    "remittance alone": ({"items": [rmr("H", "100")], "amount": "100", "handling": "I"}, "unsupported_document"),
    "money is drawn": ({"items": [rmr("H", "100")], "amount": "100", "direction": "D"}, "unsupported_document"),
    "a day far ahead": ({"items": [rmr("H", "100")], "amount": "100", "day": "20361128"}, "bad_value"),
    "a reason without an account": (
        {"items": [["ADX", "-10", "59"], rmr("H", "100")], "amount": "90"},
        "payment_difference",
    ),
    "an adjustment inside that explains nothing": (
        {"items": [rmr("H", "95", "100"), ["ADX", "-2", "04"]], "amount": "95"},
        "payment_difference",
    ),
    "a payee that nobody knows": (
        {"items": [rmr("H", "100")], "amount": "100", "vendor": "V-99"},
        "unknown_supplier",
    ),
    "the bill of another supplier": (
        {"items": [rmr("H", "100")], "amount": "100", "vendor": "V-18"},
        "payment_item_unknown",
    ),
}


@pytest.mark.parametrize(("what", "reason"), HELD.values(), ids=list(HELD))
def test_what_does_not_fit_is_held_whole(stage: Stage, what: dict[str, Any], reason: str) -> None:
    if not stage.rows("APBILL", RECORDID="H"):
        bill(stage, "H", "100.00")
    trace = f"HELD-{next(_numbers)}"
    values = dict(what)
    advise(stage, trace, values.pop("amount"), *values.pop("items"), **values)
    assert held(stage, trace) == reason
    assert due(stage, "H") == 100


def test_an_announcement_is_recorded(stage: Stage) -> None:
    advise(stage, "PRE-1", "0", rmr("H", "0"), handling="P")
    run(stage)
    assert remittance(stage, "PRE-1").state is S.APPLIED
    assert payments(stage, "PRE-1") == []


@contextmanager
def settings(stage: Stage, **more: Any) -> Iterator[None]:
    """The flow with other settings."""
    was = stage.integration
    flows = was.settings.flows
    other = flows.model_copy(update={"remittances_in": flows.of(RemittancesIn).model_copy(update=more)})
    stage.integration = replace(was, settings=was.settings.model_copy(update={"flows": other}))
    yield
    stage.integration = was


def test_what_was_begun_is_finished_and_nothing_twice(stage: Stage) -> None:
    """The payment is in the books, its difference was refused: with the right account only that is written."""
    bill(stage, "BEGUN", "100.00")
    advise(stage, "BEGUN-1", "95", ["ADX", "-5", "04"], rmr("BEGUN", "100"))
    with settings(stage, differences={"04": "9999"}):
        run(stage)
    row = remittance(stage, "BEGUN-1")
    assert (row.state, row.reason) == (S.QUARANTINED, "refused_by_system")
    assert (payments(stage, "BEGUN-1"), due(stage, "BEGUN")) == ([Decimal(100)], 0)
    was = stage.work
    stage.work = replace(was, replay=True, documents=(row.id,))
    run(stage)
    stage.work = was
    assert remittance(stage, "BEGUN-1").state is S.POSTED
    assert payments(stage, "BEGUN-1") == [Decimal(100)]
    assert len(stage.rows("GLBATCH", REFERENCENO="BEGUN-1")) == 1


def test_without_apply_a_payment_is_recorded_against_its_bills(stage: Stage) -> None:
    bill(stage, "REC", "100.00")
    advise(stage, "REC-1", "100", rmr("REC", "100"))
    with settings(stage, apply=False, differences={}):
        run(stage)
    row = remittance(stage, "REC-1")
    assert row.state is S.APPLIED
    (payment,) = settlement_of(row.work).payments
    assert [(line.number, line.amount) for line in payment.lines] == [("REC", Decimal(100))]
    assert (payments(stage, "REC-1"), due(stage, "REC")) == ([], 100)


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_lost_answers_leave_each_payment_once(stage: Stage, kind: FaultKind) -> None:
    """Reads lag behind; every second call loses its answer."""
    number = f"LOST-{kind}"
    bill(stage, number, "100.00")
    advise(stage, number, "95", ["ADX", "-5", "04"], rmr(number, "100"))
    stage.sandbox.sage_intacct.options.lag_seconds = 5.0
    for at in range(0, 16, 2):
        late = {"seconds": 60.0, "real_time": False, "skip": at}
        stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="sage_intacct", method="POST", **late))
    for _ in range(8):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(800)
    assert sum(not fault.count for fault in stage.sandbox.faults.faults) >= 6, "so many were met"
    stage.sandbox.faults.clear()
    stage.sandbox.sage_intacct.options.lag_seconds = 0.0
    run(stage)
    assert remittance(stage, number).state is S.POSTED
    assert (payments(stage, number), due(stage, number)) == ([Decimal(100)], 0)
    assert len(stage.rows("GLBATCH", REFERENCENO=number)) == 1


def test_the_ledger_of_all_this_holds(stage: Stage) -> None:
    """States against writes, chains and totals, after everything above."""
    found = verify.verify(stage.deployment.ledger)
    assert found.clean, found
