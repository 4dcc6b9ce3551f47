"""Finding documents, traces, counts and control totals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import envelopes, files, related
from ml_connector.ledger.search import listing, queries, totals
from ml_connector.ledger.search.queries import Count, DocumentFilter
from ml_connector.ledger.tables.documents import document, envelope_group
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.clocks import StillClock


def _search(ledger: Ledger, text: str) -> list[str]:
    with ledger.read() as tx:
        return [row.number for row in queries.search(tx, text)]


@pytest.fixture
def some(ledger: Ledger) -> Ledger:
    add(
        ledger,
        invoice("INV-100", amount=Decimal("1234.50"), order_number="PO-4711"),
        invoice("INV-101", amount=Decimal("99"), partner="northwind", order_number="po-9"),
        invoice("XX_1", amount=Decimal("1234.5")),
        invoice("XXA1", business_date=date(2026, 11, 1)),
    )
    return ledger


FOUND = {
    "INV-100": ["INV-100"],
    "inv-10": ["INV-101", "INV-100"],
    "  INV-101 ": ["INV-101"],
    "PO-4711": ["INV-100"],
    "PO-9": ["INV-101"],
    "northwind": ["INV-101"],
    "1234.50": ["XX_1", "INV-100"],
    "1.234,50": ["XX_1", "INV-100"],
    "1,234.50": ["XX_1", "INV-100"],
    "1 234,5": ["XX_1", "INV-100"],
    "XX_": ["XX_1"],
    "%": [],
    "": [],
    "   ": [],
    "' OR 1=1 --": [],
    "1e999999": [],
    "NaN": [],
}


def test_search_by_what_a_person_has_in_hand(some: Ledger) -> None:
    assert {text: _search(some, text) for text in FOUND} == FOUND


def test_search_by_the_identity_at_the_other_side(some: Ledger) -> None:
    with some.write() as tx:
        (one,) = operations.plan(tx, [new(2, 0)])
        operations.start(tx, [(one.id, None)])
        operations.finish(tx, [(one.id, Written("0f1e-guid"))])
    assert _search(some, "0F1E-GUID") == ["INV-101"]


def test_lists_are_filtered_and_paged(some: Ledger) -> None:
    walk(some, 1, S.QUARANTINED, reason="no_such_order")
    walk(some, 2, S.MATCHED)
    with some.read() as tx:

        def numbers(**wanted: object) -> list[str]:
            return [row.number for row in queries.list_documents(tx, DocumentFilter(**wanted)).rows]  # type: ignore[arg-type]

        assert numbers() == ["XXA1", "XX_1", "INV-101", "INV-100"]
        assert numbers(states=(S.QUARANTINED, S.MATCHED)) == ["INV-101", "INV-100"]
        assert numbers(reasons=("no_such_order",)) == ["INV-100"]
        assert numbers(partner="northwind", integration="exact_cleo") == ["INV-101"]
        assert numbers(integration="other") == []
        assert numbers(text="inv-", states=(S.MATCHED,)) == ["INV-101"]
        assert numbers(flows=("orders_out",)) == []
        assert numbers(kinds=(DocumentKind.INVOICE,), direction=Direction.IN, ids=(3, 4)) == ["XXA1", "XX_1"]
        assert numbers(partition_from=date(2026, 11, 20), partition_to=date(2026, 11, 20)) == numbers()
        assert numbers(partition_from=date(2026, 11, 21)) == numbers(partition_to=date(2026, 11, 19)) == []
        assert numbers(file_id=1) == []
        first = queries.list_documents(tx, DocumentFilter(), limit=3)
        rest = queries.list_documents(tx, DocumentFilter(), limit=3, before=first.next_before)
        assert [row.id for row in first.rows + rest.rows] == [4, 3, 2, 1]
        assert rest.next_before is None
        assert queries.count_documents(tx, DocumentFilter(states=(S.PARSED,))) == Count(2)


def test_lists_say_the_same_whichever_way_they_take(some: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are looked through one by one; of many each filter has an index of its own to walk."""
    walk(some, 1, S.QUARANTINED, reason="no_such_order")
    walk(some, 2, S.MATCHED)
    day = date(2026, 11, 20)
    wanted = [
        DocumentFilter(integration="exact_cleo"),
        DocumentFilter(states=(S.PARSED, S.MATCHED), kinds=(DocumentKind.INVOICE,)),
        DocumentFilter(reasons=("no_such_order",)),
        DocumentFilter(partner="northwind", direction=Direction.IN),
        DocumentFilter(partner="northwind", partition_from=day, partition_to=day),
        DocumentFilter(text="inv-", flows=("invoices_in",)),
        *(DocumentFilter(text=text) for text in FOUND),
        *(DocumentFilter(text=text, states=(S.MATCHED,)) for text in FOUND),
    ]

    def told(before: int | None = None) -> list[list[int]]:
        with some.read() as tx:
            return [[row.id for row in queries.list_documents(tx, one, before=before).rows] for one in wanted]

    few = [told(), told(4)]
    monkeypatch.setattr(listing, "FEW", -1)
    assert [told(), told(4)] == few
    assert any(few[0])


