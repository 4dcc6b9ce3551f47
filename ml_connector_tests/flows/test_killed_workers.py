"""The crash test in small (the whole is `make bench-faults`): a worker killed again and again while calls fail."""

import pytest

from benchmarks.faults import Settings, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("empty_url", "network"), [("sqlite", "cleo"), ("postgresql", "truecommerce")], indirect=["empty_url"]
)
def test_killed_again_and_again_everything_arrives_once(empty_url: str, network: str) -> None:
    """Over SFTP, too: connections cut in the middle of files, renames and deletes refused, files in every format."""
    settings = Settings(invoices=30, orders=10, kills=5, dagster_kills=0, longest_life=2.5, network=network)
    result = run(settings, empty_url)
    assert result["ok"], {
        name: result[name]
        for name in ("wrong_invoices", "wrong_orders", "unfinished", "ledger_problems", "network_problems")
    }
    assert (result["invoices_posted_once"], result["orders_consumed_once"]) == (30, 10)
    assert result["strangers_posted"] == []
    assert result["kills"] == 5
