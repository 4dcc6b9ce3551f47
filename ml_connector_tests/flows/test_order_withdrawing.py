"""What a partner has of an order, and is to have no longer: deleted in the ERP, given to another supplier, refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from ml_connector.config.partner_files import PartnerProblem
from ml_connector.flows import operator_actions
from ml_connector.flows.orders_out import orders
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.work.documents import Move, move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.systems.exact_online.notices.topics import ORDERS
from ml_connector_tests.flows.buying import Office
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_order_news import SILENT
from ml_connector_tests.flows.test_order_revisions import play, revisions, starting
from ml_connector_tests.flows.withdrawing import (
    ACME,
    NORTHWIND,
    edit,
    given,
    new,
    newest,
    quantity,
    received,
    ruled,
    states,
    told,
)


def test_an_order_deleted_in_the_erp_is_cancelled_once(office: Office) -> None:
    key = new(office)
    office.run(key)
    office.books.delete(key)
    assert told(office.run(key)) == [(NORTHWIND, "860", "01")]
    office.books.deleted.append(key)
    assert office.run(key) == []


def test_a_deletion_that_is_told_and_not_true_changes_nothing(office: Office) -> None:
    key = new(office)
    office.run(key)
    office.books.deleted.append(key)
    assert office.run(key) == []


def test_a_deleted_order_is_held_for_the_buyer_by_setting(office: Office) -> None:
    office = ruled(office, withdrawn="hold")
    key = new(office)
    office.run(key)
    office.books.delete(key)
    assert office.run(key) == []
    row = newest(office, key)
    assert (row.state, row.reason) == (S.QUARANTINED, "order_withdrawn")
    assert "discard this here" in (row.reason_detail or {})["mend"]
    operator_actions.discard(office.integration, office.work, row, "told them by phone")
    office.books.deleted.append(key)
    assert office.run(key) == []


def test_what_is_held_here_and_deleted_there_ends(office: Office) -> None:
    key = new(office, warehouse_code="")
    assert office.run(key) == []
    assert states(office, key) == [("quarantined", "unresolved_ship_to")]
    office.books.delete(key)
    assert office.run(key) == []
    assert states(office, key) == [("discarded", "withdrawn")]


def test_a_change_that_is_held_becomes_the_cancellation(office: Office) -> None:
    key = new(office)
    office.run(key)
    edit(office, key, warehouse_id="", warehouse_code="")
    assert office.run(key) == []
    office.books.delete(key)
    assert told(office.run(key)) == [(NORTHWIND, "860", "01")]


def test_what_nobody_has_is_not_cancelled(office: Office) -> None:
    key = new(office)
    del office.books.orders[key]
    office.books.deleted.append(key)
    assert office.run(key) == []
    assert office.documents(key) == []


def test_deletions_are_told_again_until_it_is_known_whose_the_orders_are(office: Office) -> None:
    """While a partner file cannot be read at all; once it can be, each is asked for no more."""
    office.run()
    blind = replace(office.integration, problems=(PartnerProblem("", Path("new.yaml"), "no YAML", "mend it"),))
    office.books.deleted.append("somebody's")
    asked = office.books.told_from
    for one, expected in ((blind, 0), (blind, 0), (office.integration, 0), (office.integration, 1)):
        before = len(office.books.deleted) - 1
        replace(office, integration=one).read()
        assert asked[-1] == before + expected


def test_a_deleted_order_is_cancelled_although_its_supplier_gets_none_any_more(office: Office) -> None:
    key = new(office)
    office.run(key)
    office.books.delete(key)
    assert told(ruled(office, send=False).run(key)) == []
    row = newest(office, key)
    assert (row.state, row.revision) == (S.QUARANTINED, 1), "it is asked about, not passed over"


def test_an_order_that_may_have_left_is_not_touched_before_that_is_settled(office: Office) -> None:
    key = new(office)
    office.read()
    held = {"reason": "may_have_left", "reason_detail": {"message": "", "mend": ""}, "held_step": "resolved"}
    with office.integration.ledger.write() as tx:
        move(tx, [Move(newest(office, key).id, S.QUARANTINED, "held", changes=held)], office.work)
    source = newest(office, key).source
    quantity(office, key, 12)
    orders.read(office.integration, office.work)
    assert [row.source for row in office.documents(key)] == [source]


@pytest.mark.parametrize("way", ["poll", "webhook"])
def test_exact_tells_of_deletions_by_sync_and_by_webhook(stage: Scene, way: str) -> None:
    from ml_connector.flows.orders_out.order_news import orders_changed

    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    key = str(
        stage.sandbox.call(user.order_by_number, stage.sandbox.exact.main, int(order["number"]))["PurchaseOrderID"]
    )
    stage.sandbox.call(user.delete, stage.sandbox.exact, int(order["number"]))
    assert not orders_changed(stage.integration), "it is asked now and then"
    stage.sandbox.clock.move(16 * 60)
    assert orders_changed(stage.integration)
    if way == "webhook":
        settings = stage.integration.settings
        flow = settings.flows.orders_out.model_copy(update={"poll": False})
        flows = settings.flows.model_copy(update={"orders_out": flow})
        object.__setattr__(stage.integration, "settings", settings.model_copy(update={"flows": flows}))
        erp = stage.integration.erp
        with stage.deployment.ledger.write() as tx:
            inbox.add(tx, inbox.NewNotice(erp.connection, ORDERS.topic, erp.company, "Delete", key, "{}"))
    play(stage, 2)
    assert revisions(stage) == [(0, "acknowledged"), (1, "acknowledged")]
    sent = {kind[:6]: count for kind, count in stage.world.consumer.documents().items() if kind.startswith("8")}
    assert sent == {"850 00": 1, "860 01": 1}
    assert way == "webhook" or not orders_changed(stage.integration)


def test_an_order_given_to_another_partner_is_cancelled_with_the_old_one_first(office: Office) -> None:
    key = new(office)
    office.run(key)
    given(office, key, "20012")
    assert told(office.run(key)) == [(NORTHWIND, "860", "01"), (ACME, "850", "00")]
    quantity(office, key, 12)
    assert told(office.run(key)) == [(ACME, "850", "05")]
    given(office, key, "20011")
    assert told(office.run(key)) == [(ACME, "850", "01"), (NORTHWIND, "850", "00")]
    assert office.run(key) == []


def test_an_order_given_to_somebody_who_is_no_partner_is_cancelled(office: Office) -> None:
    key = new(office)
    office.run(key)
    given(office, key, "39999")
    assert told(office.run(key)) == [(NORTHWIND, "860", "01")]
    assert office.run(key) == []


def test_the_new_supplier_waits_until_the_old_one_was_told(office: Office) -> None:
    office = ruled(office, withdrawn="hold")
    key = new(office)
    office.run(key)
    given(office, key, "20012")
    assert office.run(key) == []
    held, waiting = office.documents(key)[1:]
    assert (held.reason, held.partner, waiting.state, waiting.partner) == (
        "order_withdrawn",
        "northwind",
        S.READ,
        "acme",
    )
    operator_actions.discard(office.integration, office.work, held, "told them by phone")
    assert told(office.run(key)) == [(ACME, "850", "00")]


def test_what_is_given_back_before_anybody_was_told_is_no_news(office: Office) -> None:
    office = ruled(office, withdrawn="hold")
    key = new(office)
    office.run(key)
    given(office, key, "20012")
    office.run(key)
    given(office, key, "20011")
    assert office.run(key) == []
    assert states(office, key)[1:] == [("discarded", "withdrawn"), ("discarded", "withdrawn")]
    quantity(office, key, 12)
    assert told(office.run(key)) == [(NORTHWIND, "860", "04")]


def test_while_the_old_supplier_refuses_to_give_it_up_nobody_else_gets_it(office: Office) -> None:
    key = new(office)
    office.run(key)
    given(office, key, "20012")
    office.read()
    (taking_back,) = [row for row in office.documents(key) if row.state is S.RESOLVED]
    office.leave(taking_back, S.REFUSED)
    assert office.run(key) == []
    assert newest(office, key).reason == "order_sent_elsewhere"
    operator_actions.prepare_replay(office.integration, office.work, [office.documents(key)[1]])
    assert told(office.run(key)) == [(NORTHWIND, "860", "01"), (ACME, "850", "00")]


@pytest.mark.parametrize("meanwhile", ["39999", "20012"])
def test_an_order_that_comes_back_to_its_first_supplier_is_sent_anew(office: Office, meanwhile: str) -> None:
    """It was cancelled there: what is the same as before is not known there any more."""
    key = new(office)
    office.run(key)
    given(office, key, meanwhile)
    assert told(office.run(key))[0] == (NORTHWIND, "860", "01")
    given(office, key, "20011")
    assert told(office.run(key))[-1] == (NORTHWIND, "850", "00")
    assert office.run(key) == []


def test_what_was_taken_off_as_the_order_was_given_away_is_cancelled_with_the_old_supplier(office: Office) -> None:
    """Nothing is left for the new one; the old one would still deliver the line that is gone."""
    key = new(office)
    office.run(key)
    received(office, key, 10, 0)
    edit(office, key, lines=office.books.orders[key].lines[:1])
    given(office, key, "20012")
    assert told(office.run(key)) == [(NORTHWIND, "860", "01")]
    assert office.run(key) == []


def test_who_delivered_all_is_told_nothing_when_the_order_becomes_anothers(office: Office) -> None:
    key = new(office)
    office.run(key)
    received(office, key, 10, 20)
    given(office, key, "20012")
    assert office.run(key) == []


def test_an_order_received_in_full_is_not_sent_as_new(office: Office) -> None:
    key = new(office)
    received(office, key, 10, 20)
    assert office.run(key) == []
    assert office.documents(key) == []


def test_exacts_orders_that_were_received_are_left_alone_when_the_start_reaches_back(stage: Scene) -> None:
    stage.orders(1)
    stage.sandbox.clock.move(86_400 * 3)
    starting(stage, "2026-01-01")
    orders.read(stage.integration, stage.work)
    assert stage.documents("orders_out") == []


def test_an_order_of_which_goods_came_before_it_was_sent_is_asked_about(office: Office) -> None:
    key = new(office)
    received(office, key, 4, 0)
    assert office.run(key) == []
    row = newest(office, key)
    assert (row.reason, (row.reason_detail or {})["data"]["lines"]) == ("partly_received", ["1"])
    assert told(ruled(office, partly_received="whole").run(key)) == [(NORTHWIND, "850", "00")]
