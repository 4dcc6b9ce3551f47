"""Names are labels: what is renamed goes on under its new name, and what is another company now is asked about."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.cli.app import run
from ml_connector.errors import DecisionNeeded
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import orders
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.tables.documents import interchange, renaming, token
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.flows.renamed import Edited, Settings, edited

CLEO = "exact_cleo"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Edited]:
    with edited(tmp_path / "home") as one:
        yield one


def _sent(stage: Edited) -> list[tuple[str, int, str]]:
    rows = stage.rows(flows=("orders_out",))
    return sorted((row.number, row.revision, str(row.state)) for row in rows)


def _arrived(stage: Edited) -> dict[str, int]:
    partner = stage.bench.sandbox.partner
    assert partner is not None
    stage.bench.sandbox.clock.move(30)
    stage.bench.sandbox.call(partner.flush)
    return partner.consumer.orders()


def _controls(stage: Edited) -> list[int]:
    query = sa.select(interchange.c.control_number).where(interchange.c.direction == "out").order_by(interchange.c.id)
    with stage.opened() as deployment, deployment.ledger.read() as tx:
        return [int(number) for number in tx.execute(query).scalars()]


def _renamings(stage: Edited) -> list[tuple[str, str, str]]:
    with stage.opened() as deployment, deployment.ledger.read() as tx:
        query = sa.select(renaming.c.what, renaming.c.old, renaming.c.new).order_by(renaming.c.id)
        return [tuple(row) for row in tx.execute(query)]


def _problems(stage: Edited) -> list[str]:
    with stage.opened() as deployment:
        return [problem.message for problem in verify(deployment.ledger).problems]


def _rename_key(table: dict[str, Any], old: str, new: str) -> None:
    table[new] = table.pop(old)


def test_a_renamed_connection_keeps_its_company_its_token_and_its_orders(stage: Edited) -> None:
    first = stage.order()
    stage.run(CLEO)

    def rename(settings: Settings) -> None:
        _rename_key(settings["connections"], "exact_nl", "exact_main")
        _rename_key(settings["connections"], "cleo_prod", "cleo_main")
        settings["integrations"][CLEO] |= {"erp": "exact_main", "network": "cleo_main"}

    stage.edit(rename)
    second = stage.order(seed=5)
    stage.run(CLEO)
    assert _arrived(stage) == {first: 1, second: 1}
    assert {(row.connection, row.network) for row in stage.rows()} == {("exact_main", "cleo_main")}
    assert _renamings(stage) == [
        ("connection", "exact_nl", "exact_main"),
        ("connection", "cleo_prod", "cleo_main"),
    ]
    with stage.opened() as deployment, deployment.ledger.read() as tx:
        tokens = set(tx.execute(sa.select(token.c.connection)).scalars())
    assert "exact_main" in tokens
    assert not tokens & {"exact_nl", "cleo_prod"}


def test_a_renamed_integration_goes_on(stage: Edited) -> None:
    first = stage.order()
    stage.run(CLEO)
    stage.edit(lambda settings: _rename_key(settings["integrations"], CLEO, "purchasing"))
    second = stage.order(seed=5)
    stage.run("purchasing")
    assert _arrived(stage) == {first: 1, second: 1}
    assert {row.integration for row in stage.rows()} == {"purchasing"}
    assert _controls(stage) == list(range(1, len(_controls(stage)) + 1)) != [1]
    stage.run("purchasing")
    assert {revision for _, revision, _ in _sent(stage)} == {0}
    assert _problems(stage) == []


def test_a_renamed_partner_goes_on(stage: Edited) -> None:
    first = stage.order()
    stage.run(CLEO)
    stage.edit_partner(stage.partner_file("northwind"), name="northwind_traders")
    second = stage.order(seed=5)
    stage.run(CLEO)
    assert _arrived(stage) == {first: 1, second: 1}
    stage.run(CLEO)
    assert {row.partner for row in stage.rows(flows=("orders_out",))} == {"northwind_traders"}
    assert {row.partner_key for row in stage.rows(flows=("orders_out",))} == {"ZZ/NORTHWIND"}
    assert {state for _, _, state in _sent(stage)} == {"acknowledged"}
    assert _renamings(stage) == [("partner", f"{CLEO}/northwind", f"{CLEO}/northwind_traders")]


def test_partners_that_exchange_their_names_keep_what_is_theirs(stage: Edited) -> None:
    """Whatever a file is called: its orders, its answers and the numbers of both."""
    world = stage.bench.sandbox.partner
    assert world is not None
    world.behave("ACME", {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"})
    world.behave("NORTHWIND", {"confirm": "never", "ship": "never", "invoice": "never"})
    numbers = {supplier: [stage.order(supplier, seed=int(supplier))] for supplier in ("20011", "20012")}
    stage.run(CLEO)
    first, second = stage.partner_file("northwind"), stage.partner_file("acme")
    stage.edit_partner(first, name="acme")
    stage.edit_partner(second, name="northwind")
    for supplier, known in numbers.items():
        known.append(stage.order(supplier, seed=int(supplier) + 7))
    for _ in range(3):
        stage.run(CLEO)
        _arrived(stage)
    assert _arrived(stage) == {number: 1 for known in numbers.values() for number in known}
    found = {row.number: (row.partner, str(row.state)) for row in stage.rows(flows=("orders_out",))}
    assert found == dict.fromkeys(numbers["20011"], ("acme", "acknowledged")) | dict.fromkeys(
        numbers["20012"], ("northwind", "sent")
    )
    assert len(_renamings(stage)) == 2, "noted once each"
    assert _problems(stage) == []


def test_a_new_identity_of_ours_goes_on_with_its_numbers(stage: Edited) -> None:
    stage.order()
    stage.run(CLEO)
    _arrived(stage)

    def rename(settings: Settings) -> None:
        settings["integrations"][CLEO]["identity"] = {"qualifier": "ZZ", "id": "VOLTWERKNEW"}

    stage.edit(rename)
    stage.order(seed=5)
    stage.run(CLEO)
    assert _controls(stage) == list(range(1, len(_controls(stage)) + 1)) != [1]
    # The partner's 997 to the first came under the identity that we had then.
    assert [state for _, _, state in _sent(stage)] == ["acknowledged", "sent"]


def test_another_division_is_asked_about_and_nothing_leaves_meanwhile(stage: Edited) -> None:
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=DIVISION))
    first = stage.order()
    stage.run(CLEO)
    stage.order(seed=5)
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=SECOND_DIVISION))
    with pytest.raises(DecisionNeeded, match=f"had company .*{DIVISION}.* now has .*{SECOND_DIVISION}"):
        stage.run(CLEO)
    assert _arrived(stage) == {first: 1}
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=DIVISION))
    stage.run(CLEO)
    assert len(_arrived(stage)) == 2


def test_one_company_has_one_connection(stage: Edited) -> None:
    stage.order()
    stage.run(CLEO)

    def double(settings: Settings) -> None:
        settings["connections"]["exact_two"] = {**settings["connections"]["exact_nl"], "division": DIVISION}
        partners = stage.bench.home / "partners_two"
        partners.mkdir()
        one = settings["integrations"][CLEO]
        settings["integrations"]["second"] = {**one, "erp": "exact_two", "partners": str(partners)}

    stage.edit(double)
    with pytest.raises(DecisionNeeded, match="Connections exact_nl and exact_two are both company"):
        stage.run("second")
    stage.run(CLEO)
    assert {row.state for row in stage.rows(flows=("orders_out",))} <= {S.SENT, S.ACKNOWLEDGED}


def _move(stage: Edited, *options: str) -> str:
    """`ledger move`; what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["ledger", "move", *options, "--config", str(stage.bench.config)]) == 0
    return out.getvalue()


