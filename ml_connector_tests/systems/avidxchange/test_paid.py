"""The whole chain: entered in Exact, sent, approved and paid at AvidXchange, booked and matched: both books agree."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import documents as ledger_documents
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating import tracing
from ml_connector.sandbox.exact import user
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import approved, closed

Row = dict[str, Any]
SUPPLIERS = {"20011": ("60", "2"), "20012": ("60", "2"), "20016": ("61", "0")}  # journal and VAT code; the last in USD
MATCHED = 50


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    flows = {"invoices_out": {}, "payments_in": {"account": "51", "read_back_minutes": 0}}
    with avid_stage(tmp_path, flows=flows) as made:
        made.outbound()  # what is booked from here on is sent
        made.inbound()
        for code in SUPPLIERS:
            key = str(user.supplier_by_code(made.sandbox.exact.main, code)["ID"])
            vendor = {"ExternalIdentifier": {"Value": key}, "Name": f"Supplier {code}", "Active": True}
            made.sandbox.call(made.avid.add, "vendors", vendor)
        yield made


def entered(stage: Stage, number: str, amount: Decimal, supplier: str = "20011") -> Row:
    journal, vat = SUPPLIERS[supplier]
    options = {"supplier": supplier, "your_ref": number, "amount": amount, "journal": journal, "vat_code": vat}
    return dict(stage.sandbox.call(lambda: user.key_entry(stage.sandbox.exact, **options)))


def there(stage: Stage) -> dict[str, Row]:
    """Invoices at AvidXchange by our id."""
    return {row["ExternalIdentifier"]["Value"]: row for row in stage.avid.rows("invoices")}


def run(stage: Stage, times: int = 1) -> None:
    for _ in range(times):
        stage.outbound()
        stage.inbound()
        stage.sandbox.clock.move(700)


def paid_in_exact(stage: Stage, entry: Row) -> Decimal:
    """What is booked in the clearing journal."""
    main = stage.sandbox.exact.main
    lines = main.table("financialtransaction/BankEntryLines").where("OurRef", entry["EntryNumber"])
    return -sum((line["AmountFC"] for line in lines), Decimal(0))


def status(stage: Stage, entry: Row) -> int:
    (item,) = stage.sandbox.exact.main.table("cashflow/Payments").where("TransactionEntryID", entry["EntryID"])
    return int(item["Status"])


def test_the_story_of_one_invoice(stage: Stage) -> None:
    entry = entered(stage, "STORY-1", Decimal(100))
    run(stage)
    invoice = there(stage)[entry["EntryID"]]
    stage.sandbox.call(stage.desk.approve, str(invoice["Id"]))
    stage.sandbox.call(stage.desk.pay, [str(invoice["Id"])], status="Issued to Supplier")
    run(stage)
    (sent,) = stage.documents("invoices_out")
    (payment,) = stage.documents("payments_in")
    assert (sent.state, payment.state, status(stage, entry)) == (S.SENT, S.POSTED, MATCHED)
    with stage.deployment.ledger.read() as tx:
        (paid,) = [one for one in events.history(tx, sent.id) if one.action == "paid"]
    assert (paid.data["payment"], paid.data["amount"], paid.data["document"]) == (payment.number, "121", payment.id)
    run(stage, 2)
    assert len(stage.documents("invoices_out")) == 1, "what we booked is no news to be sent"


@pytest.mark.parametrize("by", ["trace", "page"])
def test_the_whole_chain_of_an_invoice_is_shown_also_of_the_second_that_a_payment_pays(tmp_path: Path, by: str) -> None:
    """Entered in Exact, sent, approved, exported, paid, booked, matched; and one that came from AvidXchange, coded."""
    flows = {"invoices_out": {}, "coded_invoices_in": {"vat_code": "2"}}
    payments = {"payments_in": {"account": "51", "read_back_minutes": 0}}
    with avid_stage(tmp_path, flows=flows | payments) as stage:
        run(stage)
        key = str(user.supplier_by_code(stage.sandbox.exact.main, "20011")["ID"])
        vendor = {"ExternalIdentifier": {"Value": key}, "Name": "Northwind", "Active": True}
        stage.sandbox.call(stage.avid.add, "vendors", vendor)
        for number in ("FIRST", "SECOND"):
            entered(stage, number, Decimal(100))
        run(stage)
        for number in ("FIRST", "SECOND"):
            stage.sandbox.call(stage.desk.approve, number)
        approved(stage, "THEIRS", vendor=key)
        closed(stage, "FIRST", "SECOND", "THEIRS")
        run(stage)
        stage.sandbox.call(stage.desk.pay, ["FIRST", "SECOND", "THEIRS"], status="Issued to Supplier")
        run(stage, 2)
        assert {str(row.state) for row in stage.documents("payments_in")} == {"posted"}
        ours = ["read from the ERP", "sent", "approved as it was sent", "file acknowledged", "paid", "posted"]
        theirs = ["coded", "posted", "file acknowledged", "paid"]
        for number, wanted in {"FIRST": ours, "SECOND": ours, "THEIRS": theirs}.items():
            told = story(stage, number) if by == "trace" else chain(stage, number)
            assert set(told) >= {*wanted, "matched in the ERP"}, (number, told)
            if by == "trace":
                assert [told.index(one) for one in wanted[:4]] == sorted(told.index(one) for one in wanted[:4])


def story(stage: Stage, number: str) -> list[str]:
    with stage.deployment.ledger.read() as tx:
        return [one.what for one in tracing.find(tx, number, None).entries]


def chain(stage: Stage, number: str) -> list[str]:
    """What the page of the invoice's document leads to: the events of each document of its chain."""
    with stage.deployment.ledger.read() as tx:
        (first, *_) = tracing.find(tx, number, None).documents
        row = ledger_documents.get(tx, first.id)
        assert row is not None
        return [one.what for one in tracing.chain_of(tx, row).entries]


