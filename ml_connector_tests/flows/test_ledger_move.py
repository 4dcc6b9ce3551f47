"""`ledger move`: what cannot be recognised is meant by a person; a plan first, wrong names, and the same once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_connector.errors import DecisionNeeded
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import orders
from ml_connector.flows.posting.postings import operation_key
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.names import naming
from ml_connector.ledger.tables.documents import renaming
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime.names import channel_lease
from ml_connector.sandbox.exact.seed import SECOND_DIVISION
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.flows.renamed import Edited, Settings, two_companies


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Edited]:
    """An order of company 1 that was read and waits."""
    with two_companies(tmp_path / "home") as one:
        one.order()
        with one.opened() as deployment:
            orders.read(deployment.integration("one"), RunScope(holder="", actor="test"))
        yield one


def move(*options: object) -> Said:
    return say("ledger", "move", *options)


def waiting(stage: Edited) -> DocumentRow:
    (row,) = stage.rows(flows=("orders_out",))
    return row


def noted(stage: Edited) -> int:
    with stage.opened() as deployment, deployment.ledger.read() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(renaming)).scalar_one())


def arrived(stage: Edited) -> dict[str, int]:
    world = stage.bench.sandbox.partner
    assert world is not None
    stage.bench.sandbox.clock.move(30)
    stage.bench.sandbox.call(world.flush)
    return world.consumer.orders()


def is_planned_done_and_done_once(stage: Edited, *options: object) -> None:
    """The plan changes nothing; what was done is nothing to do the second time."""
    before, row = noted(stage), waiting(stage)
    plan = move(*options)
    assert plan.code == 0, plan.err
    assert "Nothing is changed yet" in plan.out
    assert (noted(stage), waiting(stage)) == (before, row)
    done = move(*options, "--yes", "--json")
    assert (done.code, done.json["done"]) == (0, True)
    assert done.json["rows"]
    for what, count in done.json["rows"].items():
        assert f"{what} {count}" in " ".join(plan.out.split()), "the plan is what happens"
    assert noted(stage) == before + 1
    again = move(*options, "--yes")
    assert again.code == 0, again.err
    assert "nothing to do" in again.out
    assert noted(stage) == before + 1


def is_refused(stage: Edited, words: str, *options: object) -> None:
    before, row = noted(stage), waiting(stage)
    said = move(*options, "--yes")
    assert said.code == 2, said.out
    assert words in said.err
    assert (noted(stage), waiting(stage)) == (before, row)


def elsewhere(settings: Settings) -> None:
    """The network has another name and another account at once."""
    cleo = settings["connections"].pop("cleo_prod")
    settings["connections"]["cleo_main"] = {**cleo, "base_url": cleo["base_url"].replace("127.0.0.1", "localhost")}
    for one in settings["integrations"].values():
        one["network"] = "cleo_main"


@pytest.mark.parametrize("ran", [False, True])
def test_a_network_under_another_name_and_account(stage: Edited, ran: bool) -> None:
    number = waiting(stage).number
    is_refused(stage, "has connection cleo_prod still", "--connection", "cleo_prod", "exact_nl")
    stage.edit(elsewhere)
    if ran:
        with stage.opened() as deployment:
            deployment.integration("one")
    is_refused(stage, "no connection nowhere", "--connection", "cleo_prod", "nowhere")
    is_refused(stage, "Nothing stands in the ledger under connection cleo_prd", "--connection", "cleo_prd", "cleo_main")
    is_refused(stage, "was a network, and exact_nl is none", "--connection", "cleo_prod", "exact_nl")
    with stage.opened() as deployment, Lease(deployment.ledger, channel_lease("one", "outbound"), run_id="r-1"):
        is_refused(stage, "A run works on one", "--connection", "cleo_prod", "cleo_main")
    is_planned_done_and_done_once(stage, "--connection", "cleo_prod", "cleo_main")
    assert waiting(stage).network == "cleo_main"
    stage.run("one")
    assert arrived(stage) == {number: 1}


def test_an_integration_its_network_and_account_at_once(stage: Edited) -> None:
    number = waiting(stage).number
    stage.edit(elsewhere)
    stage.edit(lambda settings: settings["integrations"].update(purchasing=settings["integrations"].pop("one")))
    is_refused(stage, "no integration nowhere", "--integration", "one", "nowhere")
    is_refused(stage, "has integration two still", "--integration", "two", "purchasing")
    is_refused(stage, "Nothing stands in the ledger under integration oen", "--integration", "oen", "purchasing")
    is_planned_done_and_done_once(stage, "--integration", "one", "purchasing")
    assert waiting(stage).integration == "purchasing"
    assert move("--connection", "cleo_prod", "cleo_main", "--yes").code == 0
    stage.run("purchasing")
    assert arrived(stage) == {number: 1}
    with stage.opened() as deployment:
        assert verify(deployment.ledger).problems == []


def test_a_partner_of_another_name_identity_and_account_at_once(stage: Edited) -> None:
    file = stage.partner_file("northwind", "partners_1")
    identity = {"qualifier": "ZZ", "id": "NORTHNEW"}
    stage.edit_partner(file, name="north", identity=identity, vendor="20013")
    is_refused(stage, "no partner nobody", "--partner", "one", "northwind", "nobody")
    is_refused(stage, "under partner one/nrthwind", "--partner", "one", "nrthwind", "north")
    is_refused(stage, "no integration", "--partner", "nowhere", "northwind", "north")
    is_planned_done_and_done_once(stage, "--partner", "one", "northwind", "north")
    row = waiting(stage)
    assert row.partner == "north"
    assert row.partner_key == "ZZ/NORTHNEW"
    with stage.opened() as deployment:
        assert verify(deployment.ledger).problems == []


def test_an_integration_that_is_meant_for_another_company(stage: Edited) -> None:
    is_refused(stage, "no integration", "--books", "nowhere")
    assert "nothing to do" in move("--books", "one", "--yes").out
    stage.edit(lambda settings: settings["integrations"]["one"].update(erp="exact_two"))
    is_planned_done_and_done_once(stage, "--books", "one")
    stage.run("one")
    held = waiting(stage)
    assert (held.state, held.reason) == (S.QUARANTINED, "other_company")
    assert arrived(stage) == {}


def test_a_connection_keeps_its_company_and_a_wrong_code_is_refused(stage: Edited) -> None:
    company = waiting(stage).company
    assert "nothing to do" in move("--company", "exact_nl", company, "--yes").out
    is_refused(stage, f"has company {company}, not {SECOND_DIVISION}", "--company", "exact_nl", SECOND_DIVISION)
    is_refused(stage, "nowhere", "--company", "nowhere", company)
    is_refused(stage, "which is not an ERP", "--company", "cleo_prod", company)
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=SECOND_DIVISION))
    is_refused(stage, "is that of connection exact_two", "--company", "exact_nl", SECOND_DIVISION)


def test_one_move_at_a_time(stage: Edited) -> None:
    assert move().code == 2
    assert move("--books", "one", "--company", "exact_nl", "1").code == 2
    assert noted(stage) == 0


def test_a_company_that_the_erp_calls_otherwise_is_the_same_one(stage: Edited) -> None:
    number, row = waiting(stage).number, waiting(stage)
    state = stage.bench.sandbox.exact

    def rename() -> None:
        for one in state.division_rows:
            if str(one["Code"]) == row.company:
                one["Description"] = "Voltwerk Holding BV"

    stage.bench.sandbox.call(rename)
    assert say("check", "exact_nl").code == 0
    stage.run("one")
    assert arrived(stage) == {number: 1}
    with stage.opened() as deployment, deployment.ledger.read() as tx:
        told = {one.company: one.title for one in naming.company_bindings(tx)}
    assert told[row.company] == "Voltwerk Holding BV"
    assert noted(stage) == 0


def recoded(stage: Edited, code: int) -> None:
    """The ERP gives company 2 another code, and the configuration follows."""
    state = stage.bench.sandbox.exact

    def change() -> None:
        company = state.companies.pop(SECOND_DIVISION)
        company.code = code
        state.companies[code] = company
        for one in state.division_rows:
            if one["Code"] == SECOND_DIVISION:
                one["Code"] = code

    stage.bench.sandbox.call(change)
    stage.edit(lambda settings: settings["connections"]["exact_two"].update(division=code))


def receipts(stage: Edited, code: int) -> list[str]:
    table = stage.bench.sandbox.exact.companies[code].table("purchaseorder/GoodsReceipts")
    return sorted(str(row["ID"]) for row in table)


def rounds(stage: Edited, count: int) -> None:
    for _ in range(count):
        stage.run("two")
        arrived(stage)


def test_a_company_that_got_another_code_goes_on_as_the_same_one(stage: Edited) -> None:
    """What was sent leaves no second time, what was posted stays ours, and what waits goes to the new code."""
    first = stage.order("20012", SECOND_DIVISION)
    rounds(stage, 3)
    before = receipts(stage, SECOND_DIVISION)
    assert before, "the supplier ships"
    second = stage.order("20012", SECOND_DIVISION, seed=5)
    with stage.opened() as deployment:
        orders.read(deployment.integration("two"), RunScope(holder="", actor="test"))
    mine = {row.id: operation_key(row) for row in stage.rows() if row.company == str(SECOND_DIVISION)}
    recoded(stage, 990132)
    with pytest.raises(DecisionNeeded, match="990132"):
        stage.run("two")
    options = ("--code", "exact_two", SECOND_DIVISION, 990132)
    assert "Nothing is changed yet" in move(*options).out
    done = move(*options, "--yes")
    assert done.code == 0, done.err
    assert "nothing to do" in move(*options, "--yes").out
    rows = {row.id: row for row in stage.rows() if row.id in mine}
    assert {row.company for row in rows.values()} == {"990132"}
    came = [row.id for row in rows.values() if row.direction == "in"]
    assert {one: operation_key(rows[one]) for one in came} == {one: mine[one] for one in came}
    rounds(stage, 2)
    sent = {number: count for number, count in arrived(stage).items() if number in (first, second)}
    assert sent == {first: 1, second: 1}
    assert set(before) <= set(receipts(stage, 990132))
    orders_of_two = [row for row in stage.rows(flows=("orders_out",)) if row.integration == "two"]
    assert [row.revision for row in orders_of_two] == [0, 0]
    with stage.opened() as deployment:
        assert verify(deployment.ledger).problems == []


def test_another_company_is_not_taken_for_the_same_under_another_code(stage: Edited) -> None:
    company = waiting(stage).company
    is_refused(stage, f"has company {company}, not 990132", "--code", "exact_nl", company, 990132)
    is_refused(stage, "has company", "--code", "exact_nl", SECOND_DIVISION, SECOND_DIVISION)
    stage.edit(lambda settings: settings["connections"].pop("exact_two") and None)
    stage.edit(lambda settings: settings["integrations"].pop("two") and None)
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=SECOND_DIVISION))
    is_refused(stage, "none of the last 1 orders", "--code", "exact_nl", company, SECOND_DIVISION)
