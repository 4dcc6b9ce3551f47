"""A how-to of docs/, followed word by word: its commands as they stand there, with a scene's names for its examples."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.pages import yaml_of


class FollowedPage:
    """`docs/NAME`. examples: what stands there as an example, and what it is in the scene."""

    def __init__(self, name: str, examples: Mapping[str, str]) -> None:
        self.text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        self._examples = dict(examples)
        self._left = self.commands

    @property
    def commands(self) -> list[str]:
        """The command lines of its blocks, in their order, without what is said beside them."""
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        lines = [line.strip() for language, block in blocks if not language for line in block.splitlines()]
        return [re.split(r"\s+#\s", line)[0] for line in lines if line.startswith("ml-connector ")]

    @property
    def settings(self) -> list[Any]:
        """What it tells to write into connections.yaml and beside it, block by block."""
        return [yaml.safe_load(self._here(block)) for block in yaml_of(self.text)]

    def run(self, begins: str, *more: str, code: int = 0, given: str = "") -> Said:
        """Run the next command of the page, which begins with these words; code: how it must end.

        more: options that its text names. given: what a person types.
        """
        line = self._left.pop(0)
        assert line.startswith(f"ml-connector {begins}"), line
        return self.say(line, *more, code=code, given=given)

    def skip_to(self, begins: str) -> None:
        """What stands before the command that begins so is followed elsewhere."""
        while not self._left[0].startswith(f"ml-connector {begins}"):
            self._left.pop(0)

    def named(self, line: str, code: int = 0) -> Said:
        """Run a command that the page names in its text."""
        assert f"`{line}" in self.text, line
        full = line if line.startswith("ml-connector ") else f"ml-connector {line}"
        return self.say(full, code=code)

    def say(self, line: str, *more: str, code: int = 0, given: str = "") -> Said:
        line = self._here(line)
        said = say(*shlex.split(line)[1:], *more, given=given)
        assert said.code == code, f"{line} {' '.join(more)}\n{said.out}{said.err}"
        return said

    def _here(self, text: str) -> str:
        """With what the examples are in the scene."""
        for example, here in self._examples.items():
            text = text.replace(example, here)
        return text

    def done(self) -> None:
        """All of it was followed."""
        assert self._left == []
