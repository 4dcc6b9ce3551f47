"""Whether there is news of orders outside the ledger: cheap questions, asked before a run is started."""

from collections.abc import Iterator

from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.orders_out import order_taking, orders
from ml_connector.flows.orders_out.order_addressing import takers
from ml_connector.flows.orders_out.order_comparing import is_finished


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Webhook notices, orders that changed in the ERP (asked last, and only when `look`)."""
    settings = integration.settings.flows.orders_out
    if erp_usable and not settings.poll and orders.has_passed_unseen(integration):
        yield "orders that passed unseen"
    # Only our own company's notices are ours to handle; another division's must not start runs for ever.
    if settings.webhooks and erp_usable and integration.erp.company:
        with integration.ledger.read() as tx:
            notices = orders.waiting_notices(integration, tx)
        if notices:
            yield f"{len(notices)} webhook notice(s)"
    if look and settings.poll and orders_changed(integration):
        yield "orders changed in the ERP"


def orders_changed(integration: Integration) -> bool:
    """Whether the ERP has orders beyond the stored position, or some that the ledger's records do not show yet."""
    start = order_taking.start_day(integration, dry_run=True)
    cursor = orders.poll_position(integration, start)
    if cursor is None:
        return True
    batch = source_of(integration.erp, PURCHASE_ORDERS).changed(cursor)
    if batch.more or batch.cursor != cursor:
        return True
    # The poll reaches back over an overlap: what it brings again was read, unless it became visible late.
    vendors = takers(integration)
    known = order_taking.known_histories(integration, [source.document for source in batch.records])
    approved_only = integration.settings.flows.orders_out.approved_only
    return orders.deletions_wait(integration) or any(
        source.document.id not in known
        and not order_taking.is_too_old(source.document, start)
        and not is_finished(source.document)
        and source.document.supplier_code in vendors
        and not source.document.cancelled
        and (source.document.approved or not approved_only)
        for source in batch.records
    )
