"""What a person or a sensor may set for one run: the mode, a dry run, partners, documents.

It is a resource and not op config, so that one place holds for all steps of a run, whatever is selected.
"""

from collections.abc import Sequence
from typing import Any, Literal

import dagster as dg
from pydantic import Field

Mode = Literal["replay", "new"]

RESOURCE = "run_settings"


class RunSettings(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Settings of one run. The defaults are the safe ones: a materialization by hand or by backfill is a replay."""

    mode: Mode = Field(
        default="replay",
        description=(
            "replay: the partition's unfinished documents go on, finished ones are confirmed without writing. "
            "new: everything that waits, whatever its partition; folders and the ERP are read (sensors ask for this)."
        ),
    )
    dry_run: bool = Field(default=False, description="Plan and tell, write nothing")
    partners: list[str] = Field(default_factory=list, description="Only documents of these partners")
    documents: list[int] = Field(default_factory=list, description="Only these documents, by their id in the ledger")
    actor: str = Field(default="dagster", max_length=120, description="Who asked; stands in the documents' events")


def run_config(
    mode: Mode = "replay",
    *,
    dry_run: bool = False,
    partners: Sequence[str] = (),
    documents: Sequence[int] = (),
    actor: str = "dagster",
) -> dict[str, Any]:
    """Run config for a job of this code location."""
    settings = {
        "mode": mode,
        "dry_run": dry_run,
        "partners": list(partners),
        "documents": list(documents),
        "actor": actor,
    }
    return {"resources": {RESOURCE: {"config": settings}}}
