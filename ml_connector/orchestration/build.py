"""Composes the code location from the configuration: structure only. No network, no ledger, no secret is touched."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from ml_connector.composition import Deployment, config_path
from ml_connector.config.loading import LoadedDeployment, load_deployment
from ml_connector.flows.core.spec import DIRECTIONS
from ml_connector.orchestration.assets.document_assets import build_document_assets
from ml_connector.orchestration.assets.external_assets import build_external_assets
from ml_connector.orchestration.assets.reference import build_reference_assets
from ml_connector.orchestration.jobs import jobs
from ml_connector.orchestration.jobs.dead_runs import reaper_sensor
from ml_connector.orchestration.jobs.maintenance_job import prune_job, run_failure_alert, standing_job
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.names import job_name, tables_of
from ml_connector.orchestration.runtime.partitions import daily
from ml_connector.orchestration.runtime.resource import RESOURCE, ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RESOURCE as SETTINGS
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.sensors.sensors import calendar_schedule, document_sensor

DeploymentFactory = Callable[[], Deployment]


def build_defs(
    config: Path | LoadedDeployment | None = None,
    *,
    deployment_factory: DeploymentFactory | None = None,
    resources: Mapping[str, Any] | None = None,
    running: bool = True,
) -> dg.Definitions:
    """Everything of this code location.

    config: the configuration file, or one loaded already; by default the one `composition.config_path` names.
    deployment_factory: makes the deployment that runs and ticks use, instead of opening `config`. resources: replace
    or add resources by name. running: whether sensors and schedules run from the start.

    Raises:
        ConfigError: the configuration is wrong.
    """
    loaded = config if isinstance(config, LoadedDeployment) else load_deployment(config or config_path())
    with warnings.catch_warnings():
        # backfill_policy and owners of jobs are beta in this release of Dagster (docs/decisions).
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        # Checks by partition are a preview in it.
        warnings.filterwarnings("ignore", category=dg.PreviewWarning)
        scenes = _scenes(loaded)
        return dg.Definitions(
            assets=_assets(loaded, scenes),
            jobs=_jobs(loaded, scenes),
            sensors=_sensors(loaded, scenes, running=running),
            schedules=_schedules(loaded, scenes, running=running),
            resources={
                RESOURCE: _connector(loaded, deployment_factory),
                SETTINGS: RunSettings.configure_at_launch(),
                **(resources or {}),
            },
            executor=dg.in_process_executor,
        )


def _connector(loaded: LoadedDeployment, factory: DeploymentFactory | None) -> ConnectorResource:
    path = str(loaded.path.absolute())
    if factory is None:
        return ConnectorResource(config_path=path)
    made = factory

    class GivenConnector(ConnectorResource):
        @contextmanager
        def opened(self) -> Iterator[Deployment]:
            with made() as deployment:
                yield deployment

    return GivenConnector(config_path=path)


def _scenes(loaded: LoadedDeployment) -> list[Scene]:
    partitions = daily(loaded.settings.orchestration.start_date)
    return [
        Scene(
            name,
            settings,
            loaded.connection(settings.erp),
            loaded.connection(settings.network),
            partitions,
            loaded.settings.web.public_url,
        )
        for name, settings in sorted(loaded.settings.integrations.items())
    ]


def erps(loaded: LoadedDeployment) -> list[str]:
    """Connections that are the ERP of an integration."""
    return sorted({settings.erp for settings in loaded.settings.integrations.values()})


def with_tables(loaded: LoadedDeployment) -> list[str]:
    """ERPs that have reference tables to read."""
    return [name for name in erps(loaded) if tables_of(loaded.connection(name))]


def _assets(loaded: LoadedDeployment, scenes: list[Scene]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = []
    for name in erps(loaded):
        assets += build_reference_assets(name, loaded.connection(name), loaded.settings.orchestration)
    for scene in scenes:
        assets += build_document_assets(scene)
    return assets + build_external_assets(scenes)


def _jobs(loaded: LoadedDeployment, scenes: list[Scene]) -> list[Any]:
    made: list[Any] = [jobs.reference_job(name, loaded.connection(name)) for name in with_tables(loaded)]
    for scene in scenes:
        made += [jobs.document_job(scene, one) for one in DIRECTIONS if scene.flows.running(one)]
    idle = ["standing", "prune", *(job_name(name, "reference") for name in with_tables(loaded))]
    return [*made, standing_job(scenes), prune_job(loaded.settings.orchestration, idle)]


def _sensors(loaded: LoadedDeployment, scenes: list[Scene], *, running: bool) -> list[dg.SensorDefinition]:
    status = dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
    made: list[dg.SensorDefinition] = []
    for scene in scenes:
        made += [document_sensor(scene, one, status=status) for one in DIRECTIONS if scene.flows.running(one)]
    reaper = reaper_sensor(loaded.settings.orchestration.reaper_seconds, status=status)
    return [*made, reaper, run_failure_alert(status=status)]


def _schedules(loaded: LoadedDeployment, scenes: list[Scene], *, running: bool) -> list[dg.ScheduleDefinition]:
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    settings = loaded.settings.orchestration
    crons = {job_name(name, "reference"): settings.reference_cron for name in with_tables(loaded)}
    crons |= {"standing": settings.standing_cron, "prune": settings.prune_cron}
    made = [
        dg.ScheduleDefinition(
            name=f"{job}_schedule", job_name=job, cron_schedule=cron, execution_timezone="UTC", default_status=status
        )
        for job, cron in crons.items()
    ]
    for scene in scenes:
        made += [calendar_schedule(scene, flow, status=status) for flow in scene.calendars]
    return made
