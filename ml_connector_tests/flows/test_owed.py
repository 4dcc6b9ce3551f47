"""What partners want to have from us by a deadline: told when it nears, counted when it was missed, then forgotten."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.config.partners import BusinessDays, Deadline
from ml_connector.documents.common import changed
from ml_connector.documents.sales.shipments import Package
from ml_connector.documents.sales.standing import OrderStanding
from ml_connector.flows import monitoring
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.meaning.deadlines import moment_of
from ml_connector.flows.records_out import late
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import owed
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.customers_orders.made import order, posted, sscc, standing
from ml_connector_tests.flows.customers_orders.office import Office, customers_office
from ml_connector_tests.flows.shipments_out.test_told import shipment
from ml_connector_tests.support.effort import measured

DEADLINES: dict[str, Any] = {
    "functional_acknowledgment": {"hours": 2},
    "order_acknowledgment": {"hours": 24},
    "ship_notice": {"hours": 3},
    "warn_hours": 1,
}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with customers_office(tmp_path / "home", monkeypatch, file={"deadlines": DEADLINES}) as made:
        yield made


def causes(office: Office) -> dict[str, tuple[int, str]]:
    """What is told of deadlines: how many, and the first line."""
    found = monitoring.standing_causes(office.integration)
    of_deadlines = [one for one in found if one.cause.split("/")[1] in {"due", "missed"}]
    return {one.cause.split("/", 1)[1]: (one.count, one.lines[0]) for one in of_deadlines}


def missed(office: Office) -> list[tuple[str, str, str, int]]:
    with office.deployment.ledger.read() as tx:
        return [tuple(one) for one in owed.missed(tx, office.integration.name)]


def settle(office: Office) -> None:
    with worker(office.deployment.ledger) as lease:
        monitoring.settle_deadlines(office.integration, RunScope(holder=lease.name, actor="test"))


def test_an_order_that_is_not_acknowledged_is_told_before_and_after_and_counted_when_it_leaves(office: Office) -> None:
    office.run()  # from here on orders are ours to acknowledge
    row = office.order_comes()
    assert row.due_at == row.created_at + timedelta(hours=24)
    office.answer()
    assert causes(office) == {}
    office.clock.move(23.5 * 3600)
    assert causes(office) == {
        "due/big_retail/order_acknowledgment": (1, f"PO-9: due {row.due_at:%Y-%m-%d %H:%M} UTC, order parsed")
    }
    office.clock.move(3600)
    assert list(causes(office)) == ["missed/big_retail/order_acknowledgment"]
    with office.deployment.ledger.read() as tx:
        found = late.acknowledgments(tx, office.clock, office.integration.name)
        assert (found.count, [one["number"] for one in found.rows], found.facts) == (1, ["PO-9"], {"left_too_late": 0})
        assert late.notices(tx, office.clock, office.integration.name).count == 0
    (key,) = office.post(row)
    office.books.orders.save(standing(posted(order()), id=key))
    office.run()
    assert [(one.state, one.due_at) for one in office.rows("sales_orders_in")] == [(S.POSTED, None)]
    (ack,) = office.rows("order_acks_out")
    assert ack.state is S.SENT
    assert (causes(office), missed(office)) == ({}, [("2026-11", "order_acknowledgment", "big_retail", 1)])
    with office.deployment.ledger.read() as tx:
        found = late.acknowledgments(tx, office.clock, office.integration.name)
    assert (found.count, found.facts) == (0, {"left_too_late": 1})


def test_what_leaves_in_time_is_not_counted_and_has_the_deadline_of_its_answer_then(office: Office) -> None:
    office.ordered()
    office.run()
    (ack,) = office.rows("order_acks_out")
    assert ack.state is S.SENT
    assert ack.due_at is not None
    assert ack.due_at > office.clock.now() + timedelta(hours=40), "of the customer's 997, which is another's duty"
    assert (causes(office).get("due/big_retail/order_acknowledgment"), missed(office)) == (None, [])


def test_our_own_997_has_a_deadline_too(office: Office) -> None:
    office.order_comes()
    office.clock.move(1.5 * 3600)
    assert causes(office)["due/big_retail/functional_acknowledgment"][0] == 1
    office.clock.move(3600)
    office.answer()
    assert missed(office) == [("2026-11", "functional_acknowledgment", "big_retail", 1)]
    assert "missed/big_retail/functional_acknowledgment" not in causes(office)


def test_a_held_ship_notice_is_told_with_what_holds_it(office: Office) -> None:
    key = office.ordered().id
    office.run()
    one = changed(shipment(key, "keyed-by-hand"), moved_at=office.clock.now())
    office.books.shipments.save(one)
    office.run()
    office.clock.move(2.5 * 3600)
    count, line = causes(office)["due/big_retail/ship_notice"]
    assert (count, line.endswith("UTC, quarantined: no such order")) == (1, True)
    office.clock.move(3600)
    office.books.shipments.save(changed(one, lines=one.lines[:1], packages=(Package(number=1, sscc=sscc(1)),)))
    office.run()
    assert missed(office) == [("2026-11", "ship_notice", "big_retail", 1)]


def test_an_acknowledgment_that_is_withdrawn_gives_the_deadline_back_to_its_order(office: Office) -> None:
    one = office.ordered()
    office.books.orders.save(changed(one, lines=(changed(one.lines[0], unit="PALLET"), one.lines[1])))
    office.run()
    (waiting,) = office.rows("order_acks_out")
    assert waiting.due_at is not None
    office.books.orders.save(changed(one, standing=OrderStanding.OPEN))
    office.run()
    assert [row.due_at for row in office.rows("sales_orders_in")] == [waiting.due_at]


def test_what_is_given_up_owes_nothing(office: Office) -> None:
    row = office.order_comes()
    office.answer()
    with worker(office.deployment.ledger) as lease, office.deployment.ledger.write() as tx:
        documents.move(
            tx, [Move(row.id, S.DISCARDED, "discarded", changes={"reason": "discarded"})], RunScope(holder=lease.name)
        )
    office.clock.move(25 * 3600)
    assert causes(office) == {}
    settle(office)
    assert [one.due_at for one in office.rows("sales_orders_in")] == [None]
    assert missed(office) == []


def test_a_deadline_that_the_file_does_not_have_any_more_is_none(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.order_comes()
    office.answer()
    with customers_office(tmp_path / "home", monkeypatch, before=office) as without:
        without.clock.move(25 * 3600)
        settle(without)
        assert [one.due_at for one in without.rows("sales_orders_in")] == [None]
    assert causes(office) == {}


def test_the_questions_do_not_grow_with_what_is_finished(office: Office) -> None:
    """Two thousand orders that were answered leave nothing more to look at."""

    def effort() -> int:
        with measured() as efforts, office.deployment.ledger.read() as tx:
            assert len(owed.owed(tx, office.clock.now() + timedelta(days=2), office.integration.name)) == 1
            owed.past(tx, office.integration.name, office.clock.now() + timedelta(days=2))
        return max(efforts.of.values())

    row = office.order_comes()
    office.answer()
    before = effort()
    columns = [one for one in document.c if one.name not in {"id", "business_key", "due_at"}]
    told = sa.select(*columns).where(document.c.id == row.id)
    with office.deployment.ledger.write() as tx:
        for _ in range(2000):
            tx.execute(sa.insert(document).from_select([one.name for one in columns], told))
    assert effort() <= before + 200


CHICAGO = BusinessDays(
    weekdays=("mon", "tue", "wed", "thu", "fri"), holidays=(date(2026, 12, 25),), time_zone="America/Chicago"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("deadline", "owed_at", "due"),
    [
        (Deadline(hours=2), "2026-11-30T15:00", "2026-11-30T17:00"),
        # Friday 23:00 in Chicago: an hour is left of it, the rest on Monday
        (Deadline(hours=2), "2026-12-05T05:00", "2026-12-07T07:00"),
        (Deadline(hours=24), "2026-12-24T18:00", "2026-12-28T18:00"),
        (Deadline(days=1, by_time="17:00"), "2026-11-30T15:00", "2026-12-01T23:00"),
        (Deadline(days=0, by_time="17:00"), "2026-11-30T15:00", "2026-11-30T23:00"),
        (Deadline(days=0, by_time="17:00"), "2026-11-30T23:30", "2026-12-01T23:00"),
        (Deadline(days=1, by_time="17:00"), "2026-12-24T15:00", "2026-12-28T23:00"),
        (Deadline(days=1, by_time="17:00"), "2026-12-05T15:00", "2026-12-08T23:00"),
        # clocks go forward on 8 March 2026, a Sunday that does not count
        (Deadline(hours=24), "2026-03-06T18:00", "2026-03-09T17:00"),
    ],
)
def test_deadlines_run_on_business_days(deadline: Deadline, owed_at: str, due: str) -> None:
    assert moment_of(deadline, CHICAGO, at(owed_at)) == at(due)


def test_without_a_calendar_every_hour_counts() -> None:
    assert moment_of(Deadline(hours=30), BusinessDays(), at("2026-12-05T05:00")) == at("2026-12-06T11:00")


@pytest.mark.parametrize("values", [{}, {"hours": 1, "days": 1}, {"days": 1, "by_time": "25:00"}, {"hours": 0}])
def test_a_deadline_that_says_nothing_or_two_things_is_none(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Deadline.model_validate(values)
