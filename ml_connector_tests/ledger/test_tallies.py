"""Counts that are kept beside what they count."""

import pytest
import sqlalchemy as sa

from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files, related
from ml_connector.ledger.search import totals
from ml_connector.ledger.tables.documents import document, tally
from ml_connector.ledger.work import documents, tallies
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.tallies import Sort
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.ledger.test_files import new_file

HELD = Sort("exact_cleo", "in", "quarantined", "invoices_in", "invoice", "no_such_order")


@pytest.fixture
def counted(ledger: Ledger) -> Ledger:
    """Documents and files that were added, moved, held for another reason, sorted otherwise, repeated."""
    first, second, third = add(ledger, invoice("1"), invoice("2"), order("3"))
    add(ledger, invoice("1"))
    walk(ledger, first.id, S.MATCHED, S.QUARANTINED, reason="bad_value")
    with ledger.write() as tx:
        documents.move(tx, [Move(first.id, None, "for another reason", changes={"reason": "no_such_order"})], BY)
        documents.move(tx, [Move(second.id, None, "sorted", changes={"flow": "unreadable", "kind": "unsupported"})], BY)
        documents.move(tx, [Move(third.id, S.RESOLVED, "a"), Move(third.id, S.READ, "b")], BY)
        stored = [files.put_blob(tx, content) for content in (b"1", b"2", b"3")]
        news = [new_file(sha256, remote_id=f"r{n}") for n, sha256 in enumerate(stored)]
        one, two, three = files.add_fetched(tx, news)
        assert files.add_fetched(tx, news) == [one, two, three], "the same again is not a new file"
        assert files.add_file(tx, news[0]) == one
        files.set_state(tx, one, "parsed")
        files.set_states(tx, {two: "incomplete", three: "repeated"})
        related.supersede_incomplete(tx, news[1].connection, news[1].channel, "r1", "f" * 64)
    return ledger


def test_the_tallies_are_what_there_is(counted: Ledger) -> None:
    with counted.read() as tx:
        assert list(tallies.differences(tx)) == []
        found = tallies.of_documents(tx)
        assert found[HELD] == 1
        assert sum(found.values()) == 4
        assert all(count > 0 for count in found.values()), "what is empty is not told"
        states = {sort.state: count for sort, count in tallies.of_files(tx, "exact_cleo").items()}
        assert states == {"parsed": 1, "superseded": 1, "repeated": 1}


def test_totals_by_tallies_are_those_of_the_rows(counted: Ledger) -> None:
    with counted.read() as tx:
        day = tx.execute(sa.select(document.c.partition_date).limit(1)).scalar_one()
        by = ["flow", "state", "reason"]
        told = totals.counts(tx, by, integration="exact_cleo")
        assert told == totals.counts(tx, by, integration="exact_cleo", partition_from=day)
        kept, found = totals.control_totals(tx, "exact_cleo"), totals.control_totals(tx, "exact_cleo", day)
        assert (kept.files, kept.documents) == (found.files, found.documents)


def test_folding_changes_no_count(counted: Ledger) -> None:
    with counted.read() as tx:
        before = tallies.of_documents(tx), tallies.of_files(tx)
        rows = tx.execute(sa.select(sa.func.count()).select_from(tally)).scalar_one()
        assert not tallies.is_loose(tx)
    with counted.write() as tx:
        assert tallies.fold(tx) == rows
    with counted.read() as tx:
        assert (tallies.of_documents(tx), tallies.of_files(tx)) == before
        assert tx.execute(sa.select(sa.func.count()).select_from(tally)).scalar_one() < rows


def test_writers_neither_wait_for_each_other_nor_for_one_who_folds(postgres_ledger: Ledger) -> None:
    """Their rows are their own: a second writer ends while the first and a folding transaction are open."""
    add(postgres_ledger, invoice("1"), invoice("2", company="other"), invoice("3", company="third"))
    engine = postgres_ledger.engine
    with engine.connect() as folding, engine.connect() as first, engine.connect() as second:
        for one in (folding, first, second):
            one.execution_options(ml_connector_immediate=True, **{seals.TOUCHED: {}}).begin()
            one.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        assert tallies.fold(folding) > 0
        documents.move(first, [Move(1, S.MATCHED, "matched")], BY)
        assert tallies.fold(second) == 0, "what another one folds is left to it"
        documents.move(second, [Move(2, S.MATCHED, "matched")], BY)
        for one in (second, first, folding):
            one.commit()
    with postgres_ledger.read() as tx:
        assert list(tallies.differences(tx)) == []


def test_verify_finds_a_tally_or_a_row_that_was_changed(counted: Ledger) -> None:
    assert not [one for one in verify(counted).problems if one.check == "tallies"]
    rewrite(counted, sa.update(tally).where(tally.c.state == "quarantined").values(change=tally.c.change + 4))
    rewrite(counted, sa.update(document).where(document.c.id == 3).values(reason="nobody"))
    told = {one.where: one.message for one in verify(counted).problems if one.check == "tallies"}
    assert told["exact_cleo in quarantined invoices_in invoice no_such_order"] == "5 documents are told, 1 are there"
    assert any(message == "0 documents are told, 1 are there" for message in told.values())
    with counted.write() as tx:
        assert tallies.recount(tx) == len(told)
    assert not [one for one in verify(counted).problems if one.check == "tallies"]
