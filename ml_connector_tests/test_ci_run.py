"""``.ci/run`` ends well only if both ``make lint`` and ``make test`` did, and shows what both said."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"

MAKE = """#!/bin/sh
echo "make $1 was run"
case " $FAILING " in *" $1 "*) exit 2 ;; esac
"""
#: Brings a package of other bytes than are wanted.
NPM = """#!/bin/sh
echo "not what was asked for" > "axe-core-${5#axe-core@}.tgz"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, and programs that answer for those it calls: nothing is installed or tested."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "run")
    programs = tmp_path / "bin"
    programs.mkdir()
    there = "#!/bin/sh\n"
    installed = dict.fromkeys(("sshd", "chromium", "nginx", "htpasswd"), there)
    for name, text in {"make": MAKE, "npm": NPM, **installed}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return tmp_path


def run(checkout: Path, failing: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "FAILING": failing}
    return subprocess.run([checkout / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)


def test_it_ends_well_when_both_did(checkout: Path) -> None:
    ended = run(checkout)
    assert ended.returncode == 0, ended.stderr
    assert {"make lint was run", "make test was run"} <= set(ended.stdout.splitlines())


@pytest.mark.parametrize("failing", ["venv", "lint", "test", "lint test"])
def test_it_fails_when_any_of_them_did(checkout: Path, failing: str) -> None:
    assert run(checkout, failing).returncode != 0


def test_what_the_other_said_is_seen_when_one_failed(checkout: Path) -> None:
    for failing in ("lint", "test"):
        assert {"make lint was run", "make test was run"} <= set(run(checkout, failing).stdout.splitlines())


def test_a_package_of_other_bytes_is_not_used(checkout: Path) -> None:
    ended = run(checkout)
    assert ended.returncode == 0
    assert "axe-core could not be fetched: its tests are skipped" in ended.stderr
    assert not (checkout / ".cache" / "axe-core").exists()
