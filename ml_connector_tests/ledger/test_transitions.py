"""Moves: the only way a document changes; checked, chained, for a whole batch."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.coordination.leases import take
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import documents, events
from ml_connector.ledger.work.documents import ClaimLost, ClaimQuery, Move
from ml_connector.ledger.work.states import FINISHED, DocumentState, check_move, moves_of
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, walk
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.support.examples import some


def _row(ledger: Ledger, document_id: int) -> documents.DocumentRow:
    with ledger.read() as tx:
        row = documents.get(tx, document_id)
    assert row is not None
    return row


def _move(ledger: Ledger, *moves: Move, **options: Any) -> None:
    with ledger.write() as tx:
        documents.move(tx, list(moves), BY, **options)


def test_a_move_sets_state_columns_and_event(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger)
    clock.move(5)
    _move(ledger, Move(added.id, S.MATCHED, "matched", {"orders": ["PO-1"]}, {"work": "{}", "snapshots": {"v": 1}}))
    row = _row(ledger, added.id)
    assert (row.state, row.work, row.snapshots, row.updated_at) == (S.MATCHED, "{}", {"v": 1}, clock.now())
    with ledger.read() as tx:
        first, second = events.history(tx, added.id)
    assert (second.seq, second.action, second.state, second.detail) == (2, "matched", "matched", '{"orders":["PO-1"]}')
    assert second.at == clock.now()
    assert second.hash == events.hash_of(first.hash, second) == row.head_hash
    assert row.events == 2


def test_several_moves_of_one_document_in_a_batch(ledger: Ledger) -> None:
    (added,) = add(ledger)
    _move(
        ledger,
        Move(added.id, S.QUARANTINED, "held", changes={"reason": "no_such_order"}),
        Move(added.id, S.PARSED, "taken up again"),
        Move(added.id, S.MATCHED, "matched", changes={"work": "{}"}),
    )
    row = _row(ledger, added.id)
    assert (row.state, row.work, row.reason, row.events) == (S.MATCHED, "{}", None, 4)
    with ledger.read() as tx:
        assert list(events.verify_chain(tx)) == []


def test_a_large_batch_with_different_columns(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, *[invoice(str(n)) for n in range(1100)])]
    _move(
        ledger,
        *[
            Move(key, S.MATCHED, "matched", changes={"work": str(key)})
            if key % 2
            else Move(key, S.QUARANTINED, "held", changes={"reason": "bad_value"})
            for key in ids
        ],
    )
    with ledger.read() as tx:
        rows = documents.get_many(tx, ids)
        assert list(events.verify_chain(tx)) == []
    assert all(row.state is (S.MATCHED if row.id % 2 else S.QUARANTINED) for row in rows)
    assert all(row.work == str(row.id) for row in rows if row.id % 2)


def test_one_forbidden_move_stops_the_whole_batch(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, invoice("1"), invoice("2"))]
    with pytest.raises(WeAreWrong, match="cannot go from parsed to posted"):
        _move(ledger, Move(ids[0], S.MATCHED, "matched"), Move(ids[1], S.POSTED, "posted"))
    assert _row(ledger, ids[0]).state is S.PARSED
    assert _row(ledger, ids[0]).events == 1


def test_an_unknown_document_and_a_column_that_no_move_sets_are_refused(ledger: Ledger) -> None:
    (added,) = add(ledger)
    with pytest.raises(WeAreWrong, match="no document 99"):
        _move(ledger, Move(99, S.MATCHED, "matched"))
    for column in ("state", "head_hash", "partition_date", "company", "id"):
        with pytest.raises(WeAreWrong, match="may not set"):
            _move(ledger, Move(added.id, S.MATCHED, "matched", changes={column: "x"}))


def test_holding_needs_a_reason_and_remembers_the_step(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger)
    walk(ledger, added.id, S.MATCHED)
    with pytest.raises(WeAreWrong, match="without a reason"):
        _move(ledger, Move(added.id, S.QUARANTINED, "held"))
    later = clock.now() + timedelta(minutes=10)
    changes = {"reason": "unmapped_account", "reason_detail": {"message": "m"}, "next_attempt_at": later}
    _move(ledger, Move(added.id, S.QUARANTINED, "held", changes=changes))
    row = _row(ledger, added.id)
    assert (row.reason, row.reason_detail, row.held_step) == ("unmapped_account", {"message": "m"}, "matched")
    assert row.next_attempt_at == later
    _move(ledger, Move(added.id, S.PARSED, "taken up again"))
    row = _row(ledger, added.id)
    assert (row.reason, row.reason_detail, row.held_step, row.next_attempt_at) == (None, None, None, None)


def test_a_discarded_document_keeps_the_reason_it_was_given(ledger: Ledger) -> None:
    (added,) = add(ledger)
    walk(ledger, added.id, S.QUARANTINED, reason="bad_value")
    walk(ledger, added.id, S.DISCARDED, reason="discarded", reason_detail={"message": "rubbish"})
    row = _row(ledger, added.id)
    assert (row.reason, row.reason_detail) == ("discarded", {"message": "rubbish"})


def test_a_note_leaves_the_state_and_a_silent_change_leaves_no_event(ledger: Ledger) -> None:
    (added,) = add(ledger)
    with ledger.write() as tx:
        documents.note(tx, added.id, "looked at", {"by": "a person"}, BY)
    at = datetime(2027, 1, 1, tzinfo=UTC)
    _move(ledger, Move(added.id, None, "", changes={"next_attempt_at": at, "attempts": 0, "partner": "acme"}))
    row = _row(ledger, added.id)
    assert (row.state, row.events, row.next_attempt_at) == (S.PARSED, 2, at)
    with ledger.read() as tx:
        assert [event.action for event in events.history(tx, added.id)] == ["parsed", "looked at"]


def test_a_silent_change_of_what_is_evidence_leaves_an_event(ledger: Ledger) -> None:
    (added,) = add(ledger)
    _move(ledger, Move(added.id, None, "", changes={"attempts": 3}))
    with ledger.read() as tx:
        assert [event.action for event in events.history(tx, added.id)] == ["parsed", "noted"]


def test_a_move_gives_up_the_claim_unless_it_keeps_it(ledger: Ledger) -> None:
    (added,) = add(ledger)
    query = ClaimQuery("exact_cleo", (S.PARSED, S.MATCHED))
    with ledger.write() as tx:
        take(tx, "worker:one", "one", 60)
        documents.claim(tx, query, "worker:one")
    _move(ledger, Move(added.id, S.MATCHED, "matched", release=False))
    assert _row(ledger, added.id).claimed_by == "worker:one"
    _move(ledger, Move(added.id, S.CODED, "coded"))
    assert _row(ledger, added.id).claimed_by is None


@dataclass(frozen=True)
class Worker:
    """A `By` with a lease, as flows use."""

    holder: str
    actor: str = "worker"
    run_id: str = ""
    asset: str = ""


def test_a_worker_that_lost_its_claim_cannot_write(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger)
    query = ClaimQuery("exact_cleo", (S.PARSED,))
    with ledger.write() as tx:
        take(tx, "worker:one", "one", 15)
        documents.claim(tx, query, "worker:one")
    clock.move(16)
    with ledger.write() as tx:
        take(tx, "worker:two", "two", 15)
        assert len(documents.claim(tx, query, "worker:two")) == 1
    move = Move(added.id, S.MATCHED, "matched")
    with pytest.raises(ClaimLost):
        _move(ledger, move, expect="worker:one")
    with pytest.raises(ClaimLost), ledger.write() as tx:
        documents.move(tx, [move], Worker("worker:one"))
    assert _row(ledger, added.id).events == 1
    with ledger.write() as tx:
        documents.move(tx, [move], Worker("worker:two"), expect="worker:two")
    with pytest.raises(ClaimLost):
        _move(ledger, Move(added.id, S.CODED, "coded"), expect="worker:two")


def test_a_dead_workers_claim_does_not_stop_another(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger)
    with ledger.write() as tx:
        take(tx, "worker:one", "one", 15)
        documents.claim(tx, ClaimQuery("exact_cleo", (S.PARSED,)), "worker:one")
    clock.move(16)
    with ledger.write() as tx:
        documents.move(tx, [Move(added.id, S.MATCHED, "matched")], Worker("worker:two"))
    assert _row(ledger, added.id).state is S.MATCHED


KINDS = st.sampled_from([(kind, direction) for kind in DocumentKind for direction in Direction])


@given(KINDS, st.sampled_from(DocumentState), st.sampled_from(DocumentState))
def test_check_move_allows_what_the_table_says_and_nothing_else(
    what: tuple[DocumentKind, Direction], old: DocumentState, new: DocumentState
) -> None:
    table = moves_of(*what)
    if new in table.get(old, ()):
        check_move(*what, old, new)
    else:
        with pytest.raises(WeAreWrong):
            check_move(*what, old, new)


@given(KINDS)
def test_every_state_leads_to_an_end_and_no_target_is_unknown(what: tuple[DocumentKind, Direction]) -> None:
    table = moves_of(*what)
    assert {target for targets in table.values() for target in targets} <= set(table)
    ends = {state for state in table if state in FINISHED}
    reached = set(ends)
    while more := {state for state in table if state not in reached and table[state] & reached}:
        reached |= more
    assert reached == set(table)


@settings(max_examples=some(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_walk_through_the_table_keeps_the_chain_whole(sqlite_ledger: Ledger, data: st.DataObject) -> None:
    ids = [one.id for one in add(sqlite_ledger, *[invoice(str(n), business_key=None) for n in range(3)])]
    states = dict.fromkeys(ids, S.PARSED)
    table = moves_of(DocumentKind.INVOICE, Direction.IN)
    moves: list[Move] = []
    for _ in range(data.draw(st.integers(0, 12))):
        key = data.draw(st.sampled_from(ids))
        if not table[states[key]] or data.draw(st.booleans()):
            moves.append(Move(key, None, data.draw(st.text(max_size=20)) or "note", {"t": data.draw(st.text())}))
            continue
        states[key] = data.draw(st.sampled_from(sorted(table[states[key]])))
        moves.append(Move(key, states[key], "move", changes={"reason": "bad_value"}))
    while moves:
        size = data.draw(st.integers(1, len(moves)))
        _move(sqlite_ledger, *moves[:size])
        moves = moves[size:]
    with sqlite_ledger.read() as tx:
        assert list(events.verify_chain(tx)) == []
        assert {row.id: row.state for row in documents.get_many(tx, ids)} == states
