"""What payments that are on their way to the books take of open items, before the books show it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ml_connector.documents.payables.settlements import Settlement
from ml_connector.documents.records import from_json
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.states import DocumentState as S

_ON_THEIR_WAY = (S.MATCHED, S.CODED, S.POSTING, S.UNKNOWN_OUTCOME)


def spoken_for(integration: Integration, flow: str) -> dict[str, Decimal]:
    """By the open item's id: what documents of a flow take that are matched, and perhaps not in the books yet."""
    with integration.ledger.read() as tx:
        pending = documents.work_of(tx, integration.books, flow, _ON_THEIR_WAY)
    found: dict[str, Decimal] = {}
    for _, text in pending:
        add(found, settlement_of(text))
    return found


def add(spoken: dict[str, Decimal], settlement: Settlement) -> None:
    """What this one takes is taken for the next."""
    for item, amount in taken_of(settlement):
        spoken[item] = spoken.get(item, Decimal(0)) + amount


def taken_of(settlement: Settlement) -> Iterable[tuple[str, Decimal]]:
    """Open items and what is taken of each, its discount too. What takes a payment back gives nothing before it is
    in the books: what is paid anew waits for it.
    """
    for payment in (one for one in settlement.payments if one.amount >= 0):
        for line in payment.lines:
            yield line.item_id, line.amount + line.discount


def settlement_of(work: str | None) -> Settlement:
    """What is in a document's work."""
    return from_json(Settlement, work or "{}")


def by_item(settlements: Iterable[Settlement]) -> Mapping[str, Decimal]:
    """What several of them take together."""
    found: dict[str, Decimal] = {}
    for one in settlements:
        add(found, one)
    return found
