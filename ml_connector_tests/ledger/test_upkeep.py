"""Upkeep at the end of runs: statistics where they help, folded tallies, marks of what is accounted for."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ml_connector.ledger.audit import upkeep
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files
from ml_connector.ledger.search import accounted
from ml_connector.ledger.tables.documents import tally
from ml_connector.ledger.work import tallies
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.support.clocks import StillClock


def _analyzed(ledger: Ledger) -> set[str]:
    with ledger.read() as tx:
        if not sa.inspect(tx).has_table("sqlite_stat1"):
            return set()
        return set(tx.exec_driver_sql("SELECT tbl FROM sqlite_stat1").scalars())


def test_a_small_table_gets_no_statistics(sqlite_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite would believe them when the table is large: it would read all of it for a few ids."""
    add(sqlite_ledger, *(invoice(str(number)) for number in range(5)))
    upkeep.upkeep(sqlite_ledger)
    assert _analyzed(sqlite_ledger) == set()
    monkeypatch.setattr(upkeep, "_SMALL", 5)
    upkeep.upkeep(sqlite_ledger)
    assert _analyzed(sqlite_ledger) == {"document", "event"}


def test_statistics_are_made_again_when_a_table_has_grown(
    sqlite_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_SMALL", 1)
    add(sqlite_ledger, invoice("1"), invoice("2"))
    upkeep.statistics(sqlite_ledger)
    with sqlite_ledger.read() as tx:
        assert upkeep._grown(tx) == []
    add(sqlite_ledger, *(invoice(f"again {number}") for number in range(6)))
    with sqlite_ledger.read() as tx:
        assert upkeep._grown(tx) == ["document", "event"]


def test_many_rows_of_tallies_become_few(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        add(ledger, invoice(str(number)))
    monkeypatch.setattr(tallies, "LOOSE", 3)
    upkeep.upkeep(ledger)
    with ledger.read() as tx:
        assert list(tx.execute(sa.select(tally.c.change)).scalars()) == [4]


def test_a_mark_passes_what_is_open_and_remembers_it(ledger: Ledger, clock: StillClock) -> None:
    """A file that waits, a file of which nothing came; what is young is looked at again whatever it is."""
    with ledger.write() as tx:
        names = ("waits", "lost", "repeated")
        hashes = [files.put_blob(tx, name.encode()) for name in names]
        news = [new_file(sha256, remote_id=name, name=name) for name, sha256 in zip(names, hashes, strict=True)]
        waits, lost, repeated = files.add_fetched(tx, news)
        files.set_states(tx, {lost: "parsed", repeated: "repeated"})
        assert not accounted.advance(tx), "they are young"
    clock.move((accounted.YOUNG + timedelta(seconds=1)).total_seconds())
    with ledger.write() as tx:
        assert accounted.advance(tx)
        assert accounted._mark(tx, accounted._FILES) == accounted.Mark(repeated, (waits, lost))
        assert accounted.problems(tx, "exact_cleo") == [f"file {lost} (lost) is parsed, and nothing came of it"]
        files.set_states(tx, {lost: "stored", waits: "parsed"})
        assert accounted.problems(tx, "exact_cleo") == [f"file {waits} (waits) is parsed, and nothing came of it"]
        files.set_states(tx, {lost: "repeated", waits: "repeated"})
        accounted.advance(tx)
        assert accounted._mark(tx, accounted._FILES) == accounted.Mark(repeated)
