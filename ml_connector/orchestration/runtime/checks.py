"""Asset checks. They count over the whole ledger, not over the batch that just ran: replaying a clean day cannot turn
a red check green.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa

from ml_connector.clock import Clock
from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.spec import AssetSpec, CheckSpec, Finding, FlowSet, FlowSpec, Look, load
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime.metadata import table
from ml_connector.orchestration.runtime.names import input_name, key

SAMPLES = 25

_c = document.c


@dataclass(frozen=True)
class LedgerCheck:
    """A standing question to the ledger, shown at an asset. It passes when nothing is found."""

    asset: dg.AssetKey
    name: str
    description: str
    look: Look
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN

    @property
    def spec(self) -> dg.AssetCheckSpec:
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=self.description)

    @property
    def output(self) -> str:
        """The output that Dagster expects for it in a graph."""
        return f"{input_name(self.asset)}_{self.name}"


def documents_where(
    flows: Sequence[str] = (),
    states: Sequence[S] = (),
    *,
    kinds: Sequence[DocumentKind] = (),
    reasons: Sequence[str] = (),
    since_days: int | None = None,
) -> Look:
    """Documents of these flows and kinds that stand in these states, for these reasons."""

    def look(tx: Tx, clock: Clock, integration: str) -> Finding:
        wanted = [_c.integration == integration, _c.state.in_([state.value for state in states])]
        if flows:
            wanted.append(_c.flow.in_(list(flows)))
        if kinds:
            wanted.append(_c.kind.in_([kind.value for kind in kinds]))
        if reasons:
            wanted.append(_c.reason.in_([str(reason) for reason in reasons]))
        if since_days is not None:
            # Few documents have a reason; most are in a state that is looked at by days.
            wanted[1] = unindexed(_c.state).in_([state.value for state in states])
            wanted.append(_c.partition_date >= clock.now().date() - timedelta(days=since_days))
        return _finding(tx, wanted)

    return look


def _finding(tx: Tx, wanted: Sequence[sa.ColumnElement[bool]]) -> Finding:
    by_reason = tx.execute(
        sa.select(_c.reason, sa.func.count(), sa.func.min(_c.created_at)).where(*wanted).group_by(_c.reason)
    ).all()
    count = sum(row[1] for row in by_reason)
    if not count:
        return Finding(0)
    oldest = min(row[2] for row in by_reason)
    facts: dict[str, Any] = {"oldest": oldest.isoformat(timespec="seconds")}
    facts |= {f"reason_{reason or 'none'}": number for reason, number, _ in by_reason}
    query = (
        sa.select(_c.id, _c.partner, _c.number, _c.state, _c.reason, _c.reason_detail, _c.partition_date)
        .where(*wanted)
        .order_by(_c.id)
        .limit(SAMPLES)
    )
    return Finding(count, [_sample(row) for row in tx.execute(query)], facts)


def _sample(row: Any) -> dict[str, Any]:
    detail = row.reason_detail or {}
    return {
        "document": row.id,
        "partner": row.partner,
        "number": row.number,
        "state": row.state,
        "reason": row.reason or "",
        "partition": row.partition_date.isoformat(),
        "message": detail.get("message", ""),
        "mend": detail.get("mend", ""),
    }


def ledger_check(integration: str, flow: FlowSpec, asset: AssetSpec, check: CheckSpec) -> LedgerCheck:
    """A check that a flow declares at one of its assets."""
    look = documents_where(
        check.flows or (flow.name,),
        check.states,
        kinds=check.kinds,
        reasons=check.reasons,
        since_days=check.since_days,
    )
    return LedgerCheck(
        key(integration, asset.name),
        check.name,
        check.text,
        load(check.look) if check.look else look,
        dg.AssetCheckSeverity.ERROR if check.error else dg.AssetCheckSeverity.WARN,
    )


def of_flows(integration: str, flows: FlowSet) -> list[LedgerCheck]:
    """The checks of the assets that an integration has: a flow that is switched off has none."""
    return [
        ledger_check(integration, flow, asset, check)
        for flow in flows.on
        for asset in flow.shown
        for check in asset.checks
    ]


def results(ledger: Ledger, integration: str, checks: Sequence[LedgerCheck]) -> list[dg.AssetCheckResult]:
    """Ask the ledger now."""
    answers: list[dg.AssetCheckResult] = []
    with ledger.read() as tx:
        for check in checks:
            found = check.look(tx, ledger.clock, integration)
            answers.append(
                dg.AssetCheckResult(
                    asset_key=check.asset,
                    check_name=check.name,
                    passed=found.count == 0,
                    severity=check.severity,
                    metadata=_shown(found),
                )
            )
    return answers


def _shown(found: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {"count": found.count, **found.facts}
    if found.rows:
        shown["documents"] = table(found.rows)
    return shown
