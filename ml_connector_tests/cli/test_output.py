"""What is printed: exact values in JSON, nothing foreign that steers the terminal."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.cli.shared import output
from ml_connector.ledger.work.states import DocumentState


@dataclass(frozen=True)
class Thing:
    amount: Decimal
    at: datetime


def test_json_keeps_decimals_and_moments_exact(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    output.print_json({"thing": Thing(Decimal("1E+2"), at), "day": date(2026, 1, 2), "state": DocumentState.POSTED})
    told = json.loads(capsys.readouterr().out)
    assert told["thing"] == {"amount": "100", "at": "2026-11-20T09:00:00+00:00"}
    assert told["day"] == "2026-01-02"
    assert told["state"] == "posted"


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    shown = output.safe(text)
    assert not any((ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160 for c in shown)
    assert len(shown) == len(text)


def test_facts_leave_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    output.print_facts([("a", None), ("bb", Decimal("1.50")), ("c", ""), ("d", at)])
    assert capsys.readouterr().out.splitlines() == ["bb  1.50", "d   2026-01-02 03:04:05"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1250", "utf-8"])
def test_an_output_that_lacks_characters_ends_no_command(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "wide.edi"
    isa = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261120*0900*U*00401*000000001*0*P*>"
    file.write_text(f"{isa}\N{HORIZONTAL ELLIPSIS}\n" * 2, encoding="utf-8")
    command = [sys.executable, "-c", "from ml_connector.cli import main; main()", "edi", "inspect", str(file)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    page = subprocess.run(command, env=environment, capture_output=True, check=False)
    told = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=False)
    assert (page.returncode, told.returncode, told.stderr) == (1, 1, b"")
    assert ("\\u2026" if encoding == "latin-1" else "\N{HORIZONTAL ELLIPSIS}") in page.stdout.decode(encoding)
    [first, _] = json.loads(told.stdout.decode(encoding))["interchanges"]
    assert first["separators"]["segment"] == "\N{HORIZONTAL ELLIPSIS}"
