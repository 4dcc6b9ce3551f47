"""Changing the ledger's past behind its back, as somebody with the database's password could."""

from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import document, event
from ml_connector.ledger.work import events


def rewrite(ledger: Ledger, statement: sa.Executable | str, values: Any = None) -> None:
    """Run a statement with the append-only triggers out of the way."""
    with ledger.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for table in ("event", "seal"):
                for verb in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        if isinstance(statement, str):
            statement = sa.text(statement)
        connection.execute(statement, values or {})


def forge(ledger: Ledger, document_id: int, action: str) -> None:
    """Rewrite a document's last event and make every hash fit again."""
    with ledger.read() as tx:
        *earlier, last = events.history(tx, document_id)
    previous = earlier[-1].hash if earlier else ""
    by = events.Actor(last.actor, last.run_id, last.asset)
    value = events.chained(
        previous,
        document_id=document_id,
        seq=last.seq,
        at=last.at,
        action=action,
        state=last.state,
        by=by,
        detail=last.detail,
        evidence=last.evidence,
    )
    rewrite(ledger, sa.update(event).where(event.c.id == last.id).values(action=action, hash=value))
    rewrite(ledger, sa.update(document).where(document.c.id == document_id).values(head_hash=value))
