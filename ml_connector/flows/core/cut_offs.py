"""Flows whose documents leave at the cut-off times of a calendar: which those are, and when one was served last."""

from ml_connector.config.integrations import Flows, ProcurementCalendar
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.spec import OUTBOUND
from ml_connector.ledger.coordination import cursors


def calendars(flows: FlowSet, settings: Flows) -> dict[str, ProcurementCalendar]:
    """The calendars of the running flows that wait for cut-offs, by flow."""
    named = {flow.name: settings.named(flow.name).cut_offs for flow in flows.running(OUTBOUND)}
    return {name: calendar for name, calendar in named.items() if calendar is not None}


def note_served(integration: Integration, flow: str) -> None:
    """The flow has read what there is: a cut-off up to now is served."""
    with integration.ledger.write() as tx:
        cursors.put(tx, _position(integration, flow), integration.clock.now().isoformat())


def note_waiting(integration: Integration, flow: str) -> None:
    """The flow waits for its first cut-off: what comes into being from now on is its work (`reference.first_day`)."""
    if served(integration, flow) is None:
        note_served(integration, flow)


def served(integration: Integration, flow: str) -> str | None:
    """When the flow read last what there was, or when it began to wait for its first cut-off."""
    with integration.ledger.read() as tx:
        # Ledgers from before calendars stood by flow have one an integration.
        return cursors.get(tx, _position(integration, flow)) or cursors.get(tx, f"{integration.name}:cut_off")


def _position(integration: Integration, flow: str) -> str:
    return f"{integration.name}:cut_off:{flow}"
