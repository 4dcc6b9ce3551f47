"""A live run's steps go side by side; each op waits for its own step and tells what it did.

The graph keeps its order and its assets. Only how long things take differs: a backlog is posted while the rest of it
is still read. A replay, a dry run and an op that is tried again run their step alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import dagster as dg

from ml_connector.flows.concurrent import Member, SideBySide
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.runtime.step_runner import StepPlace, work_of


@dataclass(frozen=True)
class _Listed:
    member: Member
    place: StepPlace
    assets: frozenset[dg.AssetKey]


@dataclass
class Together:
    """The steps of a direction that go side by side; each is listed while the graph is built."""

    steps: list[_Listed] = field(default_factory=list)

    def add(self, member: Member, place: StepPlace, assets: Sequence[dg.AssetKey]) -> None:
        self.steps.append(_Listed(member, place, frozenset(assets)))

    def start(
        self, context: dg.AssetExecutionContext, connector: ConnectorResource, settings: RunSettings
    ) -> SideBySide:
        """Start the steps of the assets that this run makes."""
        selected = context.job_def.asset_layer.selected_asset_keys
        running = [one for one in self.steps if one.assets & selected]
        return SideBySide(
            connector.integration(self.steps[0].place.integration),
            [one.member for one in running],
            {one.member.name: work_of(context, connector, settings, one.place) for one in running},
        )
