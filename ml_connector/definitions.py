"""The Dagster code location: built lazily from connections.yaml, and from nothing else."""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Read the configuration and compose. No network, no database."""
    from ml_connector import logs
    from ml_connector.orchestration.build import build_defs

    logs.configure("dagster")

    return build_defs()
