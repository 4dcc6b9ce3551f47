"""What a customer changes of its order, from the 860 behind Cleo to the sales order in Acumatica."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from ml_connector.errors import TryAgain
from ml_connector.flows.customers_orders.received import received_orders
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.books.sales.sales_orders import SalesOrderForm
from ml_connector.sandbox.acumatica.partners import HILLMART
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.trying.trial import Given, try_files
from ml_connector_tests.systems.acumatica.stage import INTEGRATION, Stage, open_stage

_numbers = itertools.count(8001)
CASES = {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CA", "price": "90"}
PIECES = {"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all: each test has an order of its own."""
    with open_stage(tmp_path_factory.mktemp("changes")) as made:
        made.run()
        yield made


@pytest.fixture
def po() -> str:
    return f"PO-{next(_numbers)}"


def ordered(stage: Stage, number: str) -> Record:
    """The customer orders three cases and ten pieces for its store 12; the sales order that this becomes."""
    stage.sandbox.call(stage.world.order, HILLMART.name, number, [CASES, PIECES], store="0012")
    stage.run()
    return standing(stage, number)


def standing(stage: Stage, number: str) -> Record:
    (order,) = stage.rows("SalesOrder", CustomerOrder=number)
    return order


def lines(order: Record) -> list[tuple[str, Decimal, str, Decimal]]:
    return [
        (line.text("InventoryID"), line.number("OrderQty"), line.text("UOM"), line.number("UnitPrice"))
        for line in order.details()
    ]


def sends(stage: Stage, number: str, *segments: str, purpose: str = "04", sequence: str = "", day: str = "") -> None:
    """An 860 lies in the customer's folder, with these segments behind its first one."""
    who = stage.world.partners[HILLMART.name]
    begin = ["BCH", purpose, "SA", number, "", sequence, "20261129", "", "", "", "", day]
    told: list[Segment] = [["860"], begin, *(one.split("*") for one in segments)]
    stage.sandbox.call(who.send, "860", [told], [], who.behaviour)


def changes(stage: Stage, number: str) -> list[DocumentRow]:
    rows = [row for row in stage.documents("sales_orders_in") if row.kind == "order_change" and row.number == number]
    return sorted(rows, key=lambda row: row.id)


def data(row: DocumentRow) -> dict[str, Any]:
    return cast("dict[str, Any]", row.reason_detail)["data"]


OLIVES, WIDGETS = ("OLIVEOIL1L", Decimal(3), "CS", Decimal(90)), ("WIDGET1", Decimal(10), "EA", Decimal("4.25"))
MORE = "POC*1*QI*5*5*CA*90**IN*HM-OLIVEOIL1L"


def test_lines_are_changed_added_and_taken_off_in_one_go(stage: Stage, po: str) -> None:
    before = ordered(stage, po).copy()
    sends(
        stage,
        po,
        "POC*1*CA*5*5*CA*88**IN*HM-OLIVEOIL1L",
        "DTM*002*20261210",
        "POC*2*DI*0*0*EA***IN*HM-WIDGET1",
        "POC*3*AI*4*4*CA*30.00**IN*HM-NAPKINS",
    )
    stage.run()
    (change,) = changes(stage, po)
    assert (change.state, change.reason) == (S.POSTED, None), change.reason_detail
    order = standing(stage, po)
    assert lines(order) == [("OLIVEOIL1L", Decimal(5), "CS", Decimal(88)), ("NAPKINS", Decimal(4), "CS", Decimal(30))]
    assert order.details()[0].id == before.details()[0].id, "the same line, not another one"
    assert order.details()[0].day("RequestedOn") == date(2026, 12, 10)
    assert order.text("Status") == "Open"
    stage.play(1)
    assert ["AK1", "PC", "2"] in [one for taken in stage.taken(HILLMART, "997") for one in taken]


def test_a_whole_order_is_cancelled_once(stage: Stage, po: str) -> None:
    ordered(stage, po)
    stage.sandbox.call(stage.world.change, HILLMART.name, po, purpose="01")
    stage.run()
    assert standing(stage, po).text("Status") == "Canceled"
    assert [row.state for row in changes(stage, po)] == [S.POSTED]
    stage.sandbox.call(stage.world.change, HILLMART.name, po, purpose="01", sequence="2")
    stage.run()
    *_, again = changes(stage, po)
    assert again.reason == "order_change_old"


def test_the_same_change_again_changes_nothing(stage: Stage, po: str) -> None:
    ordered(stage, po)
    for _ in range(2):
        sends(stage, po, MORE)
        stage.run()
    first, again = changes(stage, po)
    assert (first.state, again.state) == (S.POSTED, S.DUPLICATE)
    assert lines(standing(stage, po)) == [("OLIVEOIL1L", Decimal(5), "CS", Decimal(90)), WIDGETS]


