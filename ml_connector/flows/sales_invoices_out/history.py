"""What has been sent of an invoice so far, whoever it went to and by which integration; and whom it is for."""

from collections.abc import Iterable
from functools import partial

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import changed
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.strangers import check_role, stand_in, stranger
from ml_connector.flows.sales_invoices_out import spec
from ml_connector.flows.sales_invoices_out.invoice_content import resolve_invoice
from ml_connector.flows.sales_invoices_out.settings import SalesInvoicesOut
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name


def rules_of(integration: Integration) -> SalesInvoicesOut:
    """The flow's settings."""
    return integration.settings.flows.of(SalesInvoicesOut)


def takers(integration: Integration) -> dict[str, Partner]:
    """Who gets the invoices of a customer, by its code in the ERP.

    A partner that is stopped by its file has its invoices kept for it: they are held until the file is mended.
    """
    found = {problem.customer: stand_in(problem) for problem in integration.problems if problem.customer}
    return found | {one.customer: one for one in integration.partners.values() if one.takes_invoices}


def addressee(integration: Integration, row: DocumentRow, invoice: SalesInvoice) -> Partner:
    """Who gets a document that has not left yet.

    Raises:
        NeedsCorrection: no partner file is of its customer, the one that is gets no invoices, or it is wrong.
    """
    partner = takers(integration).get(invoice.customer_code) or integration.partner_of(row)
    if partner is None:
        raise stranger(integration, row.partner)
    if partner.name not in integration.partners:
        raise stranger(integration, partner.name)
    check_role(integration.flows, partner, row.flow)
    if not partner.takes_invoices or partner.customer != invoice.customer_code:
        raise NeedsCorrection(
            Reason.UNKNOWN_PARTNER,
            f"Invoice {invoice.number} is for customer {invoice.customer_code}, and no partner file here gets its"
            " invoices.",
            remedy="Write `sales_invoices: {send: true}` into the customer's file, or write the file; or discard this"
            " here.",
            data={"customer": invoice.customer_code, "partner": partner.name},
        )
    return partner


def says_the_same(
    one: SalesInvoice,
    other: SalesInvoice,
    partner: Partner,
    settings: IntegrationSettings,
    rules: SalesInvoicesOut,
) -> bool:
    """Whether a customer sees no difference between two readings, under the same settings."""
    if (one.voided, one.customer_code) != (other.voided, other.customer_code):
        return False
    if one == other:
        return True
    first, second = (attempt(partial(resolve_invoice, each, partner, settings, rules)) for each in (one, other))
    if isinstance(first, Invoice) and isinstance(second, Invoice):
        return first == second
    # What cannot be sent is compared as it was read, but for what nobody is sent.
    plain = {"released": True, "unsent": ()}
    return changed(one, **plain) == changed(other, **plain)


def numbered_otherwise(
    rows: Iterable[DocumentRow], row: DocumentRow, invoice: SalesInvoice, credits: frozenset[int]
) -> DocumentRow | None:
    """Another record of the ERP under the same number and type, of which a document left or is to leave."""
    alike = (
        one
        for one in rows
        if one.flow == FLOW
        and one.number == invoice.number
        and one.source_id != row.source_id
        and one.state not in {S.DISCARDED, S.DUPLICATE}
        and (one.id in credits) == invoice.is_credit
        and one.id < row.id
    )
    return next(alike, None)
