"""Asset checks. They ask the whole ledger, not the batch that just ran, and are evaluated by partition: what is held of
a day stands at that day, with a table of all days.

Dagster shows the newest evaluation at an asset, whatever its partition. So clean days are told first and days on which
something stands last: replaying a clean day cannot turn a red check green.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from ml_connector.clock import Clock
from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.spec import AssetSpec, CheckSpec, FlowSpec, LedgerFinding, Look, load
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime import pages
from ml_connector.orchestration.runtime.metadata import table
from ml_connector.orchestration.runtime.names import input_name, key

SAMPLES = 25
#: So many of the newest days on which something stands are told beside those that are asked for, and in the table.
RED_DAYS = 10
DAYS_SHOWN = 60

_c = document.c

#: The documents that a check is about, of an integration at a time.
Wanted = Callable[[Clock, str], list[sa.ColumnElement[bool]]]


@dataclass(frozen=True)
class LedgerCheck:
    """A standing question to the ledger, shown at an asset. It passes when nothing is found.

    wanted: documents, looked at day by day. look: a question about all that there is, asked as one.
    """

    asset: dg.AssetKey
    name: str
    description: str
    wanted: Wanted | None = None
    look: Look | None = None
    #: The integration and where the pages are, for a link to them.
    integration: str = ""
    pages: str = ""
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN

    @property
    def key(self) -> dg.AssetCheckKey:
        return dg.AssetCheckKey(self.asset, self.name)

    def spec(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
        """As Dagster knows it. partitions: of its asset."""
        by_day = partitions if self.wanted is not None else None
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=self.description, partitions_def=by_day)

    @property
    def output(self) -> str:
        """The output that Dagster expects for it in a graph."""
        return f"{input_name(self.asset)}_{self.name}"


@dataclass(frozen=True)
class Answer:
    """What a check found on a day; day: None for a question about all that there is."""

    check: LedgerCheck
    day: date | None
    found: LedgerFinding
    days: tuple[tuple[date, int], ...] = ()

    @property
    def passed(self) -> bool:
        return self.found.count == 0

    @property
    def partition(self) -> str | None:
        return self.day.isoformat() if self.day is not None else None

    @property
    def metadata(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"count": self.found.count, **self.found.facts}
        if self.day is not None:
            shown["count_of_all_days"] = sum(count for _, count in self.days)
        if not self.passed and self.day is not None:
            shown |= pages.documents(self.check.pages, self.check.integration, day=self.day)
        if self.found.rows:
            shown["documents"] = table(self.found.rows)
        if self.days:
            newest = self.days[-DAYS_SHOWN:]
            shown["by_day"] = table([{"partition": day.isoformat(), "count": count} for day, count in newest])
        return shown

    def evaluation(self, target: Target | None = None) -> dg.AssetCheckEvaluation:
        """As an event. target: the materialization that it is about; without it Dagster takes it for outdated."""
        return dg.AssetCheckEvaluation(
            asset_key=self.check.asset,
            check_name=self.check.name,
            passed=self.passed,
            severity=self.check.severity,
            metadata=self.metadata,
            target_materialization_data=target,
            partition=self.partition,
        )


def documents_where(
    flows: Sequence[str] = (),
    states: Sequence[S] = (),
    *,
    kinds: Sequence[DocumentKind] = (),
    reasons: Sequence[str] = (),
    since_days: int | None = None,
) -> Wanted:
    """Documents of these flows and kinds that stand in these states, for these reasons."""

    def wanted(clock: Clock, integration: str) -> list[sa.ColumnElement[bool]]:
        those = [_c.integration == integration, _c.state.in_([state.value for state in states])]
        if flows:
            those.append(_c.flow.in_(list(flows)))
        if kinds:
            those.append(_c.kind.in_([kind.value for kind in kinds]))
        if reasons:
            those.append(_c.reason.in_([str(reason) for reason in reasons]))
        if since_days is not None:
            # Few documents have a reason; most are in a state that is looked at by days.
            those[1] = unindexed(_c.state).in_([state.value for state in states])
            those.append(_c.partition_date >= clock.now().date() - timedelta(days=since_days))
        return those

    return wanted


def ask(
    ledger: Ledger, integration: str, checks: Sequence[LedgerCheck], days: Iterable[date], *, red: int = RED_DAYS
) -> list[Answer]:
    """Ask the ledger now: of these days, and of the newest `red` days on which something stands, those last."""
    answers: list[Answer] = []
    with ledger.read() as tx:
        for check in checks:
            if check.wanted is not None:
                wanted = check.wanted(ledger.clock, integration)
                answers += _by_day(tx, check, wanted, frozenset(days), red)
            elif check.look is not None:
                answers.append(Answer(check, None, check.look(tx, ledger.clock, integration)))
    return answers


def _by_day(
    tx: Tx, check: LedgerCheck, wanted: Sequence[sa.ColumnElement[bool]], days: frozenset[date], red: int
) -> list[Answer]:
    # Not by the index of days, which leads through all that was ever done: few documents stand so.
    on = unindexed(_c.partition_date)
    counted = sa.select(on.label("day"), sa.func.count()).where(*wanted).group_by(on)
    standing = dict(sorted((day, count) for day, count in tx.execute(counted)))
    table_of_days = tuple(standing.items())
    clean = [Answer(check, day, LedgerFinding(0), table_of_days) for day in sorted(days - standing.keys())]
    told = sorted((days & standing.keys()) | set(list(standing)[-red:] if red else ()))
    return clean + [Answer(check, day, _finding(tx, [*wanted, on == day]), table_of_days) for day in told]


def _finding(tx: Tx, wanted: Sequence[sa.ColumnElement[bool]]) -> LedgerFinding:
    by_reason = tx.execute(
        sa.select(_c.reason, sa.func.count(), sa.func.min(_c.created_at)).where(*wanted).group_by(_c.reason)
    ).all()
    count = sum(row[1] for row in by_reason)
    if not count:
        return LedgerFinding(0)
    oldest = min(row[2] for row in by_reason)
    facts: dict[str, Any] = {"oldest": oldest.isoformat(timespec="seconds")}
    facts |= {f"reason_{reason or 'none'}": number for reason, number, _ in by_reason}
    query = (
        sa.select(_c.id, _c.partner, _c.number, _c.state, _c.reason, _c.reason_detail, _c.partition_date)
        .where(*wanted)
        .order_by(_c.id)
        .limit(SAMPLES)
    )
    return LedgerFinding(count, [_sample(row) for row in tx.execute(query)], facts)


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


def ledger_check(
    integration: str, flow: FlowSpec, asset: AssetSpec, check: CheckSpec, address: str = ""
) -> LedgerCheck:
    """A check that a flow declares at one of its assets. address: of the pages."""
    wanted = documents_where(
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
        wanted=None if check.look else wanted,
        look=load(check.look) if check.look else None,
        integration=integration,
        pages=address,
        severity=dg.AssetCheckSeverity.ERROR if check.error else dg.AssetCheckSeverity.WARN,
    )


def of_flows(integration: str, flows: FlowSet, address: str = "") -> list[LedgerCheck]:
    """The checks of the assets that an integration has: a flow that is switched off has none."""
    return [
        ledger_check(integration, flow, asset, check, address)
        for flow in flows.on
        for asset in flow.shown
        for check in asset.checks
    ]
