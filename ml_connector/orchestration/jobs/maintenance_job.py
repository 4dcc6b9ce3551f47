"""The standing job: what must be said and done although no document moves. Runs on a schedule."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from ml_connector.alerting import Send, sender, tell
from ml_connector.composition import Deployment
from ml_connector.config.orchestration import OrchestrationSettings
from ml_connector.errors import ConnectorError, DecisionNeeded
from ml_connector.flows.core.copies import confirm
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.monitoring import Standing, mark_overdue, settle_deadlines, standing_causes
from ml_connector.orchestration.jobs.dead_runs import was_killed
from ml_connector.orchestration.jobs.due import PRUNE, STANDING, note_done
from ml_connector.orchestration.jobs.pruning import delete_left_files, prune_runs
from ml_connector.orchestration.jobs.settled_days import fill, look_again
from ml_connector.orchestration.jobs.standing_checks import report_checks
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.resource import ConnectorResource

if TYPE_CHECKING:
    from ml_connector.ledger.coordination.alerts import Alert

RUNS = "runs/"
TOKENS = "tokens/"
#: Questions that only a person can answer; one question about a connection may stop several integrations.
DECISIONS = "decisions/"
NOT_USABLE = "not_usable"


def standing_job(scenes: Sequence[Scene]) -> dg.JobDefinition:
    """Overdue answers, writes confirmed, days filled, checks, chain heads, alerts: one op each, in this order."""

    @dg.op(out=dg.Out(dg.Nothing), description="Sent documents whose answer is due turn overdue.")
    def overdue(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        counts = {}
        for name in connector.deployment.integration_names:
            work = RunScope(
                holder=connector.holder,
                actor="dagster",
                run_id=context.run.run_id,
                asset="standing",
                stop=connector.stop,
            )
            try:
                counts[name] = sum(mark_overdue(connector.integration(name), work).counts.values())
                settle_deadlines(connector.integration(name), work)
            except ConnectorError as error:
                # The alerts say so; one integration that cannot be used keeps no other's from being told.
                context.log.warning(f"{name}: {error}")
        context.add_output_metadata(counts)

    @dg.op(
        ins={"after": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Look up once more what was written, in batches: what stands twice is told with both identities.",
    )
    def confirm_writes(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        counts = {}
        for name in connector.deployment.integration_names:
            work = RunScope(connector.holder, "dagster", context.run.run_id, "standing", stop=connector.stop)
            counts[name] = confirmed(connector, name, work)
        context.add_output_metadata(counts)

    @dg.op(
        ins={"after": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Fill the days that are over and have no run: one event a day and asset, once.",
    )
    def settled_days(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        ledger = connector.deployment.ledger
        context.add_output_metadata({scene.name: fill(context, ledger, scene) for scene in scenes})

    @dg.op(
        ins={"after": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Ask the ledger every standing question and show the answers at the assets.",
    )
    def standing_checks(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        failed = 0
        for name in connector.deployment.integration_names:
            failed += report_checks(context, connector, name)
        context.add_output_metadata({"failed_checks": failed})

    @dg.op(
        ins={"after": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Export the heads of the documents' hash chains to a file outside the database.",
    )
    def chain_heads(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        from ml_connector.ledger.audit.chain_heads import export_heads

        _ = connector.deployment.restore
        head = export_heads(connector.deployment.ledger, connector.deployment.heads_file)
        context.add_output_metadata({"events": head.events if head is not None else 0})

    @dg.op(
        ins={"after": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        description="Say what stands wrong, once a cause; say when it has recovered.",
    )
    def alerts(context: dg.OpExecutionContext, connector: ConnectorResource) -> None:
        told = tell_all(context.instance, connector)
        context.add_output_metadata({"opened": told[0], "recovered": told[1]})
        note_done(connector.deployment.ledger, STANDING)

    @dg.job(
        name="standing",
        description="What stands wrong now: overdue answers, checks over the whole ledger, alerts, chain heads.",
        executor_def=dg.in_process_executor,
    )
    def standing() -> None:
        alerts(after=chain_heads(after=standing_checks(after=settled_days(after=confirm_writes(after=overdue())))))

    return standing


def confirmed(connector: ConnectorResource, name: str, work: RunScope) -> str:
    """Confirm an integration's writes; a system that is away is asked by the next run, and stops no other's alerts."""
    try:
        counts = confirm(connector.integration(name), work).counts
    except ConnectorError as error:
        return f"not now: {error.message}"
    return ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items()) or "nothing due"


def tell_all(instance: dg.DagsterInstance, connector: ConnectorResource) -> tuple[int, int]:
    """Alerts of every integration, of questions, tokens and failed runs: how many were news, opened and recovered."""
    deployment = connector.deployment
    settings = deployment.loaded.settings.alerts
    send = sender(settings, deployment.secrets)
    opened = recovered = 0
    scopes: list[tuple[str, list[Standing]]] = [
        (TOKENS, token_causes(deployment)),
        (RUNS, failing_jobs(instance, deployment)),
    ]
    asked: list[tuple[str, DecisionNeeded]] = []
    for name in deployment.integration_names:
        try:
            causes = standing_causes(connector.integration(name))
        except DecisionNeeded as question:
            asked.append((name, question))
            causes = _still_open(deployment, name)
        except ConnectorError as error:
            causes = [*_still_open(deployment, name), _not_usable(name, error)]
        scopes.append((f"{name}/", causes))
    scopes.append((DECISIONS, decision_causes(asked)))
    for prefix, causes in scopes:
        news = tell(deployment.ledger, causes, send, prefix=prefix, repeat_hours=settings.repeat_hours)
        opened += len(news.opened)
        recovered += len(news.closed)
    return opened, recovered


def _not_usable(name: str, error: ConnectorError) -> Standing:
    """An integration that cannot even be composed is a cause itself and stops no other's alerts."""
    return Standing(f"{name}/{NOT_USABLE}", f"{name} cannot be used", 1, [str(error)])


