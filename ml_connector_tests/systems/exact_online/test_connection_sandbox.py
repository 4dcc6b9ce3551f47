"""A configured connection with stored tokens, a real ledger and Exact's limits on, against the sandbox."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.flows.core.ports import Erp, table_of
from ml_connector.ledger.coordination import cursors, rate_budgets
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector.sandbox.server import SandboxOptions
from ml_connector.systems.exact_online.erp import ExactErp
from ml_connector_tests.support.deployment import Bench, open_bench


@contextmanager
def limited(home: Path, *, minute: int | None, day: int | None) -> Iterator[Bench]:
    exact = ExactOptions(minute_limit=minute, day_limit=day, error_limit=10)
    with open_bench(home, options=SandboxOptions(partner=False, exact=exact, clock_file=home / "clock")) as bench:
        yield bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with limited(tmp_path, minute=None, day=None) as made:
        yield made


@contextmanager
def time_passing(bench: Bench, seconds: float) -> Iterator[None]:
    """The clock runs many times faster meanwhile."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(0.02):
            bench.sandbox.clock.move(seconds)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    done.set()
    thread.join()


def read_often(erp: Erp, times: int) -> None:
    for _ in range(times):
        table_of(erp, ReferenceTable.COST_CENTERS).read(None)


def test_a_connection_works_from_its_configuration(bench: Bench) -> None:
    with bench.open() as deployment:
        erp = deployment.erp("exact_nl")
        assert isinstance(erp, ExactErp)
        assert erp.company == str(DIVISION)
        assert len(table_of(erp, ReferenceTable.VENDORS).read(None).rows) == 6


def test_the_division_is_validated_at_a_refresh_and_kept_beside_the_token(bench: Bench) -> None:
    with bench.open() as deployment:
        erp = deployment.connected("exact_nl")
        bench.sandbox.clock.move(601)
        table_of(erp, ReferenceTable.VAT_CODES).read(None)
        with deployment.ledger.read() as tx:
            facts = json.loads(cursors.get(tx, f"exact_nl/division/{DIVISION}") or "{}")
        assert facts["description"] == "Voltwerk Industries BV"
        assert erp.divisions.facts() is not None


def test_somebody_looking_at_another_company_does_not_move_us_there(bench: Bench) -> None:
    """Also not a process that starts later: what was asked once is kept in the ledger."""
    with bench.open() as deployment:
        assert deployment.erp("exact_nl").company == str(DIVISION)
    bench.sandbox.exact.current_division = SECOND_DIVISION
    with bench.open() as deployment:
        assert deployment.erp("exact_nl").company == str(DIVISION)


def test_without_authorization_the_command_is_named(bench: Bench) -> None:
    bench.sandbox.call(bench.sandbox.exact.oauth.revoke)
    bench.sandbox.clock.move(601)
    with bench.open() as deployment, pytest.raises(AuthorizationNeeded, match="authorize exact_nl"):
        table_of(deployment.erp("exact_nl"), ReferenceTable.VENDORS).read(None)


def test_a_minute_limit_is_kept_without_a_single_refusal(tmp_path: Path) -> None:
    with limited(tmp_path, minute=60, day=5000) as bench, bench.open() as deployment:
        erp = deployment.erp("exact_nl")
        with time_passing(bench, 1.0):
            read_often(erp, 150)
        assert bench.sandbox.exact.limits.refused == 0


def test_a_used_up_day_is_told_and_known_to_the_next_process_without_a_call(tmp_path: Path) -> None:
    with limited(tmp_path, minute=None, day=150) as bench:
        with bench.open() as deployment:
            erp = deployment.erp("exact_nl")
            with pytest.raises(TryAgain, match="day") as refused:
                read_often(erp, 100)
            assert (refused.value.after_seconds or 0) > 0
            with deployment.ledger.read() as tx:
                assert rate_budgets.window(tx, f"exact_nl/{DIVISION}/day") or rate_budgets.window(
                    tx, "exact_nl/current/day"
                )
        before = bench.sandbox.exact.limits.counted
        assert before <= 150 - 75
        with bench.open() as deployment, pytest.raises(TryAgain, match="day"):
            table_of(deployment.erp("exact_nl"), ReferenceTable.COST_CENTERS).read(None)
        assert bench.sandbox.exact.limits.counted == before
        assert bench.sandbox.exact.limits.refused == 0
