"""Public classes and functions are told by a docstring, in every room: ruff asks for it (pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

import pytest

from ml_connector_tests.support.rooms import PACKAGE

#: What it may leave out: a stand-in is told by what it stands in for.
STAND_INS = {"sandbox"}
ROOMS = sorted({path.parent.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.glob("*/__init__.py")})
UNTOLD = '"""A module that says what it is."""\n\n\nclass Thing:\n    made = 1\n\n\ndef act() -> int:\n    return 1\n'


@pytest.mark.parametrize("room", ["ml_connector", *(room for room in ROOMS if Path(room).name not in STAND_INS)])
def test_what_says_nothing_of_itself_is_found(room: str) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    asked = [ruff, "check", "--no-cache", "--output-format", "concise", "--stdin-filename", f"{room}/made_up.py", "-"]
    found = subprocess.run(asked, input=UNTOLD, text=True, capture_output=True, check=False, cwd=PACKAGE.parent)
    assert ("D101" in found.stdout, "D103" in found.stdout) == (True, True), found.stdout + found.stderr
