"""Where polling and listing go on: one text a name."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import position

#: How the names of positions end from which what leaves is read again after a restore; orders have an older one.
POSITION = ":position"
READ_AGAIN = (":orders", POSITION)


def get(tx: Tx, name: str) -> str | None:
    """The position, or None."""
    return tx.execute(sa.select(position.c.value).where(position.c.name == name)).scalar_one_or_none()


def put(tx: Tx, name: str, value: str) -> None:
    """Set a position."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    values = {"value": value, "updated_at": now(tx)}
    news = get(tx, name) != value
    tx.execute(insert(position).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values))
    if news:
        seals.note(tx, "position", [name])


def forget(tx: Tx, name: str) -> bool:
    """Start over; False when there was none."""
    gone = list(tx.execute(sa.delete(position).where(position.c.name == name).returning(position.c.name)).scalars())
    seals.note(tx, "position", gone)
    return bool(gone)


def listing(tx: Tx, prefix: str = "") -> dict[str, str]:
    """All positions whose name begins so."""
    query = sa.select(position.c.name, position.c.value).order_by(position.c.name)
    return {name: value for name, value in tx.execute(query) if name.startswith(prefix)}
