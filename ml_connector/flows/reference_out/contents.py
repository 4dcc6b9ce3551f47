"""What a partner is told of a table now: the whole of it, what changed since it was told last, or nothing."""

from collections.abc import Sequence
from typing import Any

from ml_connector.documents.master.tables import ReferenceData, Scope
from ml_connector.documents.records import names_of
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.reference.lookup import model_of
from ml_connector.flows.reference_out import rows
from ml_connector.flows.reference_out.history import History, Subscription, Told
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import snapshots


def content(
    integration: Integration, tx: Tx, one: Subscription, history: History, wanted: Told
) -> ReferenceData | None:
    """What a document tells that is to have this scope; None: the partner has it all.

    A table goes whole to whoever has nothing of it yet, or not the fields that it is to have now.

    Raises:
        NeedsCorrection: a field is to leave that the table does not have.
    """
    now = _load(integration, tx, one.table)
    if now is None:
        return None
    version, after_rows = now
    model = model_of(one.table)
    fields = rows.chosen(one.table, one.rule.fields, after_rows, names_of(model) if model else ())
    after = rows.by_code(one.table, fields, after_rows)
    has = history.has
    before = _rows_of(integration, tx, one, has, fields)
    if (
        wanted.asked
        or before is None
        or (wanted.scope == Scope.WHOLE and _whole_is_news(integration, tx, one, history, fields, after))
    ):
        if not after:
            return None
        return ReferenceData(
            number=one.table, scope=Scope.WHOLE, version=version, fields=fields, rows=rows.whole(after)
        )
    changed = rows.changes(before, after) if one.rule.changes else ()
    if not changed:
        return None
    since = has.version if has is not None else 0
    return ReferenceData(
        number=one.table, scope=Scope.CHANGES, version=version, since=since, fields=fields, rows=changed
    )


def _whole_is_news(
    integration: Integration, tx: Tx, one: Subscription, history: History, fields: tuple[str, ...], after: rows.ByCode
) -> bool:
    """Whether anything differs from the whole table that the partner was given last."""
    last = history.last_whole
    return last is None or _rows_of(integration, tx, one, last[0], fields) != after


def _rows_of(
    integration: Integration, tx: Tx, one: Subscription, told: Told | None, fields: tuple[str, ...]
) -> rows.ByCode | None:
    """The rows of the version that was told; None where other fields of it were, or nothing."""
    if told is None or told.fields != fields:
        return None
    stored = _load(integration, tx, one.table, told.version)
    return None if stored is None else rows.by_code(one.table, fields, stored[1])


def _load(
    integration: Integration, tx: Tx, table: str, version: int | None = None
) -> tuple[int, Sequence[dict[str, Any]]] | None:
    erp = integration.erp
    found = snapshots.load(tx, erp.connection, erp.company, table, version=version)
    return None if found is None else (found.version, found.rows)
