"""An invoice that was sent in the time that a restore lost, and edited in the ERP since: the network has what it was.

It is changed there as long as nobody approved it; after that a person decides, and never is it sent as a second one
(avidxchange 11). One that says the same is recognised when it is to be sent (`flows.outbound.left_before`).
"""

from ml_connector.documents.common import changed
from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import NETWORK_INVOICES, record_source, records_of
from ml_connector.flows.posting import recognised
from ml_connector.ledger.audit import restores
from ml_connector.ledger.work.documents import DocumentRow

#: Differences of a changed invoice that are told.
SHOWN = 8
#: Where an invoice stands that may still be changed or taken back.
MAY_CHANGE = frozenset({"open", "held", ""})


def standing_there(integration: Integration, external_id: str) -> NetworkInvoice | None:
    """The invoice there that carries our id."""
    found = record_source(integration.network, NETWORK_INVOICES).by_external_id([external_id])
    return found[0].document if found else None


def beside_what_is_there(integration: Integration, row: DocumentRow, sent: NetworkInvoice) -> NetworkInvoice:
    """A first sending, or a change of what left in the lost time.

    Raises:
        NeedsCorrection: it is there, and what it says there may not be changed any more.
    """
    if not _may_be_there(integration, row):
        return sent
    there = standing_there(integration, sent.external_id)
    if there is None:
        return sent
    told = _differences(there, sent)
    if not told:
        return sent
    if there.standing in MAY_CHANGE:
        return changed(sent, id=there.id)
    raise NeedsCorrection(
        Reason.CHANGED_AFTER_SENDING,
        f"Invoice {row.number} was sent before the ledger was restored, was changed in the ERP since, and stands as"
        f" {there.status!r} there ({'; '.join(told[:SHOWN])}).",
        remedy="Agree with the approver what counts: change it there, or back in the ERP; then replay this, and it is"
        " recognised.",
        data={"there": there.id, "status": there.status},
    )


def _may_be_there(integration: Integration, row: DocumentRow) -> bool:
    """Asked for some time after a restore, and of one that a person was asked about then ever after."""
    if not records_of(integration.network).shows_records:
        return False
    if recognised.is_due(integration):
        return True
    with integration.ledger.read() as tx:
        return row.revision > 0 and restores.newest(tx) is not None


def _differences(there: NetworkInvoice, sent: NetworkInvoice) -> list[str]:
    """In words, of what the network tells. Codes and lines are the approvers' once they have approved."""
    first, second = (" ".join(one.number.split()) for one in (there, sent))
    found = list(differences([_compared(there, there)], [_compared(sent, there)]))
    told = [f"{one.path}: {one.first} -> {one.second}" for one in found]
    return told if first == second else [f"number: {first} -> {second}", *told]


def _compared(one: NetworkInvoice, there: NetworkInvoice) -> NetworkInvoice:
    lines = one.lines if there.lines and there.standing in MAY_CHANGE else ()
    return NetworkInvoice(
        number="",
        total=one.total,
        currency=one.currency if there.currency else "",
        vendor=one.vendor.casefold() if there.vendor else "",
        invoice_date=one.invoice_date if there.invoice_date else None,
        due_date=one.due_date if there.due_date else None,
        order_number=one.order_number if there.order_number else "",
        lines=tuple(CodedLine(number=at, amount=line.amount, codes=_codes(line)) for at, line in enumerate(lines, 1)),
    )


def _codes(line: CodedLine) -> tuple[LineCode, ...]:
    plain = (LineCode(group=one.group.casefold(), value=one.value) for one in line.codes)
    return tuple(sorted(plain, key=lambda one: (one.group, one.value)))