def test_what_is_counted_one_by_one_is_counted_up_to_a_bound(some: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = DocumentFilter(partition_from=date(2026, 11, 20))
    with some.read() as tx:
        assert queries.count_documents(tx, everybody) == Count(4)
        monkeypatch.setattr(listing, "COUNTED", 3)
        assert queries.count_documents(tx, everybody) == Count(3, more=True)
        assert queries.count_documents(tx, DocumentFilter()) == Count(4), "the tallies know"


def test_a_trace_tells_everything_in_time_order(ledger: Ledger, clock: StillClock) -> None:
    (sent, revision) = add(ledger, order("PO-1"), order("PO-1", revision=1))
    clock.move(10)
    with ledger.write() as tx:
        sha256 = files.put_blob(tx, b"ISA")
        file_id = files.add_file(tx, new_file(sha256))
    clock.move(10)
    (billed, other) = add(ledger, invoice("INV-1", order_number="PO-1", file_id=file_id), invoice("INV-2"))
    clock.move(10)
    (again,) = add(ledger, invoice("INV-1", order_number=""))
    walk(ledger, billed.id, S.MATCHED, S.CODED, S.POSTING)
    with ledger.write() as tx:
        (write,) = operations.plan(tx, [new(billed.id, 0)])
        operations.start(tx, [(write.id, None)])
        clock.move(10)
        operations.finish(tx, [(write.id, Written("guid", {"entry_number": "7"}))])
    with ledger.read() as tx:
        found = queries.trace(tx, "po-1")
        assert queries.trace(tx, "PO-1", integration="other").documents == []
        assert queries.trace(tx, "nothing").entries == []
    assert {one.id for one in found.documents} == {sent.id, revision.id, billed.id, again.id}
    assert other.id not in {one.id for one in found.documents}
    assert [one.key for one in found.operations] == [write.key]
    assert [entry.at for entry in found.entries] == sorted(entry.at for entry in found.entries)
    assert [entry.what for entry in found.entries] == [
        "parsed",
        "parsed",
        "file received",
        "parsed",
        "matched",
        "coded",
        "posting",
        "parsed",
        "write purchase_invoice",
    ]
    assert found.entries[-1].detail["outside_id"] == "guid"
    assert found.entries[0].actor == BY.actor


def test_a_trace_finds_the_997_that_answered(ledger: Ledger) -> None:
    with ledger.write() as tx:
        file_id = files.add_file(tx, new_file(files.put_blob(tx, b"ISA"), direction="out", state="sent"))
        interchange = envelopes.add_interchange(
            tx, envelopes.NewInterchange(file_id, 0, "out", "exact_cleo", "a", "b", "000000001", "00401", "P", "sent")
        )
        group = envelopes.add_group(tx, envelopes.NewGroup(interchange, 0, "out", "exact_cleo", "PO", 7, "004010"))
    (sent,) = add(ledger, order("PO-1", group_id=group, file_id=file_id))
    (answer,) = add(ledger, invoice("PO 7", kind=DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, business_key=None))
    with ledger.write() as tx:
        envelopes.answer_group(tx, group, "A", document_id=answer.id)
    with ledger.read() as tx:
        assert [one.id for one in queries.trace(tx, "PO-1").documents] == [sent.id, answer.id]


def test_what_stands_wrong_is_grouped_by_reason(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, *[invoice(str(n)) for n in range(14)])]
    for key in ids[:12]:
        walk(ledger, key, S.QUARANTINED, reason="no_such_order", reason_detail={"message": f"m{key}"})
    walk(ledger, ids[12], S.QUARANTINED, reason="bad_value")
    with ledger.read() as tx:
        first, second = queries.standing(tx, "exact_cleo")
        assert queries.standing(tx, "other") == []
        (whole, _) = queries.standing(tx, samples=0)
    assert (first.reason, first.count, first.flow, first.state) == ("no_such_order", 12, "invoices_in", S.QUARANTINED)
    assert [one["message"] for one in first.samples] == [f"m{key}" for key in reversed(ids[2:12])]
    assert (second.reason, second.count, second.samples[0]["message"]) == ("bad_value", 1, "")
    assert (whole.count, whole.samples) == (12, [])