def test_two_changes_count_in_their_order_whichever_comes_first(stage: Stage, po: str) -> None:
    ordered(stage, po)
    sends(stage, po, "POC*1*QI*4*4*CA", sequence="1")
    stage.run()
    sends(stage, po, "POC*1*QI*9*9*CA", sequence="3")
    stage.run()
    *_, third = changes(stage, po)
    assert (third.reason, data(third)["sequence"]) == ("order_change_waits", "3")
    sends(stage, po, "POC*1*QI*6*6*CA", sequence="2")
    stage.run()
    stage.run()
    assert [row.state for row in changes(stage, po)] == [S.POSTED] * 3
    assert lines(standing(stage, po))[0][1] == Decimal(9)
    sends(stage, po, "POC*1*QD*2*2*CA", sequence="2")
    stage.run()
    *_, old = changes(stage, po)
    assert old.reason == "order_change_old"
    assert lines(standing(stage, po))[0][1] == Decimal(9)


def test_a_change_before_its_order_goes_in_with_it(stage: Stage, po: str) -> None:
    sends(stage, po, MORE)
    stage.run()
    (change,) = changes(stage, po)
    assert change.reason == "order_change_waits"
    order = ordered(stage, po)
    assert lines(order) == [("OLIVEOIL1L", Decimal(5), "CS", Decimal(90)), WIDGETS]
    stage.run()
    (change,) = changes(stage, po)
    assert change.state is S.POSTED, change.reason_detail
    assert lines(standing(stage, po)) == lines(order), "it was in it, and is not written again"


def test_an_order_that_is_cancelled_before_it_is_posted_is_not_posted(stage: Stage, po: str) -> None:
    stage.sandbox.call(stage.world.change, HILLMART.name, po, purpose="01")
    stage.run()
    stage.sandbox.call(stage.world.order, HILLMART.name, po, [CASES], store="0012")
    stage.run()
    assert stage.rows("SalesOrder", CustomerOrder=po) == []
    assert {row.reason for row in stage.documents("sales_orders_in") if row.number == po} == {
        "taken_back_by_customer",
        "order_change_waits",
    }


def test_what_shipped_is_not_changed_and_the_difference_is_shown(stage: Stage, po: str) -> None:
    order = ordered(stage, po)
    stage.sandbox.call(user.deliver, stage.sandbox.acumatica, order, "1Z0001000001")
    sends(stage, po, MORE)
    stage.run()
    (change,) = changes(stage, po)
    assert change.reason == "order_not_changeable"
    assert data(change)["differences"] == [
        {"line": "1", "item": "OLIVEOIL1L", "what": "OrderQty", "was": "3", "now": "5"}
    ]
    assert lines(standing(stage, po)) == [OLIVES, WIDGETS]


def test_a_line_that_is_partly_on_a_shipment_holds_all_of_a_change(stage: Stage, po: str) -> None:
    order = ordered(stage, po)

    def ships() -> None:
        (row,) = stage.sandbox.acumatica.main.table("SalesOrder").where(CustomerOrder=po)
        row.details()[0].values["QtyOnShipments"] = Decimal(1)

    stage.sandbox.call(ships)
    sends(stage, po, MORE, "POC*2*QD*4*4*EA")
    stage.run()
    (change,) = changes(stage, po)
    assert change.reason == "order_not_changeable"
    (difference,) = data(change)["differences"]
    assert (difference["line"], difference["what"], difference["there"]) == ("1", "QtyOnShipments", "1")
    assert lines(standing(stage, po)) == lines(order)


