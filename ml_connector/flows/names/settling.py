"""Before anything is done: do the names in the configuration still stand for what they stood for?

What is recognised by what it stands for (a connection by its company, an integration by its books and network, a
partner by its identity) is taken over under its new name. What is not is asked: nothing of it is posted or sent
meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ml_connector.config.partners import Partner
from ml_connector.errors import DecisionNeeded
from ml_connector.flows.core import belonging
from ml_connector.flows.core.belonging import Belonging
from ml_connector.flows.names.other_company import hold_strangers
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.names import naming, renaming
from ml_connector.ledger.names.naming import CompanyBinding, Counterparty, IntegrationBinding

#: Who takes over names that are recognised.
ACTOR = "configuration"


@dataclass(frozen=True)
class Configured:
    """An integration as the configuration has it."""

    erp: str
    network: str
    network_account: str
    identity: str
    partners: Mapping[str, Partner]


def _no_token(tx: Tx, old: str, new: str) -> bool:
    del tx, old, new
    return False


@dataclass(frozen=True)
class Names:
    """All names of the configuration. erps: account by ERP connection. move_token: to a connection's new name.
    company_of: the company that an ERP connection has now; None where it cannot be asked.
    """

    erps: Mapping[str, str] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    integrations: Mapping[str, Configured] = field(default_factory=dict)
    move_token: Callable[[Tx, str, str], bool] = _no_token
    company_of: Callable[[str], str | None] = lambda _: None

    def still_has(self, connection: str, books: Books) -> bool:
        """Whether a connection is there and has this company, for all that is known."""
        return connection in self.erps and self.company_of(connection) in (None, books.company)


def recognise_connection(ledger: Ledger, names: Names, connection: str) -> bool:
    """Whether a connection that is not known was recognised by its account as one that has another name now.

    For ERPs that cannot be asked for their company: they were authorized under the old name.
    """
    with ledger.read() as tx:
        bound = [one for one in naming.company_bindings(tx) if not one.ended]
    if any(one.connection == connection for one in bound):
        return False
    account = names.erps.get(connection, "")
    gone = [one for one in bound if one.connection not in names.erps and one.account == account != ""]
    known = {one.connection for one in bound}
    new = [name for name, theirs in names.erps.items() if theirs == account and name not in known]
    if len(gone) != 1 or new != [connection]:
        return False
    with ledger.write() as tx:
        _take_over_connection(tx, names, gone[0].connection, connection)
    return True


def settle(ledger: Ledger, names: Names, integration: str, books: Books, title: str = "") -> Belonging:
    """What an integration's documents belong to, once all names are what they were or are recognised.

    Raises:
        DecisionNeeded: a connection has another company than it had, or two have one; says what to do.
    """
    mine = names.integrations[integration]
    with ledger.read() as tx:
        bound = naming.company_bindings(tx)
        integrations = naming.integration_bindings(tx)
        known = naming.counterparties(tx, books)
    own = next((one for one in bound if one.connection == mine.erp and not one.ended), None)
    if own is None or own.books != books or (title and own.title != title):
        _settle_company(ledger, names, mine.erp, books, title, bound)
    changed = _settle_integration(ledger, names, integration, books, integrations)
    if changed:
        with ledger.read() as tx:
            known = naming.counterparties(tx, books)
            integrations = naming.integration_bindings(tx)
    found = _settle_partners(ledger, names, integration, books, known)
    if any(one.books != books for one in bound):
        hold_strangers(ledger, integration, mine.erp, books)
    former = _former_identities(names, integration, integrations)
    return Belonging(books, {one.name: one.key for one in found}, former)


def _former_identities(names: Names, integration: str, known: Sequence[IntegrationBinding]) -> frozenset[str]:
    """Our own identities of before, which partners may still write to; none that another integration has now."""
    binding = next((one for one in known if one.name == integration), None)
    if binding is None:
        return frozenset()
    others = {one.identity for name, one in names.integrations.items() if name != integration}
    return frozenset({binding.identity, *binding.former_identities} - others - {""})


# ------------------------------------------------------------------ companies


def _settle_company(
    ledger: Ledger, names: Names, connection: str, books: Books, title: str, bound: Sequence[CompanyBinding]
) -> None:
    own = next((one for one in bound if one.connection == connection and not one.ended), None)
    owner = next((one for one in bound if one.books == books and not one.ended), None)
    if owner is not None and owner.connection != connection and names.still_has(owner.connection, books):
        raise DecisionNeeded(
            f"Connections {owner.connection} and {connection} are both company {owner.told} of {books.system}:"
            f" {connection} does nothing.",
            remedy="Give one of them its own company in connections.yaml, or let the integrations of both share one.",
            data={"connection": connection, "had_by": owner.connection, "company": books.company},
        )
    if own is not None and own.books != books:
        raise other_company(own, books, title)
    if owner is not None and owner.connection != connection and owner.connection in names.erps:
        meant = f"`ml-connector ledger move --company {connection} {books.company}`"
        raise DecisionNeeded(
            f"Connection {connection} has company {owner.told}, which {owner.connection} had: nothing is posted or"
            " sent.",
            remedy=f"If that is a mistake, put the companies back. If it is meant, {meant} shows what becomes of it.",
            data={"connection": connection, "had_by": owner.connection, "has": books.company},
        )
    with ledger.write() as tx:
        if owner is not None and owner.connection != connection:
            _take_over_connection(tx, names, owner.connection, connection)
        naming.bind_company(tx, connection, books, title, names.erps.get(connection, ""))


def other_company(own: CompanyBinding, books: Books, title: str) -> DecisionNeeded:
    """A connection has another company than it had: nobody but a person knows what was meant."""
    now_told = f"{title} ({books.company})" if title else books.company
    meant = f"`ml-connector ledger move --company {own.connection} {books.company}`"
    same = f"`ml-connector ledger move --code {own.connection} {own.company} {books.company}`"
    return DecisionNeeded(
        f"Connection {own.connection} had company {own.told} and now has {now_told}: nothing is posted or sent.",
        remedy=f"If that is a mistake, put the company back. If it is meant, {meant} shows what becomes of the "
        "documents"
        f" of {own.company}. If the ERP gave the same company another code: {same}.",
        data={"connection": own.connection, "had": own.company, "has": books.company},
    )


def _take_over_connection(
    tx: Tx, names: Names, old: str, new: str, *, why: str = "the same company under another name"
) -> None:
    names.move_token(tx, old, new)
    renaming.rename_connection(tx, old, new, actor=ACTOR, why=why)


# ------------------------------------------------------------------ integrations


def _settle_integration(
    ledger: Ledger, names: Names, integration: str, books: Books, known: Sequence[IntegrationBinding]
) -> bool:
    """Take over the integration's old name, and its network's; whether anything was."""
    mine = names.integrations[integration]
    binding = next((one for one in known if one.name == integration), None)
    if binding is not None and _is_unchanged(binding, mine):
        return False
    with ledger.write() as tx:
        changed = False
        if binding is None:
            binding = _under_old_name(tx, names, integration, mine)
            if binding is not None:
                why = "the same books and network under another name"
                renaming.rename_integration(tx, binding.name, integration, actor=ACTOR, why=why)
                changed = True
        elif binding.erp != mine.erp:
            _same_books(tx, integration, binding, mine, books)
        gone = binding is not None and binding.network not in names.networks | {mine.network}
        if binding is not None and gone and binding.network_account in ("", mine.network_account):
            _take_over_connection(tx, names, binding.network, mine.network, why="the same account under another name")
            changed = True
        naming.bind_integration(tx, _bound(integration, mine, binding))
    return changed


def _is_unchanged(binding: IntegrationBinding, mine: Configured) -> bool:
    was = (binding.erp, binding.network, binding.network_account, binding.identity)
    return was == (mine.erp, mine.network, mine.network_account, mine.identity)


def _bound(integration: str, mine: Configured, before: IntegrationBinding | None) -> IntegrationBinding:
    former: list[str] = []
    if before is not None:
        former = [one for one in (before.identity, *before.former_identities) if one and one != mine.identity]
    former = list(dict.fromkeys(former))[:20]
    return IntegrationBinding(integration, mine.erp, mine.network, mine.network_account, mine.identity, former)


def _under_old_name(tx: Tx, names: Names, integration: str, mine: Configured) -> IntegrationBinding | None:
    """The one integration that nobody has any more, of the same books and network."""
    gone = [one for one in naming.integration_bindings(tx) if one.name not in names.integrations]
    same = [one for one in gone if one.erp == mine.erp and _same_network(one, mine)]
    new = [
        name
        for name, one in names.integrations.items()
        if name != integration and one.erp == mine.erp and one.network == mine.network
    ]
    known = {one.name for one in naming.integration_bindings(tx)}
    return same[0] if len(same) == 1 and not set(new) - known else None


def _same_network(one: IntegrationBinding, mine: Configured) -> bool:
    return one.network == mine.network or one.network_account == mine.network_account != ""


def _same_books(tx: Tx, integration: str, binding: IntegrationBinding, mine: Configured, books: Books) -> None:
    """An integration with another ERP connection: the same company, or a question."""
    bound = naming.company_bindings(tx)
    had = next((one for one in reversed(bound) if one.connection == binding.erp), None)
    if had is None or had.books == books:
        return
    raise DecisionNeeded(
        f"Integration {integration} worked for company {had.told} ({binding.erp}) and now works for {books.company}"
        f" ({mine.erp}): nothing is posted or sent.",
        remedy=f"If that is a mistake, put `erp: {binding.erp}` back, or give the new one a name of its own. If it is"
        f" meant, `ml-connector ledger move --books {integration}` shows what becomes of its documents.",
        data={"integration": integration, "had": had.company, "has": books.company},
    )


# ------------------------------------------------------------------ partners


def _settle_partners(
    ledger: Ledger, names: Names, integration: str, books: Books, known: Sequence[Counterparty]
) -> list[Counterparty]:
    found = belonging.recognise(integration, names.integrations[integration].partners, known)
    news = [one for one in found if one not in known]
    if not news:
        return found
    now_named = {one.name: one.key for one in found}
    with ledger.write() as tx:
        for one in news:
            for old in known:
                if old.key == one.key and (old.integration, old.name) != (integration, one.name):
                    _take_over_partner(tx, names, books, old, one)
                    if old.integration == integration and now_named.get(old.name, old.key) != old.key:
                        # Its old name is another partner's now: only its own documents can be told by their key.
                        renaming.relabel_partner(tx, integration, books, old.key, old.name, one.name, actor=ACTOR)
        naming.note_counterparties(tx, books, news)
    return found


def _take_over_partner(tx: Tx, names: Names, books: Books, old: Counterparty, new: Counterparty) -> None:
    """A partner that has another name, or stands in another integration; unless both are there."""
    if old.integration == new.integration:
        if old.name not in names.integrations[new.integration].partners:
            why = "the same identity or account under another name"
            renaming.rename_partner(tx, old.integration, books, old.key, old.name, new.name, actor=ACTOR, why=why)
        return
    there = names.integrations.get(old.integration)
    still = there is not None and any(
        one.key == old.key for one in belonging.recognise(old.integration, there.partners, [replace(old)])
    )
    if not still:
        source, target = (old.integration, old.name), (new.integration, new.name)
        why = "its file stands in another integration of the company"
        renaming.move_partner(tx, books, old.key, source, target, actor=ACTOR, why=why)
