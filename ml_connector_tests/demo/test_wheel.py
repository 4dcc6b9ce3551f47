"""What is installed from the wheel alone works, in an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from ml_connector_tests.support.deployment import ROOT

pytestmark = pytest.mark.slow

MAIN = "from ml_connector.cli import main; main()"
OF_DEPLOYMENTS = ("ML_CONNECTOR_CONFIG", "ML_CONNECTOR_HOME", "ML_CONNECTOR_KEY", "DAGSTER_HOME", "PYTHONPATH")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of this checkout by what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    # of a copy: a build leaves folders behind, and takes along what an earlier one has left
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "ml_connector", "docs"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in (*filter(None, listed), "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and of this one all but the checkout."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    where = sysconfig.get_path("purelib", vars={"base": str(home)})
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(where)
    # as an installer does
    for data in Path(where).glob("*.data/data"):
        shutil.copytree(data, home, dirs_exist_ok=True)
    # files of the name *.pth in that folder are not read again: the checkout is not among what they add
    (Path(where) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def alone() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OF_DEPLOYMENTS}


def test_the_wheel_is_what_is_run(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed, "-c", "import ml_connector; print(ml_connector.__file__)"],
        cwd=tmp_path, env=alone(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert Path(where.strip()).is_relative_to(installed.parent.parent)


def test_the_units_of_production_come_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    subprocess.run([installed, "-c", MAIN, "init", "--production"], cwd=tmp_path, env=alone(), check=True)
    written = {path.name for path in (tmp_path / "deploy").iterdir()}
    assert written == {path.name for path in (ROOT / "deploy").iterdir()}


def test_the_manual_comes_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [installed, "-c", "from ml_connector.operating import manual; print(manual.folder(), *manual.names())"],
        cwd=tmp_path, env=alone(), capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert Path(told[0]).is_relative_to(installed.parent.parent)
    pages = (ROOT / "docs").rglob("*.md")
    assert sorted(told[1:]) == sorted(page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in pages)


@pytest.mark.timeout(1500)
def test_demo_once_ends_with_0_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed, "-c", MAIN, "demo", "--once", "--orders", "24", "--json"],
        cwd=tmp_path, env=alone(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    told = json.loads(done.stdout)
    assert told["ok"] is True
    # how to point the command line at it, ready to copy, and progress without a terminal
    config = tmp_path / "var" / "demo" / "connections.yaml"
    assert f"export ML_CONNECTOR_CONFIG={config}" in done.stderr
    assert " documents, " in done.stderr
    listed = subprocess.run(
        [installed, "-c", MAIN, "documents", "list", "--json"],
        cwd=tmp_path, env={**alone(), "ML_CONNECTOR_CONFIG": str(config)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)
