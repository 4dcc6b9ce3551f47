"""Acumatica and Cleo in one deployment, as docs/integrations/acumatica-cleo.md configures it: each document once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from ml_connector.cli.app import root
from ml_connector.documents.kinds import DocumentKind
from ml_connector.errors import TryAgain
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.control import books
from ml_connector.sandbox.acumatica.partners import HILLMART, LONESTAR
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment, get
from ml_connector_tests.systems.acumatica.stage import Stage, open_stage

CASES = {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CA", "price": "90"}
PIECES = {"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        made.run()  # from here on orders and invoices are new
        yield made


def buy(stage: Stage) -> str:
    """An approved purchase order of the supplier; its number."""
    (order,) = stage.sandbox.call(user.create_orders, stage.sandbox.acumatica)
    return order.text("OrderNbr")


def ordered(stage: Stage, number: str) -> None:
    """The customer orders three cases and ten pieces for its store 12."""
    stage.sandbox.call(stage.world.order, HILLMART.name, number, [CASES, PIECES], store="0012")


def sold(stage: Stage, number: str) -> Record:
    """The customer orders, and what became of that is shipped and invoiced; the invoice."""
    ordered(stage, number)
    stage.run()
    (order,) = stage.rows("SalesOrder", CustomerOrder=number)
    return stage.sandbox.call(user.deliver, stage.sandbox.acumatica, order, "1Z0001000001")


def first(taken: list[Segment], name: str) -> Segment:
    return next(segment for segment in taken if segment[0] == name)


def states(stage: Stage, flow: str) -> list[tuple[str, S]]:
    return [(row.number or "", row.state) for row in stage.documents(flow)]


def test_a_purchase_order_comes_back_as_receipt_and_bill(stage: Stage) -> None:
    number = buy(stage)
    stage.play()
    (sent,) = stage.taken(LONESTAR, "850")
    assert get(first(sent, "BEG"), 3) == number
    assert [get(one, 3) for one in sent if one[0] == "PO1"] == ["EA", "CA"], "Acumatica's CS is a case"
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)]

    (order,) = stage.rows("PurchaseOrder", OrderNbr=number)
    (receipt,) = stage.rows("PurchaseReceipt")
    assert (receipt.text("Status"), receipt.text("VendorRef")) == ("Released", "LONESTAR-D00001")
    received = [
        (line.text("POOrderNbr"), line.get("POLineNbr"), line.number("ReceiptQty")) for line in receipt.details()
    ]
    assert received == [(number, line.get("LineNbr"), line.number("OrderQty")) for line in order.details()]

    (bill,) = stage.rows("Bill")
    assert (bill.text("Vendor"), bill.text("VendorRef")) == ("V000017", "LONESTAR-I00001")
    assert bill.number("Amount") == order.number("OrderTotal") > 0
    billed = [(line.text("POOrderNbr"), line.get("POLine"), line.text("POReceiptNbr")) for line in bill.details()]
    assert billed == [(number, line.get("LineNbr"), receipt.text("ReceiptNbr")) for line in order.details()]

    answered = Counter((get(first(one, "AK1"), 1), get(first(one, "AK9"), 1)) for one in stage.taken(LONESTAR, "997"))
    assert answered == {("PR", "A"): 1, ("SH", "A"): 1, ("IN", "A"): 1}
    assert stage.world.errors == []


def test_a_customers_order_becomes_a_sales_order_and_its_invoice_leaves(stage: Stage) -> None:
    invoice = sold(stage, "PO-7781")
    (order,) = stage.rows("SalesOrder")
    assert (order.text("CustomerID"), order.text("LocationID")) == ("C000042", "STORE12")
    lines = [(line.text("InventoryID"), line.number("OrderQty"), line.text("UOM")) for line in order.details()]
    assert lines == [("OLIVEOIL1L", Decimal(3), "CS"), ("WIDGET1", Decimal(10), "EA")]

    stage.play()
    (sent,) = stage.taken(HILLMART, "810")
    big = first(sent, "BIG")
    assert (get(big, 2), get(big, 4)) == (invoice.text("ReferenceNbr"), "PO-7781")
    assert Decimal(get(first(sent, "TDS"), 1)) == invoice.number("Amount") * 100
    assert "mlc-" not in str(sent), "our key in the order's description is nobody else's business"
    (place,) = [segment for segment in sent if segment[:2] == ["N1", "ST"]]
    assert place[3:] == ["92", "0012"], "the customer's own code of its store"
    assert states(stage, "sales_orders_in") == [("PO-7781", S.POSTED)]
    assert states(stage, "sales_invoices_out") == [(invoice.text("ReferenceNbr"), S.ACKNOWLEDGED)]
    assert [get(first(one, "AK1"), 1) for one in stage.taken(HILLMART, "997")] == ["PO"], "a 997 is not answered"


def test_a_changed_purchase_order_leaves_as_a_change(stage: Stage) -> None:
    stage.sandbox.call(stage.world.behave, LONESTAR.name, {"ship": "never", "invoice": "never"})
    number = buy(stage)
    stage.play(2)

    def change() -> None:
        key = {"Type": "Normal", "OrderNbr": number}
        (order,) = stage.sandbox.acumatica.main.table("PurchaseOrder").where(OrderNbr=number)
        lines = [{"id": order.details()[0].id, "OrderQty": 99}]
        for values in ({"Hold": True}, {"Details": lines}, {"Hold": False}):
            user.put(stage.sandbox.acumatica, "PurchaseOrder", {**key, **values})

    stage.sandbox.call(change)
    stage.play(3)
    assert len(stage.taken(LONESTAR, "850")) == 1
    (sent,) = stage.taken(LONESTAR, "860")
    assert [one[1:4] for one in sent if one[0] == "POC"] == [["1", "QI", "99"]]
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)] * 2


def test_a_purchase_order_that_is_cancelled_in_acumatica_is_cancelled_with_the_supplier(stage: Stage) -> None:
    """By the form's own action, pressed over the API by somebody else; one that is received is cancelled no more."""
    stage.sandbox.call(stage.world.behave, LONESTAR.name, {"ship": "never", "invoice": "never"})
    number = buy(stage)
    stage.play(2)
    cancelled = press(stage, "PurchaseOrder/CancelOrder", Type="Normal", OrderNbr=number)
    assert cancelled.is_success, cancelled.text
    assert [row.text("Status") for row in stage.rows("PurchaseOrder")] == ["Canceled"]
    stage.play(3)
    assert len(stage.taken(LONESTAR, "850")) == 1
    (sent,) = stage.taken(LONESTAR, "860")
    begin = first(sent, "BCH")
    assert (get(begin, 1), get(begin, 3)) == ("01", number)
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)] * 2
    assert len(stage.taken(LONESTAR, "860")) == 1, "once"

    received = buy(stage)
    stage.sandbox.call(lambda: user.receive(stage.sandbox.acumatica, order_numbered(stage, received)))
    refused = press(stage, "PurchaseOrder/CancelOrder", Type="Normal", OrderNbr=received)
    assert "disabled" in refused.text


