"""Checks between runs: the ledger is asked every few minutes, and what is news is shown at the assets."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter

from ml_connector.flows import registry
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.orchestration.runtime import checks
from ml_connector.orchestration.runtime.checks import Answer, LedgerCheck
from ml_connector.orchestration.runtime.leaving import targeted
from ml_connector.orchestration.runtime.resource import ConnectorResource

#: What a check says is reported again after so long, although nothing changed: it was looked at.
SHOWN_AGAIN_SECONDS = 86_400.0


def report_checks(context: dg.OpExecutionContext, connector: ConnectorResource, integration: str) -> int:
    """Evaluate an integration's checks outside of any asset's run; how many failed.

    Only news is reported: what checks said is never pruned, and dozens every ten minutes would be millions a year.
    Asked about are today, days on which something stands, and those that were reported so last.
    """
    instance = context.instance
    ledger = connector.deployment.ledger
    flows = registry.flows_of(connector.deployment.loaded.integration(integration).flows)
    known = _red_days(ledger, integration)
    today = ledger.clock.now().date()
    failed = 0
    red: dict[str, list[str]] = {}
    asked = checks.of_flows(integration, flows, connector.deployment.loaded.settings.web.public_url)
    newest = _shown(instance, asked)
    for check in asked:
        name = str(check.key.to_user_string())
        days = {today, *map(date.fromisoformat, known.get(name, ()))}
        answers = checks.ask(ledger, integration, [check], days)
        standing = [answer for answer in answers if not answer.passed]
        failed += bool(standing)
        red |= {name: [one.partition for one in standing if one.partition]} if standing else {}
        report(context, in_order(news(instance, answers), standing, newest.get(check.key)))
    if red != known:
        with ledger.write() as tx:
            cursors.put(tx, _position(integration), json.dumps(red, sort_keys=True))
    return failed


def report(context: dg.OpExecutionContext, answers: Iterable[Answer]) -> None:
    """Show answers at their assets, as events of this run: without a run Dagster keeps but one of a partition."""
    for answer, target in targeted(context.instance, list(answers)):
        context.log_event(answer.evaluation(target))  # type: ignore[arg-type]  # it takes them; its annotation lags


def in_order(
    told: Sequence[Answer], standing: Sequence[Answer], newest: dg.AssetCheckEvaluation | None
) -> list[Answer]:
    """What is told of one check, a day on which something stands last: Dagster shows the newest at the asset."""
    green = told[-1].passed if told else newest is not None and newest.passed
    return [*told, standing[-1]] if green and standing else list(told)


def news(instance: dg.DagsterInstance, answers: Sequence[Answer]) -> list[Answer]:
    """Answers that Dagster does not show yet, or that it has shown for a day."""
    by_partition: dict[str | None, list[Answer]] = {}
    for answer in answers:
        by_partition.setdefault(answer.partition, []).append(answer)
    new: set[int] = set()
    for partition, some in by_partition.items():
        shown = _shown(instance, [answer.check for answer in some], PartitionKeyFilter(key=partition))
        new |= {id(answer) for answer in some if not _as_shown(answer, shown.get(answer.check.key))}
    return [answer for answer in answers if id(answer) in new]


def _shown(
    instance: dg.DagsterInstance, asked: Sequence[LedgerCheck], partition: PartitionKeyFilter | None = None
) -> Mapping[dg.AssetCheckKey, dg.AssetCheckEvaluation]:
    """What Dagster shows at these checks, where that is of today: a run may have answered since we did."""
    storage = instance.event_log_storage
    found = storage.get_latest_asset_check_execution_by_key([check.key for check in asked], partition_filter=partition)
    oldest = time.time() - SHOWN_AGAIN_SECONDS
    return {
        key: record.event.asset_check_evaluation
        for key, record in found.items()
        if record.event is not None and record.event.asset_check_evaluation and record.event.timestamp > oldest
    }


def _as_shown(answer: Answer, shown: dg.AssetCheckEvaluation | None) -> bool:
    if shown is None:
        return False
    now = answer.evaluation()
    return (now.passed, now.severity, dict(now.metadata)) == (shown.passed, shown.severity, dict(shown.metadata))


def _position(integration: str) -> str:
    return f"checks_shown:{integration}"


def _red_days(ledger: Ledger, integration: str) -> dict[str, list[str]]:
    """Days that were reported last as such on which something stands, by check."""
    with ledger.read() as tx:
        stored = cursors.get(tx, _position(integration))
    red: dict[str, list[str]] = json.loads(stored) if stored else {}
    return red
