"""Invoices that take others back, replace them or look like them: held beside what they are about, through a run."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.flows import operator_actions, pipeline
from ml_connector.flows.core.ports import Written
from ml_connector.flows.invoices_in import bills, earlier_invoices, invoices
from ml_connector.flows.invoices_in.earlier_invoices import hold_taken_back
from ml_connector.flows.posting.earlier_documents import similar
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.flows.test_posting_twice_over import with_invoices
from ml_connector_tests.flows.test_sending import SILENT
from ml_connector_tests.hostile.interchanges import Envelope, Invoice

LINE = "IT1*1*{quantity}*EA*14.75**VP*NW-R48*IN*VW-1002~"


def x12(
    control: int, number: str, *, header: str = "", quantity: int = 10, more: str = "", day: str = "20261120"
) -> bytes:
    """One 810 of NORTHWIND without tax for order 26000001."""
    total = quantity * 1475
    line = LINE.format(quantity=quantity)
    body = f"BIG*{day}*{number}*20261101*26000001{header}~{more}{line}TDS*{total}~TXI*VA*0*0~CTT*1~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'NORTHWIND':15}*ZZ*{'VOLTWERK':15}*261120*1000*U*00401*{control:09d}*0*P*>~"
        f"GS*IN*NORTHWIND*VOLTWERK*20261120*1000*{control}*X*004010~ST*810*0001~{body}"
        f"SE*{body.count('~') + 2}*0001~GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


@pytest.fixture
def ready(stage: Scene) -> Scene:
    stage.world.behave("NORTHWIND", SILENT)
    stage.orders(1)
    return stage


def send(stage: Scene, *files: bytes) -> None:
    for at, data in enumerate(files):
        deliver(stage, data, f"I{len(stage.documents())}-{at}.edi")
    stage.inbound()


def told(stage: Scene) -> list[tuple[str, str | None]]:
    return [(str(row.state), row.reason) for row in sorted(stage.documents("invoices_in"), key=lambda row: row.id)]


def detail(stage: Scene, at: int) -> Mapping[str, Any]:
    row = sorted(stage.documents("invoices_in"), key=lambda row: row.id)[at]
    assert row.reason_detail is not None
    return row.reason_detail


HELD, TAKEN = ("quarantined", "not_a_first_invoice"), ("quarantined", "taken_back_by_supplier")
POSTED = ("posted", None)


@pytest.mark.parametrize("header", ["***DI*01", "***DI*05", "***CO", "***AI*00"])
def test_what_takes_a_posted_one_back_is_held_beside_it_with_the_difference(ready: Scene, header: str) -> None:
    send(ready, x12(1, "A-1"))
    send(ready, x12(2, "A-1", header=header, quantity=8))
    assert told(ready) == [POSTED, HELD]
    (shown,) = detail(ready, 1)["data"]["originals"]
    assert (shown["number"], shown["state"], shown["total"], shown["difference"]) == (
        "A-1",
        "posted",
        "147.50",
        "-29.50",
    )
    assert shown["posted_as"]
    assert shown["lines"] == [{"line": "1", "was": "10 x 14.75", "now": "8 x 14.75"}]
    assert "reverse" in detail(ready, 1)["mend"]
    assert len(ready.posted()) == 1


@pytest.mark.parametrize(
    ("number", "more"),
    [("A-1", ""), ("B-1", "REF*OI*A-1~"), ("B-1", "REF*IV*A-1~"), ("B-1", "REF*OI*a-1~"), ("B-1", "N9*OI*A-1~")],
)
def test_an_original_that_is_not_posted_yet_is_held_with_what_takes_it_back(
    ready: Scene, number: str, more: str
) -> None:
    """In one run, before anything of either is posted."""
    send(ready, x12(1, "A-1") + x12(2, number, header="***DI*01", more=more))
    assert told(ready) == [TAKEN, HELD]
    first, second = ready.documents("invoices_in")
    assert detail(ready, 0)["data"]["taken_back_by"] == max(first.id, second.id)
    assert detail(ready, 1)["data"]["originals"][0]["number"] == "A-1"
    assert ready.posted() == []


def test_an_original_that_comes_after_its_cancellation_is_held_too_and_goes_on_when_that_is_discarded(
    ready: Scene,
) -> None:
    send(ready, x12(1, "A-1", header="***DI*01"))
    assert "original unknown" in detail(ready, 0)["message"]
    send(ready, x12(2, "A-1"))
    assert told(ready) == [HELD, TAKEN]
    cancellation = min(ready.documents("invoices_in"), key=lambda row: row.id)
    operator_actions.discard(ready.integration, ready.work, cancellation, "sent by mistake")
    ready.sandbox.clock.move(11 * 60)
    ready.inbound()
    assert told(ready) == [("discarded", "discarded"), POSTED]


def test_a_replacement_is_posted_only_when_a_person_gave_its_original_up_and_replays_it(ready: Scene) -> None:
    send(ready, x12(1, "A-1") + x12(2, "B-1", header="***DI*05", more="REF*OI*A-1~"))
    assert told(ready) == [TAKEN, HELD]
    original = min(ready.documents("invoices_in"), key=lambda row: row.id)
    operator_actions.discard(ready.integration, ready.work, original, "replaced")
    ready.sandbox.clock.move(11 * 60)
    ready.inbound()
    assert told(ready)[1] == HELD, "never by itself"
    ready.inbound(replay=True)
    assert told(ready)[1] == POSTED
    assert [row["YourRef"] for row in ready.posted()] == ["B-1"]


def test_the_same_replacement_twice_is_one(ready: Scene) -> None:
    send(ready, x12(1, "A-1", header="***DI*05"))
    send(ready, x12(2, "A-1", header="***DI*05"))
    assert sorted(state for state, _ in told(ready)) == ["duplicate", "quarantined"]


@pytest.mark.parametrize(("kind", "held"), [("CI", True), ("CD", True), ("DI", False), ("CG", False)])
def test_a_consolidated_one_that_names_an_invoice_we_have_is_held(ready: Scene, kind: str, held: bool) -> None:
    send(ready, x12(1, "A-1"))
    send(ready, x12(2, "C-1", header=f"***{kind}", quantity=5, more="REF*IV*A-1~"))
    assert told(ready) == [POSTED, HELD if held else POSTED]


def test_a_consolidated_credit_that_names_a_credit_we_have_is_held(ready: Scene) -> None:
    send(ready, x12(1, "A-1", header="***CR"))
    send(ready, x12(2, "C-1", header="***CG", quantity=5, more="REF*IV*A-1~"))
    assert told(ready) == [POSTED, HELD]


@pytest.mark.parametrize(
    ("second", "held"),
    [
        ({"number": "0012345"}, True),
        ({"number": "12-345"}, True),
        ({"number": "12346"}, False),
        ({"number": "0012345", "quantity": 9}, False),
        ({"number": "0012345", "day": "20261119"}, False),
    ],
)
def test_a_number_that_only_looks_different_is_held(ready: Scene, second: dict[str, Any], held: bool) -> None:
    send(ready, x12(1, "12345"))
    send(ready, x12(2, **second))
    assert told(ready) == [POSTED, ("quarantined", "probably_the_same") if held else POSTED]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("INV-0012", "inv12", True),
        ("12-3", "123", True),
        ("A1", "A10", False),
        ("000", "0", True),
        ("1 2", "1-2", True),
    ],
)
def test_what_numbers_have_in_common(one: str, other: str, same: bool) -> None:
    assert (similar(one) == similar(other)) is same


def test_a_cancellation_that_comes_while_its_original_waits_to_be_posted_stops_it(ready: Scene) -> None:
    deliver(ready, x12(1, "A-1"), "1.edi")
    pipeline.run(ready.integration, ready.work, pipeline.INBOUND[: pipeline.INBOUND.index(invoices.code) + 1])
    assert told(ready) == [("coded", None)]
    deliver(ready, x12(2, "A-1", header="***DI*01"), "2.edi")
    ready.inbound()
    assert told(ready) == [TAKEN, HELD]
    assert ready.posted() == []


def test_what_is_posted_in_part_is_finished_whatever_comes_then(ready: Scene) -> None:
    """Its first write stands in the books, of several."""
    until_coded = pipeline.INBOUND[: pipeline.INBOUND.index(invoices.code) + 1]
    deliver(ready, x12(1, "A-1"), "1.edi")
    pipeline.run(ready.integration, ready.work, until_coded)
    deliver(ready, x12(2, "A-1", header="***DI*01"), "2.edi")
    pipeline.run(ready.integration, ready.work, until_coded)
    first = min(ready.documents("invoices_in"), key=lambda row: row.id)
    assert list(hold_taken_back(ready.integration, [first])) == [first.id]
    with ready.deployment.ledger.write() as tx:
        erp = ready.integration.erp
        new = NewOperation(first.id, 0, erp.connection, erp.company, "purchase_entry", "key-1", "there", "{}")
        (planned,) = operations.plan(tx, [new])
        operations.start(tx, [(planned.id, None)])
        operations.finish(tx, [(planned.id, Written("e-1"))])
    assert hold_taken_back(ready.integration, [first]) == {}


def test_one_supplier_under_two_partner_files_is_invoiced_once(tmp_path: Path) -> None:
    """One file gets its orders (`orders: {send: false}` in the other); its invoices may come by both, at once."""
    with scene(tmp_path / "home") as made:
        (order,) = made.orders(1)
        for name, more in (("northwind", {}), ("acme", {"vendor": "20011", "orders": {"send": False}})):
            path = made.bench.home / "partners" / f"{name}.yaml"
            coded = {"invoice_mode": "coded", "gl_account": "4400", **more}
            path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **coded}))
        with made.bench.open() as deployment:
            stage = replace(made, integration=deployment.integration(made.integration.name))
            acme = stage.integration.partners["acme"].identity
            envelope = Envelope(sender=acme.id, sender_qualifier=acme.qualifier)
            one = Invoice("I-1", order, order_number="")
            deliver(stage, one.bytes(), "a.edi")
            deliver(stage, one.with_(envelope=envelope).bytes(), "b.edi", box="ACME")
            stage.inbound()
            stage.inbound()
            found = [(str(row.state), row.reason) for row in stage.documents("invoices_in")]
            assert sorted(found, key=str) == [("posted", None), ("quarantined", "duplicate_invoice_number")]
            assert len(table(stage)) == 1
            stage.inbound(replay=True)
            found = [(str(row.state), row.reason) for row in stage.documents("invoices_in")]
            assert sorted(found, key=str) == [("posted", None), ("quarantined", "duplicate_invoice_number")], (
                "the entry is ours: nobody keyed it by hand"
            )
            again = one.with_(number="I-2")
            deliver(stage, again.bytes(), "c.edi")
            cancelled = again.with_(envelope=envelope).bytes().replace(b"*DI*00", b"*DI*01")
            deliver(stage, cancelled, "d.edi", box="ACME")
            stage.inbound()
            assert {(str(row.state), row.reason) for row in stage.documents("invoices_in") if row.number == "I-2"} == {
                ("quarantined", "taken_back_by_supplier"),
                ("quarantined", "not_a_first_invoice"),
            }
            assert len(table(stage)) == 1


@pytest.mark.parametrize("seen", [True, False], ids=["by the ledger", "by the ERP"])
def test_two_of_one_number_that_were_matched_at_the_same_moment_are_posted_once(
    twofold: Scene, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    """By two workers, neither of which saw the other's on its way: the last look is right before posting."""
    monkeypatch.setattr(earlier_invoices, "same_number", lambda *_: None)
    if not seen:
        monkeypatch.setattr(bills, "overtaken", lambda *_: {})
    one = Invoice("I-1", twofold.orders(2)[0])
    deliver(twofold, one.bytes(), "a.edi")
    if not seen:
        twofold.inbound()
    deliver(twofold, by_acme(twofold, one.with_(order=twofold.orders(1)[0])).bytes(), "b.edi", box="ACME")
    twofold.inbound()
    found = sorted(twofold.documents("invoices_in"), key=lambda row: row.id)
    assert [(str(row.state), row.reason) for row in found] == [("posted", None), TWICE]
    assert (found[1].reason_detail or {})["data"]["earlier_document"] == found[0].id
    assert len(twofold.posted()) == 1


