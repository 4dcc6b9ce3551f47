"""What we owe partners by a deadline, and what missed it: asked of the ledger, on every database."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.search import owed
from ml_connector.ledger.work import documents, operations, tallies
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, order, walk
from ml_connector_tests.support.clocks import StillClock


@dataclass(frozen=True)
class _Written:
    outside_id: str
    detail: dict[str, Any] = field(default_factory=dict)


def test_what_is_open_is_owed_and_what_left_or_was_given_up_is_not(ledger: Ledger, clock: StillClock) -> None:
    due, later = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    out = [order(f"SH-{n}", kind=DocumentKind.SHIP_NOTICE, flow="shipments_out", due_at=due) for n in range(4)]
    came = [
        order(f"PO-{n}", direction=Direction.IN, flow="sales_orders_in", state=S.PARSED, due_at=later) for n in range(2)
    ]
    ids = [one.id for one in add(ledger, *out, *came)]
    walk(ledger, ids[1], S.RESOLVED, S.RENDERED, S.SENDING, S.SENT)  # its due moment is the customer's now
    walk(ledger, ids[2], S.DISCARDED, reason="discarded")
    walk(ledger, ids[3], S.RESOLVED, S.RENDERED)
    walk(ledger, ids[5], S.DISCARDED, reason="discarded")
    with ledger.read() as tx:
        assert [row.id for row in owed.owed(tx, clock.now())] == []
        assert [row.id for row in owed.owed(tx, due)] == [ids[0], ids[3]]
        assert [row.id for row in owed.owed(tx, due + timedelta(days=1), "exact_cleo")] == [ids[0], ids[3], ids[4]]
        assert owed.owed(tx, due + timedelta(days=1), "another") == []
        assert [row.id for row in owed.past(tx, "exact_cleo", due)] == [ids[0], ids[2], ids[3]]
        shown = {row.id: owed.is_owed(row) for row in owed.owed(tx, due)}
    assert shown == {ids[0]: True, ids[3]: True}


def test_what_leaves_too_late_is_counted_by_month_and_partner_and_no_fold_loses_it(
    ledger: Ledger, clock: StillClock
) -> None:
    late, soon = clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)
    notice = {"kind": DocumentKind.SHIP_NOTICE, "flow": "shipments_out"}
    new = [order(f"SH-{n}", due_at=due, **notice) for n, due in enumerate((late, late, soon, None))]
    ids = [one.id for one in add(ledger, *new)]
    with ledger.write() as tx:
        rows = documents.get_many(tx, ids)
        told = [owed.note_missed(tx, row, clock.now()) for row in rows]
    assert [bool(one) for one in told] == [True, True, False, False]
    assert told[0] == {"deadline_missed": rows[0].due_at.isoformat()}  # type: ignore[union-attr]
    month = f"{clock.now():%Y-%m}"
    for _ in range(2):
        with ledger.write() as tx:
            assert owed.missed(tx, "exact_cleo") == [owed.Missed(month, "ship_notice", "acme", 2)]
            assert owed.missed(tx, "another") == []
            tallies.fold(tx)
    assert [one for one in verify(ledger).problems if one.check == "tallies"] == []
    with ledger.write() as tx:
        assert tallies.recount(tx) == 0
        assert owed.missed(tx, None) == [owed.Missed(month, "ship_notice", "acme", 2)]


def test_a_document_is_found_by_what_its_write_was_called_in_its_own_company_alone(ledger: Ledger) -> None:
    ids = [one.id for one in add(ledger, order("PO-1"), order("PO-2", business_key="other", company="456"))]
    with ledger.write() as tx:
        planned = operations.plan(
            tx,
            [
                NewOperation(
                    document_id=key,
                    position=0,
                    connection="exact_nl",
                    company=company,
                    kind="sales_order",
                    key=f"mlc-{key}",
                    target="SalesOrder",
                    payload="{}",
                    shares=True,
                )
                for key, company in zip(ids, ("123", "456"), strict=True)
            ],
        )
        operations.start(tx, [(one.id, None) for one in planned])
        operations.finish(tx, [(one.id, _Written("guid-1")) for one in planned])
        assert operations.documents_written_as(tx, "123", ["guid-1", "guid-2"], {"sales_order"}) == [ids[0]]
        assert operations.documents_written_as(tx, "456", ["guid-1"], {"sales_order"}) == [ids[1]]
        assert operations.documents_written_as(tx, "123", ["guid-1"], {"bill"}) == []
