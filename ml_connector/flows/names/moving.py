"""Moves that a person asks for: names that nobody could recognise, and companies that are meant to be others.

Each is done in one transaction; as a plan, the same is done and taken back, so that the plan is what will happen.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ml_connector.errors import ConfigError
from ml_connector.flows.names.other_company import waiting_of_others
from ml_connector.flows.names.settling import Names
from ml_connector.flows.orders_out.order_revisions import FLOW as ORDERS
from ml_connector.flows.posting.postings import key_of
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.names import naming, recoding, renaming
from ml_connector.ledger.names.naming import Counterparty, IntegrationBinding
from ml_connector.ledger.work.events import Actor


@dataclass(frozen=True)
class Moved:
    """What a move changes, or would: rows by table. told: in words."""

    told: str
    rows: Mapping[str, int] = field(default_factory=dict)


class _TakenBackError(Exception):
    """A plan: nothing of the transaction is kept."""


def carry_out(ledger: Ledger, change: Callable[[Tx], Moved], *, keep: bool) -> Moved:
    """Do it, or (without keep) find out what it would do."""
    done: list[Moved] = []
    with suppress(_TakenBackError), ledger.write() as tx:
        done.append(change(tx))
        _take_back_unless(keep)
    return done[0]


def _take_back_unless(keep: bool) -> None:
    if not keep:
        raise _TakenBackError


def connection(names: Names, old: str, new: str, actor: str) -> Callable[[Tx], Moved]:
    """A connection has another name now."""

    def change(tx: Tx) -> Moved:
        _renamed("connection", old, new, {*names.erps, *names.networks})
        integrations = naming.integration_bindings(tx)
        had = renaming.kinds_of_connection(tx, old)
        if done := _done_before(tx, "connection", old, new, known=bool(had)):
            return done
        if new not in (names.erps if "erp" in had else names.networks):
            kind = "an ERP" if "erp" in had else "a network"
            raise ConfigError(f"Connection {old} was {kind}, and {new} is none.", remedy="Name one of the same kind.")
        _not_busy(tx, *_users(names, integrations, old, new))
        taken = next((one for one in naming.company_bindings(tx) if one.connection == new and not one.ended), None)
        if taken is not None:
            raise ConfigError(
                f"Connection {new} has company {taken.told} already.",
                remedy="A connection that has worked under its name cannot take another one's over.",
            )
        names.move_token(tx, old, new)
        rows = renaming.rename_connection(tx, old, new, actor=actor, why="asked for")
        return Moved(f"What stands under connection {old} belongs to {new}.", rows)

    return change


def _users(names: Names, known: Sequence[IntegrationBinding], old: str, new: str) -> set[str]:
    """Integrations that work over a connection, under its old name or its new one."""
    before = {one.name for one in known if old in (one.erp, one.network)}
    return before | {name for name, one in names.integrations.items() if new in (one.erp, one.network)}


def integration(names: Names, old: str, new: str, actor: str) -> Callable[[Tx], Moved]:
    """An integration has another name now."""

    def change(tx: Tx) -> Moved:
        _renamed("integration", old, new, set(names.integrations))
        known = {one.name for one in naming.integration_bindings(tx)}
        if done := _done_before(tx, "integration", old, new, known=old in known):
            return done
        _not_busy(tx, old, new)
        rows = renaming.rename_integration(tx, old, new, actor=actor, why="asked for")
        return Moved(f"What stands under integration {old} belongs to {new}.", rows)

    return change


def partner(names: Names, books: Books, integration: str, old: str, new: str, actor: str) -> Callable[[Tx], Moved]:
    """A partner that has another name, identity and account at once is the same one."""

    def change(tx: Tx) -> Moved:
        _renamed("partner", old, new, set(names.integrations[integration].partners))
        known = {one.name: one for one in naming.counterparties(tx, books) if one.integration == integration}
        whole = [f"{integration}/{name}" for name in (old, new)]
        if done := _done_before(tx, "partner", *whole, known=old in known):
            return done
        _not_busy(tx, integration)
        rows = _one_partner(tx, integration, books, known[old], known[new], actor)
        return Moved(f"Partner {old} of {integration} is {new}.", rows)

    return change


def _one_partner(
    tx: Tx, integration: str, books: Books, old: Counterparty, new: Counterparty, actor: str
) -> dict[str, int]:
    rows = renaming.rename_partner(tx, integration, books, old.key, old.name, new.name, actor=actor, why="asked for")
    renaming.change_key(tx, books, old.key, new.key)
    return rows


def company(names: Names, books: Books, connection: str, actor: str, title: str) -> Callable[[Tx], Moved]:
    """A connection is meant to have another company than it had: what waits of the old one is held."""
    others = [one for one in sorted(names.erps) if one != connection and names.company_of(one) == books.company]

    def change(tx: Tx) -> Moved:
        users = [name for name, one in names.integrations.items() if one.erp == connection]
        owner = next((one for one in naming.company_bindings(tx) if one.books == books and not one.ended), None)
        if owner is not None and owner.connection == connection:
            return Moved(f"Connection {connection} has company {owner.told} already: nothing to do.")
        _not_busy(tx, *users)
        if owner is not None and names.still_has(owner.connection, books):
            others.append(owner.connection)
        if others:
            raise ConfigError(
                f"Company {books.company} is that of connection {others[0]}.",
                remedy="Let the integrations of both share that connection.",
            )
        if owner is not None:
            naming.end_company(tx, owner.connection)
        held = {name: waiting_of_others(tx, name, books) for name in users}
        naming.bind_company(tx, connection, books, title, names.erps.get(connection, ""))
        renaming.note(tx, "company", connection, str(books), actor, "asked for", held)
        told = f"Connection {connection} has company {books.company} from now on; what waits of another is held."
        return Moved(told, {f"{name}: documents to hold": count for name, count in held.items()})

    return change


#: So many of a company's newest orders are looked for under its new code.
ORDERS_LOOKED_FOR = 20


def orders_of(tx: Tx, books: Books) -> list[str]:
    """The ERP's ids of orders by which a company is known again."""
    return recoding.newest_orders(tx, books, ORDERS, ORDERS_LOOKED_FOR)


def company_code(names: Names, connection: str, old: Books, code: str, actor: str) -> Callable[[Tx], Moved]:
    """The ERP calls the company of a connection by another code now: it is the same one, with all that it has."""
    new = Books(old.system, code)

    def change(tx: Tx) -> Moved:
        users = [name for name, one in names.integrations.items() if one.erp == connection]
        bound = {one.books: one for one in naming.company_bindings(tx) if not one.ended}
        mine = bound.get(old)
        if mine is None and renaming.is_noted(tx, "company code", str(old), str(new)):
            return Moved(f"Company {old.company} is {code} already: nothing to do.")
        if mine is None or mine.connection != connection:
            raise ConfigError(
                f"Connection {connection} has no company {old.company}.",
                remedy="`ml-connector check` tells which company each had.",
            )
        if new in bound or recoding.has_documents(tx, new):
            raise ConfigError(
                f"The ledger has company {code} already: the two are not one.",
                remedy="What stands under two codes is not put together; see --company.",
            )
        _not_busy(tx, *users)
        rows = recoding.recode(tx, connection, old, code, Actor(actor), key_of)
        return Moved(f"Company {old.company} of connection {connection} is called {code} from now on.", rows)

    return change


def integration_books(names: Names, books: Books, name: str, actor: str) -> Callable[[Tx], Moved]:
    """An integration is meant to work for another company than it did: what waits of the old one is held."""

    def change(tx: Tx) -> Moved:
        mine = names.integrations[name]
        before = next((one for one in naming.integration_bindings(tx) if one.name == name), None)
        if before is not None and before.erp == mine.erp:
            return Moved(f"Integration {name} works for company {books.company} already: nothing to do.")
        _not_busy(tx, name)
        former: list[str] = [] if before is None else before.former_identities
        held = waiting_of_others(tx, name, books)
        naming.bind_integration(
            tx,
            naming.IntegrationBinding(name, mine.erp, mine.network, mine.network_account, mine.identity, former),
        )
        renaming.note(tx, "company", name, str(books), actor, "asked for", {name: held})
        told = f"Integration {name} works for company {books.company} from now on; what waits of another is held."
        return Moved(told, {"documents to hold": held})

    return change


def _renamed(what: str, old: str, new: str, configured: set[str]) -> None:
    if new not in configured:
        raise ConfigError(
            f"The configuration has no {what} {new}.", remedy=f"Known are: {', '.join(sorted(configured))}."
        )
    if old in configured:
        raise ConfigError(
            f"The configuration has {what} {old} still.",
            remedy="Only a name that is gone from it can be taken over: two that are there are two.",
        )


def _done_before(tx: Tx, what: str, old: str, new: str, *, known: bool) -> Moved | None:
    """The same move once more has nothing to do. known: whether anything stands under the old name.

    Raises:
        ConfigError: nothing does, and never did: a mistyped name would take over nothing, and say that it did.
    """
    if known:
        return None
    if renaming.is_noted(tx, what, old, new):
        return Moved(f"What stood under {what} {old} belongs to {new} already: nothing to do.")
    raise ConfigError(
        f"Nothing stands in the ledger under {what} {old}.",
        remedy="Mind the spelling: `ml-connector documents list` shows the names that documents have.",
    )


def _not_busy(tx: Tx, *integrations: str) -> None:
    for name in integrations:
        if renaming.busy(tx, name):
            raise ConfigError(f"A run works on {name}.", remedy="Do it again when the run has ended.")


def told_json(moved: Moved, *, done: bool) -> dict[str, Any]:
    """As the command shows it with --json."""
    return {"done": done, "message": moved.told, "rows": dict(moved.rows)}
