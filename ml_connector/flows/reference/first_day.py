"""From which day on a flow sends what the ERP has: the setting, or the day it began, which is kept."""

from datetime import date, datetime

from ml_connector.flows.core import cut_offs
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.coordination import cursors


def first_day(integration: Integration, flow: str, setting: str | None, position: str, *, dry_run: bool) -> date:
    """What is dated before this day was settled before we came.

    A flow that waits for cut-offs began when it began to wait, which may be days before its first read.

    setting: an ISO date, or nothing. position: the name under which the flow keeps how far it has read.
    """
    if setting:
        return date.fromisoformat(setting)
    name = f"{position}:since"
    with integration.ledger.read() as tx:
        kept = cursors.get(tx, name)
    if kept is None:
        waited = cut_offs.served(integration, flow)
        began = datetime.fromisoformat(waited) if waited else integration.clock.now()
        # Documents are dated where the ERP stands: late in the evening of UTC its next day has begun.
        kept = began.astimezone(integration.erp.traits.zone).date().isoformat()
        if not dry_run:
            with integration.ledger.write() as tx:
                cursors.put(tx, name, kept)
    return date.fromisoformat(kept)
