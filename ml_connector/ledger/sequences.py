"""Control numbers: reserved in the transaction that uses them, never given out twice (edi-operations 5)."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.errors import ConfigError, WeAreWrong
from ml_connector.ledger.store import Tx
from ml_connector.ledger.tables import sequence

MAXIMUM = 999_999_999


def reserve(
    tx: Tx, name: str, count: int = 1, maximum: int = MAXIMUM, *, above: tuple[str, str] | None = None
) -> list[int]:
    """The next numbers of a sequence, from 1; after `maximum` comes 1 again.

    above: beginning and end of the names of sequences that a new one goes on from, from the highest of them.

    A transaction that is rolled back gives its numbers back; others wait for its end, so that none is given twice.

    Raises:
        WeAreWrong: more numbers at once than the sequence has.
    """
    if not 1 <= count <= maximum:
        raise WeAreWrong(f"{count} numbers of sequence {name} cannot be reserved at once.")
    mine = sa.select(sequence.c.next_value).where(sequence.c.name == name).with_for_update()
    first = tx.execute(mine).scalar_one_or_none()
    if first is None:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        begin = 1 if above is None else _highest(tx, *above)
        tx.execute(insert(sequence).values(name=name, next_value=begin).on_conflict_do_nothing())
        first = tx.execute(mine).scalar_one()
    numbers = [(first - 1 + step) % maximum + 1 for step in range(count)]
    tx.execute(sa.update(sequence).where(sequence.c.name == name).values(next_value=numbers[-1] % maximum + 1))
    return numbers


def _highest(tx: Tx, begins: str, ends: str) -> int:
    """The highest next number of the sequences that are called so; 1 where there is none."""
    query = sa.select(sa.func.max(sequence.c.next_value)).where(
        sequence.c.name.startswith(begins, autoescape=True), sequence.c.name.endswith(ends, autoescape=True)
    )
    return tx.execute(query).scalar_one_or_none() or 1


def set_next(tx: Tx, name: str, value: int) -> None:
    """Go on from this number: when a partner's counter is taken over from another program."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(sequence).values(name=name, next_value=value)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"next_value": value}))


def raise_to(tx: Tx, name: str, value: int) -> None:
    """Give no number below `value` any more: those were used after the backup that was restored.

    Raises:
        ConfigError: there is no such sequence, it stands above already, or the number is none.
    """
    known = dict(all_next(tx))
    if name not in known:
        raise ConfigError(f"There is no sequence {name}.", mend="`ml-connector ledger numbers` lists them.")
    if not 1 <= value <= MAXIMUM:
        raise ConfigError(f"{value} is no control number.", mend=f"Numbers go from 1 to {MAXIMUM}.")
    if value < known[name]:
        raise ConfigError(
            f"{name} goes on with {known[name]}; {value} would be given twice.",
            mend="Name a number above the last one the partner saw.",
        )
    set_next(tx, name, value)


def all_next(tx: Tx) -> list[tuple[str, int]]:
    """Every sequence with the number that comes next."""
    return [(row.name, row.next_value) for row in tx.execute(sa.select(sequence).order_by(sequence.c.name))]
