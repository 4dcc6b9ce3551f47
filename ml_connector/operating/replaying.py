"""Replaying documents: what would be done, making them due, and the runs that do it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_connector.composition import Deployment
from ml_connector.documents.common import Direction
from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.spec import ANSWERS_FLOW, INBOUND, OUTBOUND
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow, Move
from ml_connector.ledger.work.states import FINISHED, STANDING, DocumentState

if TYPE_CHECKING:
    from ml_connector.orchestration.runtime.local_runner import RunOutcome

Company = Callable[[DocumentRow], str]
_HELD = frozenset(STANDING) - {DocumentState.REFUSED, DocumentState.OVERDUE}


def plan(rows: Sequence[DocumentRow], company: Company, *, refused_too: bool) -> list[dict[str, Any]]:
    """What a replay would do with each document. company: what to call theirs."""
    told = []
    for row, one in zip(rows, operator_actions.plan_replay(rows), strict=True):
        action = one.action
        if row.state is DocumentState.REFUSED and row.direction is Direction.OUT and not refused_too:
            action = "confirm: refused by the partner; name it by its id to send it again"
        if operator_actions.keyed_by_hand(row) and not refused_too:
            action = "confirm: the ERP has it; name it by its id to look for it again"
        told.append(
            {
                "id": row.id,
                "integration": row.integration,
                "company": company(row),
                "partner": row.partner,
                "number": row.number,
                "state": row.state,
                "action": action,
            }
        )
    return told


def prepare(deployment: Deployment, rows: Sequence[DocumentRow], *, who: str, why: str, refused_too: bool) -> None:
    """Make documents due now, and note in the ledger who asked and why.

    Raises:
        NotPossibleError: the configuration has the integration of one of them no more; nothing is done then.
    """
    work = RunScope(holder="", actor=who)
    gone = next((row for row in rows if row.integration not in deployment.integration_names), None)
    if gone is not None:
        raise operator_actions.of_gone(gone)
    for name, some in _by_integration(rows).items():
        open_ = [row for row in some if row.state not in FINISHED]
        refused = [
            row
            for row in some
            if refused_too and (row.state is DocumentState.REFUSED or operator_actions.keyed_by_hand(row))
        ]
        if why and open_:
            notes = [Move(row.id, None, "replay asked for", {"why": why}, release=False) for row in open_]
            with deployment.ledger.write() as tx:
                documents.move(tx, notes, work)
        operator_actions.prepare_replay(deployment.integration(name), work, [*open_, *refused])


def starts(
    config: Path,
    rows: Sequence[DocumentRow],
    *,
    days: Sequence[date] = (),
    partner: str = "",
    who: str,
    debug: bool = False,
) -> "list[Callable[[], RunOutcome]]":
    """The runs over these documents, to be begun one after another; with days, as materializing those partitions."""
    from ml_connector.orchestration.runtime.local_runner import JobRunner, prepare_dagster_home
    from ml_connector.orchestration.runtime.run_settings import run_config

    with Deployment.open(config) as deployment:
        prepare_dagster_home(deployment)
    runner = JobRunner(config, debug=debug)
    made: list[Callable[[], RunOutcome]] = []
    for name, some in _by_integration(rows).items():
        for direction, part in _by_direction(some).items():
            partners = [partner] if partner else []
            if days:
                settings = run_config("replay", partners=partners, actor=who)
                made += [partial(runner.run, name, direction, day=day.isoformat(), settings=settings) for day in days]
                continue
            settings = run_config("replay", documents=[row.id for row in part], actor=who)
            newest = max(row.partition_date for row in part)
            made.append(partial(runner.run, name, direction, day=newest.isoformat(), settings=settings))
    return made


def after(deployment: Deployment, rows: Sequence[DocumentRow], company: Company) -> list[dict[str, Any]]:
    """Where the documents stand now."""
    was = {row.id: row.state for row in rows}
    with deployment.ledger.read() as tx:
        now = documents.get_many(tx, list(was))
    return [
        {
            "id": row.id,
            "company": company(row),
            "partner": row.partner,
            "number": row.number,
            "was": was[row.id],
            "state": row.state,
            "reason": row.reason,
            "message": (row.reason_detail or {}).get("message", ""),
            "mend": (row.reason_detail or {}).get("mend", ""),
            "held": row.state in _HELD,
        }
        for row in now
    ]


def _by_integration(rows: Iterable[DocumentRow]) -> dict[str, list[DocumentRow]]:
    found: dict[str, list[DocumentRow]] = {}
    for row in rows:
        found.setdefault(row.integration, []).append(row)
    return found


def _by_direction(rows: Iterable[DocumentRow]) -> dict[str, list[DocumentRow]]:
    """Outbound first: what is sent now may be what an acknowledgment answers. Our 997s leave with the inbound job."""
    found: dict[str, list[DocumentRow]] = {OUTBOUND: [], INBOUND: []}
    for row in rows:
        out = row.direction is Direction.OUT and row.flow != ANSWERS_FLOW
        found[OUTBOUND if out else INBOUND].append(row)
    return {direction: some for direction, some in found.items() if some}
