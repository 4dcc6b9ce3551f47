"""What names stand for: which company a connection has, which partner a name means, and what became of old names."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ml_connector.ledger.books import Books
from ml_connector.ledger.store import Tx, now
from ml_connector.ledger.tables import counterparty

_p = counterparty.c


@dataclass(frozen=True, slots=True)
class Counterparty:
    """A partner of a company as its file named it last. key: what its documents are known by, whatever its name."""

    integration: str
    name: str
    key: str
    identity: str = ""
    test_identity: str = ""
    account: str = ""

    @property
    def identities(self) -> frozenset[str]:
        return frozenset({self.identity, self.test_identity} - {""})


_COLUMNS = [counterparty.c[name] for name in Counterparty.__slots__]


def counterparties(tx: Tx, books: Books) -> list[Counterparty]:
    """The partners that a company is known to have or to have had, oldest first."""
    query = sa.select(*_COLUMNS).where(_p.system == books.system, _p.company == books.company).order_by(_p.id)
    return [Counterparty(*row) for row in tx.execute(query)]


def note_counterparties(tx: Tx, books: Books, partners: Sequence[Counterparty]) -> None:
    """Keep what partner files say now; an earlier saying of the same name in the same integration is replaced."""
    at = now(tx)
    for one in partners:
        scope = sa.and_(
            _p.system == books.system,
            _p.company == books.company,
            _p.integration == one.integration,
            _p.name == one.name,
        )
        values = {name: getattr(one, name) for name in Counterparty.__slots__}
        if tx.execute(sa.update(counterparty).where(scope).values(**values, last_seen_at=at)).rowcount:
            continue
        seen = {"first_seen_at": at, "last_seen_at": at}
        tx.execute(sa.insert(counterparty).values(system=books.system, company=books.company, **values, **seen))
