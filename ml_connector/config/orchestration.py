"""How often Dagster looks, and what it keeps."""

import re

from pydantic import Field, field_validator

from ml_connector.config.base import Settings, day_text

#: Minute, hour, day of month, month, day of week.
_CRON = re.compile(r"[0-9A-Za-z*,/-]+( +[0-9A-Za-z*,/-]+){4}")


class OrchestrationSettings(Settings):
    """Schedules and intervals of the Dagster part. The sensors' interval stands with each integration."""

    start_date: str = Field(
        default="2026-01-01",
        min_length=1,
        description="First daily partition (UTC). Never change it in production: partitions are known by their keys",
    )
    reference_cron: str = Field(default="*/30 * * * *", description="When reference tables are read")
    standing_cron: str = Field(
        default="*/10 * * * *", description="When overdue answers, alerts, chain heads and tokens are looked after"
    )
    prune_cron: str = Field(default="30 3 * * *", description="When old Dagster runs are deleted")
    keep_runs_days: int = Field(
        default=30, ge=1, description="Older Dagster runs are deleted once the exported chain heads cover them"
    )
    keep_idle_runs_hours: int = Field(
        default=48,
        ge=1,
        description="The same for runs that only looked, of the jobs standing, prune and reference; the newest stays",
    )
    reaper_seconds: int = Field(default=5, ge=5, description="How often Dagster runs of dead workers are looked for")
    fresh_hours: float = Field(default=24, gt=0, description="A reference table read longer ago counts as stale")

    _day = field_validator("start_date", mode="before")(day_text)

    @field_validator("reference_cron", "standing_cron", "prune_cron")
    @classmethod
    def _cron(cls, value: str) -> str:
        """So far as it can be told without Dagster, whose code location would not load."""
        if not _CRON.fullmatch(value):
            raise ValueError('is not a cron line; write it with five fields, like "*/30 * * * *"')
        return value
