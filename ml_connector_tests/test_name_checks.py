"""`check` over names and what is shared, in a deployment of two companies: each question, each fact."""

from collections.abc import Iterator
from typing import Any

import pytest

from ml_connector.diagnostics.names import check_names
from ml_connector.diagnostics.sharing import check_sharing
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import orders
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector.systems.results import CheckLevel, CheckResult, Mender
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.renamed import Edited, Settings, two_companies


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    with two_companies(tmp_path_factory.mktemp("names") / "home") as one:
        yield one


@pytest.fixture
def stage(home: Edited) -> Iterator[Edited]:
    """Each test finds the configuration as it was."""
    files = [home.bench.config, *home.bench.home.glob("partners_*/*.yaml")]
    before = {file: file.read_text(encoding="utf-8") for file in files}
    yield home
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")


def names(stage: Edited) -> list[CheckResult]:
    with stage.opened() as deployment:
        return check_names(deployment)


def shared(stage: Edited, aspect: str, **options: Any) -> list[CheckResult]:
    with stage.opened() as deployment:
        return [one for one in check_sharing(deployment, **options) if one.aspect == aspect]


def test_each_integration_tells_whose_books_it_works_in(stage: Edited) -> None:
    told = {one.about: (one.level, one.message) for one in names(stage)}
    assert set(told) == {"one", "two"}
    assert {level for level, _ in told.values()} == {CheckLevel.GOOD}
    assert str(DIVISION) in told["one"][1]
    assert str(SECOND_DIVISION) in told["two"][1]


def test_another_company_is_a_question_for_the_configuration(stage: Edited) -> None:
    names(stage)
    stage.edit(lambda settings: settings["connections"]["exact_nl"].update(division=SECOND_DIVISION))
    (asked,) = [one for one in names(stage) if one.level is CheckLevel.BAD]
    assert (asked.about, asked.aspect, asked.mender) == ("one", "company", Mender.CONFIGURATION)
    assert asked.remedy
    said = say("check", "--json")
    assert said.code == 1
    assert asked.message in [one["message"] for one in said.json["findings"]]


def test_two_connections_on_one_division_are_told_used_or_not(stage: Edited) -> None:
    assert shared(stage, "company") == []
    stage.edit(lambda settings: settings["connections"].update(exact_spare=dict(settings["connections"]["exact_two"])))
    (told,) = shared(stage, "company")
    assert (told.level, bool(told.remedy)) == (CheckLevel.WARN, True)
    assert f"exact_spare and exact_two are both company {SECOND_DIVISION}" in told.message
    assert {one.level for one in names(stage)} == {CheckLevel.GOOD}, "nothing works over it"
    stage.edit(lambda settings: settings["integrations"]["one"].update(erp="exact_spare"))
    assert "Connections exact_two and exact_spare are both" in " ".join(one.message for one in names(stage))


def test_one_identity_for_two_companies_is_a_fact(stage: Edited) -> None:
    for offline in (False, True):
        (told,) = shared(stage, "identity", offline=offline)
        assert told.level is CheckLevel.GOOD
        assert "ZZ/VOLTWERK is shared by one and two" in told.message
    other = {"qualifier": "ZZ", "id": "VOLTWERKTWO"}
    stage.edit(lambda settings: settings["integrations"]["two"].update(identity=other))
    assert shared(stage, "identity") == []


def test_two_accounts_that_name_one_folder_of_a_server_are_told(stage: Edited) -> None:
    assert shared(stage, "folders") == []

    def two_accounts(settings: Settings) -> None:
        settings["connections"]["cleo_two"] = {**settings["connections"]["cleo_prod"], "username": "second"}
        settings["integrations"]["two"]["network"] = "cleo_two"

    stage.edit(two_accounts)
    assert shared(stage, "folders") == []
    file = stage.partner_file("acme", "partners_2")
    stage.edit_partner(file, channels={"receive": ["/NORTHWIND/inbox"], "send": "/NORTHWIND/outbox"})
    sends, reads = shared(stage, "folders", offline=True)
    assert {sends.level, reads.level} == {CheckLevel.WARN}
    assert "one and two send into /NORTHWIND/outbox" in sends.message
    assert "one and two read /NORTHWIND/inbox" in reads.message
    assert sends.remedy
    assert reads.remedy
    stage.edit(lambda settings: settings["connections"]["cleo_two"].update(base_url="http://127.0.0.1:9"))
    assert shared(stage, "folders") == []


def test_documents_under_a_name_that_nobody_has_are_told(stage: Edited) -> None:
    stage.order(supplier="20012", division=SECOND_DIVISION)
    with stage.opened() as deployment:
        orders.read(deployment.integration("two"), RunScope(holder="", actor="test"))

    def gone(settings: Settings) -> None:
        del settings["integrations"]["two"], settings["connections"]["exact_two"]

    stage.edit(gone)
    (told,) = [one for one in names(stage) if one.aspect == "integrations"]
    assert told.level is CheckLevel.WARN
    assert "1 document(s) wait under the name two" in told.message
    assert "ledger move --integration two" in told.remedy
    (row,) = stage.rows()
    for words in (("replay",), ("settle", "--arrived", "--why", "w")):
        refused = say("documents", words[0], row.id, *words[1:])
        assert refused.code == 1
        assert "ledger move --integration two" in " ".join((refused.out + refused.err).split())
    said = say("documents", "discard", row.id, "--why", "that company was sold")
    assert said.code == 0, said.out
    assert [str(one.state) for one in stage.rows()] == ["discarded"]
    assert [one for one in names(stage) if one.aspect == "integrations"] == []
