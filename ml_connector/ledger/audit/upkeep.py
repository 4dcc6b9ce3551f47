"""What keeps the ledger quick: statistics for the planner, tallies folded, marks moved on. At the end of every run.

Each part is skipped while there is little for it, so that a run that found nothing to do costs some reads.
"""

import logging

import sqlalchemy as sa

from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.search import accounted
from ml_connector.ledger.tables.documents import metadata
from ml_connector.ledger.work import tallies

log = logging.getLogger(__name__)

#: Steps of one run, should a large ledger be accounted for the first time.
STEPS = 50
#: Rows of an index that SQLite looks at: enough to tell what is selective, however large the table is.
_LOOKED_AT = 1000
#: SQLite believes what its statistics say: those of a table that was small would have it read a large one whole.
_SMALL = 10_000
#: Statistics are made again when a table has so many times the rows.
_GROWN = 4
#: Rows of an index that SQLite looks at: enough to tell what is selective, however large the table is.
_LOOKED_AT = 1000
_TABLES = ("document", "operation", "event", "file", "interchange", "envelope_group", "remote_file")


def upkeep(ledger: Ledger) -> None:
    """Fold, account, analyze.

    Raises:
        TryAgain: the database is busy or cannot be reached.
    """
    with ledger.read() as tx:
        loose, behind = tallies.is_loose(tx), accounted.lags(tx)
    if loose:
        with ledger.write() as tx:
            tallies.fold(tx)
    for _ in range(STEPS if behind else 0):
        with ledger.write() as tx:
            more = accounted.advance(tx)
        if not more:
            break
    statistics(ledger)


def statistics(ledger: Ledger) -> None:
    """Statistics of tables that have grown much since they were last made; cheap when none has."""
    sqlite = ledger.engine.dialect.name == "sqlite"
    with ledger.read() as tx:
        stale = _grown(tx) if sqlite else _stale(tx)
    if not stale:
        return
    with ledger.write() as tx:
        if sqlite:
            tx.exec_driver_sql(f"PRAGMA analysis_limit = {_LOOKED_AT}")
        for table in stale:
            tx.exec_driver_sql(f"ANALYZE {table}")


def _grown(tx: Tx) -> list[str]:
    """SQLite's tables that are large and have no statistics, or those of a much smaller table."""
    known: dict[str, int] = {}
    if sa.inspect(tx).has_table("sqlite_stat1"):
        for table, stat in tx.exec_driver_sql("SELECT tbl, stat FROM sqlite_stat1"):
            known[table] = max(known.get(table, 0), int(str(stat).split()[0]))
    # The newest row's number, as good as a count and found at once.
    newest = sa.func.max(sa.literal_column("rowid", sa.Integer()))
    rows = {name: tx.execute(sa.select(newest).select_from(metadata.tables[name])).scalar_one() for name in _TABLES}
    return [name for name, count in rows.items() if (count or 0) >= max(_SMALL, _GROWN * known.get(name, 0))]


def _stale(tx: Tx) -> list[str]:
    """Tables that autovacuum has not come to, though they have grown to several times their size."""
    query = sa.text(
        "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = ANY(:tables) "
        "AND n_mod_since_analyze > 1000 AND n_mod_since_analyze > n_live_tup / 2 ORDER BY relname"
    )
    return list(tx.execute(query, {"tables": list(_TABLES)}).scalars())
