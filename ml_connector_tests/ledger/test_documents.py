"""Documents: identity, first events, business keys, finding them again."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import envelopes, files
from ml_connector.ledger.work import documents, events
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.support.clocks import StillClock


def test_a_document_comes_back_as_it_went_in(ledger: Ledger, clock: StillClock) -> None:
    new = invoice(
        amount=Decimal("1234.50"),
        currency="EUR",
        business_date=date(2026, 11, 19),
        reason_detail={"message": "wörk", "data": {"n": 1}},
        snapshots={"vendors": 3},
    )
    (added,) = add(ledger, new)
    with ledger.read() as tx:
        row = documents.get(tx, added.id)
    assert row is not None
    for name in ("number", "partner", "amount", "currency", "business_date", "canonical", "business_key", "snapshots"):
        assert getattr(row, name) == getattr(new, name)
    assert (row.kind, row.direction, row.state) == (DocumentKind.INVOICE, Direction.IN, S.PARSED)
    assert row.reason_detail == {"message": "wörk", "data": {"n": 1}}
    assert row.partition_date == date(2026, 11, 20)
    assert row.created_at == row.updated_at == clock.now()
    assert row.events == 1


def test_amounts_are_exact_and_without_trailing_zeros(ledger: Ledger) -> None:
    (added,) = add(ledger, invoice(amount=Decimal("99999999999999999.12345678")))
    (other,) = add(ledger, invoice("B", amount=Decimal("-10.00")))
    with ledger.read() as tx:
        first, second = documents.get_many(tx, [added.id, other.id])
    assert str(first.amount) == "99999999999999999.12345678"
    assert str(second.amount) == "-10"


def test_the_first_event_says_what_the_document_started_with(ledger: Ledger) -> None:
    (added,) = add(ledger, invoice(action="parsed", detail={"sets": 2, "amount": Decimal("1.50")}))
    with ledger.read() as tx:
        (event,) = events.history(tx, added.id)
        row = documents.get(tx, added.id)
    assert (event.seq, event.action, event.state) == (1, "parsed", "parsed")
    assert (event.actor, event.run_id, event.asset) == (BY.actor, BY.run_id, BY.asset)
    assert event.detail == '{"amount":"1.5","sets":2}'
    assert row is not None
    assert row.head_hash == event.hash == events.hash_of("", event)


def test_a_repeat_has_no_key_and_points_at_the_holder(ledger: Ledger) -> None:
    (first,) = add(ledger)
    (same,) = add(ledger)
    (other,) = add(ledger, invoice(content_hash="other"))
    assert first.repeats is None
    assert (same.repeats, same.same_content, same.repeats_state) == (first.id, True, S.PARSED)
    assert (other.repeats, other.same_content) == (first.id, False)
    with ledger.read() as tx:
        rows = documents.get_many(tx, [first.id, same.id, other.id])
        holder = documents.by_business_key(tx, invoice().business_key or "")
    assert [row.business_key for row in rows] == [invoice().business_key, None, None]
    assert [row.parent_id for row in rows] == [None, first.id, first.id]
    assert holder is not None
    assert holder.id == first.id


def test_the_first_of_a_batch_holds_the_key(ledger: Ledger) -> None:
    first, second, third, without = add(ledger, invoice(), invoice(), invoice("X"), invoice("Y", business_key=None))
    assert (first.repeats, second.repeats, third.repeats, without.repeats) == (None, first.id, None, None)
    with ledger.read() as tx:
        row = documents.get(tx, second.id)
    assert row is not None
    assert row.parent_id == first.id


def test_documents_without_a_content_hash_are_never_the_same(ledger: Ledger) -> None:
    add(ledger, invoice(content_hash=None))
    (again,) = add(ledger, invoice(content_hash=None))
    assert again.repeats is not None
    assert not again.same_content


@pytest.mark.parametrize("given_up", [S.DISCARDED, S.REJECTED])
def test_what_no_longer_counts_gives_up_its_key(ledger: Ledger, given_up: S) -> None:
    (first,) = add(ledger, invoice(state=S.RECEIVED))
    walk(ledger, first.id, given_up, reason="because")
    (second,) = add(ledger)
    assert second.repeats is None


def test_a_duplicate_of_something_keyed_by_hand_keeps_its_key(ledger: Ledger) -> None:
    """The number is taken at the ERP: the same invoice sent again is a repeat of it."""
    (first,) = add(ledger)
    walk(ledger, first.id, S.DUPLICATE, reason="keyed_by_hand")
    (second,) = add(ledger)
    assert (second.repeats, second.repeats_state) == (first.id, S.DUPLICATE)


def test_a_key_can_be_taken_when_it_is_free(ledger: Ledger) -> None:
    (first,) = add(ledger)
    (second,) = add(ledger)
    key = invoice().business_key or ""
    with ledger.write() as tx:
        assert documents.take_key(tx, second.id, key, BY) == first.id
    walk(ledger, first.id, S.DISCARDED, reason="discarded")
    with ledger.write() as tx:
        assert documents.take_key(tx, second.id, key, BY) is None
    with ledger.read() as tx:
        holder = documents.by_business_key(tx, key)
    assert holder is not None
    assert holder.id == second.id


def test_a_document_cannot_start_in_a_state_its_kind_does_not_have(ledger: Ledger) -> None:
    with pytest.raises(WeAreWrong, match="cannot start as sent"):
        add(ledger, invoice(state=S.SENT))


def test_the_partition_date_may_be_that_of_the_file(ledger: Ledger) -> None:
    (added,) = add(ledger, invoice(partition_date=date(2026, 1, 2)))
    with ledger.read() as tx:
        row = documents.get(tx, added.id)
    assert row is not None
    assert row.partition_date == date(2026, 1, 2)


def test_documents_of_a_file_by_state_in_batches(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        file_id = files.add_file(
            tx,
            files.NewFile(
                direction="in",
                integration="exact_cleo",
                connection="cleo_prod",
                channel="in",
                name="a.edi",
                size=3,
                sha256=sha256,
                state="stored",
            ),
        )
    add(ledger, *[invoice(str(n), state=S.RECEIVED, file_id=file_id) for n in range(5)])
    add(ledger, invoice("other"))
    sizes = []
    with ledger.write() as tx:
        for rows in documents.of_file_in_state(tx, file_id, S.RECEIVED, size=2):
            documents.move(tx, [Move(row.id, S.PARSED, "complete") for row in rows], BY)
            sizes.append(len(rows))
        assert documents.counts_of_files(tx, [file_id, 99], without="unreadable") == {file_id: 5}
        row = documents.get_many(tx, [1])[0]
        assert documents.original_of(tx, row) == (sha256, "a.edi")
    assert sizes == [2, 2, 1]


def test_an_answer_is_noted_on_the_group_it_answers(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        file_id = files.add_file(
            tx, files.NewFile("in", "exact_cleo", "cleo_prod", "in", "a", 3, sha256, "stored", partner="acme")
        )
        interchange = envelopes.add_interchange(
            tx,
            envelopes.NewInterchange(
                file_id, 0, "in", "exact_cleo", "ZZ/A", "ZZ/B", "000000001", "00401", "P", "accepted"
            ),
        )
        group = envelopes.add_group(tx, envelopes.NewGroup(interchange, 0, "in", "exact_cleo", "IN", 7, "004010"))
    answer = invoice(
        "IN 7",
        kind=DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT,
        direction=Direction.OUT,
        flow="acknowledgments_out",
        state=S.RESOLVED,
        answers_group_id=group,
    )
    (added,) = add(ledger, answer)
    with ledger.read() as tx:
        row = envelopes.group(tx, group)
    assert row is not None
    assert row.answer_document_id == added.id


def test_orders_are_found_in_rising_revision(ledger: Ledger) -> None:
    add(ledger, order(revision=1), order(revision=0), order("PO-2"), order("PO-3"))
    with ledger.read() as tx:
        rows = documents.outbound_of_orders(tx, Books("exact_online", "123"), "orders_out", ["PO-1", "PO-2", "PO-1"])
    assert [(row.number, row.revision) for row in rows] == [("PO-1", 0), ("PO-1", 1), ("PO-2", 0)]


def test_work_of_documents_in_states(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, invoice("1"), invoice("2"), invoice("3"))]
    walk(ledger, ids[0], S.MATCHED, work="one")
    walk(ledger, ids[1], S.MATCHED, S.CODED, work="two")
    with ledger.read() as tx:
        found = documents.work_of(tx, Books("exact_online", "123"), "invoices_in", (S.PARSED, S.MATCHED, S.CODED))
    assert found == [(S.MATCHED, "one"), (S.CODED, "two")]
