"""What was sent of an order is remembered whoever it went to: a new name is the same partner, another one is asked."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ml_connector.config.partners import Partner
from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import orders
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector_tests.flows.scenes import Scene, with_partners
from ml_connector_tests.flows.test_order_news import ONE, SILENT, in_record, partner_file, receipt
from ml_connector_tests.flows.test_order_revisions import change, newest, play, revisions
from ml_connector_tests.support.deployment import INTEGRATION


@pytest.fixture
def order(stage: Scene) -> dict[str, Any]:
    """An order that its partner has."""
    (made,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    assert revisions(stage) == ONE
    return dict(made)


def refile(stage: Scene, make: Callable[[Partner], Partner], old: str = "northwind") -> None:
    """One partner file is taken away, another one written."""
    files = dict(stage.integration.partners)
    new = make(files.pop(old))
    filed(stage, {**files, new.name: new})


def filed(stage: Scene, files: dict[str, Partner]) -> None:
    """The partner files as the next process reads them."""
    stage.integration = with_partners(stage.integration, files)


def renamed(partner: Partner) -> Partner:
    return partner.model_copy(update={"name": "nw"})


def elsewhere(partner: Partner, name: str = "nw") -> Partner:
    """The same supplier, known to another network by another identity."""
    identity = partner.identity.model_copy(update={"id": "NWNEW"})
    return partner.model_copy(update={"name": name, "identity": identity, "test_identity": None})


def move_away(stage: Scene) -> Partner:
    """The partner's file is moved to another integration's folder."""
    moved = stage.integration.partners["northwind"]
    filed(stage, {name: one for name, one in stage.integration.partners.items() if name != "northwind"})
    return moved


def more(stage: Scene, order: dict[str, Any], by: int = 1) -> None:
    change(stage, order, quantity=order["lines"][0]["quantity"] + by)


def held(stage: Scene) -> DocumentRow:
    row = newest(stage)
    assert (row.state, row.reason) == (S.QUARANTINED, "order_sent_elsewhere")
    assert "orders.sent_before" in (row.reason_detail or {})["mend"]
    return row


def due(stage: Scene) -> None:
    stage.sandbox.clock.move(11 * 60)


def test_a_renamed_partner_is_the_same_partner(stage: Scene, order: dict[str, Any]) -> None:
    refile(stage, renamed)
    receipt(stage, order)
    stage.outbound()
    assert revisions(stage) == ONE
    more(stage, order)
    stage.outbound()
    assert [str(row.state) for row in stage.documents("orders_out")][1:] == ["sent"]
    row = newest(stage)
    assert (row.revision, row.kind, row.partner) == (1, "order_change", "nw")
    assert stage.world.consumer.orders() == {order["number"]: 1}


def test_what_had_not_left_goes_on_under_the_new_name(stage: Scene) -> None:
    first, second = stage.orders(2, received=False)
    partner_file(stage, orders={"ship_to": {"NONE": "1"}})
    stage.outbound()
    assert {row.reason for row in stage.documents("orders_out")} == {"unresolved_ship_to"}
    refile(stage, lambda partner: renamed(partner.model_copy(update={"orders": type(partner.orders)()})))
    more(stage, second)
    due(stage)
    stage.outbound()
    rows = stage.documents("orders_out")
    assert [(row.number, row.revision, row.partner, row.state) for row in sorted(rows, key=lambda row: row.number)] == [
        (made["number"], 0, "nw", S.SENT) for made in (first, second)
    ]


@pytest.mark.parametrize("name", ["nw", "northwind"])
def test_another_identity_of_the_supplier_is_asked_about_once_the_order_changes(
    stage: Scene, order: dict[str, Any], name: str
) -> None:
    refile(stage, lambda partner: elsewhere(partner, name))
    receipt(stage, order)
    stage.outbound()
    assert revisions(stage) == ONE, "it has not changed: nothing is sent, nothing is asked"
    more(stage, order)
    stage.outbound()
    held(stage)
    partner_file(stage, name, orders={"sent_before": "known"})
    due(stage)
    stage.outbound()
    assert (newest(stage).kind, newest(stage).state, newest(stage).partner) == ("order_change", S.SENT, name)


def test_a_rule_sends_the_whole_order(stage: Scene, order: dict[str, Any]) -> None:
    refile(stage, elsewhere)
    partner_file(stage, "nw", orders={"sent_before": "again"})
    receipt(stage, order)
    stage.outbound()
    assert revisions(stage) == ONE
    more(stage, order)
    stage.outbound()
    assert (newest(stage).kind, newest(stage).revision, newest(stage).state) == ("order", 1, S.SENT)
    more(stage, order, by=2)
    stage.outbound()
    assert (newest(stage).kind, newest(stage).revision, newest(stage).state) == ("order_change", 2, S.SENT)


def test_what_is_discarded_is_not_asked_again(stage: Scene, order: dict[str, Any]) -> None:
    refile(stage, elsewhere)
    more(stage, order)
    stage.outbound()
    operator_actions.discard(stage.integration, stage.work, held(stage), "agreed by phone")
    receipt(stage, order)
    stage.outbound()
    assert revisions(stage) == [*ONE, (1, "discarded")]


def test_going_back_to_who_has_the_order_needs_no_question(stage: Scene, order: dict[str, Any]) -> None:
    """Two files of one supplier: the orders are switched from one to the other, and back."""
    partner_file(stage, orders={"send": False})
    second = elsewhere(stage.integration.partners["northwind"])
    second = second.model_copy(update={"orders": second.orders.model_copy(update={"send": True})})
    filed(stage, {**stage.integration.partners, "nw": second})
    more(stage, order)
    stage.outbound()
    held(stage)
    partner_file(stage, "nw", orders={"send": False})
    partner_file(stage, orders={"send": True})
    due(stage)
    stage.outbound()
    assert (newest(stage).kind, newest(stage).state, newest(stage).partner) == ("order_change", S.SENT, "northwind")


@pytest.mark.parametrize("sent", [True, False])
def test_an_order_given_to_somebody_who_is_no_partner(stage: Scene, sent: bool) -> None:
    """The partner that has it is told; what had not left never leaves. To another partner: test_order_withdrawing."""
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    if sent:
        play(stage, 1)
    else:
        orders.read(stage.integration, stage.work)
    stage.sandbox.call(user.add_supplier, stage.sandbox.exact, "30001", "Corner Shop")
    other = stage.sandbox.call(user.supplier_by_code, stage.sandbox.exact.main, "30001")
    in_record(stage, order, {"Supplier": other["ID"], "SupplierCode": other["Code"], "SupplierName": other["Name"]}, {})
    stage.outbound()
    receipt(stage, order)
    stage.outbound()
    assert revisions(stage) == ([*ONE, (1, "sent")] if sent else [(0, "discarded")])
    assert newest(stage).partner == "northwind"


def test_a_partner_moved_to_another_integration_goes_on(stage: Scene, order: dict[str, Any]) -> None:
    moved = move_away(stage)
    other = replace(stage.integration, name="exact_other", partners={"northwind": moved})
    receipt(stage, order)
    orders.read(stage.integration, stage.work)
    orders.read(other, stage.work)
    assert revisions(stage) == ONE
    more(stage, order)
    orders.read(stage.integration, stage.work)
    orders.read(other, stage.work)
    row = newest(stage)
    assert (row.integration, row.revision, row.kind) == ("exact_other", 1, "order_change")


def test_what_waits_where_the_partner_was_leaves_where_it_is(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    orders.read(stage.integration, stage.work)
    moved = move_away(stage)
    other = replace(stage.integration, name="exact_other", partners={"northwind": moved})
    stage.outbound()
    assert newest(stage).reason == "unknown_partner"
    more(stage, order)
    orders.read(other, stage.work)
    orders.read(other, stage.work)
    assert revisions(stage) == [(0, "discarded"), (1, "read")]
    assert (newest(stage).integration, newest(stage).kind) == ("exact_other", "order")


def test_answers_to_what_went_under_the_old_name_are_applied(stage: Scene) -> None:
    """The 997 and the 855 come after the partner was renamed; another partner has its old name by now."""
    (made,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"ship": "never", "invoice": "never"})
    stage.outbound()
    refile(stage, renamed)
    taken = stage.integration.partners["acme"].model_copy(update={"name": "northwind"})
    filed(stage, {**{n: one for n, one in stage.integration.partners.items() if n != "acme"}, "northwind": taken})
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    assert revisions(stage) == ONE
    answers = stage.documents("acknowledgments_in")
    assert {(row.state, row.partner, row.order_number) for row in answers} == {(S.APPLIED, "nw", made["number"])}


def edit_file(stage: Scene, **changes: Any) -> None:
    """The partner's file as an editor leaves it, and the next process that reads it."""
    path = stage.bench.home / "partners" / "northwind.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**settings, **changes}), encoding="utf-8")


def sync(stage: Scene) -> None:
    with stage.bench.open() as deployment, worker(deployment.ledger) as lease:
        later = replace(stage, deployment=deployment, integration=deployment.integration(INTEGRATION))
        later.work = RunScope(holder=lease.name, actor="test")
        later.outbound()
        stage.sandbox.clock.move(30)
        stage.sandbox.call(stage.world.flush)
        later.inbound()


def test_files_edited_between_runs(stage: Scene, order: dict[str, Any]) -> None:
    """As it was seen: `name:` changed, and the order touched by our own receipt."""
    edit_file(stage, name="northwind_traders")
    receipt(stage, order)
    sync(stage)
    assert revisions(stage) == ONE
    more(stage, order)
    sync(stage)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    sent = [kind[:6] for kind in stage.world.consumer.documents() if kind.startswith("8")]
    assert sorted(sent) == ["850 00", "860 04"]
    edit_file(stage, name="nwt", identity={"qualifier": "ZZ", "id": "NWNEW"})
    receipt(stage, order)
    sync(stage)
    assert len(revisions(stage)) == 2
    more(stage, order, by=2)
    sync(stage)
    held(stage)
