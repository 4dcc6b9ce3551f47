"""Whether a network knows a vendor, asked once a process for each that it knows."""

from weakref import WeakKeyDictionary

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import NETWORK_VENDORS, Mailbox, record_source, tells
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.states import DocumentState as S

#: The flow that sends vendors.
SENT_BY = "vendors_out"
_KNOWN: "WeakKeyDictionary[Mailbox, set[str]]" = WeakKeyDictionary()


def vendor_known(integration: Integration, external_id: str, name: str) -> None:
    """Nothing of a vendor is sent before the network has it (avidxchange 7).

    Raises:
        NeedsCorrection: it is not there, or not in use.
    """
    network = integration.network
    known = _KNOWN.setdefault(network, set())
    if external_id in known:
        return
    if not tells(network, NETWORK_VENDORS):
        _sent(integration, external_id, name, known)
        return
    found = [one.document for one in record_source(network, NETWORK_VENDORS).by_external_id([external_id])]
    if not found:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"{name or 'The supplier'} ({external_id}) is not at the network yet.",
            remedy="vendors_out sends it; or enter it there with this external id. The invoice goes by itself then.",
            data={"vendor": external_id, "name": name},
        )
    if not any(one.active for one in found):
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"{name or 'The supplier'} ({external_id}) is not active at the network.",
            remedy="Make it active there, or relink it if it was merged. The invoice goes by itself then.",
            data={"vendor": external_id, "name": name, "there": found[0].id},
        )
    known.add(external_id)


def _sent(integration: Integration, external_id: str, name: str, known: set[str]) -> None:
    """Of a network that cannot be asked: whether we sent it, where that is ours to do."""
    if all(one.name != SENT_BY for one in integration.flows.present):
        return
    with integration.ledger.read() as tx:
        told = earlier.newest_told(tx, integration.books, SENT_BY, integration.name)
    known.update(key for key, row in told.items() if row.state is S.SENT)
    if external_id not in known:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"{name or 'The supplier'} ({external_id}) was not sent to the network yet.",
            remedy="vendors_out sends it, once nothing holds it there. The invoice goes by itself then.",
            data={"vendor": external_id, "name": name},
        )
