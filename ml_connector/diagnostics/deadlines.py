"""What partners want to have from us by a deadline: told by `check` while it nears, and once it has passed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ml_connector.config.partners import Partner
from ml_connector.flows import registry
from ml_connector.flows.order_acks_out.spec import FLOW as ORDER_ACKS
from ml_connector.flows.shipments_out.spec import FLOW as SHIPMENTS
from ml_connector.ledger.search import owed
from ml_connector.systems.results import CheckLevel, CheckResult, Mender

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

#: Documents that a finding names.
NAMED = 5


def check_deadlines(deployment: "Deployment", integration: str) -> Iterator[CheckResult]:
    """A finding for each partner that waits, and for deadlines of what it is never sent. Makes no call."""
    partners = [one for one in deployment.loaded.partners[integration].values() if one.deadlines.named]
    if not partners:
        return
    on = {flow.name for flow in registry.flows_of(deployment.loaded.integration(integration).flows).on}
    for partner in partners:
        yield from _never_sent(integration, partner, on)
    now = deployment.clock.now()
    with deployment.ledger.read() as tx:
        rows = owed.owed(tx, now + timedelta(hours=max(one.deadlines.warn_hours for one in partners)), integration)
    waiting = 0
    for partner in partners:
        soon = now + timedelta(hours=partner.deadlines.warn_hours)
        own = [row for row in rows if row.partner == partner.name and row.due_at is not None and row.due_at <= soon]
        if own:
            waiting += len(own)
            past = sum(row.due_at is not None and row.due_at <= now for row in own)
            named = ", ".join(f"{owed.owed_kind(row.kind).replace('_', ' ')} {row.number}" for row in own[:NAMED])
            message = f"{partner.name} waits for {len(own)} document(s), {past} past the deadline: {named}"
            remedy = "`ml-connector documents due` shows them, and what holds each."
            yield CheckResult(integration, "deadlines", CheckLevel.WARN, message, remedy, Mender.TIME)
    if not waiting:
        yield CheckResult(integration, "deadlines", CheckLevel.GOOD, "nothing is near a deadline")


def _never_sent(integration: str, partner: Partner, on: set[str]) -> Iterator[CheckResult]:
    rules = partner.deadlines
    for name, flow, key, sent in (
        ("order_acknowledgment", ORDER_ACKS.name, "order_acks", partner.takes_order_acks),
        ("ship_notice", SHIPMENTS.name, "shipments", partner.takes_shipments),
    ):
        if getattr(rules, name) is not None and not (sent and flow in on):
            message = f"{partner.name} has deadlines.{name}, and is sent none"
            remedy = (
                f"Name the flow {flow} in the integration and write `{key}: {{send: true}}` into the partner's file;"
            )
            yield CheckResult(integration, "deadlines", CheckLevel.WARN, message, f"{remedy} or take the deadline out.")
