"""A scene with its code location: jobs run in this process against a real sandbox and a real ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from ml_connector.ledger.tables.documents import (
    document,
    envelope_group,
    event,
    file,
    interchange,
    operation,
    position,
    sequence,
)
from ml_connector.orchestration.build import build_defs
from ml_connector.orchestration.runtime.local_runner import told_of
from ml_connector.orchestration.runtime.partitions import daily, newest_key
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import run_config
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.support import clocks

#: The first day of the graph, and days after it on which nothing came: few, for the standing job fills each of them.
START, *QUIET_DAYS = ((clocks.now() - timedelta(days=back)).date().isoformat() for back in (4, 3, 2, 1))
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
#: Everything that documents' work writes.
WRITTEN = (file, interchange, envelope_group, document, operation, event, sequence)


@dataclass
class Run:
    """What a run left: by asset its metadata as plain values, and its checks."""

    result: dg.ExecuteInProcessResult
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[tuple[str, str], dg.AssetCheckEvaluation] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def failures(self) -> list[str]:
        told = []
        for one in self.result.all_events:
            if one.is_step_failure:
                data = one.step_failure_data.user_failure_data
                told.append(str(data.description) if data else str(one.step_failure_data.error))
        return told


@dataclass
class Stage:
    scene: Scene
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    @property
    def today(self) -> str:
        return newest_key(daily(START))

    def run(
        self,
        job: str,
        mode: str = "new",
        *,
        day: str | None = "today",
        assets: Sequence[str] = (),
        **settings: Any,
    ) -> Run:
        """Run a job of the code location; failures are in the answer."""
        made = self.definitions.resolve_job_def(job)
        chosen = [dg.AssetKey(["exact_cleo", name]) for name in assets]
        result = made.execute_in_process(
            instance=self.instance,
            partition_key=self.today if day == "today" else day,
            run_config={**run_config(mode, **settings), **QUIET} if day else QUIET,  # type: ignore[arg-type]
            asset_selection=chosen or None,
            raise_on_error=False,
        )
        return _read(result)

    def inbound(self, mode: str = "new", **more: Any) -> Run:
        return self.run("exact_cleo_inbound", mode, **more)

    def outbound(self, mode: str = "new", **more: Any) -> Run:
        return self.run("exact_cleo_outbound", mode, **more)

    def plain(self, job: str) -> Run:
        """A job without partitions."""
        return self.run(job, day=None)

    def written(self) -> dict[str, int]:
        """Rows of every table that documents' work writes."""
        with self.scene.deployment.ledger.read() as tx:
            return {
                table.name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in WRITTEN
            }

    def positions(self) -> Mapping[str, str]:
        with self.scene.deployment.ledger.read() as tx:
            return {row.name: row.value for row in tx.execute(sa.select(position))}

    @contextmanager
    def connector(self) -> Iterator[ConnectorResource]:
        """The resource as a sensor tick has it."""
        resource = ConnectorResource(config_path=str(self.scene.bench.config))
        with resource.yield_for_execution(dg.build_init_resource_context()) as opened:
            yield opened

    def tick(self, name: str, cursor: str | None = None) -> Any:
        """What the daemon would see of a sensor's tick."""
        sensor = next(one for one in self.definitions.sensors or () if one.name == name)
        resources = {"connector": ConnectorResource(config_path=str(self.scene.bench.config))}
        with dg.build_sensor_context(
            instance=self.instance, cursor=cursor, definitions=self.definitions, resources=resources
        ) as context:
            return sensor.evaluate_tick(context)  # type: ignore[union-attr]


def _read(result: dg.ExecuteInProcessResult) -> Run:
    run = Run(result)
    for one in result.all_events:
        made = told_of(one)
        if made is not None:
            values = {name: getattr(value, "value", value) for name, value in made.metadata.items()}
            run.assets[made.asset_key.path[-1]] = values
        if one.event_type_value == "ASSET_CHECK_EVALUATION":
            check = one.event_specific_data
            assert isinstance(check, dg.AssetCheckEvaluation)
            run.checks[(check.asset_key.path[-1], check.check_name)] = check
    return run


@contextmanager
def open_stage(home: Path, instance: dg.DagsterInstance, **options: Any) -> Iterator[Stage]:
    changes = {"orchestration": {"start_date": START}, **options.pop("changes", {})}
    with scene(home, changes=changes, **options) as made:
        yield Stage(made, build_defs(made.bench.config), instance)