def test_a_company_that_is_meant_to_be_another_holds_what_waits_of_the_old_one(stage: Edited) -> None:
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=DIVISION))
    number = stage.order()
    with stage.opened() as deployment:
        orders.read(deployment.integration(CLEO), RunScope(holder="", actor="test"))
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=SECOND_DIVISION))
    plan = _move(stage, "--company", "exact_nl", str(SECOND_DIVISION))
    assert "documents to hold" in plan
    assert "Nothing is changed yet" in plan
    with pytest.raises(DecisionNeeded):
        stage.run(CLEO)
    _move(stage, "--company", "exact_nl", str(SECOND_DIVISION), "--yes")
    other = stage.order(division=SECOND_DIVISION, seed=9)
    stage.run(CLEO)
    held = {row.number: row for row in stage.rows(flows=("orders_out",), reasons=("other_company",))}
    assert set(held) == {number}
    assert str(DIVISION) in (held[number].reason_detail or {})["message"]
    assert set(_arrived(stage)) == {other}
    # The company comes back: what was held goes on by itself.
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=DIVISION))
    _move(stage, "--company", "exact_nl", str(DIVISION), "--yes")
    stage.run(CLEO)
    assert set(_arrived(stage)) == {number, other}
    assert stage.rows(reasons=("other_company",)) == []


def test_a_partner_that_is_moved_to_another_integration_of_the_company_goes_on(stage: Edited) -> None:
    first = stage.order()
    stage.run(CLEO)
    _arrived(stage)
    folder = stage.bench.home / "partners_two"
    folder.mkdir()

    def second(settings: Settings) -> None:
        one = settings["integrations"][CLEO]
        settings["integrations"]["second"] = {**one, "partners": str(folder)}

    stage.edit(second)
    stage.partner_file("northwind").rename(folder / "northwind.yaml")
    stage.run("second")
    assert [row.state for row in stage.rows(flows=("orders_out",))] == [S.ACKNOWLEDGED]
    another = stage.order(seed=5)
    stage.run(CLEO)
    stage.run("second")
    assert _arrived(stage) == {first: 1, another: 1}
    assert {row.integration for row in stage.rows(flows=("orders_out",))} == {"second"}
    assert _problems(stage) == []
