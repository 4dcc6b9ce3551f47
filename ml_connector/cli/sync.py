"""`ml-connector sync`: an integration's flows, now, through the same assets as in the UI."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ml_connector.cli.exits import Exit
from ml_connector.cli.output import say, tell
from ml_connector.cli.running import ASSETS_OF_FLOW
from ml_connector.cli.session import Session, actor, common, only_integration

if TYPE_CHECKING:
    from ml_connector.cli.running import Outcome

FLOWS = tuple(ASSETS_OF_FLOW)


@click.command()
@click.argument("integration", required=False)
@click.option("--flow", "flows", multiple=True, type=click.Choice(FLOWS), help="Only this flow; may be repeated.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Replay that day's partition (UTC) instead of what is new."
)
@click.option("--partner", "partners", multiple=True, help="Only this partner; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write nothing, here or outside.")
@common
def sync(
    session: Session,
    integration: str | None,
    flows: tuple[str, ...],
    day: datetime | None,
    partners: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Run the flows of INTEGRATION now: everything that waits, or the partition of one day again.

    The same assets run as in Dagster, in this process, and the run stands in its history. Ends with 1 when documents
    were held or a folder cannot be used, 3 when a person must authorize, 4 when another run is at it, a system asked
    for a pause, or a write is in doubt: the next run looks it up.

    \b
    Examples:
      ml-connector sync exact_cleo
      ml-connector sync exact_cleo --flow invoices_in --date 2026-11-20 --dry-run
    """
    from ml_connector.cli import running
    from ml_connector.orchestration.in_process import JobRunner, prepare_dagster_home
    from ml_connector.orchestration.settings import run_config

    with session.open() as deployment:
        name = only_integration(deployment, integration)
        stopped = [problem.name for problem in deployment.loaded.problems[name]]
        _known_partners([*deployment.loaded.partners[name], *stopped], partners)
        prepare_dagster_home(deployment)
    mode: Any = "new" if day is None else "replay"
    settings = run_config(mode, dry_run=dry_run, partners=partners, actor=actor())
    runner = JobRunner(session.path, debug=session.debug)
    outcome = running.Outcome()
    for direction, assets in running.flows_by_direction(flows).items():
        if not session.json:
            tell(f"{name}: {direction} ...")
        key = day.date().isoformat() if day else None
        outcome.runs.append(runner.run(name, direction, day=key, settings=settings, assets=assets))
    code = outcome.code
    if code == Exit.OK and any(run.count("held") or run.count("folder_unusable") for run in outcome.runs):
        code = Exit.WRONG
    value = {"ok": code == Exit.OK, "dry_run": dry_run, "mode": mode, "runs": outcome.as_json()}
    session.emit(value, lambda: _print(outcome))
    return code


def _known_partners(known: Any, given: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise click.UsageError(f"There is no partner {name!r}. Known are: {', '.join(sorted(known))}.")


def _print(outcome: "Outcome") -> None:
    for run in outcome.runs:
        for asset, facts in run.assets.items():
            counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in facts["counts"].items() if count)
            say(f"{asset}: {counts or 'nothing to do'}")
            for one in facts["documents"]:
                if one.get("outcome") == "held":
                    say(f"  held: {one.get('partner') or ''} {one.get('document') or ''} {one.get('reason') or ''}")
                elif one.get("outcome") == "unknown_outcome":
                    say(f"  in doubt, looked up by the next run: {one.get('partner')} {one.get('document')}")
            for note in facts["notes"]:
                say(f"  {note}")
    for message in outcome.messages:
        tell(message)
    if any(run.count("held") for run in outcome.runs):
        say("See `ml-connector documents list --held`.")
