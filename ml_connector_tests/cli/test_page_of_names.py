"""docs/rename-or-move.md, followed word by word: its commands where they are needed, and what comes of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.composition import Deployment
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import orders
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.renamed import Edited, Settings, edited
from ml_connector_tests.support.deployment import INTEGRATION
from ml_connector_tests.support.followed_page import FollowedPage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Edited]:
    """An order of the company was read and waits."""
    with edited(tmp_path / "home", changes={"connections": {"exact_nl": {"division": DIVISION}}}) as made:
        made.order("20012")
        read(made)
        yield made


def read(stage: Edited) -> None:
    with stage.opened() as deployment:
        orders.read(deployment.integration(INTEGRATION), RunScope(holder="", actor="test"))


def division(stage: Edited, code: int) -> None:
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=code))


def waiting(stage: Edited) -> DocumentRow:
    (row,) = stage.rows(flows=("orders_out",))
    return row


def asked(named: str) -> None:
    """`check` and the next `sync` say what there is to decide, with the command of the page."""
    for words in (("check",), ("sync",)):
        said = say(*words)
        assert said.code != 0, words
        assert f"ml-connector ledger move {named}" in " ".join((said.out + said.err).split()), said.out + said.err


def decided() -> None:
    assert say("sync", "--dry-run").code in {0, 1}
    assert "ledger move" not in say("check").out


def test_a_connection_gets_another_company_as_the_page_says(stage: Edited) -> None:
    page = FollowedPage("rename-or-move.md", {})
    plan, move, _ = page.commands[:3]
    assert f"exact_nl {SECOND_DIVISION}" in plan
    division(stage, SECOND_DIVISION)
    asked(f"--company exact_nl {SECOND_DIVISION}")
    assert "Nothing is changed yet" in page.say(plan).out
    asked(f"--company exact_nl {SECOND_DIVISION}")
    page.say(move)
    decided()
    stage.run(INTEGRATION)
    held = waiting(stage)
    assert (held.company, held.state, held.reason) == (str(DIVISION), S.QUARANTINED, "other_company")


def test_an_integration_works_for_another_company_as_the_page_says(stage: Edited) -> None:
    page = FollowedPage("rename-or-move.md", {})

    def another(settings: Settings) -> None:
        settings["connections"]["exact_two"] = {**settings["connections"]["exact_nl"], "division": SECOND_DIVISION}
        settings["integrations"][INTEGRATION]["erp"] = "exact_two"

    stage.edit(another)
    from ml_connector.demo.stage import authorize

    with stage.opened() as deployment:
        authorize(deployment, "exact_two")
    asked(f"--books {INTEGRATION}")
    page.say(page.commands[2])
    decided()
    stage.run(INTEGRATION)
    assert (waiting(stage).company, waiting(stage).reason) == (str(DIVISION), "other_company")


def test_the_same_company_gets_another_code_as_the_page_says(stage: Edited) -> None:
    page = FollowedPage("rename-or-move.md", {})
    line = page.commands[3]
    code = int(line.split()[-2])
    assert line == f"ml-connector ledger move --code exact_nl {DIVISION} {code} --yes"
    state = stage.bench.sandbox.exact

    def recode() -> None:
        company = state.companies.pop(DIVISION)
        company.code = code
        state.companies[code] = company
        for one in state.division_rows:
            one["Code"] = code if one["Code"] == DIVISION else one["Code"]

    stage.bench.sandbox.call(recode)
    division(stage, code)
    page.say(line)
    decided()
    assert waiting(stage).company == str(code)
    stage.run(INTEGRATION)
    assert waiting(stage).state is S.SENT


def test_names_that_are_not_recognised_are_taken_over_as_the_page_says(stage: Edited) -> None:
    page = FollowedPage("rename-or-move.md", {})
    integration, connection, partner = page.commands[4:]
    before = waiting(stage).partner
    assert before == "acme"

    def elsewhere(settings: Settings) -> None:
        """Network, account and integration are called otherwise at once."""
        cleo = settings["connections"].pop("cleo_prod")
        settings["connections"]["cleo_main"] = {**cleo, "base_url": cleo["base_url"].replace("127.0.0.1", "localhost")}
        settings["integrations"]["purchasing"] = {**settings["integrations"].pop(INTEGRATION), "network": "cleo_main"}

    stage.edit(elsewhere)
    assert "Nothing is changed yet" in page.say(integration).out
    page.say(integration, "--yes")
    assert waiting(stage).integration == "purchasing"
    page.say(connection)
    assert waiting(stage).network == "cleo_main"
    assert "nothing to do" in page.say(connection).out, "the same once more"
    file = stage.partner_file(before)
    stage.edit_partner(file, name="acme_nl", identity={"qualifier": "ZZ", "id": "ACMENEW"}, vendor="20014")
    page.say(partner.replace(INTEGRATION, "purchasing"))
    assert waiting(stage).partner == "acme_nl"
    decided()


def test_what_stays_where_it_is_is_put_anew_as_the_page_says(stage: Edited) -> None:
    page = FollowedPage("rename-or-move.md", {"NAME": "exact_books"})

    def renamed(settings: Settings) -> None:
        settings["connections"]["exact_books"] = settings["connections"].pop("exact_nl")
        settings["integrations"][INTEGRATION]["erp"] = "exact_books"

    assert "`ml-connector credentials set NAME`" in page.text
    stage.edit(renamed)
    assert say("check", "exact_books").code == 0, "its token goes with it, whoever asks first"
    page.named("ml-connector check")
    with Deployment.open(stage.bench.config) as deployment:
        assert deployment.vault.get("exact_nl_client_secret") is not None, "secrets are called as they were"
    stage.run(INTEGRATION)
    assert waiting(stage).state is S.SENT
