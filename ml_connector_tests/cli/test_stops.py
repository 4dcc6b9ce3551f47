"""`sync` that is asked to stop: nothing new, what is known is committed, everything given back, and it says so."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.ledger.audit.verify import verify
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.support.stopped_syncs import (
    fetched,
    in_doubt,
    leases_held,
    operations_by_state,
    resting,
    states_of,
    statuses,
    syncing,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

INVOICES = ORDERS = 24
QUIET = {"confirm": "never", "ship": "never", "invoice": "never"}
INBOUND = ("--flow", "invoices_in")
OUTBOUND = ("--flow", "orders_out")
#: In the journal, of a file's bytes.
DOWNLOAD = "/content"


@contextmanager
def waiting(home: Path, url: str = "") -> Iterator[Scene]:
    """Invoices in the folders and orders in the books, over systems that answer slowly."""
    changes = {"connections": {"exact_nl": {"concurrency": 2}, "cleo_prod": {"concurrency": 2}}}
    with scene(home, ledger_url=url, changes=changes, partner_changes={"orders": {"deduplicates": False}}) as stage:
        for name in stage.world.partners:
            stage.sandbox.call(stage.world.behave, name, QUIET)
        stage.invoice(stage.orders(INVOICES))
        # The test's own worker does nothing here; what is held afterwards is the command's.
        yield stage


def stop_and_go_on(stage: Scene, arguments: tuple[str, ...], moment: Callable[[], bool], latency: float) -> None:
    """Ask a run to stop at a moment, look at what it leaves, and let another one finish."""
    ours = set(leases_held(stage.deployment))
    stage.sandbox.latency.seconds = latency
    with syncing(stage.bench, *arguments) as running:
        until(moment, "the moment", running)
        asked = stage.deployment.clock.now()
        running.ask()
        code, said = running.ended()
    stage.sandbox.latency.seconds = 0
    assert code == Exit.INTERRUPTED, said
    assert [line for line in said.splitlines() if line.startswith("Stopped as asked")], said
    assert in_doubt(stage.deployment) == 0, operations_by_state(stage.deployment)
    assert set(leases_held(stage.deployment)) == ours
    assert resting(stage.deployment, asked) == 0, "what was not begun is due at once"
    direction = "inbound" if arguments is INBOUND else "outbound"
    assert statuses(stage.bench, f"exact_cleo_{direction}") == ["CANCELED"], "neither failed, tried again nor a success"
    with syncing(stage.bench, *arguments) as next_run:
        code, said = next_run.ended()
    assert code == Exit.OK, said
    assert verify(stage.deployment.ledger).problems == []


def all_posted_once(stage: Scene) -> None:
    posted = Counter(str(row["YourRef"]) for row in stage.posted())
    assert states_of(stage.deployment, "invoices_in") == {"posted": INVOICES}
    assert (len(posted), set(posted.values())) == (INVOICES, {1})


def test_while_files_are_received(tmp_path: Path) -> None:
    with waiting(tmp_path / "home") as stage:

        def some_are_on_the_way() -> bool:
            counts = dict(stage.sandbox.journal.counts)
            return sum(count for name, count in counts.items() if DOWNLOAD in name) >= 3

        stop_and_go_on(stage, INBOUND, some_are_on_the_way, 0.2)
        assert fetched(stage.deployment) == INVOICES
        all_posted_once(stage)


def test_while_invoices_are_posted(tmp_path: Path, empty_url: str) -> None:
    with waiting(tmp_path / "home", empty_url) as stage:
        stop_and_go_on(stage, INBOUND, lambda: 3 <= len(stage.posted()) < INVOICES, 0.3)
        all_posted_once(stage)


def test_while_orders_are_sent(tmp_path: Path) -> None:
    with waiting(tmp_path / "home") as stage:
        stage.orders(INVOICES, received=False)
        stop_and_go_on(stage, OUTBOUND, lambda: operations_by_state(stage.deployment)["done"] >= 2, 0.3)
        consumed = stage.world.consumer.orders()
        assert set(consumed.values()) <= {1}
        assert set(states_of(stage.deployment, "orders_out")) == {"sent"}


def test_timeout_signals_twice_and_means_once(tmp_path: Path) -> None:
    """`timeout` sends to the command and to its group: an end at once would leave writes in doubt."""
    with waiting(tmp_path / "home") as stage:
        stage.sandbox.latency.seconds = 0.3
        with syncing(stage.bench, *INBOUND) as running:
            until(lambda: len(stage.posted()) >= 3, "posting", running)
            running.ask(signal.SIGTERM)
            running.ask(signal.SIGINT)
            code, said = running.ended()
        assert code == Exit.INTERRUPTED, said
        assert in_doubt(stage.deployment) == 0


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """The call on the wire is not waited for: what became of it the next run looks up."""
    with waiting(tmp_path / "home") as stage:
        stage.sandbox.latency.seconds = 0.5
        with syncing(stage.bench, *INBOUND) as running:
            until(lambda: len(stage.posted()) >= 1, "posting", running)
            stage.sandbox.latency.seconds = 20
            until(lambda: operations_by_state(stage.deployment)["in_flight"] > 0, "a call", running)
            time.sleep(0.6)
            running.ask()
            time.sleep(1.5)
            running.ask()
            code, said = running.ended(15)
        assert code == 128 + signal.SIGTERM, said
        assert "Ended at once" in said
        assert in_doubt(stage.deployment) > 0
