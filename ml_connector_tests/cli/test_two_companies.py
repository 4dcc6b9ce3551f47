"""Two companies in one ledger: what the commands show names the company, and what they do is about one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.monitoring import standing_causes
from ml_connector.flows.orders_out import orders
from ml_connector.ledger.names.naming import companies
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.flows.renamed import Edited, two_companies
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.support.backups import Backup

ONE, TWO = str(DIVISION), str(SECOND_DIVISION)


@dataclass
class Office:
    """An order of one number in each company, read and not sent."""

    stage: Edited
    number: str
    names: dict[str, str]

    def row(self, company: str) -> DocumentRow:
        (row,) = [row for row in self.stage.rows(flows=("orders_out",)) if row.company == company]
        return row

    @property
    def ids(self) -> list[int]:
        return [self.row(ONE).id, self.row(TWO).id]

    def read(self) -> None:
        with self.stage.opened() as deployment:
            for name in ("one", "two"):
                orders.read(deployment.integration(name), RunScope(holder="", actor="test"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with two_companies(tmp_path / "home") as stage:
        first, second = stage.order(division=DIVISION), stage.order("20012", division=SECOND_DIVISION)
        state = stage.bench.sandbox.exact

        def same_number() -> None:
            for order in state.companies[SECOND_DIVISION].table("purchaseorder/PurchaseOrders"):
                order["OrderNumber"] = int(first)

        if first != second:
            stage.bench.sandbox.call(same_number)
        made = Office(stage, first, {})
        made.read()
        with stage.opened() as deployment, deployment.ledger.read() as tx:
            made.names = {books.company: told for books, told in companies(tx).items()}
        assert set(made.names) == {ONE, TWO}
        yield made


def names_both(office: Office, said: Said) -> bool:
    text = " ".join((said.out + said.err).split())
    return all(company in text for company in (ONE, TWO))


def test_what_is_shown_names_the_company(office: Office) -> None:
    for args in (("documents", "list"), ("documents", "list", "--number", office.number), ("trace", office.number)):
        said = say(*args)
        assert said.code == 0, said.err
        assert names_both(office, said), args
        assert {row["company"] for row in say(*args, "--json").json["documents"]} == {ONE, TWO}
    for args in (("documents", "list"), ("trace", office.number)):
        for company in (TWO, office.names[TWO].split(" (")[0]):
            told = say(*args, "--company", company, "--json").json["documents"]
            assert {row["company"] for row in told} == {TWO}
    assert say("documents", "list", "--company", "nobody").code == 2


def test_show_names_the_company(office: Office) -> None:
    assert office.names[TWO] in say("documents", "show", office.row(TWO).id).out
    assert say("documents", "show", office.row(TWO).id, "--company", TWO).code == 0
    assert say("documents", "show", office.row(TWO).id, "--company", ONE).code == 2


def test_a_number_that_is_more_than_digits_asks_which_company(office: Office) -> None:
    with office.stage.opened() as deployment:
        rewrite(deployment.ledger, sa.update(document).values(number="PO-7"))
    why = ("--why", "mistyped")
    for args in (("show",), ("replay",), ("discard", *why), ("settle", "--arrived", *why)):
        said = say("documents", args[0], "PO-7", *args[1:])
        assert said.code == 2, args
        assert "2 documents have the number PO-7" in said.err
        assert "--company" in said.err
        assert names_both(office, said), args
    assert office.names[TWO] in say("documents", "show", "PO-7", "--company", TWO).out
    assert say("documents", "discard", "PO-7", "--company", TWO, *why).code == 0
    assert {office.row(ONE).state, office.row(TWO).state} == {S.READ, S.DISCARDED}


def _acts(office: Office) -> list[tuple[Any, ...]]:
    why = ("--why", "mistyped")
    return [
        ("replay", "--number", office.number),
        ("replay", *office.ids),
        ("replay", "--flow", "orders_out"),
        ("discard", *office.ids, *why),
        ("settle", *office.ids, "--arrived", *why),
    ]


def test_an_act_that_would_touch_two_companies_asks_which(office: Office) -> None:
    before = {row.id: row.state for row in office.stage.rows()}
    for args in _acts(office):
        said = say("documents", *args)
        assert said.code == 2, args
        assert "about 2 companies" in said.err
        assert "--company" in said.err
        assert names_both(office, said), args
    assert {row.id: row.state for row in office.stage.rows()} == before


def test_an_act_is_about_the_company_that_was_said(office: Office) -> None:
    said = say("documents", "replay", "--number", office.number, "--company", TWO, "--dry-run", "--json")
    assert [one["id"] for one in said.json["documents"]] == [office.row(TWO).id]
    plan = say("documents", "replay", *office.ids, "--company", TWO, "--dry-run")
    assert office.names[TWO] in " ".join(plan.out.split())
    assert f"Left out: {office.row(ONE).id}" in plan.err
    said = say("documents", "discard", *office.ids, "--company", office.names[TWO].split(" (")[0], "--why", "w")
    assert said.code == 0, said.err
    assert TWO in said.out
    assert f"Left out: {office.row(ONE).id}" in said.err
    assert {office.row(ONE).state, office.row(TWO).state} == {S.READ, S.DISCARDED}


def test_an_id_of_another_company_than_was_said_is_not_touched(office: Office) -> None:
    for args in (("discard", "--why", "w"), ("settle", "--arrived", "--why", "w"), ("replay",)):
        said = say("documents", args[0], office.row(ONE).id, *args[1:], "--company", TWO)
        assert said.code == 1, args
        assert "No document fits." in said.err
        assert office.names[ONE] in said.err
    assert office.row(ONE).state is S.READ


def test_a_word_about_what_had_left_before_a_restore_is_about_one_company(office: Office, tmp_path: Path) -> None:
    world = office.stage.bench.sandbox.partner
    assert world is not None
    for partner in ("NORTHWIND", "ACME"):
        silent = dict.fromkeys(("acknowledge", "confirm", "ship", "invoice"), "never")
        office.stage.bench.sandbox.call(world.behave, partner, silent)
    backup = Backup(f"sqlite:///{office.stage.bench.home / 'ledger.db'}", tmp_path)
    for name in ("one", "two"):
        office.stage.run(name)
    backup.restore()
    for name in ("one", "two"):
        office.stage.run(name)
    listed = say("ledger", "restored")
    assert listed.code == 1
    assert names_both(office, listed)
    everything = ("ledger", "restored", "--arrived", "--all", "--why", "they have them")
    asked = say(*everything)
    assert asked.code == 2
    assert "about 2 companies" in asked.err
    assert names_both(office, asked)
    assert say(*everything, "--company", TWO).code == 1, "the other company's is open"
    assert (office.row(ONE).state, office.row(TWO).state) == (S.QUARANTINED, S.SENT)
    assert say(*everything, "--company", ONE).code == 0


def test_an_alert_names_the_company(office: Office) -> None:
    with office.stage.opened() as deployment:
        rewrite(deployment.ledger, sa.update(document).values(state="quarantined", reason="unknown_item"))
        for name, company in (("one", ONE), ("two", TWO)):
            (cause,) = standing_causes(deployment.integration(name))
            assert office.names[company] in str(cause.lines)
