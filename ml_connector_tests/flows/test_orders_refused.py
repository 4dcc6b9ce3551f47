"""Orders that a partner refused go again, as what they are by then."""

from decimal import Decimal

import pytest

from ml_connector.documents.common import changed
from ml_connector.flows import operator_actions
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector_tests.flows.buying import Office
from ml_connector_tests.flows.literal_supplier import segments
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_answers_by_line import bak, receive
from ml_connector_tests.flows.test_order_news import SILENT
from ml_connector_tests.flows.test_order_revisions import play, revisions
from ml_connector_tests.flows.withdrawing import (
    NORTHWIND,
    changed_and_refused,
    edit,
    new,
    newest,
    quantity,
    refused,
    states,
    told,
)


def test_a_refused_order_is_replayed_with_what_was_mended_since(office: Office) -> None:
    key = new(office)
    row = refused(office, key)
    assert office.run(key) == [], "nothing changed: it waits for a person"
    lines = (changed(line, barcode="8711234567892") for line in office.books.orders[key].lines)
    edit(office, key, lines=tuple(lines))
    operator_actions.prepare_replay(office.integration, office.work, [row])
    (again,) = office.run(key)
    assert told([again]) == [(NORTHWIND, "850", "00")]
    assert "8711234567892" in again, "what was mended in the ERP goes with it"
    assert states(office, key) == [("acknowledged", None)]


def test_a_refused_order_that_was_changed_goes_again_as_an_order(office: Office) -> None:
    key = new(office)
    refused(office, key)
    quantity(office, key, 12)
    assert told(office.run(key)) == [(NORTHWIND, "850", "00")]


def test_a_refused_order_that_is_cancelled_or_deleted_ends_quietly(office: Office) -> None:
    first, second = new(office), new(office)
    for key in (first, second):
        refused(office, key)
    edit(office, first, cancelled=True)
    office.books.delete(second)
    assert office.run(first, second) == []
    operator_actions.prepare_replay(office.integration, office.work, [newest(office, first)])
    assert office.run(first) == [], "it was cancelled meanwhile"


def test_a_change_of_what_was_refused_is_no_order(office: Office) -> None:
    key, _ = changed_and_refused(office)
    quantity(office, key, 13)
    assert told(office.run(key)) == [(NORTHWIND, "850", "00")]


def test_a_replay_of_what_was_refused_sends_the_newest_that_was_built_on_it(office: Office) -> None:
    key, first = changed_and_refused(office)
    operator_actions.prepare_replay(office.integration, office.work, [first])
    (again,) = office.run(key)
    assert told([again]) == [(NORTHWIND, "850", "00")]
    assert "PO1*1*12*" in again
    quantity(office, key, 13)
    assert told(office.run(key)) == [(NORTHWIND, "860", "04")]


def test_a_refused_change_is_no_base_of_the_next(office: Office) -> None:
    key = new(office)
    office.run(key)
    quantity(office, key, 12)
    refused(office, key)
    first, second = office.books.orders[key].lines
    edit(office, key, lines=(first, changed(second, price=Decimal(3))))
    (again,) = office.run(key)
    assert [one[1:4] for one in segments(again) if one[0] == "POC"] == [["1", "QI", "12"], ["2", "PC", "20"]]


@pytest.mark.parametrize("kind", ["RJ", "RD"])
def test_an_order_that_a_supplier_refuses_goes_again_as_an_order(stage: Scene, kind: str) -> None:
    stage.world.behave("NORTHWIND", SILENT)
    (order,) = stage.orders(1, received=False)
    play(stage, 1)
    answer = receive(stage, [bak(order, kind), "CTT*0"])
    (row,) = stage.documents("orders_out")
    assert (row.state, row.reason, answer.reason) == (S.REFUSED, "refused_by_partner", "order_refused")
    assert "goes as an order again" in (answer.reason_detail or {})["mend"]
    receive(stage, ["AK1*PO*1", "AK9*A*1*1*1"], "997", "FA")
    assert stage.documents("orders_out")[0].state is S.REFUSED, "that its syntax was accepted does not undo it"
    operator_actions.prepare_replay(stage.integration, stage.work, [row])
    play(stage, 2)
    sent = {kind[:6]: count for kind, count in stage.world.consumer.documents().items() if kind.startswith("8")}
    assert sent == {"850 00": 2}
    assert revisions(stage) == [(0, "acknowledged")]


def test_a_supplier_that_takes_an_order_after_all_has_it(stage: Scene) -> None:
    stage.world.behave("NORTHWIND", SILENT)
    (order,) = stage.orders(1, received=False)
    play(stage, 1)
    receive(stage, [bak(order, "RJ"), "CTT*0"])
    receive(stage, [bak(order, "AK"), "CTT*0"])
    assert revisions(stage) == [(0, "acknowledged")]
    quantity = order["lines"][0]["quantity"] + 1
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, quantity=quantity)
    play(stage, 1)
    sent = {kind[:6]: count for kind, count in stage.world.consumer.documents().items() if kind.startswith("8")}
    assert sent == {"850 00": 1, "860 04": 1}
