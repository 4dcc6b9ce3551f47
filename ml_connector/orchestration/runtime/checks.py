"""Asset checks. They count over the whole ledger, not over the batch that just ran: replaying a clean day cannot turn
a red check green.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa

from ml_connector.clock import Clock
from ml_connector.config.integrations import Integration as IntegrationSettings
from ml_connector.documents.common import DocumentKind
from ml_connector.errors import Reason
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime.metadata import table
from ml_connector.orchestration.runtime.names import input_name, key

SAMPLES = 25

UNMAPPED = (
    Reason.UNMAPPED_ACCOUNT,
    Reason.UNMAPPED_COST_CENTER,
    Reason.UNMAPPED_CHARGE,
    Reason.MISSING_VAT_CODE,
    Reason.INACTIVE_COST_CENTER,
    Reason.BLOCKED_ACCOUNT,
)
DUPLICATES = (Reason.DUPLICATE_INVOICE_NUMBER, Reason.REPEATED_CONTROL_NUMBER)
#: Answers of suppliers that a person has to act on (flows.acknowledgments).
ANSWERS_TO_ACT_ON = (
    "order_refused",
    "order_changed",
    "order_held",
    "order_partly_answered",
    "order_taken_back",
    "order_advised",
)
#: An answer that nobody acted on stays in the check so long; later the order's own state tells.
ANSWER_DAYS = 30

_c = document.c


@dataclass(frozen=True)
class Finding:
    """What a check found in the ledger."""

    count: int
    rows: Sequence[dict[str, Any]] = ()
    facts: dict[str, Any] = field(default_factory=dict)


Look = Callable[[Tx, Clock, str], Finding]


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


def control_totals(tx: Tx, clock: Clock, integration: str) -> Finding:  # noqa: ARG001 - as every look
    """Files = parsed + rejected + ..., sets = posted + held + ...: what does not add up, and where."""
    from ml_connector.ledger.search import queries

    totals = queries.control_totals(tx, integration)
    facts: dict[str, Any] = {f"files_{state}": count for state, count in totals.files.items()}
    for direction, buckets in totals.documents.items():
        facts |= {f"{direction}_{bucket}": count for bucket, count in buckets.items()}
    rows = [{"where": problem[:300]} for problem in totals.problems[:SAMPLES]]
    return Finding(len(totals.problems), rows, dict(sorted(facts.items())))


def of_integration(integration: str) -> list[LedgerCheck]:
    """All checks of an integration."""
    error = dg.AssetCheckSeverity.ERROR
    held, unknown = (S.QUARANTINED,), (S.UNKNOWN_OUTCOME,)
    confirmations = (
        DocumentKind.ORDER_ACKNOWLEDGMENT,
        DocumentKind.CHANGE_ACKNOWLEDGMENT,
        DocumentKind.APPLICATION_ADVICE,
    )
    answers = (DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT)

    def check(
        asset: str, name: str, text: str, look: Look, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    ) -> LedgerCheck:
        return LedgerCheck(key(integration, asset), name, text, look, severity)

    return [
        check(
            "received_files",
            "files_readable",
            "No received file or transaction set waits for a person because it cannot be read or is not handled.",
            documents_where(["unreadable"], held),
        ),
        check(
            "received_files",
            "control_totals",
            "Every received file and every transaction set is accounted for.",
            control_totals,
            error,
        ),
        check(
            "purchase_invoices",
            "quarantined",
            "No invoice is held for a person or for reference data.",
            documents_where(["invoices_in"], held),
        ),
        check(
            "purchase_invoices",
            "unmapped_codes",
            "No invoice is held for want of an account, a cost center, a charge or a VAT code.",
            documents_where(["invoices_in"], held, reasons=UNMAPPED),
        ),
        check(
            "purchase_invoices",
            "duplicates",
            "No invoice waits because its number or its interchange came before.",
            documents_where(["invoices_in"], held, reasons=DUPLICATES),
        ),
        check(
            "purchase_invoices",
            "unknown_outcome",
            "Of every invoice it is known whether the ERP has it.",
            documents_where(["invoices_in"], unknown),
            error,
        ),
        check(
            "goods_receipts",
            "quarantined",
            "No ship notice is held.",
            documents_where(["shipments_in"], held),
        ),
        check(
            "goods_receipts",
            "unknown_outcome",
            "Of every goods receipt it is known whether the ERP has it.",
            documents_where(["shipments_in"], unknown),
            error,
        ),
        check(
            "order_confirmations",
            "quarantined",
            "Every order acknowledgment (855) was recorded against its order.",
            documents_where(["acknowledgments_in"], held, kinds=confirmations),
        ),
        check(
            "order_confirmations",
            "needs_a_person",
            "No supplier's answer of the last 30 days refuses or changes an order.",
            documents_where(["acknowledgments_in"], (S.APPLIED,), reasons=ANSWERS_TO_ACT_ON, since_days=ANSWER_DAYS),
        ),
        check(
            "acknowledged_orders",
            "quarantined",
            "Every 997 was matched to what it answers.",
            documents_where(["acknowledgments_in"], held, kinds=answers),
        ),
        check(
            "acknowledged_orders",
            "refused",
            "No partner's 997 refused what we sent.",
            documents_where(["orders_out"], (S.REFUSED,)),
            error,
        ),
        check(
            "acknowledgments_sent",
            "unsent",
            "No 997 of ours is held or of unknown outcome.",
            documents_where(["acknowledgments_out"], (*held, *unknown)),
        ),
        check(
            "orders_850",
            "quarantined",
            "No order is held back.",
            documents_where(["orders_out"], held),
        ),
        check(
            "sent_orders",
            "overdue",
            "Every order that was sent is answered, or not due yet.",
            documents_where(["orders_out"], (S.OVERDUE,)),
        ),
        check(
            "sent_orders",
            "unknown_outcome",
            "Of every order it is known whether the network took it.",
            documents_where(["orders_out"], unknown),
            error,
        ),
    ]


def enabled(integration: str, settings: IntegrationSettings) -> list[LedgerCheck]:
    """The checks of the assets that this integration has: a flow that is switched off has none."""
    flows = settings.flows
    off: set[str] = set()
    if not flows.invoices_in.enabled:
        off |= {"purchase_invoices"}
    if not flows.shipments_in.enabled:
        off |= {"goods_receipts"}
    if not flows.acknowledgments_in.enabled:
        off |= {"order_confirmations", "acknowledged_orders"}
    if not flows.orders_out.enabled:
        off |= {"orders_850", "sent_orders"}
    return [check for check in of_integration(integration) if check.asset.path[-1] not in off]


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
