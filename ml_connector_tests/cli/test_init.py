"""`init`: starting files that load, and never a file lost."""

from pathlib import Path

import pytest

from ml_connector.config.loading import load_deployment
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT


def test_starting_files_load(alone: None, tmp_path: Path) -> None:
    said = say("init", "--json")
    assert said.code == 0
    assert "connections.yaml" in said.json["written"]
    loaded = load_deployment(tmp_path / "connections.yaml")
    assert list(loaded.partners["exact_cleo"]) == ["example"]
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
    file.write_text("\n".join(line.removeprefix("# ") for line in lines[start:]), encoding="utf-8")
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
    partner = load_deployment(tmp_path / "connections.yaml").partners["exact_cleo"]["delft_optics"]
    assert partner.channels.receive == ("/DELFTOPTICS/inbox",)
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
    text = (tmp_path / "partners" / "exact_cleo" / "other_one.yaml").read_text()
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
