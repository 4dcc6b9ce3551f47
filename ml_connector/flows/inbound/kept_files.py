"""What was received is kept and accounted for: a replay confirms it, the page of received files shows it."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from ml_connector.clock import Clock
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.spec import LedgerFinding
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files
from ml_connector.ledger.search.queries import control_totals as totals_of
from ml_connector.ledger.tables.documents import file

#: Problems that a check shows, and files that a page shows.
SAMPLES = 25
NEWEST = 100


def confirm_files(integration: Integration, work: RunScope) -> StepReport:
    """Replay of received files: the kept bytes of the partition's files still have their hashes. Reads no folder.

    Raises:
        WeAreWrong: kept bytes do not have the hash they were received with.
    """
    report = StepReport("confirm files")
    after = 0
    damaged: list[str] = []
    while not work.stopped():
        with integration.ledger.read() as tx:
            rows = _files_of(tx, integration.name, work, after)
            for row in rows:
                if row.pruned_at is not None:
                    report.add("pruned", row.partition_date)
                    continue
                intact = _has_its_hash(tx, row)
                report.add("confirmed" if intact else "damaged", row.partition_date)
                if not intact:
                    damaged.append(f"{row.name[:80]} (file {row.id})")
        if not rows:
            break
        after = rows[-1].id
    if damaged:
        raise WeAreWrong(
            f"The kept bytes of {len(damaged)} file(s) do not have their hash: {', '.join(damaged[:5])}.",
            remedy="Run `ml-connector ledger verify`; restore the ledger's database from its backup.",
        )
    return report


def _files_of(tx: Tx, integration: str, work: RunScope, after: int) -> list[files.FileRow]:
    states = ("stored", "parsed", "repeated", "rejected", "incomplete")
    return files.in_state(tx, integration, "in", states, partitions=work.partitions, after_id=after, limit=50)


def _has_its_hash(tx: Tx, row: files.FileRow) -> bool:
    digest = sha256()
    for part in files.stream_blob(tx, row.sha256):
        digest.update(part)
    return digest.hexdigest() == row.sha256


def newest_files(tx: Tx, integration: str, days: Sequence[date]) -> Mapping[str, list[dict[str, Any]]]:
    """Names and hashes of received files of these days, for a table."""
    c = file.c
    query = sa.select(c.id.label("file_id"), c.name, c.partner, c.size, c.sha256, c.state, c.channel)
    query = query.where(c.integration == integration, c.direction == "in")
    if days:
        query = query.where(c.partition_date.in_(days))
    return {"files": [dict(row._mapping) for row in tx.execute(query.order_by(c.id).limit(NEWEST))]}


def control_totals(tx: Tx, clock: Clock, integration: str) -> LedgerFinding:  # noqa: ARG001 - as every look
    """Files = parsed + rejected + ..., sets = posted + held + ...: what does not add up, and where."""
    totals = totals_of(tx, integration)
    facts: dict[str, Any] = {f"files_{state}": count for state, count in totals.files.items()}
    for direction, buckets in totals.documents.items():
        facts |= {f"{direction}_{bucket}": count for bucket, count in buckets.items()}
    rows = [{"where": problem[:300]} for problem in totals.problems[:SAMPLES]]
    return LedgerFinding(len(totals.problems), rows, dict(sorted(facts.items())))
