"""`ml-connector sync`: an integration's flows, now, through the same assets as in the UI."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ml_connector import stopping
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.flow_names import FlowName
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, actor, common, only_integration

if TYPE_CHECKING:
    from ml_connector.cli.shared.run_outcome import CommandOutcome
    from ml_connector.composition import Deployment
    from ml_connector.orchestration.runtime.local_runner import RunOutcome


@click.command()
@click.argument("integration", required=False)
@click.option("--flow", "flows", multiple=True, type=FlowName(), help="Only this flow; may be repeated.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Replay that day's partition (UTC) instead of what is new."
)
@click.option("--partner", "partners", multiple=True, help="Only this partner; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write nothing, here or outside.")
@common
@stopping.heeding
def sync(
    session: Session,
    integration: str | None,
    flows: tuple[str, ...],
    day: datetime | None,
    partners: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Run the flows of INTEGRATION (without one: of all) now: everything that waits, or the partition of a day again.

    What is due by its schedule is done with it: master data is read again, overdue answers, alerts and old runs are
    looked after, orders leave at the cut-offs of the calendar (named by --flow, at once). So a cron line is all that a
    deployment needs; see docs/without-a-daemon.md.

    The same assets run as in Dagster, in this process, and the run stands in its history. Last it says what waits, by
    reason and partner, and when that is looked at again. Ends with 1 when documents
    were held, a folder cannot be used or a partner's file is wrong, 3 when a person must authorize, 4 when another run
    is at it, a system asked for a pause, or a write is in doubt: the next run looks it up. Asked to stop (Ctrl-C,
    SIGTERM), it finishes the calls that are on the wire, gives back what it has taken and ends with 130; asked again,
    it ends at once.

    \b
    Examples:
      ml-connector sync
      ml-connector sync purchasing
      ml-connector sync purchasing --flow invoices_in --date 2026-11-20 --dry-run
    """
    from ml_connector.cli.scheduled import Plan, plan_of
    from ml_connector.cli.shared import run_outcome, what_waits
    from ml_connector.orchestration.runtime.local_runner import JobRunner, prepare_dagster_home
    from ml_connector.orchestration.runtime.run_settings import run_config

    live = day is None and not dry_run
    with session.open() as deployment:
        names = _integrations(deployment, integration, partners)
        stopped = sum(len(deployment.partner_files(name)[0].problems) for name in names)
        asked = _asked(deployment, names, flows)
        prepare_dagster_home(deployment)
        plan = plan_of(deployment, names, flows=flows, whole=not partners) if live else Plan()
    mode: Any = "new" if day is None else "replay"
    settings = run_config(mode, dry_run=dry_run, partners=partners, actor=actor())
    runner = JobRunner(session.path, debug=session.debug)

    def scheduled(job: str) -> "RunOutcome":
        _tell(session, f"{job} ...")
        return runner.run_scheduled(job)

    def flow(name: str, direction: str, assets: list[str]) -> "RunOutcome":
        _tell(session, f"{name}: {direction} ...")
        key = day.date().isoformat() if day else None
        only = plan.only.get((name, direction), assets)
        return runner.run(name, direction, day=key, settings=settings, assets=only)

    starts = [partial(scheduled, job) for job in plan.before]
    for name, direction, assets in asked:
        starts.append(partial(flow, name, direction, assets))
    starts += [partial(scheduled, job) for job in plan.after]
    outcome = run_outcome.CommandOutcome()
    outcome.run_all(starts)
    code = outcome.code
    trouble = any(run.count("held") or run.count("folder_unusable") for run in outcome.runs)
    if code == Exit.OK and (trouble or stopped):
        code = Exit.WRONG
    value = {"ok": code == Exit.OK, "dry_run": dry_run, "mode": mode, "runs": outcome.as_json()}
    # What a dry run would hold stands nowhere: nothing is looked at again.
    found = None if dry_run else what_waits.after_runs(session, names)
    if found is not None:
        value["waiting"] = what_waits.as_json(found)

    def human() -> None:
        _print(outcome)
        if found is not None:
            what_waits.print_short(found, names if integration is not None else [])

    session.emit(value, human)
    return code


def _tell(session: Session, text: str) -> None:
    if not session.json:
        tell(text)


def _integrations(deployment: "Deployment", given: str | None, partners: tuple[str, ...]) -> list[str]:
    """The integrations that are meant: all, unless one is named; partners are those of one."""
    names = [only_integration(deployment, given)] if given is not None or partners else deployment.integration_names
    for name in names:
        stopped = [problem.name for problem in deployment.loaded.problems[name]]
        _known_partners([*deployment.loaded.partners[name], *stopped], partners)
    return names


def _asked(deployment: "Deployment", names: list[str], flows: tuple[str, ...]) -> "list[tuple[str, str, list[str]]]":
    """Integration, direction and assets of the runs that are asked for."""
    from ml_connector.cli.shared.run_outcome import flows_by_direction
    from ml_connector.flows.registry import flows_of

    having = {name: flows_of(deployment.loaded.integration(name).flows) for name in names}
    for flow in flows:
        if not any(flow in one for one in having.values()):
            raise click.UsageError(f"Flow {flow} is not among those of {', '.join(names)}.")
    return [
        (name, direction, assets)
        for name, one in having.items()
        for direction, assets in flows_by_direction(flows, one).items()
    ]


def _known_partners(known: Any, given: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise click.UsageError(f"There is no partner {name!r}. Known are: {', '.join(sorted(known))}.")


def _print(outcome: "CommandOutcome") -> None:
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
