"""Step reports as asset metadata: counts as numbers that Dagster plots, documents as a table, notes as text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg

from ml_connector.flows.core.integration import StepReport
from ml_connector.ledger.database.store import Tx
from ml_connector.orchestration.runtime import ledger_metrics
from ml_connector.orchestration.runtime.data_versions import Rows
from ml_connector.orchestration.runtime.run_settings import RunSettings

SAMPLES = 100

Metadata = dict[str, Any]


def of_reports(reports: Sequence[StepReport], settings: RunSettings) -> Metadata:
    """What an asset's steps did, for its materialization."""
    counts: Counter[str] = Counter()
    by_day: dict[date, Counter[str]] = {}
    samples: list[dict[str, Any]] = []
    notes: list[str] = []
    for report in reports:
        counts.update(report.counts)
        for day, some in report.partitions.items():
            by_day.setdefault(day, Counter()).update(some)
        samples += [{"step": report.step, **sample} for sample in report.samples]
        notes += report.notes
    metadata: Metadata = {name: dg.MetadataValue.int(count) for name, count in sorted(counts.items())}
    steps = [
        {"step": report.step, "outcome": outcome, "count": count}
        for report in reports
        for outcome, count in sorted(report.counts.items())
        if count
    ]
    if steps:
        metadata["by_step"] = table(steps)
    metadata["mode"] = dg.MetadataValue.text("dry run" if settings.dry_run else settings.mode)
    if samples:
        metadata["documents"] = table(samples[:SAMPLES])
    if by_day:
        metadata["by_partition"] = by_partition(by_day)
    if notes:
        metadata["notes"] = dg.MetadataValue.md("\n".join(f"- {note}" for note in notes[:50]))
    return metadata


def days_of(reports: Iterable[StepReport]) -> set[date]:
    """Days whose documents were touched."""
    return {day for report in reports for day in report.partitions}


def by_partition(by_day: Mapping[date, Mapping[str, int]]) -> dg.TableMetadataValue:
    """Counts per partition: a run that takes whatever waits touches documents of several days."""
    rows = [
        {"partition": day.isoformat(), "outcome": outcome, "count": count}
        for day, counts in sorted(by_day.items())
        for outcome, count in sorted(counts.items())
    ]
    return table(rows)


def table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; columns in the order in which they first come, values as text or numbers."""
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    kinds = {name: _column_type([row.get(name) for row in rows]) for name in names}
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in kinds.items()])
    records = [dg.TableRecord({name: _cell(row.get(name), kinds[name]) for name in names}) for row in rows]
    return dg.MetadataValue.table(records, schema=schema)


def _column_type(values: Sequence[Any]) -> str:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        return "int"
    return "string"


def _cell(value: Any, kind: str) -> str | int | None:
    if value is None:
        return None
    return value if kind == "int" else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)[:300]


def of_days(tx: Tx, integration: str, rows: Rows, days: Sequence[date]) -> Metadata:
    """What these days hold now of what an asset shows: documents by state, money by what it is of and currency."""
    if rows.kinds:
        held = ledger_metrics.received(tx, integration, rows.kinds, on=days)
    elif rows.flow:
        held = ledger_metrics.of_flow(tx, integration, rows.flow, days)
    else:
        return {"dagster/partition_row_count": ledger_metrics.files_of(tx, integration, days)}
    shown: Metadata = {
        f"partition_{state}": dg.MetadataValue.int(count) for state, count in sorted(held.states.items())
    }
    shown["dagster/partition_row_count"] = held.count
    return shown | amounts(held.amounts)


def amounts(totals: Mapping[tuple[str, str], float]) -> Metadata:
    """Money by what it is of and currency. Dagster plots floats; the exact amounts stand in the ledger."""
    return {
        f"amount_{of}_{currency or 'without_currency'}": dg.MetadataValue.float(total)
        for (of, currency), total in sorted(totals.items())
    }
