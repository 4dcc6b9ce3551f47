"""What `sync` does beside the flows themselves, because it is due: the command line alone is a whole deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml_connector.errors import ConnectorError
from ml_connector.flows.core.spec import OUTBOUND

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


@dataclass(frozen=True)
class Plan:
    """Jobs before and after the flows; directions of which only some assets run, by integration."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    only: Mapping[tuple[str, str], list[str]] = field(default_factory=dict)


def plan_of(deployment: "Deployment", names: Sequence[str], *, flows: Sequence[str], whole: bool) -> Plan:
    """What is due now. flows: named by a person, who wants them at once. whole: the standing work, too."""
    from ml_connector.flows.core.cut_offs import calendars
    from ml_connector.flows.names.changed_settings import take_up_changes
    from ml_connector.orchestration.jobs import due
    from ml_connector.orchestration.runtime.names import job_name

    only: dict[tuple[str, str], list[str]] = {}
    for name in names:
        try:
            integration = deployment.integration(name)
            take_up_changes(integration)
            named = {} if flows else calendars(integration.flows, integration.settings.flows)
            waiting = {flow for flow, one in named.items() if not due.cut_off_is_due(integration, flow, one)}
            if waiting:
                only[name, OUTBOUND] = integration.flows.between_cut_offs(OUTBOUND, waiting)
        except ConnectorError:
            continue  # its runs tell why; it keeps no other from its work
    erps = dict.fromkeys(deployment.loaded.integration(name).erp for name in names)
    before = [job_name(erp, "reference") for erp in erps if due.reference_is_due(deployment, erp)]
    settings = deployment.loaded.settings.orchestration
    jobs = {due.STANDING: settings.standing_cron, due.PRUNE: settings.prune_cron}
    after = [job for job, cron in jobs.items() if whole and due.job_is_due(deployment, job, cron)]
    return Plan(before, after, only)
