"""Bookings that others made in the ERP, as webhooks told: to find invoices that somebody keyed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import booking

_c = booking.c


@dataclass(frozen=True, slots=True)
class Booking:
    """An entry in the ERP. vendor_id: the supplier there; number: the supplier's invoice number."""

    outside_id: str
    vendor_id: str
    number: str
    entry_number: str = ""
    amount: str = ""
    source: str = ""


def folded(number: str) -> str:
    """Numbers are compared as ERPs do: without regard to case and outer blanks."""
    return number.strip().casefold()[:80]


def note(tx: Tx, connection: str, company: str, found: Sequence[Booking]) -> None:
    """Keep bookings as they are now; an earlier reading of the same one is replaced."""
    newest = {one.outside_id: one for one in found}
    forget(tx, connection, company, list(newest))
    if newest:
        at = now(tx)
        scope = {"connection": connection, "company": company, "noted_at": at}
        statement = sa.insert(booking).returning(_c.id)
        added = tx.execute(statement, [{**scope, **_values(one)} for one in newest.values()])
        seals.note(tx, "booking", added.scalars())


def _values(one: Booking) -> dict[str, str]:
    return {
        "outside_id": one.outside_id[:80],
        "vendor_id": one.vendor_id[:80],
        "number": folded(one.number),
        "entry_number": one.entry_number[:40],
        "amount": one.amount[:40],
        "source": one.source[:80],
    }


def forget(tx: Tx, connection: str, company: str, outside_ids: Sequence[str]) -> None:
    """These are no longer in the ERP."""
    for start in range(0, len(outside_ids), 500):
        part = _c.outside_id.in_(outside_ids[start : start + 500])
        gone = sa.delete(booking).where(_c.connection == connection, _c.company == company, part)
        seals.note(tx, "booking", tx.execute(gone.returning(_c.id)).scalars())


def find(tx: Tx, connection: str, company: str, numbers: Sequence[str]) -> dict[tuple[str, str], Booking]:
    """Bookings with these invoice numbers, by supplier and folded number."""
    unique = sorted({folded(number) for number in numbers})
    found: dict[tuple[str, str], Booking] = {}
    names = list(Booking.__slots__)
    for start in range(0, len(unique), 500):
        query = sa.select(*(booking.c[name] for name in names)).where(
            _c.connection == connection, _c.company == company, _c.number.in_(unique[start : start + 500])
        )
        for row in tx.execute(query.order_by(_c.id)):
            one = Booking(*row)
            found[one.vendor_id, one.number] = one
    return found
