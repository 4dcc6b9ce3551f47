"""What of the demo has to add up, counted by the stand-ins and by the ledger."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.demo.trouble import Trouble
from ml_connector.ledger.tables.documents import document, operation
from ml_connector.sandbox.partner.consumer import Taken
from ml_connector.sandbox.partner.documents.x12 import get
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.server import Sandbox


@dataclass(frozen=True)
class Check:
    """One thing that has to add up."""

    name: str
    ok: bool
    detail: str


def operations_done(deployment: Deployment, connection: str, *kinds: str) -> int:
    """Writes of these kinds at a connection that the ledger knows to be done."""
    c = operation.c
    of = (c.connection == connection, c.kind.in_(kinds), c.state == "done")
    query = sa.select(sa.func.count()).where(*of)
    with deployment.ledger.read() as tx:
        return int(tx.execute(query).scalar_one())


def shown(deployment: Deployment, sandbox: Sandbox, trouble: Trouble) -> bool:
    """Whether a trouble came: a document has its reason or state, and says what tells it from others."""
    if trouble.met is not None:
        return trouble.met(sandbox)
    c = document.c
    of = c.integration == trouble.integration
    query = sa.select(c.reason_detail).where(of, sa.or_(c.reason == trouble.expected, c.state == trouble.expected))
    if trouble.flow:
        query = query.where(c.flow == trouble.flow)
    with deployment.ledger.read() as tx:
        told = [str(detail) for (detail,) in tx.execute(query)]
    return any(trouble.says in one for one in told)


def taken_by(sandbox: Sandbox, profiles: Iterable[Profile]) -> list[Taken]:
    """The files that these partners took out of their mailboxes."""
    folders = tuple(f"/{profile.name}/" for profile in profiles)
    return [
        file for file in (sandbox.partner.consumer.taken if sandbox.partner else ()) if file.folder.startswith(folders)
    ]


def orders_taken(sandbox: Sandbox, profiles: Iterable[Profile]) -> Counter[str]:
    """How often each order was taken by its supplier."""
    return Counter(
        number
        for file in taken_by(sandbox, profiles)
        for kind, purpose, number in file.documents
        if kind == "850" and purpose == "00"
    )


def invoices_taken(sandbox: Sandbox, profiles: Iterable[Profile]) -> Counter[str]:
    """How often each invoice was taken by a customer."""
    return Counter(
        get(one.segments[1], 2)
        for file in taken_by(sandbox, profiles)
        for interchange in file.interchanges
        for group in interchange.groups
        for one in group.sets
        if one.kind == "810"
    )


def posted_once(
    deployment: Deployment, connection: str, what: str, kinds: Collection[str], there: Counter[str]
) -> Check:
    """there: how often each business key stands in the books."""
    done, twice = operations_done(deployment, connection, *kinds), sum(1 for count in there.values() if count > 1)
    ok = there.total() == done > 0 and not twice
    return Check(f"{what} posted once", ok, f"{done} in the ledger, {there.total()} in the books, {twice} twice")


def entered_once(what: str, wanted: Iterable[str], there: Counter[str]) -> Check:
    """What customers ordered and nothing is wrong with."""
    numbers = list(wanted)
    missing = [number for number in numbers if there[number] != 1]
    return Check(what, not missing, f"{len(numbers) - len(missing)} of {len(numbers)} in the books once")
