"""Alerts, the webhook inbox, positions, and limits that processes share."""

from datetime import timedelta

from ml_connector.ledger.coordination import alerts, cursors, rate_budgets
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector_tests.support.clocks import StillClock


def test_one_open_alert_a_cause(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        assert alerts.open_or_update(tx, "a/held", 1, {"title": "one"})
        assert not alerts.open_or_update(tx, "a/held", 5, {"title": "five"})
        assert alerts.open_or_update(tx, "b/held", 2, {})
        (first,) = alerts.open_alerts(tx, "a/")
        assert (first.count, first.detail, first.opened_at) == (5, {"title": "five"}, clock.now())
        assert len(alerts.open_alerts(tx)) == 2


def test_an_alert_is_told_once_and_its_end_once(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        alerts.open_or_update(tx, "a/held", 1, {})
        (one,) = alerts.open_alerts(tx)
        assert one.last_sent_at is None
        alerts.mark_sent(tx, one.id)
        assert alerts.to_close(tx) == []
        clock.move(5)
        assert alerts.close(tx, "a/held")
        assert not alerts.close(tx, "a/held")
        (closed,) = alerts.to_close(tx)
        assert (closed.id, closed.closed_at, closed.open_cause) == (one.id, clock.now(), None)
        alerts.mark_sent(tx, closed.id)
        assert alerts.to_close(tx) == []
        assert alerts.open_or_update(tx, "a/held", 1, {})
        assert [alert.cause for alert in alerts.open_alerts(tx)] == ["a/held"]


def test_what_nobody_was_told_of_needs_no_end(ledger: Ledger) -> None:
    with ledger.write() as tx:
        alerts.open_or_update(tx, "a/held", 1, {})
        alerts.close(tx, "a/held")
        assert alerts.to_close(tx) == []


def _notice(key: str, topic: str = "PurchaseOrders") -> NewNotice:
    return NewNotice("exact_nl", topic, "123", "Update", key, "{}")


def test_notices_wait_until_they_are_handled(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        ids = [inbox.add(tx, _notice(key)) for key in ("a", "b", "a")]
        inbox.add(tx, _notice("x", "PurchaseEntries"))
        waiting = inbox.waiting(tx, "exact_nl", "123", "PurchaseOrders")
        assert [(one.id, one.key) for one in waiting] == list(zip(ids, "aba", strict=True))
        assert inbox.waiting(tx, "exact_nl", "456", "PurchaseOrders") == []
        assert inbox.waiting(tx, "exact_nl", "123", "PurchaseOrders", limit=1) == waiting[:1]
        assert (inbox.count_waiting(tx, "exact_nl"), inbox.count_waiting(tx, "exact_nl", "PurchaseOrders")) == (4, 3)
        inbox.mark_handled(tx, ids[:2], "worker")
        assert [one.id for one in inbox.waiting(tx, "exact_nl", "123", "PurchaseOrders")] == ids[2:]
        assert inbox.newest(tx, "exact_nl") == clock.now()
        assert inbox.newest(tx, "other") is None
    clock.move(60)
    with ledger.write() as tx:
        assert inbox.prune(tx, clock.now()) == 2
        assert inbox.prune(tx, clock.now()) == 0


def test_positions(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert cursors.get(tx, "a:x") is None
        cursors.put(tx, "a:x", "1")
        cursors.put(tx, "a:x", "2")
        cursors.put(tx, "b", "3")
        assert cursors.get(tx, "a:x") == "2"
        assert cursors.listing(tx, "a:") == {"a:x": "2"}
        assert cursors.forget(tx, "a:x")
        assert not cursors.forget(tx, "a:x")


def test_the_later_window_counts_and_of_one_window_the_smaller_rest(ledger: Ledger, clock: StillClock) -> None:
    ends = clock.now() + timedelta(minutes=1)
    with ledger.write() as tx:
        assert rate_budgets.window(tx, "exact_nl/minute") is None
        rate_budgets.store_window(tx, "exact_nl/minute", 60, 50, ends)
        rate_budgets.store_window(tx, "exact_nl/minute", 60, 55, ends + timedelta(seconds=1))
        assert rate_budgets.window(tx, "exact_nl/minute") == rate_budgets.Budget(60, 50, ends)
        rate_budgets.store_window(tx, "exact_nl/minute", 60, 40, ends)
        assert rate_budgets.window(tx, "exact_nl/minute") == rate_budgets.Budget(60, 40, ends)
        later = ends + timedelta(minutes=1)
        assert rate_budgets.store_window(tx, "exact_nl/minute", 60, 60, later).remaining == 60
        assert rate_budgets.store_window(tx, "exact_nl/minute", 60, 1, ends).remaining == 60


def test_a_schedule_is_given_out_piece_by_piece(ledger: Ledger, clock: StillClock) -> None:
    start = clock.now()
    with ledger.write() as tx:
        assert rate_budgets.reserve(tx, "rate", at=start, seconds=2) == start
        assert rate_budgets.reserve(tx, "rate", at=start, seconds=1) == start + timedelta(seconds=2)
        later = start + timedelta(seconds=60)
        assert rate_budgets.reserve(tx, "rate", at=later, seconds=1) == later
        assert rate_budgets.window(tx, "rate") is None


def test_moments_are_kept_as_long_as_asked_for(ledger: Ledger, clock: StillClock) -> None:
    start = clock.now()
    with ledger.write() as tx:
        assert rate_budgets.moments(tx, "errors", since=start) == []
        for seconds in (20, 0, 10):
            rate_budgets.add_moment(tx, "errors", start + timedelta(seconds=seconds), since=start)
        found = rate_budgets.moments(tx, "errors", since=start + timedelta(seconds=5))
        assert found == [start + timedelta(seconds=10), start + timedelta(seconds=20)]
        kept = rate_budgets.add_moment(tx, "errors", start + timedelta(seconds=30), since=start + timedelta(seconds=20))
        assert [(moment - start).seconds for moment in kept] == [20, 30]
        assert len(rate_budgets.moments(tx, "errors", since=start)) == 2
