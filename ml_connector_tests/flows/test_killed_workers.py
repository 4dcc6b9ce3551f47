"""The crash test in small (the whole is `make bench-faults`): a worker killed again and again while calls fail."""

from benchmarks.faults import Settings, run


def test_killed_again_and_again_everything_arrives_once(empty_url: str) -> None:
    result = run(Settings(invoices=30, orders=10, kills=5, dagster_kills=0, longest_life=2.5), empty_url)
    assert result["ok"], {
        name: result[name] for name in ("wrong_invoices", "wrong_orders", "unfinished", "ledger_problems")
    }
    assert (result["invoices_posted_once"], result["orders_consumed_once"]) == (30, 10)
    assert result["strangers_posted"] == []
    assert result["kills"] == 5
