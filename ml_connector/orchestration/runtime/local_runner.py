"""Runs jobs of the code location in this process, against the deployment's Dagster instance.

So that `sync` and `replay` are the same work as in the UI: same assets, same checks, same run history.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from ml_connector import errors, stopping
from ml_connector.composition import CONFIG_VARIABLE, Deployment
from ml_connector.errors import ConfigError, ConnectorError, Stopped

if TYPE_CHECKING:
    from dagster_shared.error import SerializableErrorInfo


@dataclass
class RunOutcome:
    """One run: by asset what its steps counted, noted, and the first hundred documents."""

    job: str
    run_id: str
    success: bool
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    #: Whether it works on a channel: then without assets another run was at it.
    has_channel: bool = True

    def count(self, name: str) -> int:
        return sum(asset["counts"].get(name, 0) for asset in self.assets.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "run_id": self.run_id,
            "success": self.success,
            "assets": self.assets,
            "problems": [{"kind": kind, "message": message} for kind, message in self.problems],
        }


def prepare_dagster_home(deployment: Deployment) -> Path:
    """Where Dagster's instance is: DAGSTER_HOME, else `dagster` in the deployment's home folder.

    A new one gets the dagster.yaml that stands beside the configuration, or one that only switches telemetry off.
    """
    named = os.environ.get("DAGSTER_HOME")
    home = Path(named) if named else deployment.loaded.home / "dagster"
    with _storage_told(home):
        home.mkdir(parents=True, exist_ok=True)
        settings = home / "dagster.yaml"
        template = deployment.loaded.path.parent / "dagster.yaml"
        if not settings.exists() and template.is_file():
            shutil.copy(template, settings)
        elif not settings.exists():
            settings.write_text("telemetry:\n  enabled: false\n", encoding="ascii")
    os.environ["DAGSTER_HOME"] = str(home.absolute())
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    return home


@contextmanager
def _storage_told(home: Path) -> Iterator[None]:
    """The cause and the remedy where Dagster cannot keep its runs; the ledger's own troubles are told by the ledger."""
    try:
        yield
    except ConnectorError:
        raise
    except Exception as error:
        told = _of_storage(error, f"Dagster's storage in {home}")
        if told is None:
            raise
        raise told from error


def _of_storage(error: BaseException, what: str) -> ConnectorError | None:
    from ml_connector.ledger.database import faults

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectorError):
            return cause
        if isinstance(cause, OSError) and faults.is_about_room(cause):
            return faults.of_system(cause, str(cause.filename or what))
        if isinstance(cause, Exception) and (told := faults.of_database(cause, what)) is not None:
            return told
        cause = cause.__cause__ or cause.__context__
    return None


class JobRunner:
    """The code location's jobs, loaded once. config: the configuration file they are built from."""

    def __init__(self, config: Path, *, debug: bool = False) -> None:
        os.environ[CONFIG_VARIABLE] = str(config.absolute())
        self._debug = debug
        self._definitions = _definitions()

    def run(
        self,
        integration: str,
        direction: str,
        *,
        day: str | None,
        settings: Mapping[str, Any],
        assets: Iterable[str] = (),
    ) -> RunOutcome:
        """Run an integration's job of a direction. day: its partition (None: the newest). assets: only these.

        Raises:
            ConfigError: the direction is switched off, or the day is no partition.
            TryAgain: Dagster's storage cannot be used.
        """
        name = f"{integration}_{direction}"
        job = self._job(name)
        key = self._partition(job, day)
        known = set(job.asset_layer.executable_asset_keys)
        chosen = [dg.AssetKey([integration, asset]) for asset in dict.fromkeys(assets)]
        chosen = [asset for asset in chosen if asset in known]
        return self._executed(job, settings, partition_key=key, asset_selection=chosen or None)

    def run_scheduled(self, name: str) -> RunOutcome:
        """Run a job that has no partitions and works on no channel: reference tables, standing work, pruning."""
        outcome = self._executed(self._job(name), {})
        outcome.has_channel = False
        return outcome

    def _job(self, name: str) -> dg.JobDefinition:
        try:
            return self._definitions.resolve_job_def(name)
        except dg.DagsterInvalidSubsetError:
            raise ConfigError(f"There is no job {name}.", remedy="Switch its flows on.") from None

    def _executed(self, job: dg.JobDefinition, settings: Mapping[str, Any], **more: Any) -> RunOutcome:
        level = "INFO" if self._debug else "CRITICAL"
        config = {**settings, "loggers": {"console": {"config": {"log_level": level}}}}
        stopping.check()
        with _storage_told(Path(os.environ.get("DAGSTER_HOME", "")).absolute()), dg.DagsterInstance.get() as instance:
            result = job.execute_in_process(
                run_config=config,
                instance=instance,
                raise_on_error=False,
                tags={"ml_connector/started_by": "command line"},
                **more,
            )
        return _outcome(job.name, result)

    def _partition(self, job: dg.JobDefinition, day: str | None) -> str:
        partitions = job.partitions_def
        if partitions is None:
            raise ConfigError(f"{job.name} has no partitions.", remedy="Name a job of an integration.")
        newest = partitions.get_last_partition_key()
        key = day or newest
        if key is None or not partitions.has_partition_key(key):
            first = partitions.get_first_partition_key()
            raise ConfigError(f"{day} is not a partition.", remedy=f"Give a day from {first} to {newest} (UTC).")
        return str(key)


