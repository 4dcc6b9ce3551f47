"""Taking over an old name: every row that carries it gets the new one, in one transaction, and the ledger says so.

Names are labels: keys and events hold none of them, so that nothing else changes; the rows are sealed anew. What stands
under the new name already stays; of two rows that would be one, the newer name's is kept.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import (
    alert,
    booking,
    budget,
    company_binding,
    counterparty,
    document,
    envelope_group,
    file,
    inbox,
    inbox_reader,
    integration_binding,
    interchange,
    lease,
    operation,
    position,
    remote_file,
    renaming,
    snapshot,
    tally,
)
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.states import DocumentState as S

#: Documents that have left or are leaving in a file of their network: they end where they began.
_ON_THE_WAY = (S.RENDERED.value, S.SENDING.value, S.UNKNOWN_OUTCOME.value)


def rename_connection(tx: Tx, old: str, new: str, *, actor: str, why: str) -> dict[str, int]:
    """A connection has another name now. Its token is the caller's to move: it is encrypted under the name."""
    counts = {
        "documents": _replace(tx, document.c.connection, old, new),
        "documents by network": _replace(tx, document.c.network, old, new),
        "operations": _replace(tx, operation.c.connection, old, new),
        "files": _replace(tx, file.c.connection, old, new, ("channel", "direction", "remote_id", "sha256")),
        "remote files": _replace(tx, remote_file.c.connection, old, new, ("channel", "remote_id")),
        "snapshots": _replace(tx, snapshot.c.connection, old, new, ("company", "table_name")),
        "bookings": _replace(tx, booking.c.connection, old, new, ("company", "outside_id")),
        "notices": _replace(tx, inbox.c.connection, old, new),
        "integrations": _replace(tx, integration_binding.c.erp, old, new)
        + _replace(tx, integration_binding.c.network, old, new),
        "companies": _replace(tx, company_binding.c.connection, old, new),
    }
    for column in (position.c.name, budget.c.name):
        for mark in ("/", ":"):
            _replace_beginning(tx, column, f"{old}{mark}", f"{new}{mark}")
    _replace_within(tx, f":{old}:", f":{new}:")
    return _noted(tx, "connection", old, new, actor, why, counts)


def rename_integration(tx: Tx, old: str, new: str, *, actor: str, why: str) -> dict[str, int]:
    """An integration has another name now."""
    counts = {
        "documents": _replace(tx, document.c.integration, old, new),
        "files": _replace(tx, file.c.integration, old, new),
        "interchanges": _replace(tx, interchange.c.integration, old, new),
        "groups": _replace(tx, envelope_group.c.integration, old, new),
        "partners": _replace(tx, counterparty.c.integration, old, new, ("system", "company", "name")),
        "notices": _replace(tx, inbox_reader.c.reader, old, new, ("notice_id",)),
        "integrations": _rename_binding(tx, old, new),
    }
    _replace(tx, tally.c.integration, old, new)
    _replace_beginning(tx, position.c.name, f"{old}:", f"{new}:")
    for column in (alert.c.open_cause, alert.c.cause):
        _replace_beginning(tx, column, f"{old}/", f"{new}/")
    return _noted(tx, "integration", old, new, actor, why, counts)


def _rename_binding(tx: Tx, old: str, new: str) -> int:
    """The row's name is its key: both names are sealed, whichever is there afterwards."""
    count = _replace(tx, integration_binding.c.name, old, new, ())
    tx.execute(sa.delete(integration_binding).where(integration_binding.c.name == old))
    seals.note(tx, "integration_binding", [old, new])
    return count


def rename_partner(
    tx: Tx, integration: str, books: Books, key: str, old: str, new: str, *, actor: str, why: str
) -> dict[str, int]:
    """A partner's file has another name now."""
    theirs = sa.and_(
        document.c.system == books.system, document.c.company == books.company, document.c.partner_key == key
    )
    counts = {"documents": update_rows(tx, document, sa.and_(theirs, document.c.partner == old), partner=new)}
    for table, name in ((file, "files"), (interchange, "interchanges"), (envelope_group, "groups")):
        mine = sa.and_(table.c.integration == integration, table.c.partner == old)
        counts[name] = update_rows(tx, table, mine, partner=new)
    _forget_partner(tx, books, integration, old)
    return _noted(tx, "partner", f"{integration}/{old}", f"{integration}/{new}", actor, why, counts)


