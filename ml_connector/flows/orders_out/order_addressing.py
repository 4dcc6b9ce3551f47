"""Whom an order goes to now, and whether what was sent of it went there too.

What has not left yet goes to whom the configuration names now, whatever the partner was called when it was read. What
was sent to another is never sent whole again without a decision.
"""

from collections.abc import Sequence

from ml_connector.config.partners import Partner
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.strangers import check_role, stand_in, stranger
from ml_connector.flows.orders_out.order_comparing import same_supplier
from ml_connector.flows.orders_out.order_records import Reader
from ml_connector.flows.orders_out.order_revisions import record_of
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import envelopes
from ml_connector.ledger.work.documents import DocumentRow


def takers(integration: Integration) -> dict[str, Partner]:
    """Who gets the orders of a supplier, by its code in the ERP; a supplier has one (`config.conflicts`).

    A partner that is stopped by its file has its orders kept for it: they are held until the file is mended.
    """
    found = {
        problem.vendor: stand_in(problem)
        for problem in integration.problems
        if problem.may_be_supplier and problem.vendor
    }
    return found | {partner.vendor: partner for partner in integration.partners.values() if partner.takes_orders}


def addressee(integration: Integration, row: DocumentRow, order: OpenOrder) -> Partner:
    """Who gets a document that has not left yet.

    Raises:
        NeedsCorrection: no partner file sends the orders of its supplier, or the one that does is wrong.
    """
    partner = takers(integration).get(order.supplier_code)
    if partner is None:
        partner = integration.partner_of(row)  # its supplier has got another code since
    if partner is None:
        raise stranger(integration, row.partner)
    check_role(integration.flows, partner, row.flow)
    if not partner.orders.send:
        raise NeedsCorrection(
            Reason.UNKNOWN_PARTNER,
            f"{partner.name} gets no orders (orders.send: false), nor does another file of supplier {partner.vendor}.",
            remedy="Write the file that gets them, or discard the order here.",
            data={"partner": partner.name, "vendor": partner.vendor},
        )
    if partner.name not in integration.partners:
        raise stranger(integration, partner.name)
    return partner


def receivers(tx: Tx, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """The X12 identity that documents were sent to, by document; those that left as flat files have none."""
    found = envelopes.receivers(tx, [row.interchange_id for row in rows if row.interchange_id is not None])
    return {row.id: found.get(row.interchange_id or 0, "") for row in rows}


def known_to(partner: Partner, before: DocumentRow, receiver: str, order: OpenOrder, read: Reader) -> bool:
    """Whether what was sent of an order went to this partner, and the order is still of the supplier that it went to.

    By the identity that the bytes were addressed to, for names are labels. A flat file has none: by its account.
    """
    record = record_of(before, read)
    if record is not None and not same_supplier(record, order):
        return False
    if receiver:
        return receiver in partner.identity_keys
    return record is None or record.supplier_code == partner.vendor


def as_known(
    partner: Partner, before: DocumentRow | None, receiver: str, order: OpenOrder, read: Reader
) -> DocumentRow | None:
    """What the partner has of an order, by what was sent of it to whomever. None: it gets the whole order.

    Raises:
        NeedsCorrection: it went to somebody else, and nobody has decided what that means.
    """
    if before is None or known_to(partner, before, receiver, order, read):
        return before
    went = f"{before.partner} ({receiver})" if receiver else before.partner
    if partner.vendor != order.supplier_code:
        raise NeedsCorrection(
            Reason.ORDER_SENT_ELSEWHERE,
            f"Order {order.number} was sent to {went}; its supplier is {order.supplier_code} now, not a partner.",
            remedy=f"Tell {before.partner} that it is cancelled, and discard this here; or write the supplier's file.",
            data={"order": order.number, "sent_to": went, "document": before.id, "vendor": order.supplier_code},
        )
    rule = partner.orders.sent_before
    record = record_of(before, read)
    if rule == "known" and (record is None or same_supplier(record, order)):
        return before
    if rule == "again" and not order.cancelled:
        return None
    told = next(iter(partner.identity_keys), partner.code)
    raise NeedsCorrection(
        Reason.ORDER_SENT_ELSEWHERE,
        f"Order {order.number} was sent to {went}, and would go to {partner.name} ({told}) now.",
        remedy="Agree with both who delivers it. In the partner's file, orders.sent_before: known sends it what "
        "changed, "
        "for it has the order; again sends it the whole order. Or discard it here.",
        data={"order": order.number, "sent_to": went, "document": before.id, "partner": partner.name},
    )