def _still_open(deployment: Deployment, name: str) -> list[Standing]:
    """What stood in an integration when it could be looked at last: nobody knows of any recovery."""
    from ml_connector.ledger.coordination import alerts

    with deployment.ledger.read() as tx:
        known = alerts.open_alerts(tx, f"{name}/")
    return [_as_told(one) for one in known if one.cause != f"{name}/{NOT_USABLE}"]


def _as_told(alert: "Alert") -> Standing:
    detail: dict[str, Any] = alert.detail
    title, lines = str(detail.get("title", alert.cause)), list(detail.get("lines", ()))
    return Standing(alert.cause, title, alert.count, lines)


def decision_causes(asked: Sequence[tuple[str, DecisionNeeded]]) -> list[Standing]:
    """One cause a question, with the integrations that wait for its answer."""
    waiting: dict[str, list[str]] = {}
    questions: dict[str, DecisionNeeded] = {}
    for integration, question in asked:
        about = str(question.data.get("connection") or integration)
        questions.setdefault(about, question)
        waiting.setdefault(about, []).append(integration)
    return [
        Standing(
            cause=f"{DECISIONS}{about}",
            title=f"{', '.join(waiting[about])} asked: nothing is posted or sent until you decide",
            count=len(waiting[about]),
            lines=[question.message, f"To fix: {question.remedy}"],
        )
        for about, question in questions.items()
    ]


def token_causes(deployment: Deployment) -> list[Standing]:
    """Authorizations and secrets that ended or end soon."""
    from datetime import timedelta

    from ml_connector.credentials.expiry import Health, expiry_report, secret_ends

    connections = deployment.loaded.settings.connections
    days = [getattr(c, "authorization_warning_days", 0) for c in connections.values()]
    reports = expiry_report(deployment.ledger, warning=timedelta(days=max([7, *days])))
    secrets = [
        Standing(
            f"{TOKENS}{name}/{one.setting}/{one.health}",
            f"{name}: {one.message}",
            1,
            [f"To fix: {one.remedy(name)}"],
        )
        for name, settings in connections.items()
        for one in secret_ends(settings.secrets_end, deployment.clock.now())
        if one.health is not Health.GOOD
    ]
    return secrets + [
        Standing(
            f"{TOKENS}{report.connection}/{report.health}",
            f"{report.connection}: {report.message}",
            1,
            [f"To fix: {report.remedy}"] if report.remedy else [],
        )
        for report in reports
        if report.health is not Health.GOOD
    ]


