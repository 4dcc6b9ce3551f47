"""An invoice that we sent comes back coded otherwise: its booking is coded so, where a setting says that."""

from collections.abc import Sequence

from ml_connector.documents.erp_postings import BillLine
from ml_connector.documents.payables.entered import EnteredInvoice, EnteredLine
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.payables.recodings import RecodedLine, Recoding


def recoding(
    entry: EnteredInvoice, had: NetworkInvoice, now: NetworkInvoice, coded: Sequence[BillLine]
) -> Recoding | None:
    """What of the booking is coded otherwise. had: as it was sent. coded: its lines as they came back, in the ERP's
    accounts and dimensions.

    None: more than codes differs, or the lines of the booking are not known one by one. That is for a person.
    """
    if (had.number, had.total, had.currency) != (now.number, now.total, now.currency):
        return None
    if [line.amount for line in had.lines] != [line.amount for line in now.lines]:
        return None
    if len(entry.lines) != len(coded) or any(not line.id or not line.account_id for line in entry.lines):
        return None
    lines = [_line(line, other) for line, other in zip(entry.lines, coded, strict=True)]
    differing = tuple(line for line in lines if _differs(line))
    return Recoding(recodes=entry.id, lines=differing) if differing else None


def _line(line: EnteredLine, other: BillLine) -> RecodedLine:
    return RecodedLine(
        id=line.id,
        number=line.number,
        account_id=other.gl_account_id,
        account=other.gl_account_code,
        cost_center=other.cost_center,
        cost_unit=other.cost_unit,
        was_account_id=line.account_id,
        was_account=line.account,
        was_cost_center=line.cost_center,
        was_cost_unit=line.cost_unit,
    )


def _differs(line: RecodedLine) -> bool:
    was = (line.was_account_id, line.was_cost_center, line.was_cost_unit)
    return (line.account_id, line.cost_center, line.cost_unit) != was
