"""`init`: starting files that load, and never a file lost."""

import json
import shutil
from pathlib import Path

import pytest

from ml_connector.config.loading import load_deployment
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT


def filled_in(text: str) -> str:
    return text.replace("FILL_IN", "V1")


@pytest.mark.parametrize("folder", ["partners/exact_cleo", "p", "a/b/c/d", "../elsewhere"])
@pytest.mark.parametrize("schemas", ["schemas", "docs/schemas", None], ids=["as init", "as the repository", "none"])
def test_a_partners_file_points_editors_at_its_schema(
    alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, schemas: str | None
) -> None:
    here = tmp_path / "deployment"
    here.mkdir()
    monkeypatch.chdir(here)
    say("init")
    config = here / "connections.yaml"
    config.write_text(config.read_text().replace("partners: partners/exact_cleo ", f"partners: {folder} "))
    if schemas is None:
        shutil.rmtree(here / "schemas")
    elif schemas != "schemas":
        (here / "docs").mkdir()
        (here / "schemas").rename(here / schemas)
    said = say("init", "--partner", "delft_optics")
    assert said.code == 0, said.err
    file = here / folder / "delft_optics.yaml"
    line = file.read_text().splitlines()[0]
    schema = (file.parent / line.partition("$schema=")[2]).resolve()
    assert schema == (here / (schemas or "schemas") / "partner.schema.json").resolve()
    assert json.loads(schema.read_text())["title"] == "A partner file of ml-connector"


def test_a_starting_file_works_on_nothing_and_stops_nobody_else(alone: None, tmp_path: Path) -> None:
    say("init")
    say("init", "--partner", "delft_optics")
    loaded = load_deployment(tmp_path / "connections.yaml")
    assert loaded.partners["exact_cleo"] == {}
    assert [one.name for one in loaded.problems["exact_cleo"]] == ["delft_optics", "example"]
    # whose orders and files are meant is known: nobody's, so that none of others is held for it
    assert all(one.is_known for one in loaded.problems["exact_cleo"])
    said = say("check", "--offline")
    assert said.code == 1
    assert "in place of FILL_IN" in said.out + said.err


def test_starting_files_load(alone: None, tmp_path: Path) -> None:
    said = say("init", "--json")
    assert said.code == 0
    assert "connections.yaml" in said.json["written"]
    loaded = load_deployment(tmp_path / "connections.yaml")
    assert list(loaded.partners["exact_cleo"]) == []
    [stopped] = loaded.problems["exact_cleo"]
    assert stopped.name == "example"
    assert "vendor, identity.id, channels.receive, channels.send: not filled in yet" in stopped.line
    assert (tmp_path / "schemas" / "connections.schema.json").is_file()


def test_dagster_finds_its_settings_as_they_are_shipped(alone: None, tmp_path: Path) -> None:
    say("init")
    for name in ("workspace.yaml", "dagster.yaml"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")


def test_every_commented_setting_of_a_partner_can_be_switched_on(alone: None, tmp_path: Path) -> None:
    """The defaults shown in comments are real: taking the # away leaves a file that loads."""
    say("init")
    file = tmp_path / "partners" / "exact_cleo" / "example.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    start = lines.index("name: example")
    file.write_text(filled_in("\n".join(line.removeprefix("# ") for line in lines[start:])), encoding="utf-8")
    partner = load_deployment(tmp_path / "connections.yaml").partners["exact_cleo"]["example"]
    assert partner.tolerances is not None
    assert partner.silent_after_hours == 72


def test_files_that_are_there_are_kept(alone: None, tmp_path: Path) -> None:
    say("init")
    file = tmp_path / "connections.yaml"
    file.write_text("mine", encoding="utf-8")
    said = say("init")
    assert said.code == 2
    assert "--force" in said.err
    assert file.read_text(encoding="utf-8") == "mine"
    assert say("init", "--force").code == 0
    assert load_deployment(file)


def test_a_partner_goes_into_the_folder_of_its_integration(alone: None, tmp_path: Path) -> None:
    say("init")
    (tmp_path / "partners" / "exact_cleo" / "example.yaml").unlink()
    assert say("init", "--partner", "delft_optics").code == 0
    file = tmp_path / "partners" / "exact_cleo" / "delft_optics.yaml"
    file.write_text(filled_in(file.read_text()))
    partner = load_deployment(tmp_path / "connections.yaml").partners["exact_cleo"]["delft_optics"]
    assert (partner.vendor, partner.channels.receive) == ("V1", ("/V1/inbox",))
    assert say("init", "--partner", "delft_optics").code == 2


@pytest.mark.parametrize("role", ["customer", "procurement", "bank", "network"])
def test_a_partner_of_another_role_has_its_account_and_no_settings_of_suppliers(
    alone: None, tmp_path: Path, role: str
) -> None:
    say("init")
    (tmp_path / "partners" / "exact_cleo" / "example.yaml").unlink()
    said = say("init", "--partner", "other_one", "--role", role)
    assert said.code == 0
    assert "customer" in said.out if role == "customer" else "account" in said.out
    file = tmp_path / "partners" / "exact_cleo" / "other_one.yaml"
    text = file.read_text()
    file.write_text(filled_in(text))
    assert "vendor" not in text
    assert "tolerances" not in text
    assert "silent_after_hours" in text
    partner = load_deployment(tmp_path / "connections.yaml").partners["exact_cleo"]["other_one"]
    assert partner.role == role


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b", "x" * 61, "naïve"])
def test_a_partners_name_is_no_path(alone: None, tmp_path: Path, name: str) -> None:
    say("init")
    before = sorted(tmp_path.rglob("*"))
    assert say("init", "--partner", name).code == 2
    assert sorted(p for p in tmp_path.rglob("*") if p.suffix == ".yaml") == [p for p in before if p.suffix == ".yaml"]


def test_a_partner_needs_a_configuration(alone: None) -> None:
    said = say("init", "--partner", "one")
    assert said.code == 2
    assert "connections.yaml" in said.err
