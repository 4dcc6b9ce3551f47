"""The root command: finds commands by name, imports only the one that is run, and turns errors into sentences."""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from ml_connector import logs
from ml_connector.cli.shared.exit_codes import MEANINGS, Exit, error_json, exit_of
from ml_connector.cli.shared.output import print_json, spell_what_cannot_be_shown, tell
from ml_connector.cli.shared.session import Session
from ml_connector.errors import ConnectorError, WeAreWrong
from ml_connector.operating import manual


@dataclass(frozen=True)
class Lazy:
    """A command that is imported when it is run. summary: its line in the root's help."""

    module: str
    name: str
    summary: str


COMMANDS: dict[str, Lazy] = {
    "init": Lazy("ml_connector.cli.init", "init", "Write commented starting files."),
    "check": Lazy("ml_connector.cli.check", "check", "Tell whether each connection can be reached and used."),
    "sync": Lazy("ml_connector.cli.sync", "sync", "Run an integration's flows now, without the UI."),
    "documents": Lazy(
        "ml_connector.cli.documents.commands", "documents", "List, show, replay, discard, settle documents."
    ),
    "trace": Lazy("ml_connector.cli.documents.trace", "trace", "Everything known of an order, in time order."),
    "try": Lazy("ml_connector.cli.documents.trying", "try_", "What files would become and post, without a trace."),
    "edi": Lazy("ml_connector.cli.edi.commands", "edi", "Read X12 files and print their 997."),
    "layout": Lazy("ml_connector.cli.layout", "layout", "Layouts of CSV, XML, JSON and text files; try one."),
    "ledger": Lazy("ml_connector.cli.ledger.commands", "ledger", "Verify, upgrade, export and count the ledger."),
    "vendors": Lazy("ml_connector.cli.vendors", "vendors", "Link or create vendors that came from outside."),
    "reference": Lazy("ml_connector.cli.reference", "reference", "Show reference data as last read."),
    "credentials": Lazy("ml_connector.cli.credentials.commands", "credentials", "Secrets, keys and authorizations."),
    "alerts": Lazy("ml_connector.cli.alerts", "alerts", "Send a test message to each alert address."),
    "webhooks": Lazy("ml_connector.cli.webhooks", "webhooks", "The receiver and its subscriptions."),
    "web": Lazy("ml_connector.cli.web", "web", "Pages: what waits, every document, what to do about it."),
    "schema": Lazy("ml_connector.cli.schema", "schema", "Write the JSON Schemas of the configuration files."),
    "sandbox": Lazy("ml_connector.cli.sandbox", "sandbox", "Start the stand-ins of the outside systems."),
    "dev": Lazy("ml_connector.cli.dev", "dev", "Sandbox and Dagster UI, to work in."),
    "demo": Lazy("ml_connector.cli.demo", "demo", "The whole work on one machine, numbers added up."),
}


def available() -> dict[str, Lazy]:
    """The commands whose modules are installed."""
    return {name: lazy for name, lazy in COMMANDS.items() if importlib.util.find_spec(lazy.module) is not None}


class Root(click.Group):
    """A group that imports a command's module only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(available())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        lazy = available().get(cmd_name)
        if lazy is None:
            return None
        command: click.Command = getattr(importlib.import_module(lazy.module), lazy.name)
        return command

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if place := manual.folder():
            formatter.write(f"\nPages that messages name (docs/...): {place}\n")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in available().items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            close = _closest(args[0], list(available()))
            if close and self.get_command(ctx, args[0]) is None:
                raise click.UsageError(f"There is no command {args[0]!r}. Did you mean {close!r}?", ctx) from None
            raise


def _closest(name: str, names: Sequence[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, names, n=1)), "")


@click.group(
    cls=Root, epilog=MEANINGS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--config", metavar="FILE", help="The configuration file (default connections.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value instead of text.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="ml-connector", prog_name="ml-connector")
@click.pass_context
def root(context: click.Context, config: str | None, as_json: bool, debug: bool) -> None:
    """Connects ERPs with B2B networks: orders, invoices, ship notices and acknowledgments.

    \b
    Examples:
      ml-connector check
      ml-connector sync purchasing --flow invoices_in --dry-run
      ml-connector documents list --state quarantined
      ml-connector trace PO-4711
      ml-connector try invoice.edi
    """
    logs.configure("command")
    context.obj = Session(config=config, json=as_json, debug=debug)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    spell_what_cannot_be_shown()
    sys.exit(run(args))


def run(args: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    given = tuple(sys.argv[1:] if args is None else args)
    try:
        with root.make_context("ml-connector", list(given)) as context:
            return _code(root.invoke(context))
    except BaseException as error:  # noqa: BLE001 - the outermost boundary: nobody is left to tell but the person
        return _ended(error, as_json="--json" in given, debug="--debug" in given)


def _ended(error: BaseException, *, as_json: bool, debug: bool) -> int:
    """Tell why a command ended before its end; its exit code."""
    if isinstance(error, click.exceptions.Exit):
        code = error.exit_code
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        tell("Stopped.")
        code = Exit.INTERRUPTED
    elif isinstance(error, BrokenPipeError):
        # Whoever read our output has enough of it (`| head`); nothing more can be written, not even at the end.
        sys.stdout = None
        code = Exit.OK
    elif isinstance(error, click.ClickException):
        code = _misused(error, as_json=as_json)
    elif isinstance(error, Exception):
        code = _told(_as_connector_error(error), as_json=as_json, debug=debug)
    else:
        raise error
    return code


def _misused(error: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": {"kind": "UsageError", "message": error.format_message()}})
    else:
        error.show()
    return Exit.USAGE


def _code(result: Any) -> int:
    return result if isinstance(result, int) else Exit.OK


def _told(error: ConnectorError, *, as_json: bool, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    if as_json:
        print_json(error_json(error))
    else:
        tell(error.message)
        if error.remedy:
            tell(f"To fix: {error.remedy}")
    return exit_of(error)


def _as_connector_error(error: Exception) -> ConnectorError:
    """A plain sentence about an error nobody expected. Its own text is left out: it might hold data or a secret."""
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, OSError):
        from ml_connector.ledger.database.faults import of_system

        return of_system(error, str(error.filename or "A file"))
    if type(error).__module__.startswith("sqlalchemy"):
        from ml_connector.ledger.database.faults import of_database

        if (told := of_database(error, "A database (the ledger or Dagster's storage)")) is not None:
            return told
    return WeAreWrong(
        f"A defect of ours: {type(error).__name__}.",
        remedy="Run the command again with --debug and report what it shows.",
    )