def _definitions() -> dg.Definitions:
    from ml_connector.definitions import defs

    definitions: dg.Definitions = defs()
    return definitions


def _outcome(name: str, result: dg.ExecuteInProcessResult) -> RunOutcome:
    outcome = RunOutcome(name, result.run_id, result.success)
    for event in result.all_events:
        made = told_of(event)
        if made is not None:
            outcome.assets[str(made.asset_key.to_user_string())] = facts_of(made.metadata)
    for event in result.all_events:
        if event.is_step_failure:
            outcome.problems.append(_problem(event))
    if not result.success and not outcome.problems:
        outcome.problems.append(_before_any_step(name, result))
    if not result.success and stopping.asked():
        outcome.problems = [(Stopped.__name__, str(Stopped()))]
    return outcome


def told_of(event: dg.DagsterEvent) -> dg.AssetMaterialization | dg.AssetObservation | None:
    """What a run tells of an asset: its materialization, or the observation of a dry run."""
    if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
        return event.step_materialization_data.materialization
    if event.event_type is dg.DagsterEventType.ASSET_OBSERVATION:
        return event.asset_observation_data.asset_observation
    return None


def _before_any_step(name: str, result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    """Why a run failed that no step of failed, as where the ledger could not be opened."""
    for event in result.all_events:
        if event.is_job_failure and (ours := _ours(event.job_failure_data.error)) is not None:
            return ours
    return "Failure", f"{name}: the run failed before its first step. Run the command with --debug to see more."


def _problem(event: dg.DagsterEvent) -> tuple[str, str]:
    """What failed: our own sentence where the error is one of ours, else the error's name."""
    data = event.step_failure_data
    told = data.user_failure_data
    if told is not None and told.description:
        kind = told.metadata.get("kind") if told.metadata else None
        return str(kind.value if kind is not None else "Failure"), str(told.description)
    if (ours := _ours(data.error)) is not None:
        return ours
    error = data.error.cause or data.error if data.error is not None else None
    name = error.cls_name if error is not None and error.cls_name else "unknown error"
    return name, f"Step {event.step_key} failed: {name}. Run the command with --debug to see more."


def _ours(error: "SerializableErrorInfo | None") -> tuple[str, str] | None:
    """Kind and sentence of the outermost error of ours in a chain. Dagster keeps errors as texts."""
    while error is not None:
        known = getattr(errors, error.cls_name or "", None)
        if isinstance(known, type) and issubclass(known, ConnectorError):
            return known.__name__, error.message.strip().removeprefix(f"{known.__module__}.{known.__name__}: ")
        error = error.cause or error.context
    return None


def facts_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """An asset's metadata as plain values: counts of this run, notes, documents."""
    counts: dict[str, int] = {}
    documents: list[dict[str, Any]] = []
    notes: list[str] = []
    for name, entry in metadata.items():
        kind = type(entry).__name__
        if kind == "IntMetadataValue" and not name.startswith(("partition_", "dagster/")):
            counts[name] = entry.value
        elif kind == "TableMetadataValue" and name == "documents":
            documents = [dict(record.data) for record in entry.records]
        elif name == "notes":
            notes = [line.removeprefix("- ") for line in str(entry.value).splitlines()]
    return {"counts": counts, "notes": notes, "documents": documents}
