"""Operations: keys and payloads that survive, and outcomes that are recorded once."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.operation_rows import NewOperation, StoredOperation
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.support.clocks import StillClock


@dataclass(frozen=True)
class Written:
    outside_id: str
    detail: dict[str, Any] = field(default_factory=dict)


def new(document_id: int = 1, position: int = 0, **values: Any) -> NewOperation:
    given: dict[str, Any] = {
        "document_id": document_id,
        "position": position,
        "connection": "exact_nl",
        "company": "123",
        "kind": "purchase_invoice",
        "key": f"key-{document_id}/{position}",
        "target": "PurchaseInvoices",
        "payload": f'{{"number":{position}}}',
    }
    return NewOperation(**{**given, **values})


@pytest.fixture
def planned(ledger: Ledger) -> list[StoredOperation]:
    """Document 1 with two writes, document 2 with one."""
    add(ledger, invoice("1"), invoice("2"))
    with ledger.write() as tx:
        return operations.plan(tx, [new(1, 0), new(1, 1, uses={"Document": 0}), new(2, 0)])


def _state(ledger: Ledger, operation_id: int) -> StoredOperation:
    with ledger.read() as tx:
        return operations.get_many(tx, [operation_id])[0]


def test_planning_stores_everything_in_order(ledger: Ledger, planned: list[StoredOperation]) -> None:
    assert [(one.document_id, one.position, one.state, one.attempts) for one in planned] == [
        (1, 0, "planned", 0),
        (1, 1, "planned", 0),
        (2, 0, "planned", 0),
    ]
    assert planned[1].uses == {"Document": 0}
    with ledger.read() as tx:
        assert operations.of_documents(tx, [1]) == planned[:2]


def test_the_stored_payload_wins_when_planned_again(ledger: Ledger, planned: list[StoredOperation]) -> None:
    with ledger.write() as tx:
        again = operations.plan(tx, [new(1, 0, payload="newer"), new(2, 1, payload="fresh")])
    assert [one.payload for one in again] == [planned[0].payload, "fresh"]
    assert again[0].id == planned[0].id


def test_a_refused_payload_may_be_replaced_and_an_uncertain_one_never(
    ledger: Ledger, planned: list[StoredOperation]
) -> None:
    first, second, third = planned
    with ledger.write() as tx:
        operations.start(tx, [(first.id, None), (third.id, None)])
        operations.refuse(tx, [(first.id, "no such account")])
        operations.mark_unknown(tx, [third.id])
        again = operations.plan(
            tx, [new(1, 0, payload="mended"), new(1, 1, payload="newer"), new(2, 0, payload="newer")], renew=True
        )
    assert [(one.payload, one.state) for one in again] == [
        ("mended", "planned"),
        ("newer", "planned"),
        (third.payload, "unknown"),
    ]
    assert second.payload != "newer"


def test_a_key_belongs_to_one_document(ledger: Ledger, planned: list[StoredOperation]) -> None:
    with pytest.raises(WeAreWrong, match="belongs to 1"), ledger.write() as tx:
        operations.plan(tx, [new(2, 5, key="key-1/0")])


def test_writes_of_a_document_take_turns(ledger: Ledger, planned: list[StoredOperation]) -> None:
    first, second, third = planned
    with ledger.write() as tx:
        assert [one.id for one in operations.next_planned(tx, [1, 2])] == [first.id, third.id]
        operations.start(tx, [(first.id, None)])
        assert [one.id for one in operations.next_planned(tx, [1, 2])] == [third.id]
        operations.finish(tx, [(first.id, Written("guid-1", {"entry_number": "7"}))])
        assert [one.id for one in operations.next_planned(tx, [1, 2])] == [second.id, third.id]
        assert operations.outside_ids(tx, [1, 2]) == {1: {0: "guid-1"}}
        assert operations.complete_documents(tx, [1, 2]) == set()
        operations.start(tx, [(second.id, None)])
        operations.finish(tx, [(second.id, Written("guid-2"))])
        assert operations.complete_documents(tx, [1, 2, 99]) == {1}


def test_starting_commits_the_intent_with_the_filled_payload(
    ledger: Ledger, planned: list[StoredOperation], clock: StillClock
) -> None:
    first, second, third = planned
    began = clock.now()
    with ledger.write() as tx:
        started = operations.start(tx, [(third.id, None), (first.id, '{"filled":1}')])
    assert [(one.id, one.payload, one.state, one.attempts) for one in started] == [
        (third.id, third.payload, "in_flight", 1),
        (first.id, '{"filled":1}', "in_flight", 1),
    ]
    clock.move(60)
    with ledger.write() as tx:
        operations.put_back(tx, [first.id])
        (again,) = operations.start(tx, [(first.id, None)])
    assert (again.attempts, again.first_attempt_at, again.last_attempt_at) == (2, began, clock.now())
    assert again.payload == '{"filled":1}'
    assert _state(ledger, second.id).state == "planned"


@pytest.mark.parametrize("state", ["in_flight", "unknown", "done", "refused", "void"])
def test_only_planned_writes_are_started(ledger: Ledger, planned: list[StoredOperation], state: str) -> None:
    key = planned[2].id
    with ledger.write() as tx:
        if state == "void":
            operations.void(tx, [2])
        else:
            operations.start(tx, [(key, None)])
        if state == "unknown":
            operations.mark_unknown(tx, [key])
        elif state == "done":
            operations.finish(tx, [(key, Written("x"))])
        elif state == "refused":
            operations.refuse(tx, [(key, "no")])
    assert _state(ledger, key).state == state
    with pytest.raises(WeAreWrong, match=f"it is {state}"), ledger.write() as tx:
        operations.start(tx, [(planned[0].id, None), (key, None)])
    assert _state(ledger, planned[0].id).state == "planned"


def test_finishing_twice_is_harmless_with_the_same_id_and_loud_with_another(
    ledger: Ledger, planned: list[StoredOperation]
) -> None:
    key = planned[0].id
    with ledger.write() as tx:
        operations.start(tx, [(key, None)])
        operations.finish(tx, [(key, Written("guid"))])
        operations.finish(tx, [(key, Written("guid"))])
    with pytest.raises(WeAreWrong, match="came back as other"), ledger.write() as tx:
        operations.finish(tx, [(key, Written("other"))])


def test_what_is_done_stays_done(ledger: Ledger, planned: list[StoredOperation]) -> None:
    key = planned[0].id
    with ledger.write() as tx:
        operations.start(tx, [(key, None)])
        operations.finish(tx, [(key, Written("guid"))])
        operations.put_back(tx, [key])
        operations.mark_unknown(tx, [key])
        operations.refuse(tx, [(key, "no")])
        operations.mark_abandoned(tx, [1])
        operations.void(tx, [1])
        (again, _) = operations.plan(tx, [new(1, 0, payload="newer"), new(2, 0)], renew=True)
    assert (again.state, again.outside_id, again.payload) == ("done", "guid", planned[0].payload)


def test_what_a_dead_worker_left_is_of_unknown_outcome(
    ledger: Ledger, planned: list[StoredOperation], clock: StillClock
) -> None:
    first, _, third = planned
    with ledger.write() as tx:
        operations.start(tx, [(first.id, None), (third.id, None)])
        assert operations.mark_abandoned(tx, [1, 2]) == 2
        assert [one.state for one in operations.of_unknown_outcome(tx, [1, 2])] == ["unknown", "unknown"]
        operations.mark_looked(tx, [first.id], not_before=clock.now() + timedelta(seconds=60))
        found = operations.of_unknown_outcome(tx, [1, 2])
    assert [(one.id, one.looked) for one in found] == [(first.id, 1), (third.id, 0)]
