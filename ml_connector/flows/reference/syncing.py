"""Keeping reference tables: read what changed, store a version when the content differs."""

from dataclasses import dataclass
from typing import Any

from ml_connector.documents.records import stored_values
from ml_connector.documents.reference import ReferenceTable
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import Erp, table_of
from ml_connector.flows.core.quarantine import wake
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots


@dataclass(frozen=True)
class TableSync:
    """What one read of a table brought."""

    table: str
    version: int
    row_count: int
    changed: bool
    changes: dict[str, Any]
    calls: int


@dataclass(frozen=True)
class TableLook:
    """What a look at a table found. read: rows that the ERP gave from where the last read ended; before: rows of the
    version before the stored one, None where there was none.
    """

    version: int
    row_count: int
    before: int | None
    read: int
    calls: int


def look_at_table(ledger: Ledger, erp: Erp, table: str) -> TableLook:
    """Read a table as `sync_table` does, and store nothing."""
    with ledger.read() as tx:
        cursor = snapshots.cursor(tx, erp.connection, erp.company, table)
        versions = snapshots.versions(tx, erp.connection, erp.company, table, limit=2)
    read = table_of(erp, table).read(cursor)
    return TableLook(
        version=versions[0].version if versions else 0,
        row_count=versions[0].row_count if versions else 0,
        before=versions[1].row_count if len(versions) > 1 else None,
        read=len(read.rows),
        calls=read.calls,
    )


def sync_table(ledger: Ledger, erp: Erp, table: str) -> TableSync:
    """Read a table from where the last read ended and store a new version when its content changed."""
    with ledger.read() as tx:
        cursor = snapshots.cursor(tx, erp.connection, erp.company, table)
    read = table_of(erp, table).read(cursor)
    rows = [stored_values(row) for row in read.rows]
    with ledger.write() as tx:
        stored = snapshots.store(
            tx,
            erp.connection,
            erp.company,
            table,
            rows,
            complete=read.complete,
            removed=read.removed,
            cursor=read.cursor,
        )
        if stored.changed:
            wake(tx, erp.connection, erp.company, table)
    return TableSync(
        table=table,
        version=stored.version,
        row_count=stored.row_count,
        changed=stored.changed,
        changes=dict(stored.changes),
        calls=read.calls,
    )


def refresh_orders(integration: Integration) -> TableSync:
    """The open orders as they are now: once a batch, before matching (one call when nothing changed)."""
    return sync_table(integration.ledger, integration.erp, ReferenceTable.PURCHASE_ORDERS)


def warm_up(integration: Integration) -> None:
    """Read the tables that were never read, so that the first invoice is not held for want of them."""
    for table in integration.erp.tables:
        with integration.ledger.read() as tx:
            known = snapshots.latest_version(tx, integration.erp.connection, integration.erp.company, table)
        if known == 0:
            sync_table(integration.ledger, integration.erp, table)
