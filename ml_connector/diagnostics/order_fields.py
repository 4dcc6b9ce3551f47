"""Which fields of the ERP's orders are filled and reach nobody: told by `check`, for nothing is lost without a word.

What has a place nowhere is told for all partners; what a partner's layout has no place for, for that partner. Makes no
call: looks at the open orders of the newest snapshot.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.layouts import Layout
from ml_connector.layouts.writing import left_out
from ml_connector.systems.results import CheckLevel, CheckResult

#: So many orders of a partner are tried.
MOST_TRIED = 50
#: Addresses of what the ERP's order says; the rest of an order is ours (who we are, what answer is wanted) or follows.
OF_THE_ORDER = re.compile(
    r"(order_type|notes|terms|contacts|references|allowances|dates|parties\[ST\]|parties\[SU\]\.contacts"
    r"|lines\[\d+\]\.(description|notes|dates|references|items))\b.*"
)


def unsent_fields(
    name: str,
    settings: IntegrationSettings,
    partners: Iterable[Partner],
    layouts: Mapping[str, Layout],
    book: ReferenceBook,
) -> Iterator[CheckResult]:
    """What the orders of our partners say that nobody gets."""
    if not settings.flows.orders_out.enabled:
        return
    by_vendor: dict[str, list[OpenOrder]] = {}
    for order in book.records(ReferenceTable.PURCHASE_ORDERS):
        by_vendor.setdefault(order.supplier_code, []).append(order)
    for partner in partners:
        orders = by_vendor.get(partner.vendor, []) if partner.takes_orders else []
        unsent = Counter(field for order in orders for field in order.unsent)
        if unsent:
            message = f"orders of {partner.name} leave without what the ERP says in {_listed(unsent)}"
            remedy = "It has no place in orders (docs/integrations/exact-order-fields.md): say it in notes or remarks."
            yield CheckResult(name, "order fields", CheckLevel.ADVICE, message, remedy)
        layout = layouts.get(partner.layouts.send.order)
        if layout is not None and (lost := _lost(orders[:MOST_TRIED], partner, layout, settings, book)):
            message = f"layout {layout.name} of {partner.name} has no place for {_listed(lost)}"
            remedy = "Give it a field in a layout of your own that `extends` this one, or agree that it is not needed."
            yield CheckResult(name, "order fields", CheckLevel.ADVICE, message, remedy)


def _lost(
    orders: Iterable[OpenOrder], partner: Partner, layout: Layout, settings: IntegrationSettings, book: ReferenceBook
) -> Counter[str]:
    """Addresses in orders that the layout leaves out, without the places of lines, and in how many orders."""
    tables = book.coding_tables()
    found: Counter[str] = Counter()
    for order in orders:
        content = attempt(partial(resolve_order, order, partner, settings, tables))
        if isinstance(content, NeedsCorrection):
            continue  # it would be held, and told as such
        lost = attempt(partial(lost_in, content, layout))
        if not isinstance(lost, NeedsCorrection):
            found.update(lost)
    return found


def lost_in(order: PurchaseOrder, layout: Layout) -> set[str]:
    """Addresses of what the ERP says in an order and the layout has no place for."""
    addresses = [address for address in left_out(order, layout) if OF_THE_ORDER.fullmatch(address)]
    return {re.sub(r"^lines\[\d+\]", "lines", re.sub(r"\[\d+\]$", "", address)) for address in addresses}


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{field} ({count} order{'s' * (count != 1)})" for field, count in sorted(counted.items()))
