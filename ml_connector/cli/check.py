"""`ml-connector check`: can each connection be reached, is it authorized, can it be used, and the mend."""

from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import safe, say
from ml_connector.cli.shared.session import Session, common

if TYPE_CHECKING:
    from ml_connector.systems.results import CheckResult

_MARKS = {"good": ("ok", "green"), "advice": ("advice", "cyan"), "warn": ("warn", "yellow"), "bad": ("BAD", "red")}


@click.command()
@click.argument("connection", required=False)
@click.option("--offline", is_flag=True, help="Only what can be told without a call.")
@common
def check(session: Session, connection: str | None, offline: bool) -> int:
    """Tell whether the deployment works: configuration, key, ledger, each connection, configured codes.

    Each connection is looked at: can it be reached, is it authorized, can it be used; each trouble with its remedy.
    Nothing is written to an outside system. Ends with 3 when a person must authorize, 4 when a system cannot be
    reached now, 1 for anything else that does not work.

    \b
    Examples:
      ml-connector check
      ml-connector check books --json
    """
    from ml_connector.diagnostics.deadlines import check_deadlines
    from ml_connector.diagnostics.deployment import check_connection, check_deployment
    from ml_connector.diagnostics.dimensions import check_dimensions
    from ml_connector.diagnostics.names import check_names
    from ml_connector.diagnostics.reference import check_codes
    from ml_connector.diagnostics.sharing import check_sharing
    from ml_connector.diagnostics.told_tables import check_told_tables

    found: list[CheckResult] = []
    with session.open() as deployment:
        names = [connection] if connection else sorted(deployment.loaded.settings.connections)
        for name in names:
            deployment.loaded.connection(name)
        found += check_deployment(deployment)
        if not any(f.aspect == "ledger" and f.level == "bad" for f in found):
            # Before its connection is asked: one that got another name is given its token by it.
            settled = [] if offline else check_names(deployment, of=connection)
            for name in names:
                found += check_connection(deployment, name, offline=offline)
            if connection is None:
                found += settled
                found += check_sharing(deployment, offline=offline)
                for integration in deployment.integration_names:
                    found += check_dimensions(deployment, integration)
                    found += check_codes(deployment, integration)
                    found += check_deadlines(deployment, integration)
                    found += check_told_tables(deployment, integration)
    code = _exit(found)
    value = {"ok": code == Exit.OK, "findings": [finding.as_json() for finding in found]}
    session.emit(value, lambda: _print(found))
    return code


def _exit(found: "list[CheckResult]") -> Exit:
    from ml_connector.systems.results import CheckLevel, Mender

    bad = [finding for finding in found if finding.level is CheckLevel.BAD]
    if not bad:
        return Exit.OK
    menders = {finding.mender for finding in bad}
    if menders <= {Mender.AUTHORIZE, Mender.TIME}:
        return Exit.AUTHORIZE if Mender.AUTHORIZE in menders else Exit.TRY_AGAIN
    return Exit.WRONG


def _print(found: "list[CheckResult]") -> None:
    about = ""
    for finding in found:
        if finding.about != about:
            about = finding.about
            click.secho(safe(about), bold=True)
        word, color = _MARKS[finding.level.value]
        mark = click.style(word.ljust(6), fg=color)
        click.echo(f"  {mark} {safe(finding.aspect)}: {safe(finding.message)}")
        if finding.remedy:
            click.echo(f"         To fix: {safe(finding.remedy)}")
    bad = sum(finding.level.value == "bad" for finding in found)
    warn = sum(finding.level.value == "warn" for finding in found)
    say(f"{bad} bad, {warn} to be looked at." if bad or warn else "All is well.")
