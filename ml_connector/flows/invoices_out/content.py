"""A booked invoice as a network is sent it."""

from decimal import Decimal

from ml_connector.documents.payables.entered import EnteredInvoice, EnteredLine
from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.payables.codes import CodeGroups


def network_invoice(entered: EnteredInvoice, groups: CodeGroups) -> NetworkInvoice:
    """Whole, each line with its tax in it: the lines come to the total (avidxchange 5, rules).

    Raises:
        NeedsCorrection: it has no number of the supplier's, nothing to pay, or its lines do not come to its total.
    """
    if not entered.number:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Entry {entered.entry_number} has no invoice number of the supplier's (Your ref.).",
            remedy="Enter it in the ERP; the entry is read again by itself.",
            data={"field": "YourRef", "value": "", "entry": entered.entry_number},
        )
    if not entered.total:
        raise NeedsCorrection(
            Reason.ZERO_INVOICE,
            f"Invoice {entered.number} comes to nothing: there is nothing to pay.",
            remedy="Discard this here; correct the entry in the ERP if it should come to something.",
            data={"entry": entered.entry_number},
        )
    lines = tuple(_line(line, groups) for line in entered.lines)
    total = sum((line.amount for line in lines), Decimal(0))
    if total != entered.total:
        raise NeedsCorrection(
            Reason.TOTAL_DIFFERENCE,
            f"The lines of invoice {entered.number} come to {total}, its entry {entered.entry_number} to"
            f" {entered.total}.",
            remedy="Correct the entry in the ERP; it is read again by itself.",
            data={"lines": str(total), "entry": str(entered.total)},
        )
    return NetworkInvoice(
        number=entered.number,
        total=entered.total,
        external_id=entered.id,
        vendor=entered.vendor_id,
        vendor_name=entered.vendor_name,
        invoice_date=entered.invoice_date,
        due_date=entered.due_date,
        order_number=entered.order_number,
        currency=entered.currency,
        memo=f"Entry {entered.entry_number}".strip(),
        lines=lines,
    )


def _line(line: EnteredLine, groups: CodeGroups) -> CodedLine:
    named = (
        (groups.gl_account, line.account),
        (groups.cost_center, line.cost_center),
        (groups.cost_unit, line.cost_unit),
    )
    return CodedLine(
        number=line.number,
        amount=line.amount + line.tax,
        description=line.description,
        codes=tuple(LineCode(group=group, value=value) for group, value in named if group and value),
    )