def relabel_partner(
    tx: Tx, integration: str, books: Books, key: str, old: str, new: str, *, actor: str
) -> dict[str, int]:
    """A partner has another name, and its old one is another's now: envelopes and files keep the name they had."""
    theirs = sa.and_(
        document.c.system == books.system,
        document.c.company == books.company,
        document.c.integration == integration,
        document.c.partner_key == key,
        document.c.partner == old,
    )
    counts = {"documents": update_rows(tx, document, theirs, partner=new)}
    why = "another partner has its name"
    return _noted(tx, "partner", f"{integration}/{old}", f"{integration}/{new}", actor, why, counts)


def move_partner(
    tx: Tx, books: Books, key: str, source: tuple[str, str], target: tuple[str, str], *, actor: str, why: str
) -> dict[str, int]:
    """A partner's file stands in another integration of the same company now; both as (integration, name).

    What is on its way out ends by the network that it was rendered for.
    """
    (from_integration, old), (to_integration, new) = source, target
    waits = sa.or_(document.c.direction == "in", document.c.state.not_in(_ON_THE_WAY))
    theirs = sa.and_(
        document.c.system == books.system,
        document.c.company == books.company,
        document.c.partner_key == key,
        document.c.integration == from_integration,
    )
    values = {"integration": to_integration, "partner": new}
    _recount(tx, document, sa.and_(theirs, waits), to_integration)
    counts = {"documents": update_rows(tx, document, sa.and_(theirs, waits), **values)}
    for table, name in ((interchange, "interchanges"), (envelope_group, "groups")):
        mine = sa.and_(table.c.integration == from_integration, table.c.partner == old)
        counts[name] = update_rows(tx, table, mine, **values)
    came = sa.and_(file.c.integration == from_integration, file.c.partner == old, file.c.direction == "in")
    _recount(tx, file, came, to_integration)
    counts["files"] = update_rows(tx, file, came, **values)
    _forget_partner(tx, books, from_integration, old)
    return _noted(tx, "partner", f"{from_integration}/{old}", f"{to_integration}/{new}", actor, why, counts)


def _recount(tx: Tx, table: "sa.Table", where: sa.ColumnElement[bool], integration: str) -> None:
    """Rows that go to another integration are counted there: to be said before they go."""
    blank = sa.literal("")
    columns = [
        sa.func.coalesce(table.c[name], "").label(name) if name in table.c else blank.label(name)
        for name in tallies.Sort._fields
    ]
    inner = sa.select(*columns).where(where).subquery()
    sort = [inner.c[name] for name in tallies.Sort._fields]
    changes: tallies.Changes = Counter()
    for *values, count in tx.execute(sa.select(*sort, sa.func.count()).group_by(*sort)):
        before = tallies.Sort(*values)
        changes[before] -= count
        changes[before._replace(integration=integration)] += count
    tallies.note(tx, table.name, changes)


def _forget_partner(tx: Tx, books: Books, integration: str, name: str) -> None:
    c = counterparty.c
    mine = sa.and_(c.system == books.system, c.company == books.company, c.integration == integration, c.name == name)
    gone = sa.delete(counterparty).where(mine).returning(c.id)
    seals.note(tx, "counterparty", tx.execute(gone).scalars())


