"""The daily partitions of documents: the UTC date of a document's first ledger row, never changed afterwards."""

from collections.abc import Iterable
from datetime import date

import dagster as dg


def daily(start_date: str) -> dg.DailyPartitionsDefinition:
    """Days in UTC up to and including today: without end_offset today's partition would not exist."""
    return dg.DailyPartitionsDefinition(start_date=start_date, timezone="UTC", end_offset=1)


def newest_key(partitions: dg.DailyPartitionsDefinition) -> str:
    """Today's partition key."""
    newest = partitions.get_last_partition_key()
    if newest is None:
        raise ValueError("orchestration.start_date lies ahead: there is no partition yet")
    return newest


def days(keys: Iterable[str]) -> tuple[date, ...]:
    """The days of partition keys."""
    return tuple(date.fromisoformat(key) for key in keys)