@pytest.fixture
def twofold(tmp_path: Path) -> Iterator[Scene]:
    """One supplier under two partner files."""
    with scene(tmp_path / "home") as made:
        path = made.bench.home / "partners" / "acme.yaml"
        same = {"vendor": "20011", "orders": {"send": False}}
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **same}))
        with made.bench.open() as deployment:
            yield replace(made, integration=deployment.integration(made.integration.name))


def refused_of(stage: Scene, what: str, invoice: Invoice, box: str) -> None:
    """An invoice comes, and the ERP refuses this of it."""
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="exact", method="POST", path=f"*/{what}", status=400))
    deliver(stage, invoice.bytes(), f"{box}.edi", box=box)
    stage.inbound()


def by_acme(stage: Scene, invoice: Invoice) -> Invoice:
    """The same by the supplier's other partner file."""
    acme = stage.integration.partners["acme"].identity
    return invoice.with_(envelope=Envelope(sender=acme.id, sender_qualifier=acme.qualifier))


REFUSED, TWICE = ("quarantined", "refused_by_system"), ("quarantined", "duplicate_invoice_number")


def test_of_two_held_with_one_number_of_a_supplier_that_are_replayed_together_the_first_goes(twofold: Scene) -> None:
    one = Invoice("I-1", twofold.orders(1)[0])
    refused_of(twofold, "PurchaseInvoices", one, "NORTHWIND")
    refused_of(twofold, "PurchaseInvoices", by_acme(twofold, one), "ACME")
    assert told(twofold) == [REFUSED, REFUSED]
    twofold.inbound(replay=True)
    assert told(twofold) == [POSTED, TWICE]
    assert len(twofold.posted()) == 1


def test_what_waits_for_its_original_alone_is_in_the_books_and_not_posted_again(twofold: Scene) -> None:
    with_invoices(twofold, attach_original=True)
    one = Invoice("I-1", twofold.orders(1)[0])
    refused_of(twofold, "DocumentAttachments", one, "NORTHWIND")
    deliver(twofold, by_acme(twofold, one).bytes(), "b.edi", box="ACME")
    twofold.inbound()
    assert told(twofold) == [REFUSED, TWICE]
    twofold.inbound(replay=True)
    assert told(twofold)[0] == POSTED
    assert len(twofold.posted()) == 1


def table(stage: Scene) -> list[Any]:
    books = stage.sandbox.exact.main
    return [*books.table("purchase/PurchaseInvoices"), *books.table("purchaseentry/PurchaseEntries")]