def order_numbered(stage: Stage, number: str) -> Record:
    (order,) = stage.sandbox.acumatica.main.table("PurchaseOrder").where(OrderNbr=number)
    return order


def press(stage: Stage, action: str, **keys: str) -> httpx.Response:
    """An action over HTTP, by somebody with a session of its own."""
    login = stage.sandbox.logins()["acumatica"]
    base = stage.sandbox.addresses()["acumatica"]
    named = {name: login[name] for name in ("client_id", "client_secret", "username", "password")}
    with httpx.Client() as client:
        form = {"grant_type": "password", "scope": "api", **named}
        token = client.post(f"{base}/identity/connect/token", data=form).json()["access_token"]
        body = {"entity": {name: {"value": value} for name, value in keys.items()}, "parameters": {}}
        place = f"{base}/entity/Default/24.200.001/{action}"
        bearer = {"Authorization": f"Bearer {token}"}
        answer = client.post(place, json=body, headers=bearer)
        client.post(f"{base}/entity/auth/logout", headers=bearer)  # gives the seat back
        return answer


def test_a_credit_memo_leaves_behind_its_invoice_and_names_it(stage: Stage) -> None:
    invoice = sold(stage, "PO-7782").text("ReferenceNbr")
    stage.play(1)
    memo = stage.sandbox.call(user.credit, stage.sandbox.acumatica, invoice).text("ReferenceNbr")
    stage.play(2)
    sent = stage.taken(HILLMART, "810")
    assert [(get(first(one, "BIG"), 2), get(first(one, "BIG"), 7)) for one in sent] == [(invoice, "DI"), (memo, "CR")]
    assert ["REF", "OI", invoice] in sent[1]


