"""The asset graph as data: keys, dependencies, groups, owners, kinds, checks, jobs, sensors, schedules.

The project's product is lineage: a renamed key or a lost dependency must show in review.
Update after a wanted change: `.venv/bin/python -m ml_connector_tests.orchestration.snapshot`.
"""

import json
from pathlib import Path
from typing import Any

import dagster as dg

ROOT = Path(__file__).parent.parent.parent
FILE = Path(__file__).with_name("asset_graph.json")


def describe(definitions: dg.Definitions) -> dict[str, Any]:
    """Everything about the code location that somebody outside may rely on."""
    graph = definitions.resolve_asset_graph()
    assets = {}
    for key in sorted(graph.get_all_asset_keys(), key=lambda one: one.path):
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "group": node.group_name,
            "owners": sorted(node.owners),
            "kinds": sorted(node.kinds),
            "tags": {name: value for name, value in sorted(node.tags.items()) if not name.startswith("dagster/kind")},
            "partitions": type(node.partitions_def).__name__ if node.partitions_def else None,
            "single_run": node.backfill_policy is not None,
            "external": node.is_external,
            "checks": sorted(check.name for check in node.check_keys),
            "described": bool(node.description),
        }
    jobs = {}
    for job in definitions.resolve_all_job_defs():
        if job.name.startswith("__"):
            continue
        jobs[job.name] = {
            "assets": sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys),
            "steps": sorted(str(handle) for handle in _leaves(job)),
            "tags": dict(sorted(job.tags.items())),
            "executor": job.executor_def.name,
        }
    return {
        "assets": assets,
        "jobs": dict(sorted(jobs.items())),
        "sensors": {
            sensor.name: {
                "status": sensor.default_status.value,  # type: ignore[union-attr]
                "interval": sensor.minimum_interval_seconds,  # type: ignore[union-attr]
            }
            for sensor in sorted(definitions.sensors or (), key=lambda one: one.name)
        },
        "schedules": {
            schedule.name: {"cron": schedule.cron_schedule, "status": schedule.default_status.value}  # type: ignore[union-attr]
            for schedule in sorted(definitions.schedules or (), key=lambda one: one.name)
        },
        "resources": sorted(definitions.resources or ()),
    }


def _leaves(job: dg.JobDefinition) -> list[Any]:
    return [handle for handle in job.graph.iterate_node_handles() if not _is_graph(job, handle)]


def _is_graph(job: dg.JobDefinition, handle: Any) -> bool:
    return isinstance(job.graph.get_node(handle).definition, dg.GraphDefinition)


def shipped() -> dg.Definitions:
    """The code location of the shipped configuration."""
    from ml_connector.orchestration.build import build_defs

    return build_defs(ROOT / "connections.yaml")


def main() -> None:
    FILE.write_text(json.dumps(describe(shipped()), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
