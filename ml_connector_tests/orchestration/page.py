"""What Dagster's pages are told: its GraphQL, answered in this process."""

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.schema import create_schema

LOCATION = "ml_connector"
_SCHEMA = create_schema()

NODES = """
query Nodes($key: [AssetKeyInput!]) {
  assetNodes(assetKeys: $key) {
    assetKey { path }
    isExecutable
    isPartitioned
    staleStatus
    partitionStats { numMaterialized numPartitions numFailed }
    requiredResources { resourceKey }
  }
}
"""
DAY = """
query Day($keys: [AssetKeyInput!], $day: String!) {
  assetNodes(assetKeys: $keys) {
      assetKey { path }
      staleStatus(partition: $day)
      staleCauses(partition: $day) { reason category dependency { path } }
      assetMaterializations(partitions: [$day], limit: 1) { runId }
      assetObservations(partitions: [$day], limit: 1) { runId }
      assetChecksOrError { ... on AssetChecks { checks {
        name
        partitionDefinition { description }
        executionForLatestMaterialization { status partition }
        partitionStatuses { ... on AssetCheckTimePartitionStatuses {
          ranges { status startKey endKey }
        } }
      } } }
  }
}
"""
SCHEMA_OF_CONFIG = """
query Config($selector: PipelineSelector!) {
  runConfigSchemaOrError(selector: $selector) { __typename ... on RunConfigSchema { allConfigTypes {
    ... on CompositeConfigType { key fields { name isRequired description } } } } }
}
"""


@dataclass
class Page:
    """A workspace over the code location."""

    process: WorkspaceProcessContext

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's data."""
        context = self.process.create_request_context()
        with dagsters_own():
            result = asyncio.run(_SCHEMA.execute_async(query, context_value=context, variable_values=variables))
        assert not result.errors, result.errors
        return result.data

    def nodes(self) -> dict[str, dict[str, Any]]:
        found = self.ask(NODES)["assetNodes"]
        return {"/".join(node["assetKey"]["path"]): node for node in found}

    def day(self, day: str, *assets: str) -> dict[str, dict[str, Any]]:
        """What is told of a day, by asset."""
        keys = [{"path": asset.split("/")} for asset in assets]
        found = self.ask(DAY, keys=keys, day=day)["assetNodes"]
        return {"/".join(node["assetKey"]["path"]): node for node in found}


def checks_of(node: dict[str, Any], day: str) -> dict[str, str]:
    """What stands at an asset's checks of a day; of those without partitions, what stands there."""
    answers = {}
    for check in node["assetChecksOrError"].get("checks", ()):
        if check["partitionDefinition"] is None:
            newest = check["executionForLatestMaterialization"]
            answers[check["name"]] = newest["status"] if newest else "MISSING"
            continue
        ranges = (check["partitionStatuses"] or {}).get("ranges", ())
        answers[check["name"]] = next(
            (one["status"] for one in ranges if one["startKey"] <= day <= one["endKey"]), "MISSING"
        )
    return answers


@contextmanager
def page(instance: dg.DagsterInstance) -> Iterator[Page]:
    """The code location as a web server has it. Its configuration is the one that the environment names."""
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name="ml_connector.definitions", attribute="defs"), location_name=LOCATION
    )
    # Only code servers, of which this has none, are told where the instance lies; one in memory lies nowhere.
    instance.get_ref = lambda: None  # type: ignore[method-assign, assignment, return-value]
    with dagsters_own():
        process = WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget([origin]))
    with process:
        yield Page(process)


@contextmanager
def dagsters_own() -> Iterator[None]:
    """Without the deprecations that Dagster finds in itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield
