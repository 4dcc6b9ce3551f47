"""What names stand for: which company a connection has, which partner a name means, and what became of old names."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import company_binding, counterparty, integration_binding

_p = counterparty.c
_b = company_binding.c


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
        known = sa.update(counterparty).where(scope).values(**values, last_seen_at=at).returning(_p.id)
        rows = list(tx.execute(known).scalars())
        if not rows:
            seen = {"first_seen_at": at, "last_seen_at": at}
            new = sa.insert(counterparty).values(system=books.system, company=books.company, **values, **seen)
            rows = [tx.execute(new.returning(_p.id)).scalar_one()]
        seals.note(tx, "counterparty", rows)


@dataclass(frozen=True, slots=True)
class CompanyBinding:
    """Which company a connection has (ended: had)."""

    id: int
    connection: str
    system: str
    company: str
    title: str
    account: str
    ended: bool

    @property
    def books(self) -> Books:
        return Books(self.system, self.company)

    @property
    def told(self) -> str:
        """The company for a person: its name where that is known, and its code."""
        return f"{self.title} ({self.company})" if self.title else self.company


def company_bindings(tx: Tx) -> list[CompanyBinding]:
    """Every company that any connection has or had, oldest first."""
    names = ("id", "connection", "system", "company", "title", "account")
    query = sa.select(*(_b[name] for name in names), _b.ended_at.is_not(None)).order_by(_b.id)
    return [CompanyBinding(*row) for row in tx.execute(query)]


def companies(tx: Tx) -> dict[Books, str]:
    """What to call each company, where the ledger has more than one; else empty: then nobody has to be told."""
    told = {one.books: one.told for one in company_bindings(tx)}
    return told if len(told) > 1 else {}


def bind_company(tx: Tx, connection: str, books: Books, title: str, account: str) -> None:
    """From now on the connection has this company; what it had before has ended.

    Two processes that bind one company at once: the database lets one of them.
    """
    at = now(tx)
    still = sa.and_(_b.connection == connection, _b.ended_at.is_(None))
    same = sa.and_(still, _b.system == books.system, _b.company == books.company)
    values = {"last_seen_at": at, "account": account[:300]} | ({"title": title[:200]} if title else {})
    rows = list(tx.execute(sa.update(company_binding).where(same).values(values).returning(_b.id)).scalars())
    seals.note(tx, "company_binding", rows)
    if rows:
        return
    end_company(tx, connection)
    scope = {"connection": connection, "system": books.system, "company": books.company, "title": title[:200]}
    values = {**scope, "account": account[:300], "first_seen_at": at, "last_seen_at": at}
    new: int = tx.execute(sa.insert(company_binding).values(values).returning(_b.id)).scalar_one()
    seals.note(tx, "company_binding", [new])


def end_company(tx: Tx, connection: str) -> None:
    """The connection is not there any more: its company is free for another one."""
    still = sa.and_(_b.connection == connection, _b.ended_at.is_(None))
    ended = sa.update(company_binding).where(still).values(ended_at=now(tx)).returning(_b.id)
    seals.note(tx, "company_binding", tx.execute(ended).scalars())


@dataclass(frozen=True, slots=True)
class IntegrationBinding:
    """What an integration's name stood for when it last ran."""

    name: str
    erp: str
    network: str
    network_account: str
    identity: str
    former_identities: list[str]


def integration_bindings(tx: Tx) -> list[IntegrationBinding]:
    """What integrations' names stand for."""
    query = sa.select(*(integration_binding.c[name] for name in IntegrationBinding.__slots__))
    return [IntegrationBinding(*row) for row in tx.execute(query.order_by(integration_binding.c.name))]


def bind_integration(tx: Tx, one: IntegrationBinding) -> None:
    """Keep what an integration's name stands for now."""
    at = now(tx)
    values = {name: getattr(one, name) for name in IntegrationBinding.__slots__} | {"last_seen_at": at}
    mine = integration_binding.c.name == one.name
    if not tx.execute(sa.update(integration_binding).where(mine).values(values)).rowcount:
        tx.execute(sa.insert(integration_binding).values(**values, first_seen_at=at))
    seals.note(tx, "integration_binding", [one.name])
