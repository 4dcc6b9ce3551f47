"""A company that its ERP calls by another code now: every row of it gets the new code, in one transaction.

A document's company is evidence: each leaves an event, so that the chain says that it was changed, by whom and why.
"""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from ml_connector.documents.kinds import Direction
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.names import renaming
from ml_connector.ledger.tables.documents import (
    booking,
    company_binding,
    counterparty,
    departure,
    document,
    inbox,
    operation,
    position,
    snapshot,
)
from ml_connector.ledger.work.events import By
from ml_connector.ledger.work.records import Move
from ml_connector.ledger.work.transitions import CHUNK, chunks, move

_d = document.c
_o = operation.c
#: By which a document's writes are known at the other side: of its books, id, and moment.
KeyOf = Callable[[Books, int, datetime], str]


def has_documents(tx: Tx, books: Books) -> bool:
    """Whether the ledger has any document of this company."""
    query = sa.select(_d.id).where(_d.system == books.system, _d.company == books.company).limit(1)
    return tx.execute(query).first() is not None


def newest_orders(tx: Tx, books: Books, flow: str, limit: int) -> list[str]:
    """The ERP's ids of the orders of a company that were read last."""
    mine = sa.and_(_d.system == books.system, _d.company == books.company, _d.flow == flow, _d.source_id.is_not(None))
    query = sa.select(_d.source_id).where(mine).order_by(_d.id.desc()).limit(limit * 4)
    return list(dict.fromkeys(tx.execute(query).scalars()))[:limit]


def recode(tx: Tx, connection: str, old: Books, code: str, by: By, key_of: KeyOf) -> dict[str, int]:
    """Give the company another code; how many rows. What was written before keeps its key and its place."""
    new = Books(old.system, code)
    counts = {"documents": _documents(tx, old, new, by, key_of)}
    for table, name in ((snapshot, "snapshots"), (booking, "bookings"), (inbox, "notices")):
        mine = sa.and_(table.c.connection == connection, table.c.company == old.company)
        counts[name] = renaming.update_rows(tx, table, mine, company=code)
    for table, name in ((company_binding, "companies"), (counterparty, "partners")):
        mine = sa.and_(table.c.system == old.system, table.c.company == old.company)
        counts[name] = renaming.update_rows(tx, table, mine, company=code)
    renaming.update_rows(tx, departure, departure.c.company == old.company, company=code)
    _positions(tx, f":{connection}:{old.company}:", f":{connection}:{code}:")
    renaming.note(tx, "company code", str(old), str(new), by.actor, "asked for", counts)
    return {name: count for name, count in counts.items() if count}


def _documents(tx: Tx, old: Books, new: Books, by: By, key_of: KeyOf) -> int:
    after, count = 0, 0
    mine = sa.and_(_d.system == old.system, _d.company == old.company)
    detail = {"was": old.company, "is": new.company}
    while True:
        query = sa.select(_d.id, _d.direction, _d.created_at, _d.operation_key).where(mine, _d.id > after)
        rows = tx.execute(query.order_by(_d.id).limit(CHUNK)).all()
        if not rows:
            return count
        ids = [row.id for row in rows]
        after, count = ids[-1], count + len(ids)
        _writes(tx, ids, old, new)
        begins = f"{old}"
        keyed = sa.case(
            (
                sa.or_(*(_d.business_key.startswith(f"{begins}{mark}", autoescape=True) for mark in "|/")),
                sa.literal(str(new)).concat(sa.func.substr(_d.business_key, len(begins) + 1)),
            ),
            else_=_d.business_key,
        )
        changes = {"company": new.company, "business_key": keyed}
        tx.execute(sa.update(document).where(_d.id.in_(ids)).values(changes))
        # The key is made of the company: what was written keeps the one that stands in the ERP.
        came = [row for row in rows if row.direction == Direction.IN.value and row.operation_key is None]
        keys = [{"one": row.id, "kept": key_of(old, row.id, row.created_at)} for row in came]
        if keys:
            one = sa.update(document).where(_d.id == sa.bindparam("one"))
            tx.execute(one.values(operation_key=sa.bindparam("kept")), keys)
        seals.note(tx, "document", ids)
        move(tx, [Move(one, None, "company has another code", detail, release=False) for one in ids], by)


def _writes(tx: Tx, ids: list[int], old: Books, new: Books) -> None:
    """Writes are looked up under the new code; what is not done yet goes there."""
    for part in chunks(ids):
        theirs = sa.and_(_o.document_id.in_(part), _o.company == old.company)
        beginning = f"{old.company}/"
        ahead = sa.and_(theirs, _o.state != "done", _o.target.startswith(beginning, autoescape=True))
        target = sa.literal(f"{new.company}/").concat(sa.func.substr(_o.target, len(beginning) + 1))
        renaming.update_rows(tx, operation, ahead, target=target)
        renaming.update_rows(tx, operation, theirs, company=new.company)


def _positions(tx: Tx, old: str, new: str) -> None:
    for name, value in cursors.listing(tx).items():
        if old in name:
            changed = name.replace(old, new)
            tx.execute(sa.delete(position).where(position.c.name == changed))
            tx.execute(sa.update(position).where(position.c.name == name).values(name=changed, value=value))
            seals.note(tx, "position", [name, changed])
