"""Claims: whose turn, in which order, and never two workers at once."""

from datetime import date, timedelta

import pytest

from ml_connector.ledger.coordination.leases import take
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimQuery, Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, walk
from ml_connector_tests.support.clocks import StillClock

PARSED = ClaimQuery("exact_cleo", (S.PARSED,), ("invoices_in",))


def _claim(ledger: Ledger, query: ClaimQuery = PARSED, holder: str = "worker:one", limit: int = 200) -> list[int]:
    with ledger.write() as tx:
        take(tx, holder, holder, 15)
        return [row.id for row in documents.claim(tx, query, holder, limit)]


def test_oldest_first_and_as_many_as_asked_for(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, *[invoice(str(n)) for n in range(5)])]
    assert _claim(ledger, limit=2) == ids[:2]
    assert _claim(ledger, limit=2) == ids[2:4]
    assert _claim(ledger, holder="worker:two") == ids[4:]
    assert _claim(ledger) == []


def test_claimed_rows_are_whole_and_carry_the_claim(ledger: Ledger) -> None:
    (added,) = add(ledger)
    with ledger.write() as tx:
        take(tx, "worker:one", "one", 15)
        (row,) = documents.claim(tx, PARSED, "worker:one")
        assert documents.get(tx, added.id) == row
    assert (row.claimed_by, row.canonical) == ("worker:one", invoice().canonical)


def test_a_dead_workers_documents_are_free_again(ledger: Ledger, clock: StillClock) -> None:
    ids = [one.id for one in add(ledger)]
    assert _claim(ledger) == ids
    clock.move(14)
    assert _claim(ledger, holder="worker:two") == []
    clock.move(1)
    assert _claim(ledger, holder="worker:two") == ids


def test_whose_lease_has_ended_takes_nothing_twice(ledger: Ledger, clock: StillClock) -> None:
    """It may have them in hand: who met one a second time would move it twice."""
    ids = [one.id for one in add(ledger, invoice("1"), invoice("2"))]
    assert _claim(ledger, limit=1) == ids[:1]
    clock.move(20)
    with ledger.write() as tx:
        assert [row.id for row in documents.claim(tx, PARSED, "worker:one")] == ids[1:]
        assert documents.claim(tx, PARSED, "worker:one") == []
    assert _claim(ledger, holder="worker:two") == ids


def test_a_holder_without_a_lease_holds_nothing(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger)]
    with ledger.write() as tx:
        documents.claim(tx, PARSED, "nobody")
    assert _claim(ledger) == ids


def test_documents_rest_until_their_next_attempt_unless_it_is_ignored(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger, invoice(next_attempt_at=clock.now() + timedelta(minutes=10)))
    assert _claim(ledger) == []
    again = ClaimQuery("exact_cleo", (S.PARSED,), ignore_due=True)
    with ledger.read() as tx:
        assert [row.id for row in documents.waiting(tx, again)] == [added.id]
        assert documents.waiting(tx, PARSED) == []
        assert (documents.count_waiting(tx, again), documents.count_waiting(tx, PARSED)) == (1, 0)
    clock.move(600)
    assert _claim(ledger) == [added.id]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ClaimQuery("other", (S.PARSED,)), []),
        (ClaimQuery("exact_cleo", (S.MATCHED,)), [2]),
        (ClaimQuery("exact_cleo", (S.PARSED, S.MATCHED)), [1, 2, 3, 4]),
        (ClaimQuery("exact_cleo", (S.PARSED,), ("shipments_in",)), [3]),
        (ClaimQuery("exact_cleo", (S.PARSED,), ("shipments_in", "invoices_in")), [1, 3, 4]),
        (ClaimQuery("exact_cleo", (S.PARSED,), partitions=(date(2026, 1, 1),)), [4]),
        (ClaimQuery("exact_cleo", (S.PARSED,), ids=(1, 2, 4)), [1, 4]),
        (ClaimQuery("exact_cleo", (S.PARSED,), partners=("acme",)), [1, 4]),
        (ClaimQuery("exact_cleo", (S.PARSED,), after_id=1), [3, 4]),
    ],
)
def test_every_filter(ledger: Ledger, query: ClaimQuery, expected: list[int]) -> None:
    add(
        ledger,
        invoice("1"),
        invoice("2"),
        invoice("3", flow="shipments_in", partner="northwind"),
        invoice("4", partition_date=date(2026, 1, 1)),
    )
    walk(ledger, 2, S.MATCHED)
    with ledger.read() as tx:
        assert [row.id for row in documents.waiting(tx, query)] == expected
    assert _claim(ledger, query) == expected


def test_release_gives_up_and_may_postpone(ledger: Ledger, clock: StillClock) -> None:
    ids = [one.id for one in add(ledger, invoice("1"), invoice("2"))]
    _claim(ledger)
    with ledger.write() as tx:
        documents.release(tx, ids, holder="worker:two")
        assert documents.get_many(tx, ids)[0].claimed_by == "worker:one"
        documents.release(tx, ids[:1], next_attempt_at=clock.now() + timedelta(seconds=30))
        documents.release(tx, ids[1:], holder="worker:one")
    assert _claim(ledger) == ids[1:]


def test_a_document_that_went_on_is_not_claimed(ledger: Ledger) -> None:
    (added,) = add(ledger)
    with ledger.write() as tx:
        documents.move(tx, [Move(added.id, S.MATCHED, "matched")], BY)
    assert _claim(ledger) == []


def test_claiming_uses_the_index_on_sqlite(sqlite_ledger: Ledger) -> None:
    """With five million finished documents a scan would take seconds."""
    given = documents._given(PARSED, sqlite_ledger.clock.now())
    query = documents._candidates(tuple(given)).params(given).order_by(documents._c.id).limit(200)
    text = str(query.compile(sqlite_ledger.engine, compile_kwargs={"render_postcompile": True, "literal_binds": True}))
    with sqlite_ledger.read() as tx:
        plan = " ".join(row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
    assert "ix_document_state (state=? AND integration=? AND flow=?)" in plan
    assert "SCAN document" not in plan
