"""What is known of each payment of the network: its documents, oldest first. The payment's own id is the key, never its
amount: equal parts are no duplicates (avidxchange 11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.payments_in.settings import PaidWhen
from ml_connector.flows.payments_in.spec import FLOW
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: Why a document was given up that never counted: the network says something else by now.
OVERTAKEN = "overtaken"
#: Why a void has nothing to take back: it is kept so that an older word is not booked after it.
NOTHING_BOOKED = "void_before_booked"
#: Not written to the books, so that it can be given up.
NOT_BEGUN = frozenset({S.PARSED, S.MATCHED, S.CODED, S.QUARANTINED})
#: Settled by a person or by somebody's own entry: it counts as if it was booked, and nobody here takes it back.
BY_OTHERS = frozenset({S.DUPLICATE, S.DISCARDED})
_PAID: Mapping[PaidWhen, frozenset[str]] = {
    "funded": frozenset({"funded", "issued", "cleared"}),
    "issued": frozenset({"issued", "cleared"}),
    "cleared": frozenset({"cleared"}),
}
_ON_ITS_WAY = frozenset({"pending", "held", "processing", "error", "requested", "funded", "issued"})


class Meaning(StrEnum):
    """What a reading of a payment means for the books."""

    WAITS = "waits"
    PAID = "paid"
    VOID = "void"
    UNCLEAR = "unclear"


def meaning_of(payment: NetworkPayment, paid_when: PaidWhen) -> Meaning:
    """By its stage; a word that nobody knows, and money that came back, are for a person."""
    if payment.stage in _PAID[paid_when]:
        return Meaning.PAID
    if payment.stage == "void":
        return Meaning.VOID
    return Meaning.WAITS if payment.stage in _ON_ITS_WAY else Meaning.UNCLEAR


def payment_of(row: DocumentRow) -> NetworkPayment:
    """The payment as a document has it."""
    return stored(row.kind, row.canonical, NetworkPayment)


@dataclass(frozen=True)
class History:
    """The documents of one payment that count."""

    rows: tuple[DocumentRow, ...] = ()

    @property
    def counting(self) -> list[DocumentRow]:
        """Without those that were overtaken, and without questions."""
        return [row for row in self.rows if row.reason != OVERTAKEN and row.canonical and _counts(row)]

    @property
    def booking(self) -> DocumentRow | None:
        """What stands as booked, or is about to be; None where nothing is, or it was taken back."""
        stands: DocumentRow | None = None
        for row in self.counting:
            if payment_of(row).stage == "void":
                stands = None
            elif stands is None or stands.state in NOT_BEGUN:
                stands = row  # else it is held beside the one that stands
        return stands

    @property
    def questions(self) -> list[DocumentRow]:
        """Held readings that are no booking and no void."""
        return [row for row in self.rows if row.state is S.QUARANTINED and not (row.canonical and _counts(row))]

    def was_told(self, record: str) -> bool:
        """Whether one said this word for word that counted, or would have but for a later word."""
        return any(row.source == record for row in self.rows if row.canonical and _counts(row))

    @property
    def void(self) -> NetworkPayment | None:
        """The last word that it is void, after which nothing was booked."""
        last = payment_of(self.counting[-1]) if self.counting else None
        return last if last is not None and last.stage == "void" else None

    @property
    def next_revision(self) -> int:
        return max((row.revision for row in self.rows), default=0) + 1

    def before(self, row: DocumentRow) -> "History":
        """What there was before this one."""
        return History(tuple(one for one in self.rows if one.revision < row.revision))


def _counts(row: DocumentRow) -> bool:
    return payment_of(row).stage in {*_PAID["funded"], "void"}


def is_older(one: NetworkPayment, other: NetworkPayment) -> bool:
    """Whether the network said it earlier, as far as it tells when."""
    first, second = _moment(one.modified), _moment(other.modified)
    return first is not None and second is not None and first < second


def _moment(text: str) -> datetime | None:
    """Without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def histories(integration: Integration, tx: Tx, ids: Sequence[str]) -> dict[str, History]:
    """What there is of these payments, by the network's id."""
    found: dict[str, list[DocumentRow]] = {}
    for row in earlier.received_numbered(tx, integration.books, DocumentKind.PAYMENT, ids):
        if row.flow == FLOW.name and row.network == integration.network.connection:
            found.setdefault(row.number, []).append(row)
    return {key: History(tuple(sorted(rows, key=lambda one: (one.revision, one.id)))) for key, rows in found.items()}
