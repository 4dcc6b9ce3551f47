"""What documents belong to, whatever names say: whose books, and which partner.

Names in connections.yaml and partner files are labels. A company is known by its ERP's system and the ERP's own name
of it; a partner by its X12 identity, else its account at the ERP. What a partner was first known by stays its key for
good, so that a new name, or a new identity under the old account, changes no key of what is under way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.config.partners import Partner
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.names.naming import Counterparty


@dataclass(frozen=True)
class Belonging:
    """The books of an integration, the keys of its partners by name, and what our own identity was before."""

    books: Books
    keys: Mapping[str, str] = field(default_factory=dict)
    former_identities: frozenset[str] = frozenset()

    @property
    def names(self) -> dict[str, str]:
        """Names of the partners by key."""
        return {key: name for name, key in self.keys.items()}


def recognise(integration: str, partners: Mapping[str, Partner], known: Sequence[Counterparty]) -> list[Counterparty]:
    """The partners as their files say, each with the key it had: by identity, else by its account at the ERP.

    A name alone proves nothing: another identity and another account under an old name are another partner.
    """
    taken: dict[str, str] = {}
    for by_account in (False, True):
        for name in sorted(partners.keys() - taken.keys()):
            free = [one for one in known if one.key not in taken.values()]
            fits = [one for one in free if _is_same(one, partners[name], by_account=by_account)]
            if fits:
                # Several only where two became one: the one that has the name, else the one known longest.
                taken[name] = next((one for one in fits if one.name == name), fits[0]).key
    for name in sorted(partners.keys() - taken.keys()):
        taken[name] = _new_key(partners[name], {one.key for one in known} | set(taken.values()))
    return [_as_told(integration, partner, taken[name]) for name, partner in partners.items()]


def _is_same(known: Counterparty, partner: Partner, *, by_account: bool) -> bool:
    if by_account:
        if partner.account_key:
            return known.account == partner.account_key
        # Neither account nor identity: what is left is the key that its role and name made.
        return not partner.identities and known.key == _without_identity(partner)
    return bool(known.identities & set(partner.identity_keys))


def _new_key(partner: Partner, used: set[str]) -> str:
    """By its identity, else its account; a name is all that is left of one that has neither."""
    first = partner.identity.key if partner.identity is not None else _without_identity(partner)
    wanted, number = first, 1
    while wanted in used:
        number += 1
        wanted = f"{first}#{number}"
    return wanted


def _without_identity(partner: Partner) -> str:
    """No X12 identity looks like it: those have a / behind two characters."""
    return f"{partner.role}:{partner.erp_account or f'{partner.name}*'}"[:100]


def _as_told(integration: str, partner: Partner, key: str) -> Counterparty:
    identity, test = (one.key if one is not None else "" for one in (partner.identity, partner.test_identity))
    return Counterparty(integration, partner.name, key, identity, test, partner.account_key)