def test_a_cancellation_is_done_and_a_payment_is_held_with_what_it_pays(stage: Stage) -> None:
    """Payments are entered in Acumatica by nobody here: the advice is answered, recorded and shown."""
    ordered(stage, "PO-7783")
    stage.run()
    who = stage.world.partners[HILLMART.name]
    change = who.writer.write("PC", [[["860"], ["BCH", "01", "SA", "PO-7783", "", "", "20261129"]]], control=77)
    advice: list[Segment] = [
        ["820"], ["BPR", "I", "100", "C", "ACH", *[""] * 11, "20261129"], ["TRN", "1", "T1"], ["ENT", "1"],
        ["RMR", "IV", "002001", "", "100"],
    ]  # fmt: skip
    for name, data in (("860.edi", change), ("820.edi", who.writer.write("RA", [advice], control=78))):
        stage.sandbox.call(who.put, name[:3], name, data)
    stage.play(2)
    held = {row.kind: row.reason for row in stage.documents("") if row.state is S.QUARANTINED}
    assert held == {DocumentKind.REMITTANCE: "unsupported_document"}
    (advice_row,) = [row for row in stage.documents("") if row.kind is DocumentKind.REMITTANCE]
    assert (advice_row.number, advice_row.amount, advice_row.partner) == ("T1", Decimal(100), "hillmart")
    told = (advice_row.reason_detail or {})["data"]
    assert [(one["what"], one["number"], one["paid"]) for one in told["items"]] == [("invoice", "002001", "100")]
    assert ["AK1", "RA", "78"] in [one for taken in stage.taken(HILLMART, "997") for one in taken]
    assert [row.text("Status") for row in stage.rows("SalesOrder")] == ["Canceled"]


def everything(stage: Stage) -> dict[str, dict[str, int]]:
    """What stands in the books, and how many sets of a kind each partner took."""
    tables = ("PurchaseOrder", "PurchaseReceipt", "Bill", "SalesOrder")
    taken = {
        f"{profile.name} {kind}": len(stage.taken(profile, kind))
        for profile in (LONESTAR, HILLMART)
        for kind in ("850", "860", "810", "997")
    }
    return {"books": {name: len(stage.rows(name)) for name in tables}, "taken": taken}