def test_overdue_are_those_marked_and_those_past_their_moment(ledger: Ledger, clock: StillClock) -> None:
    ids = [one.id for one in add(ledger, *[order(f"PO-{n}") for n in range(3)])]
    for key, hours in zip(ids, (1, 2, 30), strict=True):
        walk(ledger, key, S.RESOLVED, S.RENDERED, S.SENDING, S.SENT, due_at=clock.now() + timedelta(hours=hours))
    clock.move(7200)
    with ledger.read() as tx:
        assert [row.id for row in queries.overdue(tx, "exact_cleo")] == ids[:2]
        assert [row.id for row in related.documents_due(tx, "exact_cleo", S.SENT, clock.now())] == ids[:2]
    walk(ledger, ids[0], S.OVERDUE, due_at=None)
    walk(ledger, ids[1], S.ACKNOWLEDGED, due_at=None)
    with ledger.read() as tx:
        assert [row.id for row in queries.overdue(tx)] == [ids[0]]


def test_counts_by_columns(ledger: Ledger) -> None:
    add(ledger, invoice("1"), invoice("2"), order("3"))
    with ledger.read() as tx:
        assert queries.counts(tx, ["flow", "state"]) == [
            {"flow": "invoices_in", "state": "parsed", "count": 2},
            {"flow": "orders_out", "state": "read", "count": 1},
        ]
        assert queries.counts(tx, ["partition_date"], states=(S.READ,)) == [
            {"partition_date": date(2026, 11, 20), "count": 1}
        ]
        assert queries.counts(tx, ["state"], integration="other") == []
        assert queries.counts(tx, ["state"], partition_from=date(2026, 11, 21)) == []
        assert queries.counts(tx, ["state"], partition_to=date(2026, 11, 19)) == []
        with pytest.raises(WeAreWrong, match="not counted by canonical"):
            queries.counts(tx, ["canonical"])
        assert totals.integrations(tx) == ["exact_cleo"]


def _received(ledger: Ledger, sets: int) -> tuple[int, int]:
    """A parsed file with one group that held so many sets."""
    with ledger.write() as tx:
        file_id = files.add_file(tx, new_file(files.put_blob(tx, b"ISA"), state="parsed"))
        interchange = envelopes.add_interchange(
            tx,
            envelopes.NewInterchange(file_id, 0, "in", "exact_cleo", "a", "b", "000000001", "00401", "P", "accepted"),
        )
        group = envelopes.add_group(tx, envelopes.NewGroup(interchange, 0, "in", "exact_cleo", "IN", 7, "004010"))
        envelopes.end_groups(tx, [envelopes.GroupEnd(group, sets, sets, sets)])
    return file_id, group


