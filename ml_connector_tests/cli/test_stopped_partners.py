"""A wrong partner file is told first by every command, which then works on with the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import Bench


@pytest.fixture
def wrong(bench: Bench) -> Iterator[Path]:
    """Northwind's file, cut short."""
    path = bench.home / "partners" / "northwind.yaml"
    good = path.read_text()
    path.write_text("name: northwind\nvendor: [\n")
    yield path
    path.write_text(good)


@pytest.mark.parametrize(
    "command",
    [
        ("documents", "list", "--json"),
        ("ledger", "verify"),
    ],
)
def test_a_command_tells_it_first_and_does_its_work(wrong: Path, command: tuple[str, ...]) -> None:
    told = say(*command)
    assert told.code == 0, told.err
    (line,) = [line for line in told.err.splitlines() if "stopped" in line]
    assert told.err.startswith("Partner northwind stopped: ")
    assert str(wrong) in line
    assert "Mend" in line
    assert "stopped" not in told.out


def test_check_says_why_and_ends_with_1(wrong: Path) -> None:
    told = say("check", "--offline")
    assert told.code == Exit.WRONG
    assert f"partner northwind stopped: {wrong}" in told.out
    assert "is not YAML" in told.out


def test_asked_for_by_name_the_mend_is_told(wrong: Path, tmp_path: Path) -> None:
    sample = tmp_path / "a.edi"
    sample.write_bytes(b"ISA*")
    told = say("edi", "inspect", sample, "--partner", "northwind")
    assert told.code == Exit.USAGE
    assert str(wrong) in told.err


def test_the_code_location_has_all_its_sensors(bench: Bench, wrong: Path) -> None:
    from ml_connector.orchestration.build import build_defs

    assert wrong.exists()
    sensors = {sensor.name for sensor in build_defs(bench.config).sensors or ()}
    assert {
        "exact_cleo_inbound_sensor",
        "exact_cleo_outbound_sensor",
        "dead_run_sensor",
        "run_failure_alert",
    } <= sensors
