"""Flows by name: where each is declared. A declaration is imported when it is asked for, steps when they run."""

from typing import TYPE_CHECKING

from ml_connector.errors import ConfigError
from ml_connector.flows.core.flow_set import FlowSet
from ml_connector.flows.core.spec import FlowSpec, load

if TYPE_CHECKING:
    from ml_connector.config.integrations import Flows

#: What every integration has before its inbound flows: files are fetched and parsed. Nobody chooses it.
FILES = "ml_connector.flows.files_in.spec:FLOW"
#: The flows that come with the package, in the order of the business: receipts are posted before invoices are matched,
#: so that a notice and its invoice of one batch meet.
FLOWS = {
    "acknowledgments_in": "ml_connector.flows.acknowledgments_in.spec:FLOW",
    "shipments_in": "ml_connector.flows.shipments_in.spec:FLOW",
    "invoices_in": "ml_connector.flows.invoices_in.spec:FLOW",
    "coded_invoices_in": "ml_connector.flows.coded_invoices_in.spec:FLOW",
    "sales_orders_in": "ml_connector.flows.sales_orders_in.spec:FLOW",
    "purchase_orders_in": "ml_connector.flows.purchase_orders_in.spec:FLOW",
    "remittances_in": "ml_connector.flows.remittances_in.spec:FLOW",
    "vendors_in": "ml_connector.flows.vendors_in.spec:FLOW",
    "payments_in": "ml_connector.flows.payments_in.spec:FLOW",
    "acknowledgments_out": "ml_connector.flows.acknowledgments_out.spec:FLOW",
    "orders_out": "ml_connector.flows.orders_out.spec:FLOW",
    "order_acks_out": "ml_connector.flows.order_acks_out.spec:FLOW",
    "shipments_out": "ml_connector.flows.shipments_out.spec:FLOW",
    "vendors_out": "ml_connector.flows.vendors_out.spec:FLOW",
    "codes_out": "ml_connector.flows.codes_out.spec:FLOW",
    "reference_out": "ml_connector.flows.reference_out.spec:FLOW",
    "order_records_out": "ml_connector.flows.purchasing_out.spec:ORDERS",
    "receipt_records_out": "ml_connector.flows.purchasing_out.spec:RECEIPTS",
    "invoices_out": "ml_connector.flows.invoices_out.spec:FLOW",
    "sales_invoices_out": "ml_connector.flows.sales_invoices_out.spec:FLOW",
}
_added: dict[str, str] = {}


def names() -> list[str]:
    """Every flow that is known and can be chosen."""
    return [*FLOWS, *_added]


def add(name: str, place: str) -> None:
    """Make a flow of somebody else's package known (`flows:` in connections.yaml).

    Raises:
        ConfigError: the name is taken.
    """
    taken = FLOWS.get(name) or _added.get(name)
    if taken is not None and taken != place:
        raise ConfigError(f"flows.{name}: {name} is {taken} already.", remedy="Choose another name.")
    if name not in FLOWS:
        _added[name] = place


def forget_added() -> None:
    """Know only what comes with the package; for tests."""
    _added.clear()


def find(name: str) -> FlowSpec:
    """The flow of this name.

    Raises:
        ConfigError: it is not known, or where it should stand there is none.
    """
    place = FLOWS.get(name) or _added.get(name)
    if place is None:
        raise ConfigError(f"{name[:60]!r} is not a flow that is known.", remedy=f"Known are: {', '.join(names())}.")
    found = load(place)
    if not isinstance(found, FlowSpec) or found.name != name:
        called = found.name if isinstance(found, FlowSpec) else type(found).__name__
        raise ConfigError(f"flows.{name}: {place} calls itself {called}.", remedy=f"Name a FlowSpec called {name}.")
    return found


def every() -> tuple[FlowSpec, ...]:
    """All flows that are known, in the order of the business."""
    files: FlowSpec = load(FILES)
    return (files, *(find(name) for name in names()))


def shipped() -> FlowSet:
    """The flows that come with the package and are on where nobody names any."""
    flows = (find(name) for name in FLOWS)
    return FlowSet((load(FILES), *(flow for flow in flows if flow.by_default or not flow.settings)))


def flows_of(settings: "Flows") -> FlowSet:
    """The flows of an integration: those that it names, and those that are on without being named."""
    present = tuple(
        flow for flow in every() if not flow.settings or (flow.by_default or flow.name in settings.model_fields_set)
    )
    off = {flow.name for flow in present if not settings.named(flow.name).enabled}
    return FlowSet(present, frozenset(off))