@pytest.mark.parametrize("seed", [2, 3])
def test_both_books_agree_to_the_cent_whatever_the_payer_does(stage: Stage, seed: int) -> None:
    """Whole, in parts, many at once, voided, reissued, in another currency, in any order and between any polls."""
    chosen = random.Random(seed)
    entries = [
        entered(stage, f"N-{at}", Decimal(chosen.randint(100, 99999)) / 100, chosen.choice(list(SUPPLIERS)))
        for at in range(16)
    ]
    run(stage, 2)
    invoices = there(stage)
    assert len(invoices) == len(entries)
    open_, payments = list(entries), []
    while open_:
        first = open_.pop()
        mates = [one for one in open_ if one["Supplier"] == first["Supplier"]][: chosen.choice([0, 0, 1, 2])]
        for one in mates:
            open_.remove(one)
        keys = [str(invoices[one["EntryID"]]["Id"]) for one in (first, *mates)]
        total = -first["AmountFC"]
        if not mates and total > 2 and chosen.random() < 0.5:  # in two parts
            part = (total / 3).quantize(Decimal("0.01"))
            parts: list[Any] = [{keys[0]: str(part)}, {keys[0]: str(total - part)}]
        else:
            parts = [keys]
        for one in parts:
            payments.append(stage.sandbox.call(stage.desk.pay, one, status=chosen.choice(["Processing", "Cleared"])))
        if chosen.random() < 0.3:
            run(stage)
    for payment in chosen.sample(payments, 6):
        key = str(payment["PaymentId"])
        if payment["Status"]["Description"] != "Processing":
            stage.sandbox.call(stage.desk.void, key)
            if chosen.random() < 0.5:
                run(stage)
            if chosen.random() < 0.7:
                stage.sandbox.call(stage.desk.reissue, key, same_id=chosen.random() < 0.5)
    for payment in payments:
        row = stage.avid.table("payments")[str(payment["PaymentId"])]
        if row["Status"]["Description"] == "Processing":
            stage.sandbox.call(stage.desk.walk, str(payment["PaymentId"]), "Issued to Supplier")
    run(stage, 4)
    for entry in entries:
        paid = Decimal(there(stage)[entry["EntryID"]].get("AmountPaid") or 0)
        assert paid_in_exact(stage, entry) == paid, entry["YourRef"]
        assert (status(stage, entry) == MATCHED) is (paid == -entry["AmountFC"])
    held = [(row.number, row.reason) for row in stage.documents("payments_in") if row.state is S.QUARANTINED]
    assert held == []
    assert verify.verify(stage.deployment.ledger).clean
