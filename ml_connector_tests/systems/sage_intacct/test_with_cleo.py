"""Sage Intacct and Cleo in one deployment, as docs/integrations/intacct-cleo.md configures it: each document once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from ml_connector.cli.app import root
from ml_connector.errors import TryAgain
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment, get
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.partners import HILLCREST, IRONWORKS
from ml_connector_tests.systems.sage_intacct.stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        made.run()  # from here on orders and invoices are new
        yield made


def buy(stage: Stage) -> str:
    """A purchase order of the supplier, in the entity that the deployment works in; its number."""
    (order,) = stage.sandbox.call(user.create_orders, stage.sandbox.sage_intacct, entity="100")
    return order.text("DOCNO")


def first(taken: list[Segment], name: str) -> Segment:
    return next(segment for segment in taken if segment[0] == name)


def states(stage: Stage, flow: str) -> list[tuple[str, S]]:
    return [(row.number or "", row.state) for row in stage.documents(flow)]


def documents(stage: Stage, definition: str) -> list[str]:
    return [row.text("VENDORDOCNO") for row in stage.rows("PODOCUMENT", DOCPARID=definition)]


def test_a_purchase_order_comes_back_as_receiver_and_bill(stage: Stage) -> None:
    number = buy(stage)
    stage.play()
    (sent,) = stage.taken(IRONWORKS, "850")
    assert get(first(sent, "BEG"), 3) == number
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)]

    (order,) = stage.rows("PODOCUMENT", DOCNO=number)
    (receiver,) = stage.rows("PODOCUMENT", DOCPARID="PO Receiver")
    assert (receiver.text("CREATEDFROM"), receiver.text("VENDORDOCNO")) == (order.text("DOCID"), "IRONWORKS-D00001")
    (invoice,) = stage.rows("PODOCUMENT", DOCPARID="Vendor Invoice")
    assert (invoice.text("CREATEDFROM"), invoice.text("VENDORDOCNO")) == (receiver.text("DOCID"), "IRONWORKS-I00001")
    (bill,) = stage.rows("APBILL")
    assert (bill.text("VENDORID"), bill.text("MODULEKEY")) == ("V-17", "9.PO")
    assert bill.amount("TRX_TOTALENTERED") == order.amount("TOTAL") > 0
    assert {row.owner for row in (order, receiver, invoice, bill)} == {"100"}

    answered = Counter((get(first(one, "AK1"), 1), get(first(one, "AK9"), 1)) for one in stage.taken(IRONWORKS, "997"))
    assert answered == {("PR", "A"): 1, ("SH", "A"): 1, ("IN", "A"): 1}
    assert stage.world.errors == []
    assert [row for row in stage.documents("") if row.reason] == []


def test_a_customers_order_becomes_one_sales_order(stage: Stage) -> None:
    who = stage.world.partners[HILLCREST.name]
    for number, item in (("PO-7781", ("VP", "WIDGET1")), ("PO-7782", ("UK", "00614141100019"))):
        order: list[Segment] = [
            ["850"],
            ["BEG", "00", "SA", number, "", "20261129"],
            ["PO1", "1", "3", "EA", "19.90", "", *item],
            ["CTT", "1"],
        ]
        stage.sandbox.call(who.send, "850", [order], [], who.behaviour)
    stage.play(2)
    made = [(row.text("CUSTVENDID"), row.text("PONUMBER"), row.owner) for row in stage.rows("SODOCUMENT")]
    assert sorted(made) == [("C-42", "PO-7781", "100"), ("C-42", "PO-7782", "100")]
    line_made, _ = stage.rows("SODOCUMENTENTRY")
    assert (line_made.text("UNIT"), line_made.amount("UIQTY"), line_made.amount("UIPRICE")) == (
        "Each",
        Decimal(3),
        Decimal("19.90"),
    )
    assert {state for _, state in states(stage, "sales_orders_in")} == {S.POSTED}


def test_what_is_run_again_is_done_once(stage: Stage) -> None:
    number = buy(stage)
    stage.play()
    stage.play(2)
    assert len(stage.taken(IRONWORKS, "850")) == 1
    assert (documents(stage, "PO Receiver"), documents(stage, "Vendor Invoice")) == (
        ["IRONWORKS-D00001"],
        ["IRONWORKS-I00001"],
    )
    assert len(stage.rows("APBILL")) == 1
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)], "our own writes are no news"


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_lost_answers_everywhere_leave_each_document_once(stage: Stage, kind: FaultKind) -> None:
    """Every third call to the gateway loses its answer, whatever it is; reads lag behind."""
    stage.sandbox.sage_intacct.options.lag_seconds = 5.0
    number = buy(stage)
    for at in range(0, 45, 3):
        late = {"seconds": 60.0, "real_time": False, "skip": at}
        stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="sage_intacct", method="POST", **late))
    for _ in range(8):
        with suppress(TryAgain):  # as a run that fails, and is followed by the next one
            stage.run()
        stage.sandbox.clock.move(400)
        stage.sandbox.call(stage.world.flush)
    assert sum(not fault.count for fault in stage.sandbox.faults.faults) >= 10, "so many were met"
    stage.sandbox.faults.clear()
    stage.play(4)
    assert (documents(stage, "PO Receiver"), documents(stage, "Vendor Invoice")) == (
        ["IRONWORKS-D00001"],
        ["IRONWORKS-I00001"],
    )
    assert len(stage.rows("APBILL")) == 1
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)]
    assert {row.state for row in stage.documents("invoices_in")} == {S.POSTED}


def test_troubles_of_the_gateway_pass(stage: Stage) -> None:
    """A session that ends, a save that fails for now, a roll-back, a first try still running, a 429."""
    number = buy(stage)
    for kind in ("dead_session", "passing", "rolled_back", "concurrent", "rate"):
        stage.sandbox.call(stage.sandbox.sage_intacct.troubles.order, kind, 2)
    for _ in range(10):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(400)
        stage.sandbox.call(stage.world.flush)
    assert len(stage.rows("APBILL")) == 1
    assert documents(stage, "Vendor Invoice") == ["IRONWORKS-I00001"]
    assert states(stage, "orders_out") == [(number, S.ACKNOWLEDGED)]
    assert [row for row in stage.documents("") if row.reason] == []


def test_an_invoice_before_its_goods_waits_for_the_receiver(stage: Stage) -> None:
    stage.sandbox.call(stage.world.behave, IRONWORKS.name, {"ship": "never"})
    number = buy(stage)
    stage.play(2)
    held = {row.state: row.reason for row in stage.documents("invoices_in")}
    assert held == {S.QUARANTINED: "not_received"}
    (order,) = stage.rows("PODOCUMENT", DOCNO=number)
    stage.sandbox.call(user.receive, stage.sandbox.sage_intacct, order.text("DOCID"))
    stage.sandbox.clock.move(24 * 3600)
    stage.play(3)
    assert documents(stage, "Vendor Invoice") == ["IRONWORKS-I00001"]


def test_check_finds_nothing_wrong_with_what_the_page_configures(stage: Stage) -> None:
    result = CliRunner().invoke(root, ["check"])
    assert result.output.endswith("All is well.\n"), result.output
