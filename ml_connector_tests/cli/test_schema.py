"""The JSON Schemas: current, and true of the files that ship and that `init` writes."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ml_connector.cli.init import _partner_text, template
from ml_connector.cli.schema import schemas, text_of
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT

CONNECTIONS, PARTNER = "connections.schema.json", "partner.schema.json"
SHIPPED = [
    (CONNECTIONS, ROOT / "connections.yaml"),
    *((PARTNER, file) for file in sorted((ROOT / "partners").rglob("*.yaml"))),
]


def problems(schema: str, value: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schemas()[schema])
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]


def test_schemas_are_themselves_valid() -> None:
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_written_schemas_are_current(name: str) -> None:
    """Run `make schemas` when this fails."""
    assert (ROOT / "docs" / "schemas" / name).read_text(encoding="utf-8") == text_of(schemas()[name])


@pytest.mark.parametrize(("schema", "file"), SHIPPED, ids=[file.name for _, file in SHIPPED])
def test_shipped_files_fit_their_schema(schema: str, file: Path) -> None:
    assert problems(schema, yaml.safe_load(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(("schema", "file"), SHIPPED, ids=[file.name for _, file in SHIPPED])
def test_shipped_files_point_editors_at_their_schema(schema: str, file: Path) -> None:
    first = next(line for line in file.read_text(encoding="utf-8").splitlines() if "$schema=" in line)
    target = (file.parent / first.split("$schema=")[1].strip()).resolve()
    assert target == (ROOT / "docs" / "schemas" / schema).resolve()


def test_starting_files_fit_their_schema() -> None:
    assert problems(CONNECTIONS, yaml.safe_load(template("connections.yaml"))) == []
    assert problems(PARTNER, yaml.safe_load(_partner_text("example"))) == []


def test_a_misspelt_setting_is_noticed() -> None:
    partner = yaml.safe_load(_partner_text("example"))
    assert problems(PARTNER, {**partner, "tolerence": {}})


def test_numbers_may_come_from_the_environment() -> None:
    shipped = yaml.safe_load((ROOT / "connections.yaml").read_text(encoding="utf-8"))
    cleo = shipped["connections"]["cleo_prod"]
    cleo["page_size"] = "${PAGE:-50}"
    assert problems(CONNECTIONS, shipped) == []
    cleo["page_size"] = "fifty"
    assert problems(CONNECTIONS, shipped) != []


def test_check_tells_of_stale_files_and_writes_none(tmp_path: Path) -> None:
    said = say("schema", "--out", tmp_path, "--check", "--json")
    assert said.code == 1
    assert len(said.json["stale"]) == 5
    assert list(tmp_path.iterdir()) == []
    assert say("schema", "--out", tmp_path).code == 0
    assert say("schema", "--out", tmp_path, "--check").code == 0
