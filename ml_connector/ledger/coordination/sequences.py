"""Control numbers: reserved in the transaction that uses them, never given out twice (edi-operations 5)."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.errors import ConfigError, NeedsCorrection, Reason, WeAreWrong
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import sequence

MAXIMUM = 999_999_999
#: Counts the lines of `ledger.database.departures`.
DEPARTURES = "departures"
#: Counters of ours that no partner sees.
_INNER = (DEPARTURES,)


def reserve(
    tx: Tx, name: str, count: int = 1, maximum: int = MAXIMUM, *, above: tuple[str, str] | None = None
) -> list[int]:
    """The next numbers of a sequence, from 1; after `maximum` comes 1 again.

    above: beginning and end of the names of sequences that a new one goes on from, from the highest of them.

    A transaction that is rolled back gives its numbers back; others wait for its end, so that none is given twice.

    Raises:
        WeAreWrong: more numbers at once than the sequence has.
        NeedsCorrection: the ledger was restored, and nobody has said how far the sequence was used.
    """
    if not 1 <= count <= maximum:
        raise WeAreWrong(f"{count} numbers of sequence {name} cannot be reserved at once.")
    stands = sa.select(sequence.c.next_value, sequence.c.stopped_by).where(sequence.c.name == name).with_for_update()
    found = tx.execute(stands).one_or_none()
    if found is None:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        begin, stopped_by = (1, None) if above is None else _highest(tx, *above)
        values = {"name": name, "next_value": begin, "stopped_by": stopped_by}
        tx.execute(insert(sequence).values(values).on_conflict_do_nothing())
        found = tx.execute(stands).one()
    first, stopped_by = found
    if stopped_by is not None:
        raise NeedsCorrection(
            Reason.NUMBERS_UNKNOWN,
            f"The ledger was restored, and nobody knows which numbers of {name} from {first} on were used since.",
            remedy=f'Ask the partner for the last one: `ml-connector ledger numbers "{name}" --next N`, one above it.',
            data={"sequence": name, "next": first},
        )
    numbers = [(first - 1 + step) % maximum + 1 for step in range(count)]
    tx.execute(sa.update(sequence).where(sequence.c.name == name).values(next_value=numbers[-1] % maximum + 1))
    seals.note(tx, "sequence", [name])
    return numbers


def _highest(tx: Tx, begins: str, ends: str) -> tuple[int, int | None]:
    """The highest next number of the sequences that are called so, or 1; the restore that stopped one of them."""
    query = sa.select(sa.func.max(sequence.c.next_value), sa.func.max(sequence.c.stopped_by)).where(
        sequence.c.name.startswith(begins, autoescape=True), sequence.c.name.endswith(ends, autoescape=True)
    )
    highest, stopped_by = tx.execute(query).one()
    return highest or 1, stopped_by


def set_next(tx: Tx, name: str, value: int) -> None:
    """Go on from this number: when a partner's counter is taken over from another program."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    values = {"next_value": value, "stopped_by": None}
    statement = insert(sequence).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
    seals.note(tx, "sequence", [name])


def peek(tx: Tx, name: str) -> int:
    """The number that comes next."""
    found: int | None = tx.execute(sa.select(sequence.c.next_value).where(sequence.c.name == name)).scalar_one_or_none()
    return found or 1


def stop_all(tx: Tx, restore_id: int) -> list[str]:
    """No number is given any more until a person says how far each sequence was used; their names."""
    every = sa.update(sequence).where(sequence.c.name.not_in(_INNER)).values(stopped_by=restore_id)
    seals.note(tx, "sequence", tx.execute(every.returning(sequence.c.name)).scalars())
    return stopped(tx)


def stop(tx: Tx, names: Sequence[str], restore_id: int) -> None:
    """The same for sequences that the restored ledger does not even have; those that it has are left alone."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    for name in names:
        values = {"name": name, "next_value": 1, "stopped_by": restore_id}
        tx.execute(insert(sequence).values(values).on_conflict_do_nothing())
    seals.note(tx, "sequence", names)


def stopped(tx: Tx) -> list[str]:
    """Sequences of which nobody has said yet how far they were used before a restore."""
    query = sa.select(sequence.c.name).where(sequence.c.stopped_by.is_not(None)).order_by(sequence.c.name)
    return list(tx.execute(query).scalars())


def raise_to(tx: Tx, name: str, value: int) -> None:
    """Give no number below `value` any more: those were used after the backup that was restored.

    Raises:
        ConfigError: there is no such sequence, it stands above already, or the number is none.
    """
    known = dict(all_next(tx))
    if name not in known:
        raise ConfigError(f"There is no sequence {name}.", remedy="`ml-connector ledger numbers` lists them.")
    if not 1 <= value <= MAXIMUM:
        raise ConfigError(f"{value} is not a control number.", remedy=f"Numbers go from 1 to {MAXIMUM}.")
    if value < known[name]:
        raise ConfigError(
            f"{name} goes on with {known[name]}; {value} would be given twice.",
            remedy="Name a number above the last one the partner saw.",
        )
    set_next(tx, name, value)


def all_next(tx: Tx) -> list[tuple[str, int]]:
    """Every sequence with the number that comes next."""
    query = sa.select(sequence).where(sequence.c.name.not_in(_INNER)).order_by(sequence.c.name)
    return [(row.name, row.next_value) for row in tx.execute(query)]
