"""Reference tables that a scene of the same beginnings has read already, in this process.

A sandbox begins with the same rows every time; reading them is nearly half of what making a scene costs. The first
scene of a kind reads them as a deployment does (`warm_up`), the next ones begin with what it read.
"""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange.blobs import put_blobs, read_blob
from ml_connector.ledger.tables.documents import snapshot
from ml_connector.sandbox.server import Sandbox

_OWN = {"taken_at", "checked_at", "id"}
_COLUMNS = [column for column in snapshot.c if column.name not in _OWN]


@dataclass(frozen=True)
class _Tables:
    """Rows of `snapshot` without what is each ledger's own, and the contents they name."""

    rows: list[dict[str, object]]
    contents: list[bytes]


_KNOWN: dict[str, _Tables] = {}


def begin_warm(sandbox: Sandbox, deployment: Deployment, integration: Integration, kind: str = "") -> None:
    """All reference tables as a sandbox fresh from its seed has them; kind: what was done to it since.

    A ledger that has tables already reads what it lacks.
    """
    key = _kind(sandbox, deployment, integration, kind)
    with integration.ledger.write() as tx:
        begun = tx.execute(sa.select(sa.func.count()).select_from(snapshot)).scalar_one() > 0
        if not begun and key in _KNOWN:
            _put(tx, _KNOWN[key])
    warm_up(integration)
    if not begun and key not in _KNOWN:
        with integration.ledger.read() as tx:
            _KNOWN[key] = _taken(tx, integration)


def _kind(sandbox: Sandbox, deployment: Deployment, integration: Integration, kind: str) -> str:
    """What decides the tables: the sandbox's beginning, the connection's settings but its addresses, and the books."""
    connection = deployment.loaded.erp(integration.settings.erp)
    settings = connection.model_dump(mode="json", exclude={"base_url", "redirect_uri"})
    begun = (replace(sandbox.options, clock_file=None), settings, integration.erp.company)
    return f"{kind} {integration.erp.connection} {begun}"


def _put(tx: Tx, tables: _Tables) -> None:
    at = now(tx)
    put_blobs(tx, tables.contents)
    rows = [{**row, "taken_at": at, "checked_at": at} for row in tables.rows]
    seals.note(tx, "snapshot", tx.execute(sa.insert(snapshot).returning(snapshot.c.id), rows).scalars())


def _taken(tx: Tx, integration: Integration) -> _Tables:
    rows = [dict(row) for row in tx.execute(sa.select(*_COLUMNS)).mappings()]
    assert {row["table_name"] for row in rows} == {str(table) for table in integration.erp.tables}
    return _Tables(rows, [read_blob(tx, str(row["sha256"])) for row in rows])