def test_totals_add_up(ledger: Ledger) -> None:
    file_id, group = _received(ledger, 4)
    ids = [one.id for one in add(ledger, *[invoice(str(n), file_id=file_id, group_id=group) for n in range(4)])]
    walk(ledger, ids[0], S.MATCHED, S.CODED, S.POSTING, S.POSTED)
    walk(ledger, ids[1], S.QUARANTINED, reason="bad_value")
    walk(ledger, ids[2], S.DUPLICATE)
    add(ledger, order())
    for day in (None, date(2026, 11, 20)):
        with ledger.read() as tx:
            found = totals.control_totals(tx, "exact_cleo", day)
        assert found.adds_up
        assert found.files == {"parsed": 1}
        assert found.documents == {
            "in": {"total": 4, "posted": 1, "held": 1, "duplicate": 1, "in_progress": 1},
            "out": {"total": 1, "in_progress": 1},
        }
    with ledger.read() as tx:
        other = totals.control_totals(tx, "exact_cleo", date(2026, 11, 19))
    assert (other.files, other.documents, other.adds_up) == ({}, {}, True)


def test_totals_say_where_they_do_not_add_up(ledger: Ledger) -> None:
    file_id, group = _received(ledger, 3)
    add(ledger, invoice("1", file_id=file_id, group_id=group), invoice("2", file_id=file_id, group_id=group))
    with ledger.write() as tx:
        lost = files.add_file(
            tx, new_file(files.put_blob(tx, b"lost"), remote_id="r9", name="lost.edi", state="parsed")
        )
        odd = files.add_file(tx, new_file(files.put_blob(tx, b"odd"), remote_id="r8", state="nonsense"))
    for day in (None, date(2026, 11, 20)):
        with ledger.read() as tx:
            found = totals.control_totals(tx, "exact_cleo", day)
        assert found.problems == [
            "1 received files are 'nonsense', which is not a state",
            f"file {lost} (lost.edi) is parsed, and nothing came of it",
            f"group 7 of file {file_id} held 3 sets, the ledger has 2 documents of it",
        ]
    with ledger.write() as tx:
        tx.execute(sa.update(envelope_group).values(sets_received=2))
        files.set_state(tx, lost, "stored")
        files.set_state(tx, odd, "repeated")
        assert totals.control_totals(tx, "exact_cleo").adds_up


def test_every_state_is_in_one_bucket() -> None:
    open_states = {state for state in S if state not in totals.BUCKETS}
    assert open_states == {
        S.RECEIVED, S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.READ, S.RESOLVED, S.RENDERED, S.SENDING,
    }  # fmt: skip


def test_rows_that_belong_together(ledger: Ledger) -> None:
    file_id, group = _received(ledger, 2)
    first, second = add(ledger, order("1", file_id=file_id, group_id=group), order("2", file_id=file_id))
    with ledger.write() as tx:
        (upload,) = operations.plan(tx, [new(first.id, 0, kind="upload")])
        assert [row.id for row in related.documents_of_file(tx, file_id)] == [first.id, second.id]
        assert [row.id for row in related.documents_of_group(tx, group)] == [first.id]
        assert [row.id for row in related.documents_of_upload(tx, upload)] == [first.id, second.id]
        assert [one.id for one in related.open_uploads(tx, [file_id])] == [upload.id]
        operations.start(tx, [(upload.id, None)])
        assert related.confirm_uploads(tx, file_id, "997") == 1
        assert related.confirm_uploads(tx, None, "997") == 0
        assert related.open_uploads(tx, [file_id]) == []
        assert related.last_received(tx, "exact_cleo", "acme") is not None
        assert related.last_received(tx, "exact_cleo", "nobody") is None
        row = documents.get(tx, first.id)
        tx.execute(sa.update(document).values(interchange_id=1))
        assert len(related.documents_of_interchange(tx, 1)) == 2
    assert row is not None
