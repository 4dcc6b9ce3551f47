"""Dagster's SQLite storage in the process of tests: it makes an engine anew for every event and reads its migrations
anew for every run; here it keeps both. What it writes is the same.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa

from ml_connector_tests.support import clocks


@cache
def keep_our_time() -> None:
    """Its partitions are days of the moving clocks of tests (support/clocks.py): today's is the ledger's today."""
    from dagster._core.definitions.partitions import context

    context.get_current_datetime = clocks.now  # type: ignore[assignment]


@cache
def keep_engines() -> None:
    from alembic.script import ScriptDirectory
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

    made: dict[str, sa.Engine] = {}

    def engine(url: str, **options: Any) -> sa.Engine:
        """One for each file. They hold no connections (NullPool)."""
        if url not in made:
            made[url] = sa.create_engine(url, **options)
        return made[url]

    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        module.create_engine = engine  # type: ignore[attr-defined]

    known: dict[str, ScriptDirectory] = {}

    def scripts(config: Any) -> ScriptDirectory:
        """One for each storage, with the revisions it has loaded."""
        place = f"{config.get_main_option('script_location')} {config.get_main_option('version_locations')}"
        if place not in known:
            known[place] = from_config(config)
        return known[place]

    from_config = ScriptDirectory.from_config
    ScriptDirectory.from_config = scripts  # type: ignore[method-assign,assignment]
