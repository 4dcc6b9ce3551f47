"""Deletes old Dagster runs, but only those whose events the exported chain heads cover: the ledger comes first.

Runs that only looked go sooner: the standing work and reference tables run hundreds of times a day, and on SQLite each
run is a file of 192 kB. Dagster itself empties such a file and leaves it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage

from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import chain_head, event

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
BATCH = 100


@dataclass(frozen=True)
class Pruned:
    """deleted: runs gone. kept: runs that are old enough and not covered. why: what kept them."""

    deleted: int
    kept: int = 0
    why: str = ""


def prune_runs(
    instance: dg.DagsterInstance,
    ledger: Ledger,
    heads_file: Path,
    *,
    older_than: timedelta,
    limit: int = 2000,
    jobs: Sequence[str] = (),
) -> Pruned:
    """Delete finished runs older than that whose time the exported heads cover; at most `limit`, oldest first.

    jobs: only these jobs' runs that succeeded; the newest of each stays, whatever its age.
    """
    covered, why = covered_until(ledger, heads_file)
    if covered is None:
        return Pruned(0, why=why)
    before = min(datetime.now(UTC) - older_than, covered)
    deleted = kept = 0
    for chosen, spared in _chosen(instance, before, jobs):
        while deleted < limit:
            records = instance.get_run_records(chosen, limit=BATCH, ascending=True)
            over = [r for r in records if r.end_time is not None and r.end_time <= covered.timestamp()]
            done = [r.dagster_run.run_id for r in over if r.dagster_run.run_id != spared]
            for run_id in done:
                delete_run(instance, run_id)
            deleted += len(done)
            if len(done) < BATCH:
                kept += len(records) - len(over)
                break
    return Pruned(deleted, kept)


def _chosen(instance: dg.DagsterInstance, before: datetime, jobs: Sequence[str]) -> Iterator[tuple[dg.RunsFilter, str]]:
    """Which runs to look at, and the one of them that stays."""
    if not jobs:
        yield dg.RunsFilter(statuses=FINISHED, created_before=before), ""
    for job in jobs:
        newest = instance.get_runs(dg.RunsFilter(job_name=job), limit=1)
        succeeded = [dg.DagsterRunStatus.SUCCESS]
        chosen = dg.RunsFilter(job_name=job, statuses=succeeded, created_before=before)
        yield chosen, newest[0].run_id if newest else ""


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """A run with everything it left: captured output and, on SQLite, its file lie outside of Dagster's database."""
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    instance.delete_run(run_id)
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        _delete_file(Path(storage.path_for_shard(run_id)))


def _delete_file(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)


def delete_left_files(instance: dg.DagsterInstance, *, older_than: timedelta) -> int:
    """Delete the files of runs that were deleted without them (by earlier versions, or in the UI); how many."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return 0
    before = (datetime.now(UTC) - older_than).timestamp()
    folder = Path(storage.path_for_shard("index")).parent
    old = [path for path in folder.glob("*.db") if path.stem != "index" and _changed(path) < before]
    deleted = 0
    for start in range(0, len(old), BATCH):
        files = {path.stem: path for path in old[start : start + BATCH]}
        known = {run.run_id for run in instance.get_runs(dg.RunsFilter(run_ids=list(files)))}
        for run_id in files.keys() - known:
            _delete_file(files[run_id])
            deleted += 1
    return deleted


def _changed(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return float("inf")


def covered_until(ledger: Ledger, heads_file: Path) -> tuple[datetime | None, str]:
    """The moment up to which every event is in an exported head; None with the reason when nothing is safe.

    Where no event waits for the next export that is now: a quiet week exports nothing, and its runs showed nothing.
    """
    asked_at = datetime.now(UTC)
    with ledger.read() as tx:
        head = tx.execute(
            sa.select(chain_head.c.events, chain_head.c.hash).order_by(chain_head.c.id.desc()).limit(1)
        ).one_or_none()
        if head is None:
            return None, "no chain heads were exported yet"
        # Not by the index of moments, which leads through all events before those.
        first = sa.func.min(unindexed(event.c.at))
        beyond = tx.execute(sa.select(first).where(event.c.id > head.events)).scalar_one()
    if not _stands_in(heads_file, head.hash):
        return None, f"{heads_file.name} does not hold the newest exported head"
    return (beyond if beyond is not None else asked_at), ""


def _stands_in(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 65_536))
            return digest.encode() in file.read()
    except OSError:
        return False