def test_what_is_run_or_sent_again_makes_nothing_twice(stage: Stage) -> None:
    """The same steps, the same documents in other interchanges, another process: what was done stays as it is."""
    again = {"invoice_repeat": "document", "notice_repeat": "notice"}
    stage.sandbox.call(stage.world.behave, LONESTAR.name, again)
    buy(stage)
    sold(stage, "PO-7781")
    stage.play()
    before = everything(stage)
    assert before["books"] == {"PurchaseOrder": 1, "PurchaseReceipt": 1, "Bill": 1, "SalesOrder": 1}
    ordered(stage, "PO-7781")
    stage.play(2)
    with stage.reopened() as other:
        other.play(2)
    after = everything(stage)
    assert after["books"] == before["books"]
    assert after["taken"] == {**before["taken"], "HILLMART 997": 2}, "a repeated order is answered, and nothing else"
    for flow, number in (("invoices_in", "LONESTAR-I00001"), ("shipments_in", "LONESTAR-D00001")):
        assert states(stage, flow) == [(number, S.POSTED), (number, S.DUPLICATE)]
    assert states(stage, "sales_orders_in") == [("PO-7781", S.POSTED), ("PO-7781", S.DUPLICATE)]
    summary = stage.sandbox.call(books, stage.sandbox.acumatica)
    assert summary["tenants"]["AcmeFoods"]["repeated"] == {"Bill": {}, "PurchaseReceipt": {}, "SalesOrder": {}}


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.LATE_COMMIT])
def test_lost_answers_of_acumatica_make_nothing_twice_and_lose_nothing(stage: Stage, kind: FaultKind) -> None:
    """The first write of each kind, and the release: whether it was done is looked up, not guessed."""
    writes = [("PUT", name) for name in ("SalesOrder", "PurchaseReceipt", "Bill")]
    for method, name in [*writes, ("POST", "ReleasePurchaseReceipt")]:
        late = {"seconds": 60.0, "real_time": False}  # a commit comes while the clock is moved
        fault = Fault(kind, system="acumatica", method=method, path=f"*/{name}", **late)
        stage.sandbox.call(stage.sandbox.faults.add, fault)
    number = buy(stage)
    ordered(stage, "PO-7784")
    for _ in range(8):
        with suppress(TryAgain):  # as a run that fails, and is followed by the next one
            stage.run()
        stage.sandbox.clock.move(700)  # longer than a queued call may still work
        stage.sandbox.call(stage.world.flush)
    assert everything(stage)["books"] == {"PurchaseOrder": 1, "PurchaseReceipt": 1, "Bill": 1, "SalesOrder": 1}
    assert [receipt.text("Status") for receipt in stage.rows("PurchaseReceipt")] == ["Released"]
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)]
    assert [row for row in stage.documents("") if row.reason] == []
    assert [fault.count for fault in stage.sandbox.faults.faults if fault.count] == [], "each was met"


def test_an_order_for_several_stores_becomes_one_sales_order_each_and_one_bad_order_stops_none(stage: Stage) -> None:
    who = stage.world.partners[HILLMART.name]
    begin = ["SA", "PO-7785", "", "20261129"]
    stores: list[Segment] = [
        ["850"], ["BEG", "00", *begin], ["PO1", "1", "3", "CA", "90", "", "IN", "HM-OLIVEOIL1L"],
        ["SDQ", "CA", "92", "0012", "1", "0015", "2"], ["CTT", "1"],
    ]  # fmt: skip
    wrong = {**CASES, "item": "NOBODY-KNOWS"}
    stage.sandbox.call(stage.world.order, HILLMART.name, "PO-7786", [wrong], store="0012")
    stage.sandbox.call(who.send, "850", [stores], [], who.behaviour)
    stage.play(2)
    made = [(row.text("CustomerOrder"), row.text("LocationID")) for row in stage.rows("SalesOrder")]
    assert sorted(made) == [("PO-7785", "STORE12"), ("PO-7785", "STORE15")]
    found = {row.number: (row.state, row.reason) for row in stage.documents("sales_orders_in")}
    assert found == {"PO-7785": (S.POSTED, None), "PO-7786": (S.QUARANTINED, "unknown_item")}


def test_one_seat_is_taken_and_given_back(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        stage.run()
        buy(stage)
        stage.play(2)
        sessions = stage.sandbox.acumatica.sessions
        assert sessions.summary()["most_at_once"] == 1
        stage.deployment.close()
        assert sessions.summary()["open"] == 0


def test_check_finds_nothing_wrong_with_what_the_page_configures(stage: Stage) -> None:
    result = CliRunner().invoke(root, ["check"])
    assert result.output.endswith("All is well.\n"), result.output
