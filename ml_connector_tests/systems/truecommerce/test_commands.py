"""What a person sees and does: `check`, and accepting a host key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.composition import Deployment
from ml_connector.errors import AuthorizationNeeded
from ml_connector.sandbox.truecommerce.state import PASSWORD
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.systems.truecommerce.stage import CONNECTION, INTEGRATION, Stage, open_stage

ACCEPT = ("credentials", "accept-host-key", CONNECTION)


@pytest.fixture
def unknown(tmp_path: Path) -> Iterator[Stage]:
    """A deployment that has accepted no host key."""
    with open_stage(tmp_path, host_key_fingerprint="") as stage:
        yield stage


def test_an_unknown_key_is_accepted_by_its_fingerprint_and_the_connection_works(unknown: Stage) -> None:
    refused = say("check", CONNECTION)
    assert refused.code == Exit.AUTHORIZE
    assert f"ml-connector credentials accept-host-key {CONNECTION}" in refused.out
    fingerprint = unknown.sandbox.addresses()["truecommerce_host_key"]
    wrong = say(*ACCEPT, "--fingerprint", "SHA256:" + "A" * 43)
    assert wrong.code == Exit.WRONG or wrong.code == 2
    assert fingerprint in wrong.err
    assert say("check", CONNECTION).code == Exit.AUTHORIZE
    accepted = say(*ACCEPT, "--fingerprint", fingerprint)
    assert accepted.code == 0
    assert fingerprint in accepted.err
    found = say("check", CONNECTION)
    assert found.code == 0, found.out
    assert "is logged in" in found.out
    assert "Export: may be downloaded from" in found.out


def test_an_accepted_key_goes_with_the_connection_under_its_new_name(unknown: Stage) -> None:
    assert say(*ACCEPT, "--yes").code == 0
    raw = yaml.safe_load(unknown.config.read_text(encoding="utf-8"))
    raw["connections"]["tc_main"] = raw["connections"].pop(CONNECTION)
    raw["integrations"][INTEGRATION]["network"] = "tc_main"
    unknown.config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    found = say("check", "tc_main")
    assert found.code == 0, found.out
    with Deployment.open(unknown.config, clock=unknown.sandbox.clock) as deployment:
        assert {name for name in deployment.vault.names() if "host_key" in name} == {"host_key:tc_main"}


def test_nobody_there_to_ask_accepts_nothing(unknown: Stage) -> None:
    assert say(*ACCEPT).code == Exit.AUTHORIZE
    assert say("check", CONNECTION).code == Exit.AUTHORIZE
    assert say(*ACCEPT, "--yes").code == 0
    assert say("check", CONNECTION).code == 0


def test_a_changed_key_shows_both_and_is_accepted_by_a_person_only(unknown: Stage) -> None:
    old = unknown.sandbox.addresses()["truecommerce_host_key"]
    assert say(*ACCEPT, "--yes").code == 0
    again = say(*ACCEPT, "--json")
    assert json.loads(again.out)["outcome"] == "it is the accepted one already"
    new = unknown.sandbox.call(unknown.sandbox.truecommerce.state.change_host_key)
    refused = say("check", CONNECTION)
    assert refused.code == Exit.AUTHORIZE
    assert old in refused.out
    assert new in refused.out
    assert "CHANGED" in refused.out
    accepted = say(*ACCEPT, "--yes")
    assert old in accepted.err
    assert new in accepted.err
    assert say("check", CONNECTION).code == 0


def test_a_fingerprint_in_the_configuration_is_mended_there(tmp_path: Path) -> None:
    with open_stage(tmp_path, host_key_fingerprint="SHA256:" + "A" * 43) as stage:
        said = say(*ACCEPT, "--yes")
        assert said.code == 2
        assert "host_key_fingerprint" in said.err
        assert str(stage.config) in said.err


def test_a_connection_without_a_host_key_says_so(unknown: Stage) -> None:
    said = say("credentials", "accept-host-key", "exact_nl")
    assert said.code == 2
    assert "no host key" in said.err


def test_a_wrong_password_names_the_command_that_mends_it(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        assert say("credentials", "set", "tc_prod_password", given="not it\n").code == 0
        found = say("check", CONNECTION, "--json")
        assert found.code == Exit.AUTHORIZE
        assert "ml-connector credentials set tc_prod_password" in found.out
        assert "not it" not in found.out
        assert stage.sandbox.truecommerce.state.logins == 0
        assert say("check", CONNECTION, "--offline").code == 0


def test_authorize_logs_in_and_status_asks_for_nothing(tmp_path: Path) -> None:
    with open_stage(tmp_path):
        said = say("credentials", "authorize", CONNECTION)
        assert said.code == 0, said.err
        assert CONNECTION not in say("credentials", "status").out


def test_a_refused_log_in_is_not_tried_again_and_again_but_when_something_changed(tmp_path: Path) -> None:
    """A sensor that asks every few seconds would lock the account."""
    with open_stage(tmp_path) as stage:
        assert say("credentials", "set", CONNECTION + "_password", given="not it\n").code == 0
        stage.deployment.close()

        def look() -> str:
            with Deployment.open(stage.config, clock=stage.sandbox.clock) as deployment:
                try:
                    deployment.network(CONNECTION).list_files("Export", start=0, limit=1)
                except AuthorizationNeeded as error:
                    return error.message
            return "good"

        def tries() -> int:
            return sum(count for call, count in stage.sandbox.journal.counts.items() if " LOGIN " in call)

        assert "refused the log-in" in look()
        assert tries() == 1
        assert "not tried again before" in look()
        assert tries() == 1
        stage.sandbox.clock.move(16 * 60)
        assert "refused the log-in" in look()
        assert tries() == 2
        assert say("check", CONNECTION).code == Exit.AUTHORIZE
        assert tries() == 3
        assert say("credentials", "set", CONNECTION + "_password", given=PASSWORD + "\n").code == 0
        assert look() == "good"
        assert look() == "good"


def test_check_tells_of_each_layout_whether_it_can_be_used(unknown: Stage) -> None:
    good = [line for line in say("check").out.splitlines() if "layouts:" in line]
    assert len(good) == 1
    assert "ok" in good[0]
    assert "truecommerce_810_csv" in good[0]
    partners = unknown.config.parent / unknown.deployment.loaded.integration(INTEGRATION).partners
    path = partners / "lumen.yaml"
    text = path.read_text(encoding="utf-8")
    (partners / "layouts").mkdir()
    (partners / "layouts" / "mine.yaml").write_text("extends: truecommerce_810_csv\nformat: csw\n", encoding="utf-8")
    path.write_text(text.replace("truecommerce_855_csv", "layouts/mine.yaml"), encoding="utf-8")
    told = say("check")
    assert told.code == Exit.WRONG
    assert "format" in told.out + told.err
    assert "layouts/mine.yaml" in told.out + told.err
