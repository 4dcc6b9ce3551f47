"""A page of the documentation, followed word by word in an empty folder against the sandbox."""

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from ml_connector_tests.cli.processes import running
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support import dagster_storage

OURS = re.compile(r"(?:echo (?P<given>\S+) \| )?ml-connector (?P<words>[^>]+)(?P<beside>> \S+ &)?")


def walk(
    page: Path, files: Mapping[str, str], ports: Sequence[str], folder: Path, patch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What each command of a page says, with these files in a folder; ports: those that the page names, taken anew."""
    dagster_storage.keep_engines()
    patch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("ML_CONNECTOR_")]:
        patch.delenv(name)
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    with ExitStack() as beside:
        return {line.split("  #")[0]: _run(line, beside, patch) for line in _commands(page, ports)}


def _commands(page: Path, ports: Sequence[str]) -> list[str]:
    """The commands of the page, on free ports; one that goes on in the next line has an open quote."""
    found = re.search(r"## Try it\n.*?```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    text = found[1]
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
    for port, one in zip(ports, listening, strict=True):
        text = text.replace(port, str(one.getsockname()[1]))
        one.close()
    lines = re.findall(r"(?:'[^']*'|[^'\n])+", text)
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _run(line: str, beside: ExitStack, patch: pytest.MonkeyPatch) -> str:
    """What a command says; ours in this process, as each of their own takes seconds to begin."""
    ours = OURS.fullmatch(line)
    if ours is None and line.startswith("export "):
        for setting in shlex.split(line)[1:]:
            patch.setenv(*setting.split("=", 1))
        return ""
    if ours is None:
        done = subprocess.run(["bash", "-e", "-c", line], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout
    words = shlex.split(ours["words"], comments=True)
    if ours["beside"]:
        beside.enter_context(running(*words))
        return ""
    said = say(*words, given=ours["given"] or "")
    assert said.code == 0, f"{line}\n{said.out}{said.err}"
    return said.out
