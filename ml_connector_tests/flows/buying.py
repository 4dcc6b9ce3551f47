"""Books that have orders and nothing else, and what leaves for them: orders out without an ERP and a network."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from ml_connector.documents.json import load
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.reference import OpenOrder
from ml_connector.edi.writing.write import ControlNumbers, write_interchange
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import PURCHASE_ORDERS, Changed, Deleted, Erp, Notices, SourceOrder, SourceRecord
from ml_connector.flows.orders_out import order_resolving, orders
from ml_connector.flows.orders_out.order_revisions import FLOW
from ml_connector.flows.outbound.rendering import Parcel, envelope_for
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


class Books:
    """An ERP that has orders and nothing else; every poll brings them all again."""

    def __init__(self, real: Erp) -> None:
        self.system, self.connection, self.company = real.system, real.connection, real.company
        self.traits = real.traits
        self.sources = {PURCHASE_ORDERS.name: self}
        self.orders: dict[str, OpenOrder] = {}
        self.deleted: list[str] = []
        #: From which deletion on was asked.
        self.told_from: list[int] = []

    notices = Notices("orders", deletion="Delete")

    def begin(self, day: date) -> str:
        return day.isoformat()

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[OpenOrder]:
        return Changed(self.by_id(list(self.orders)), "here")

    def by_id(self, keys: Sequence[str]) -> list[SourceOrder]:
        found = [self.orders[key] for key in keys if key in self.orders]
        return [SourceRecord(as_json(order), order) for order in found]

    def from_record(self, record: str) -> OpenOrder:
        return from_json(OpenOrder, record)

    def entered(self, record: str) -> None:
        return None

    def deletions(self, cursor: str | None) -> Deleted:
        self.told_from.append(int(cursor or 0))
        return Deleted(self.deleted[int(cursor or 0) :], str(len(self.deleted)))

    def delete(self, key: str) -> None:
        del self.orders[key]
        self.deleted.append(key)


@dataclass
class Office:
    """Orders are read, resolved and written; whoever gets them answers as told."""

    books: Books
    integration: Integration
    work: RunScope
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def read(self) -> None:
        orders.read(self.integration, self.work)
        order_resolving.resolve(self.integration, replace(self.work, replay=True))

    def documents(self, *keys: str) -> list[DocumentRow]:
        """The documents of these orders, in rising revision."""
        with self.integration.ledger.read() as tx:
            return documents.outbound_of_orders(tx, self.integration.books, FLOW, ids=keys)

    def written(self, row: DocumentRow) -> str:
        """The bytes of a document, as text."""
        partner = self.integration.partner_of(row)
        assert partner is not None
        number = next(self.numbers)
        envelope = envelope_for(self.integration, Parcel(partner, [row]))
        content = [load(row.kind, row.canonical)]
        now = self.integration.clock.now()
        return write_interchange(envelope, ControlNumbers(number, number, 1), content, now).data.decode(
            envelope.encoding
        )

    def leave(self, row: DocumentRow, last: S = S.ACKNOWLEDGED) -> str:
        """A resolved document leaves, and is answered; the bytes."""
        data = self.written(row)
        steps = (S.RENDERED, S.SENDING, S.SENT, last)
        refusal = {"reason": "refused_by_partner", "reason_detail": {"message": "no", "mend": "", "data": {}}}
        moves = [Move(row.id, step, "left", changes=refusal if step is S.REFUSED else {}) for step in steps]
        with self.integration.ledger.write() as tx:
            documents.move(tx, moves, self.work)
        return data

    def run(self, *keys: str) -> list[str]:
        """Everything of these orders that can leave does; the bytes, in the order in which it leaves."""
        sent: list[str] = []
        for _ in range(4):
            self.read()
            ready = [row for row in self.documents(*keys) if row.state is S.RESOLVED]
            if not ready:
                break
            sent += [self.leave(row) for row in ready]
        return sent