def failing_jobs(instance: dg.DagsterInstance, deployment: Deployment) -> list[Standing]:
    """Jobs with an open alert whose newest finished run failed still; the others recover."""
    from ml_connector.ledger.coordination import alerts

    with deployment.ledger.read() as tx:
        known = {alert.cause: alert for alert in alerts.open_alerts(tx, RUNS)}
    still: list[Standing] = []
    for cause, alert in known.items():
        job = cause.removeprefix(RUNS)
        finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
        newest = instance.get_runs(dg.RunsFilter(job_name=job, statuses=finished), limit=1)
        if not newest or newest[0].status is dg.DagsterRunStatus.FAILURE:
            still.append(_as_told(alert))
    return still


def run_failure_alert(*, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """A failed run opens an alert of its job; the standing job closes it once a run has succeeded."""

    @dg.run_failure_sensor(
        name="run_failure_alert",
        minimum_interval_seconds=30,
        default_status=status,
        description="Opens an alert for a failed run, one a job, and delivers it. Killed runs are taken up silently.",
    )
    def alert(context: dg.RunFailureSensorContext, connector: ConnectorResource) -> None:
        message = context.failure_event.message or "no message"
        open_failure_alert(context.instance, connector, context.dagster_run, message)

    return alert


def open_failure_alert(
    instance: dg.DagsterInstance, connector: ConnectorResource, run: dg.DagsterRun, message: str
) -> None:
    """Open the alert of a failed run's job and deliver it; a killed run's work is taken up without a word."""
    if was_killed(connector, run):
        return
    deployment = connector.deployment
    cause = Standing(
        f"{RUNS}{run.job_name}", f"Dagster job {run.job_name} failed", 1, [message[:500], f"run {run.run_id}"]
    )
    others = [one for one in failing_jobs(instance, deployment) if one.cause != cause.cause]
    hours = deployment.loaded.settings.alerts.repeat_hours
    tell(deployment.ledger, [*others, cause], _sender_or_none(deployment), prefix=RUNS, repeat_hours=hours)


def _sender_or_none(deployment: Deployment) -> Send | None:
    """This sensor's cursor moves on whatever happens: a wrong address must not lose the alert, it stays unsent."""
    try:
        return sender(deployment.loaded.settings.alerts, deployment.secrets)
    except ConnectorError:
        return None


def prune_job(settings: OrchestrationSettings, idle_jobs: Sequence[str]) -> dg.JobDefinition:
    """Retention of Dagster's runs. idle_jobs: their runs only look, by day and by night."""

    class PruneConfig(dg.Config):
        keep_days: int = settings.keep_runs_days
        keep_idle_hours: int = settings.keep_idle_runs_hours

    @dg.op(description="Delete finished runs older than the limit whose events the exported chain heads cover.")
    def delete_old_runs(context: dg.OpExecutionContext, connector: ConnectorResource, config: PruneConfig) -> None:
        from datetime import timedelta

        deployment = connector.deployment
        ledger, heads = deployment.ledger, deployment.heads_file
        days, hours = timedelta(days=max(1, config.keep_days)), timedelta(hours=max(1, config.keep_idle_hours))
        idle = prune_runs(context.instance, ledger, heads, older_than=hours, jobs=idle_jobs)
        pruned = prune_runs(context.instance, ledger, heads, older_than=days)
        files = delete_left_files(context.instance, older_than=days)
        if pruned.deleted:
            look_again(ledger)
        note_done(ledger, PRUNE)
        context.log.info(
            f"deleted {pruned.deleted} run(s), {idle.deleted} that only looked, and {files} file(s) without a run, "
            f"kept {pruned.kept + idle.kept} {pruned.why}".strip()
        )

    @dg.job(
        name="prune",
        description="Deletes old Dagster runs once the ledger's exported chain heads cover them.",
        executor_def=dg.in_process_executor,
    )
    def prune() -> None:
        delete_old_runs()

    return prune
