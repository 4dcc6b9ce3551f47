"""The root command: quick to start, the same options everywhere, errors as sentences with the right exit code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ml_connector.cli import app, check
from ml_connector.cli.shared.exit_codes import Exit, exit_of
from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    ConnectorError,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    SenderMustCorrect,
    TryAgain,
    WeAreWrong,
)
from ml_connector.systems import registry
from ml_connector_tests.cli.terminal import say

HEAVY = ("dagster", "pandas", "sqlalchemy", "httpx", "pydantic", "lxml", "paramiko", "rich", "cryptography")


def commands() -> list[tuple[str, click.Command]]:
    """All commands that do something, with their names."""
    found: list[tuple[str, click.Command]] = []
    context = click.Context(app.root)
    for name in app.root.list_commands(context):
        command = app.root.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", one) for inner, one in command.commands.items()]
        else:
            found.append((name, command))
    return found


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["nonsense"]])
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    """Whoever types a wrong word waits for no database and no Dagster."""
    script = (
        "import sys\nfrom ml_connector.cli.app import run\n"
        f"run({args!r})\nprint('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert "LOADED []" in done.stdout


def test_help_of_every_command_imports_nothing_heavy() -> None:
    """Groups and what is in them, all in one process: whoever asks what an option is called waits for nothing."""
    words = sorted({part for name, _ in commands() for part in (name.split()[0], name)})
    script = (
        "import sys\nfrom ml_connector.cli.app import run\n"
        f"for words in {words!r}:\n"
        "    assert run([*words.split(), '--help']) == 0, words\n"
        f"    loaded = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "    assert not loaded, (words, loaded)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_has_json_and_an_example() -> None:
    found = commands()
    assert len(found) > 25
    for name, command in found:
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options, name
        assert "Example" in (command.help or ""), name
        assert f"ml-connector {name.split()[0]}" in (command.help or ""), name


def test_help_speaks_of_no_system() -> None:
    """Systems come and go with their packages: examples use neutral words, lists come from the registry."""
    names = {name.split("_")[0] for name in registry.names()}
    named = re.compile("|".join(rf"\b{name}(?:_|\b)" for name in sorted(names)), re.IGNORECASE)
    # Where the stand-ins are what the command is about.
    told = {name: command.help or "" for name, command in commands() if name not in {"sandbox", "dev", "demo"}}
    told["(root)"] = app.root.help or ""
    found = {(name, one.group()) for name, text in told.items() for one in named.finditer(text)}
    assert {(name, one) for name, one in found if one != "exact"} == set(), "exact is a word of its own"


def test_every_listed_command_is_found_and_summed_up() -> None:
    listed = say("--help").out
    for name, lazy in app.COMMANDS.items():
        assert name in listed
        assert lazy.summary in " ".join(listed.split())


def test_a_misspelt_command_is_a_usage_error_with_a_hint() -> None:
    said = say("documnets")
    assert said.code == Exit.USAGE
    assert "documents" in said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), Exit.USAGE),
        (AuthorizationNeeded("x"), Exit.AUTHORIZE),
        (TryAgain("x"), Exit.TRY_AGAIN),
        (NeedsCorrection(Reason.BAD_VALUE, "x"), Exit.WRONG),
        (SenderMustCorrect("x"), Exit.WRONG),
        (OutcomeUnknown("x"), Exit.WRONG),
        (RefusedBySystem("x"), Exit.WRONG),
        (WeAreWrong("x"), Exit.WRONG),
    ],
)
def test_exit_codes_say_who_must_act(error: ConnectorError, code: Exit) -> None:
    assert exit_of(error) == code


def test_an_error_is_one_sentence_and_its_mend(alone: None) -> None:
    said = say("check")
    assert said.code == Exit.USAGE
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].startswith("connections.yaml: cannot be read")
    assert "ml-connector init" in lines[1]
    assert "Traceback" not in said.err


def test_with_json_errors_are_json_too(alone: None) -> None:
    for args in (["check", "--json"], ["--json", "check"]):
        told = say(*args).json["error"]
        assert told["kind"] == "ConfigError"
        assert "ml-connector init" in told["mend"]


def test_with_json_wrong_usage_is_json_too() -> None:
    said = say("sync", "--date", "yesterday", "--json")
    assert said.code == Exit.USAGE
    assert said.json["error"]["kind"] == "UsageError"


def test_an_unexpected_error_shows_no_text_that_could_hold_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object, **_named: object) -> None:
        raise LookupError("password=hunter2")

    monkeypatch.setattr(check.check, "callback", breaks)
    said = say("check")
    assert said.code == Exit.WRONG
    assert "hunter2" not in said.err + said.out
    assert "LookupError" in said.err
    assert "--debug" in said.err


def test_debug_shows_the_traceback(alone: None) -> None:
    assert "Traceback" in say("check", "--debug").err


def test_files_that_cannot_be_read_are_told_by_name(alone: None, tmp_path: Path) -> None:
    folder = tmp_path / "connections.yaml"
    folder.mkdir()
    said = say("documents", "list", "--json")
    assert said.code == Exit.USAGE
    assert "connections.yaml" in json.dumps(said.json)


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check.check, "callback", interrupted)
    said = say("check")
    assert said.code == Exit.INTERRUPTED
    assert said.err.strip() == "Stopped."


def test_a_reader_that_has_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object, **_named: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(check.check, "callback", breaks)
    assert say("check").code == Exit.OK
