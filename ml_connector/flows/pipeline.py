"""The steps of each direction in their order, for whoever runs them one after another: tests, benchmarks, workers.

Dagster runs the same steps as ops and assets. Their order and who feeds whom stand with the flows (`flows.registry`).
"""

from collections.abc import Sequence

from ml_connector.flows import registry
from ml_connector.flows.concurrent import Member, SideBySide, Step
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.spec import INBOUND as IN
from ml_connector.flows.core.spec import OUTBOUND as OUT
from ml_connector.flows.core.spec import Direction, FlowSpec, SplitSpec, StepSpec


def steps_of(flows: FlowSet, direction: Direction) -> list[Step]:
    """All steps of a direction, to be run in this order."""
    return [step.step(flow.name) for flow, step in flows.steps(direction)]


def member(flow: FlowSpec, step: StepSpec, run: Step | None = None) -> Member:
    """A step among others. run: instead of what it does by itself."""
    return Member(step.name, run or step.step(flow.name), step.after, step.streams)


def members_of(flows: FlowSet, direction: Direction) -> list[Member]:
    """The steps of a direction that go side by side: those that are some asset's."""
    made = {name for flow in flows.of(direction) for name in _in_assets(flow)}
    return [member(flow, step) for flow, step in flows.steps(direction) if step.name in made]


def _in_assets(flow: FlowSpec) -> list[str]:
    return [name for one in flow.assets for name in ((one.step,) if isinstance(one, SplitSpec) else one.steps)]


#: Those of the flows that come with the package.
INBOUND: Sequence[Step] = steps_of(registry.shipped(), IN)
OUTBOUND: Sequence[Step] = steps_of(registry.shipped(), OUT)
INBOUND_TOGETHER: Sequence[Member] = members_of(registry.shipped(), IN)


def run_together(integration: Integration, work: RunScope, members: Sequence[Member]) -> list[StepReport]:
    """Run steps at the same time; the first error of any of them is raised when all have ended."""
    with SideBySide(integration, members, {member.name: work for member in members}) as running:
        names = [member.name for member in members]
        running.wait()
        return [running.result(name) for name in names]


def run(integration: Integration, work: RunScope, steps: Sequence[Step]) -> list[StepReport]:
    """Run steps in order until all are done or the work is stopped."""
    reports = []
    for step in steps:
        if work.stopped():
            break
        reports.append(step(integration, work))
    return reports
