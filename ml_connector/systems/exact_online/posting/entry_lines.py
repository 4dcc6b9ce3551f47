"""Accounts and dimensions of a purchase entry that were decided elsewhere, line by line (`changed_lines`)."""

from typing import Any

from ml_connector.documents.payables.recodings import RecodedLine, Recoding
from ml_connector.flows.core.ports import PlannedOperation
from ml_connector.systems.exact_online.posting.changed_lines import Lines
from ml_connector.systems.exact_online.wire.entities import ENTRY_LINE
from ml_connector.systems.exact_online.wire.odata_literals import code, guid

ACCOUNT, COST_CENTER, COST_UNIT = "GLAccount", "CostCenter", "CostUnit"
ENTRY_LINES = Lines(ENTRY_LINE, {ACCOUNT: guid, COST_CENTER: code, COST_UNIT: code}, "the purchase entry")


def plan_recoding(recoding: Recoding, company: str) -> list[PlannedOperation]:
    """One write a line, of what it is to have otherwise."""
    return [ENTRY_LINES.plan(company, line.id, _changed(line), _was(line)) for line in recoding.lines]


def _changed(line: RecodedLine) -> dict[str, Any]:
    """An empty dimension is written as none."""
    made: dict[str, Any] = {}
    if line.account_id != line.was_account_id:
        made[ACCOUNT] = line.account_id
    if line.cost_center != line.was_cost_center:
        made[COST_CENTER] = line.cost_center or None
    if line.cost_unit != line.was_cost_unit:
        made[COST_UNIT] = line.cost_unit or None
    return made


def _was(line: RecodedLine) -> dict[str, Any]:
    return {ACCOUNT: line.was_account_id, COST_CENTER: line.was_cost_center, COST_UNIT: line.was_cost_unit}
