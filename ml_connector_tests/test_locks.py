"""What an image ships (`requirements.lock`) is a part of what is tested, and nothing of what only tests need."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8")
    return {
        package.lower(): version for package, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", lines, re.M)
    }


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!~\[;]", one)[0].lower() for one in requirements}


def test_what_runs_is_what_is_tested() -> None:
    run, everything = locked("requirements.lock"), locked("requirements-dev.lock")
    assert len(run) > 50
    assert {package: version for package, version in run.items() if everything.get(package) != version} == {}


def test_what_only_tests_need_is_not_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    run = locked("requirements.lock")
    assert names(project["project"]["dependencies"]) <= set(run)
    assert names(project["dependency-groups"]["dev"]) & set(run) - {"setuptools"} == set()


def test_nothing_under_the_gpl_is_shipped() -> None:
    """The LGPL allows it: its parts stay replaceable."""
    under: list[str] = []
    for package in locked("requirements.lock"):
        metadata = distribution(package).metadata
        told = [
            metadata.get("License-Expression") or metadata.get("License") or "",
            *metadata.get_all("Classifier", []),
        ]
        first = " ".join(line.splitlines()[0] for line in told if line)
        if re.search(r"(?<![L])GPL|(?<!Lesser )General Public License", first) and "LGPL" not in first:
            under.append(f"{package}: {first[:200]}")
    assert under == []
