"""Whether the ERP has matched what was booked: it is asked for a while, and what stays open is listed for a person.

No call matches (exact-online 10.5): an entry that the ERP did not match by itself is finished there, by hand.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ml_connector.clock import Clock
from ml_connector.documents.common import changed
from ml_connector.documents.payables.settlements import OpenItem, Settlement
from ml_connector.documents.records import as_json
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import payments_of
from ml_connector.flows.core.spec import LedgerFinding
from ml_connector.flows.payments.spoken import settlement_of
from ml_connector.flows.payments_in.settings import PaymentsIn
from ml_connector.flows.payments_in.spec import FLOW
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: Documents that are looked at together, and that a check lists.
MOST = 1000
_d = document.c


def read_back(integration: Integration, work: RunScope) -> StepReport:
    """Read back the items of what was booked lately and is not known to be matched."""
    report = StepReport("read back payments")
    settings = integration.settings.flows.of(PaymentsIn)
    now = integration.clock.now()
    name = f"{integration.name}:{FLOW.name}:read_back"
    with integration.ledger.read() as tx:
        last = cursors.get(tx, name)
        since = now - timedelta(days=settings.read_back_days)
        rows = [] if _is_soon(last, now, settings) else _open(tx, integration.name, since)
    if not rows or work.dry_run:
        return report
    settlements = {row.id: settlement_of(row.work) for row in rows}
    bills = list(dict.fromkeys(line for one in settlements.values() for line in _bills(one)))
    items: dict[str, list[OpenItem]] = {}
    for item in payments_of(integration.erp).items_of(bills) if bills else ():
        items.setdefault(item.bill, []).append(item)
    moves = [move for row in rows for move in _told(row, settlements[row.id], items, report)]
    with integration.ledger.write() as tx:
        cursors.put(tx, name, now.isoformat())
        documents.move(tx, moves, work)
    return report


def _is_soon(last: str | None, now: datetime, settings: PaymentsIn) -> bool:
    asked = datetime.fromisoformat(last) if last else None
    return asked is not None and asked <= now < asked + timedelta(minutes=settings.read_back_minutes)


def _open(tx: Tx, integration: str, since: datetime) -> list[DocumentRow]:
    """What was booked since then and is not known to be matched whole."""
    query = (
        sa.select(_d.id, _d.work)
        .where(_d.flow == FLOW.name, _d.state == S.POSTED.value, _d.integration == integration)
        .where(_d.created_at >= since, _d.work.is_not(None))
        # What is matched whole is most of it, and is not read.
        .where(~_d.work.contains('"unmatched":[]', autoescape=True))
        .order_by(_d.id)
    )
    ids = [row.id for row in tx.execute(query) if settlement_of(row.work).unmatched != ()]
    return documents.get_many(tx, ids[:MOST])


def _bills(settlement: Settlement) -> Sequence[str]:
    return [line.bill for payment in settlement.payments for line in payment.lines if line.bill]


def _told(row: DocumentRow, settlement: Settlement, items: dict[str, list[OpenItem]], report: StepReport) -> list[Move]:
    """What is matched by now, and what is not: something is due no more, and the ERP still shows it as open.

    Of a part payment the rest is rightly open; what was taken back is open again.
    """
    unmatched = tuple(
        dict.fromkeys(
            line.number
            for payment in settlement.payments
            for line in payment.lines
            if line.amount > 0 and any(not one.settled and not one.due for one in items.get(line.bill, ()))
        )
    )
    report.counts["not_matched_in_erp" if unmatched else "matched_in_erp"] += 1
    if unmatched == settlement.unmatched:
        return []
    kept = {"work": as_json(changed(settlement, unmatched=unmatched))}
    if not unmatched:
        return [Move(row.id, None, "matched in the ERP", {}, changes=kept, release=False)]
    detail = {"invoices": list(unmatched), "mend": "Match the entry with the open items in the ERP by hand."}
    return [Move(row.id, None, "booked, and not matched by the ERP", detail, changes=kept, release=False)]


def unmatched(tx: Tx, clock: Clock, integration: str) -> LedgerFinding:
    """What the ERP has not matched: a person finishes it there."""
    since = clock.now() - timedelta(days=366)
    rows: list[dict[str, Any]] = []
    for row in _open(tx, integration, since):
        open_ = settlement_of(row.work).unmatched
        if open_:
            rows.append({"document": row.id, "number": row.number, "invoices": ", ".join(open_[:10])})
    return LedgerFinding(len(rows), rows[:100], {})