def test_what_somebody_changed_in_acumatica_is_not_written_over(stage: Stage, po: str) -> None:
    order = ordered(stage, po)
    line = {"id": order.details()[0].id, "OrderQty": 7}
    stage.sandbox.call(user.put, stage.sandbox.acumatica, "SalesOrder", {"id": order.id, "Details": [line]})
    sends(stage, po, MORE)
    stage.run()
    (change,) = changes(stage, po)
    (difference,) = data(change)["differences"]
    assert (change.reason, difference["was"], difference["now"], difference["there"]) == (
        "order_not_changeable", "3", "5", "7"
    )  # fmt: skip
    assert lines(standing(stage, po))[0][1] == Decimal(7)


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [(FaultKind.RESET_AFTER, "04"), (FaultKind.LATE_COMMIT, "04"), (FaultKind.RESET_AFTER, "01")],
)
def test_a_lost_answer_is_looked_up_and_nothing_is_added_twice(
    stage: Stage, po: str, kind: FaultKind, purpose: str
) -> None:
    ordered(stage, po)
    method, path = ("PUT", "*/SalesOrder") if purpose == "04" else ("POST", "*/CancelSalesOrder")
    fault = Fault(kind, system="acumatica", method=method, path=path, seconds=60.0, real_time=False)
    stage.sandbox.call(stage.sandbox.faults.add, fault)
    sends(stage, po, "POC*3*AI*4*4*CA*30**IN*HM-NAPKINS", purpose=purpose)
    for _ in range(4):
        with suppress(TryAgain):
            stage.run()
        stage.sandbox.clock.move(700)
    assert [row.state for row in changes(stage, po)] == [S.POSTED]
    order = standing(stage, po)
    napkins = [("NAPKINS", Decimal(4), "CS", Decimal(30))] if purpose == "04" else []
    assert lines(order) == [OLIVES, WIDGETS, *napkins]
    assert order.text("Status") == ("Open" if purpose == "04" else "Canceled")
    assert [one.count for one in stage.sandbox.faults.faults if one.count] == []


def test_a_value_that_acumatica_drops_holds_the_change(stage: Stage, po: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word: what stands there is compared, not what was answered."""
    ordered(stage, po)
    monkeypatch.setattr(SalesOrderForm, "line_enabled", lambda *given: given[-1] != "OrderQty")
    sends(stage, po, MORE)
    stage.run()
    (change,) = changes(stage, po)
    assert change.reason == "order_not_changeable"
    assert "line 1 (OLIVEOIL1L) with 5 is not there" in str(data(change)["differences"])


def test_an_order_for_several_stores_is_changed_store_by_store(stage: Stage, po: str) -> None:
    who = stage.world.partners[HILLMART.name]
    stores: list[Segment] = [
        ["850"], ["BEG", "00", "SA", po, "", "20261129"], ["PO1", "1", "3", "CA", "90", "", "IN", "HM-OLIVEOIL1L"],
        ["SDQ", "CA", "92", "0012", "1", "0015", "2"], ["CTT", "1"],
    ]  # fmt: skip
    stage.sandbox.call(who.send, "850", [stores], [], who.behaviour)
    stage.run()
    sends(stage, po, "POC*1*QI*6*6*CA", "SDQ*CA*92*0012*1*0015*5")
    stage.run()
    (change,) = changes(stage, po)
    assert change.state is S.POSTED, change.reason_detail
    there = {
        row.text("LocationID"): row.details()[0].number("OrderQty")
        for row in stage.rows("SalesOrder", CustomerOrder=po)
    }
    assert there == {"STORE12": Decimal(1), "STORE15": Decimal(5)}
    sends(stage, po, "POC*1*QD*5*5*CA", "SDQ*CA*92*0015*5")
    stage.run()
    assert [row.reason for row in changes(stage, po)] == [None, None]
    status = {row.text("LocationID"): row.text("Status") for row in stage.rows("SalesOrder", CustomerOrder=po)}
    assert status == {"STORE12": "Canceled", "STORE15": "Open"}


def test_try_shows_what_a_change_would_write(stage: Stage, po: str) -> None:
    order = ordered(stage, po)
    who = stage.world.partners[HILLMART.name]
    change: list[Segment] = [
        ["860"], ["BCH", "04", "SA", po, "", "", "20261129"], ["POC", "1", "QI", "5", "5", "CA"], ["POC", "2", "DI"],
    ]  # fmt: skip
    data = who.writer.write("PC", [change], control=990)
    result = try_files(stage.deployment, [Given("860.edi", "860.edi", data)], integration=INTEGRATION)
    (document,) = result.documents
    assert (document.state, result.ok) == ("posted", True), document
    decided = {(one.what, one.place): one.value for one in document.decisions}
    assert decided["quantity", f"{po} line 1"] == "3 -> 5"
    assert decided["take_off", f"{po} line 2"] == "10 EA of WIDGET1"
    assert lines(standing(stage, po)) == lines(order)


def test_what_is_acknowledged_and_shipped_afterwards_is_the_order_with_its_changes(stage: Stage, po: str) -> None:
    order = ordered(stage, po)
    sends(stage, po, "POC*1*QI*5*5*CA", "POC*2*DI")
    stage.run()
    (received,) = received_orders(stage.integration, [order.id]).values()
    assert [(line.number, line.quantity) for line in received.order.lines] == [("1", Decimal(5))]
    (posted,) = received.written.values()
    assert [(line.customers_line, line.quantity) for line in posted.lines] == [("1", Decimal(5))]
