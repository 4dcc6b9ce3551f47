"""What every command has: which configuration, which form of output, and who is at the terminal."""

import functools
import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ml_connector.cli.shared.output import print_json, tell
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """Made by the root command, completed by each command's own options."""

    config: str | None = None
    json: bool = False
    debug: bool = False

    @property
    def path(self) -> Path:
        """The configuration file."""
        from ml_connector.composition import config_path

        return config_path(self.config)

    def open(self) -> "Deployment":
        """The deployment; close it by using it as a context manager.

        Partners that are stopped by their files are told first; the command works on with the others.

        Raises:
            ConfigError: the configuration is wrong.
        """
        from ml_connector.composition import Deployment

        deployment = Deployment.open(self.path)
        for problem in deployment.partner_problems:
            tell(f"Partner {problem.name or 'files'} stopped: {problem.line}")
        return deployment

    def emit(self, value: Any, human: Callable[[], None]) -> None:
        """Print `value` as JSON when asked for, else run `human`."""
        if self.json:
            print_json(value)
        else:
            human()


def actor() -> str:
    """Who is at the terminal, for the ledger: the user of the operating system."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"person:{name}"[:120]


def common(function: F) -> F:
    """Options that all commands share: --json, --config, --debug. The command gets the `Session` first."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON value instead of text.")
    @click.option(
        "--config", "config", metavar="FILE", is_eager=True, help="The configuration file (default connections.yaml)."
    )
    @click.option("--debug", is_flag=True, help="Show tracebacks.")
    @click.pass_context
    @functools.wraps(function)
    def command(
        context: click.Context, /, *args: Any, as_json: bool, config: str | None, debug: bool, **named: Any
    ) -> Any:
        session = context.ensure_object(Session)
        session.json = session.json or as_json
        session.config = config or session.config
        session.debug = session.debug or debug
        return context.invoke(function, session, *args, **named)

    return command  # type: ignore[return-value]


def only_integration(deployment: "Deployment", given: str | None) -> str:
    """The integration that is meant: as given, or the only one there is.

    Raises:
        ConfigError: there are several, none, or none of that name.
    """
    if given is not None:
        deployment.loaded.integration(given)
        return given
    names = deployment.integration_names
    if len(names) == 1:
        return names[0]
    raise ConfigError(
        f"{deployment.loaded.path}: there are {len(names)} integrations.",
        remedy=f"Name one with --integration: {', '.join(names) or 'none is configured'}.",
    )
