"""Deletes old Dagster runs, but only those whose events the exported chain heads cover: the ledger comes first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from ml_connector.ledger.store import Ledger
from ml_connector.ledger.tables import chain_head, event

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
BATCH = 100


@dataclass(frozen=True)
class Pruned:
    """deleted: runs gone. kept: runs that are old enough and not covered. why: what kept them."""

    deleted: int
    kept: int = 0
    why: str = ""


def prune_runs(
    instance: dg.DagsterInstance, ledger: Ledger, heads_file: Path, *, older_than: timedelta, limit: int = 2000
) -> Pruned:
    """Delete finished runs older than that whose time the exported heads cover; at most `limit`, oldest first."""
    before = datetime.now(UTC) - older_than
    covered, why = covered_until(ledger, heads_file)
    if covered is None:
        return Pruned(0, why=why)
    deleted = 0
    while deleted < limit:
        records = instance.get_run_records(
            dg.RunsFilter(statuses=FINISHED, created_before=min(before, covered)), limit=BATCH, ascending=True
        )
        done = [r for r in records if r.end_time is not None and r.end_time <= covered.timestamp()]
        for record in done:
            # The captured output lies outside of Dagster's database, and nothing else deletes it.
            instance.compute_log_manager.delete_logs(prefix=[record.dagster_run.run_id])
            instance.delete_run(record.dagster_run.run_id)
        deleted += len(done)
        if len(done) < BATCH:
            return Pruned(deleted, kept=len(records) - len(done))
    return Pruned(deleted)


def covered_until(ledger: Ledger, heads_file: Path) -> tuple[datetime | None, str]:
    """The moment up to which every event is in an exported head; None with the reason when nothing is safe."""
    with ledger.read() as tx:
        head = tx.execute(
            sa.select(chain_head.c.at, chain_head.c.events, chain_head.c.hash).order_by(chain_head.c.id.desc()).limit(1)
        ).one_or_none()
        if head is None:
            return None, "no chain heads were exported yet"
        beyond = tx.execute(sa.select(sa.func.min(event.c.at)).where(event.c.id > head.events)).scalar_one()
    if not _stands_in(heads_file, head.hash):
        return None, f"{heads_file.name} does not hold the newest exported head"
    return (min(head.at, beyond) if beyond is not None else head.at), ""


def _stands_in(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 65_536))
            return digest.encode() in file.read()
    except OSError:
        return False
