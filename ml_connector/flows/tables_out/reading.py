"""Rows that are new, or say something else than the network was told, become documents."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from ml_connector.documents.common import Direction
from ml_connector.documents.json import dump
from ml_connector.errors import TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.payables.partner import network_partner
from ml_connector.flows.tables_out.telling import R, Said, TableTelling
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.work import documents, earlier
from ml_connector.ledger.work.documents import Move, NewDocument
from ml_connector.ledger.work.earlier import ToldRow
from ml_connector.ledger.work.states import DocumentState as S

#: In a document's `work`: the row is not there any more.
GONE = json.dumps({"gone": True})
#: The network has it, or it goes there: what is told next is told by its outcome.
_UNDER_WAY = frozenset({S.RESOLVED, S.SENDING, S.UNKNOWN_OUTCOME})
_WAITS = frozenset({S.READ, S.QUARANTINED})


def is_gone(work: str | None) -> bool:
    """Whether a document tells of a row that is not there any more."""
    return bool(json.loads(work or "{}").get("gone"))


def read(integration: Integration, work: RunScope, telling: TableTelling[R]) -> StepReport:
    """A document for each record that is to be told. Nothing is looked at while nothing has changed.

    Raises:
        TryAgain: another worker tells of the same records at this moment.
    """
    report = StepReport(f"look for changes of {telling.what}")
    seen = _seen(integration, telling)
    if work.replay or seen is None or _looked_at(integration, telling) == seen:
        return report
    with integration.ledger.read() as tx:
        known = earlier.newest_told(tx, integration.books, telling.flow, integration.name)
    said = {one.key: one for one in telling.said(integration)}
    new: list[NewDocument] = []
    moves: list[Move] = []
    whole = True
    for key, one in said.items():
        before = known.get(key)
        if before is not None and before.state in _UNDER_WAY:
            whole = False
        elif before is None or before.content_hash != one.content_hash or is_gone(before.work):
            _told(integration, telling, one, before, new, moves, report)
    for key, before in known.items():
        if key in said or is_gone(before.work) or before.state is S.DISCARDED:
            continue
        if before.state in _UNDER_WAY:
            whole = False
            continue
        _ended(integration, telling, before, new, moves, report)
    if not work.dry_run:
        with integration.ledger.write() as tx:
            if any(one.repeats is not None for one in documents.add_documents(tx, new, work)):
                # Nothing of the transaction is kept.
                raise TryAgain(f"Another worker was faster: it tells of {telling.what}.", after_seconds=5)
            documents.move(tx, moves, work)
            if whole:
                cursors.put(tx, _cursor(integration, telling), seen)
    return report


def news(integration: Integration, telling: TableTelling[R]) -> Iterator[str]:
    """Whether tables changed since they were looked at; the ledger alone is asked."""
    seen = _seen(integration, telling)
    if seen is not None and _looked_at(integration, telling) != seen:
        yield f"{telling.what} changed"


def _told(
    integration: Integration,
    telling: TableTelling[R],
    one: Said[R],
    before: ToldRow | None,
    new: list[NewDocument],
    moves: list[Move],
    report: StepReport,
) -> None:
    report.add("told", None, document=one.number)
    values: dict[str, Any] = {
        "canonical": dump(one.record),
        "content_hash": one.content_hash,
        "number": one.number[:80],
    }
    if before is not None and before.state in _WAITS:
        changes = {**values, "work": None, "next_attempt_at": integration.clock.now()}
        moves.append(Move(before.id, None, "changed before it was sent", changes=changes))
        return
    new.append(_document(integration, telling, one.key, before, values, None))


def _ended(
    integration: Integration,
    telling: TableTelling[R],
    before: ToldRow,
    new: list[NewDocument],
    moves: list[Move],
    report: StepReport,
) -> None:
    """Its row is not there any more."""
    if before.state in _WAITS:
        report.add("withdrawn", None, document=before.number)
        moves.append(
            Move(
                before.id, S.DISCARDED, "gone before it was sent", changes={"reason": "withdrawn", "content_hash": None}
            )
        )
        return
    with integration.ledger.read() as tx:
        (row,) = documents.get_many(tx, [before.id])
    text = dump(telling.ended(stored(row.kind, row.canonical, telling.model)))
    values = {"canonical": text, "content_hash": hashlib.sha256(text.encode()).hexdigest(), "number": before.number}
    report.add("gone", None, document=before.number)
    new.append(_document(integration, telling, before.source_id or "", before, values, GONE))


def _document(
    integration: Integration,
    telling: TableTelling[R],
    key: str,
    before: ToldRow | None,
    values: dict[str, Any],
    work: str | None,
) -> NewDocument:
    revision = before.revision + 1 if before is not None else 0
    return NewDocument(
        kind=telling.kind,
        direction=Direction.OUT,
        flow=telling.flow,
        **integration.scope,
        **integration.party(network_partner(integration).name),
        revision=revision,
        business_key=integration.sent_key(telling.kind, f"{telling.flow}/{key}", revision),
        state=S.READ,
        source_id=key[:120],
        work=work,
        parent_id=before.id if before is not None else None,
        action="the table changed",
        **values,
    )


def _seen(integration: Integration, telling: TableTelling[R]) -> str | None:
    """The versions that there are, under which settings, on which day: codes end by themselves. None: never read."""
    erp = integration.erp
    with integration.ledger.read() as tx:
        found = {
            one: snapshots.latest_version(tx, erp.connection, erp.company, one) for one in telling.tables(integration)
        }
    if not all(found.values()):
        return None
    rules = hashlib.sha256(telling.settings_text(integration).encode()).hexdigest()[:16]
    return json.dumps([found, rules, integration.clock.now().date().isoformat()], sort_keys=True)


def _looked_at(integration: Integration, telling: TableTelling[R]) -> str | None:
    with integration.ledger.read() as tx:
        return cursors.get(tx, _cursor(integration, telling))


def _cursor(integration: Integration, telling: TableTelling[R]) -> str:
    return f"{integration.name}:{integration.erp.connection}:{integration.erp.company}:{telling.flow}:seen"