def update_rows(tx: Tx, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> int:
    """Change rows; how many. Those that are evidence are sealed as they are now."""
    return _changed(tx, table, sa.update(table).where(where).values(**values))


def _changed(tx: Tx, table: sa.Table, statement: "sa.Update") -> int:
    """Carry out a change of names; how many rows. Those that are evidence are sealed as they are now."""
    sealed = seals.SEALED.get(table.name)
    if sealed is None:
        return int(tx.execute(statement).rowcount)
    keys = list(tx.execute(statement.returning(table.c[sealed.key])).scalars())
    seals.note(tx, table.name, keys)
    return len(keys)


def _replace(tx: Tx, column: "sa.Column[Any]", old: str, new: str, unique: "tuple[str, ...] | None" = None) -> int:
    """Give rows the new name. unique: the columns that make a row one with a row of the new name; such stay."""
    table: Any = column.table
    statement = sa.update(table).where(column == old).values({column.name: new})
    if unique is not None:
        other = table.alias("other")
        same = [other.c[name] == table.c[name] for name in unique]
        statement = statement.where(~sa.exists().where(other.c[column.name] == new, *same))
    return _changed(tx, table, statement)


def _replace_beginning(tx: Tx, column: "sa.Column[Any]", old: str, new: str) -> None:
    """Small tables of names: each that begins so, unless the new name is taken."""
    table: Any = column.table
    found = tx.execute(sa.select(column).where(column.startswith(old, autoescape=True))).scalars().all()
    taken = set(tx.execute(sa.select(column).where(column.startswith(new, autoescape=True))).scalars())
    for name in found:
        changed = new + name.removeprefix(old)
        if changed not in taken:
            _changed(tx, table, sa.update(table).where(column == name).values({column.name: changed}))
            if table is position:  # the name is its key: both are sealed, whichever is there afterwards
                seals.note(tx, "position", [name, changed])


def _replace_within(tx: Tx, old: str, new: str) -> None:
    """Positions that name an integration before the connection."""
    column = position.c.name
    for name in tx.execute(sa.select(column).where(column.contains(old, autoescape=True))).scalars().all():
        changed = name.replace(old, new)
        if tx.execute(sa.select(column).where(column == changed)).scalar_one_or_none() is None:
            tx.execute(sa.update(position).where(column == name).values(name=changed))
            seals.note(tx, "position", [name, changed])


def _noted(tx: Tx, what: str, old: str, new: str, actor: str, why: str, counts: Mapping[str, int]) -> dict[str, int]:
    told = {name: count for name, count in counts.items() if count}
    detail = {"why": why, "rows": told}
    values = {"at": now(tx), "actor": actor, "what": what, "old": old, "new": new, "detail": detail}
    seals.note(tx, "renaming", tx.execute(sa.insert(renaming).values(values).returning(renaming.c.id)).scalars())
    return told


def busy(tx: Tx, integration: str) -> str:
    """A living run's lease on an integration's channels; empty where there is none."""
    query = sa.select(lease.c.name).where(
        lease.c.name.startswith(f"channel:{integration}:", autoescape=True), lease.c.expires_at > now(tx)
    )
    return tx.execute(query.limit(1)).scalar_one_or_none() or ""


def kinds_of_connection(tx: Tx, name: str) -> set[str]:
    """What stands under a connection's name: it was an `erp`, a `network`, or nothing is known of it."""
    of_kind: dict[str, tuple[sa.Column[Any], ...]] = {
        "erp": (company_binding.c.connection, integration_binding.c.erp, document.c.connection),
        "network": (integration_binding.c.network, document.c.network, file.c.connection, remote_file.c.connection),
    }

    def stands(column: "sa.Column[Any]") -> bool:
        return tx.execute(sa.select(sa.literal(1)).where(column == name).limit(1)).first() is not None

    return {kind for kind, columns in of_kind.items() if any(stands(column) for column in columns)}


def is_noted(tx: Tx, what: str, old: str, new: str) -> bool:
    """Whether the newest that became of an old name is this new one."""
    c = renaming.c
    query = sa.select(c.new).where(c.what == what, c.old == old).order_by(c.id.desc()).limit(1)
    return tx.execute(query).scalar_one_or_none() == new


def note(tx: Tx, what: str, old: str, new: str, actor: str, why: str, counts: Mapping[str, int]) -> None:
    """A decision of a person, kept beside the names that were taken over."""
    _noted(tx, what, old, new, actor, why, counts)


def change_key(tx: Tx, books: Books, old: str, new: str) -> int:
    """Two partners are one: documents of the first are known by the second's key. A number both have stays one's."""
    if old == new:
        return 0
    mine = sa.and_(
        document.c.system == books.system, document.c.company == books.company, document.c.partner_key == old
    )
    beginning = f"{books}/{old}|"
    changed = sa.literal(f"{books}/{new}|").concat(sa.func.substr(document.c.business_key, len(beginning) + 1))
    other = document.alias("other")
    keyed = sa.update(document).where(
        mine,
        document.c.business_key.startswith(beginning, autoescape=True),
        ~sa.exists().where(other.c.business_key == changed),
    )
    _changed(tx, document, keyed.values(business_key=changed))
    return update_rows(tx, document, mine, partner_key=new)
