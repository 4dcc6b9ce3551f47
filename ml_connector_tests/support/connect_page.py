"""A page that tells how to connect a system, followed word by word in an empty folder against the stand-in."""

import os
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support import dagster_storage
from ml_connector_tests.support.deployment import ROOT

NOTHING: Mapping[str, Sequence[str]] = {}
NOBODY: Mapping[str, Callable[[str], str]] = {}


@dataclass(frozen=True)
class ConnectPage:
    """`docs/NAME`: what it tells to write, and the commands that it tells to run, in their order."""

    written: str
    commands: list[str]

    @classmethod
    def of(cls, name: str, section: str = "") -> "ConnectPage":
        """Up to its second heading, behind which it explains; or one section of it, by its heading."""
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        if section:
            text = text.partition(f"\n## {section}\n")[2]
        text = text.partition("\n## ")[0]
        blocks = re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)
        (written,) = [
            text for kind, block in blocks if kind == "yaml" and "connections:" in (text := textwrap.dedent(block))
        ]
        lines = [line.strip() for kind, block in blocks if not kind for line in block.splitlines()]
        return cls(written, [line for line in lines if line.startswith("ml-connector ")])

    def connection(self, name: str) -> dict[str, Any]:
        """The settings of a connection that it tells to write."""
        return dict(yaml.safe_load(self.written)["connections"][name])

    def follow(
        self,
        written: str,
        given: Mapping[str, str],
        *,
        ask: Mapping[str, Callable[[str], str]] = NOBODY,
        more: Mapping[str, Sequence[str]] = NOTHING,
    ) -> list[str]:
        """What each command says. written: the page's file for the stand-in. given: what a person types, by secret.

        ask: what a person types at a command who is told something first, by its verb; of the connection.
        more: options that the page names in its text for a command, by its verb.
        """
        Path("connections.yaml").write_text(written, encoding="utf-8")
        said = []
        for line in self.commands:
            words = line.split()[1:]
            verb = words[1] if len(words) > 2 else ""
            typed = ask[verb](words[-1]) if verb in ask else given.get(words[-1], "")
            answer = say(*words, *more.get(verb, ()), given=typed)
            assert answer.code == 0, f"{line}\n{answer.out}{answer.err}"
            said.append(answer.out)
        return said


def empty_folder(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    """Where a new user begins: nothing there, and no variable set."""
    dagster_storage.keep_engines()
    patch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ML_CONNECTOR_")]:
        patch.delenv(name)
