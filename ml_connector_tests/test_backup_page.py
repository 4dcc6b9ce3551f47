"""docs/backup.md, followed literally: every command of the page, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.exact import user
from ml_connector_tests.support import backup_page as page
from ml_connector_tests.support.deployment import INTEGRATION, Bench, open_bench

SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


@pytest.fixture
def kind(fresh_url: str) -> str:
    return "sqlite" if fresh_url.startswith("sqlite") else "postgresql"


@pytest.fixture
def bench(tmp_path: Path, fresh_url: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A deployment in the folder `var` of the folder that the commands run in."""
    monkeypatch.setenv("PATH", page.path_with_tools())
    if missing := page.missing_tools(kind):
        pytest.skip(f"not installed: {missing}")
    with open_bench(tmp_path / "var", ledger_url=fresh_url if kind == "postgresql" else "") as made:
        monkeypatch.setenv("LEDGER", fresh_url)
        monkeypatch.chdir(tmp_path)
        world = made.sandbox.partner
        assert world is not None
        for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
            made.sandbox.call(world.behave, partner, SILENT)
        yield made


def sync(bench: Bench, orders: int, seed: int) -> None:
    bench.sandbox.call(user.create_orders, bench.sandbox.exact, orders, seed=seed, suppliers=("20011",))
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        warm_up(integration)
        pipeline.run(integration, RunScope(holder=lease.name, actor="test"), pipeline.OUTBOUND)


def arrived(bench: Bench) -> list[int]:
    assert bench.sandbox.partner is not None
    return sorted(bench.sandbox.partner.consumer.orders().values())


def test_the_page_is_right_where_the_files_outside_are_kept(bench: Bench, kind: str) -> None:
    sync(bench, 2, 1)
    page.back_up(kind)
    sync(bench, 3, 2)
    page.restore(kind)
    assert "3 files left in the lost time" in page.shell("ml-connector ledger restored", code=1)
    sync(bench, 2, 3)
    assert arrived(bench) == [1] * 7
    assert "3 documents settled" in page.settle_all()
    sync(bench, 1, 4)
    assert arrived(bench) == [1] * 8
    assert "Clean." in page.shell("ml-connector ledger verify")


def test_the_page_is_right_where_they_are_lost_too(bench: Bench, kind: str) -> None:
    sync(bench, 2, 1)
    page.back_up(kind)
    with bench.open() as deployment:
        moment = deployment.clock.now()
    bench.sandbox.clock.move(600)
    sync(bench, 3, 2)
    with bench.open() as deployment:
        stopped = deployment.clock.now()
    bench.sandbox.clock.move(600)
    page.restore(kind)
    for file in (bench.home).glob("*.jsonl"):
        file.unlink()
    assert "nothing tells of a restore" in page.shell("ml-connector ledger restored")
    page.shell(page.told_at(moment, stopped), code=1)
    sync(bench, 2, 3)
    assert arrived(bench) == [1] * 5, "numbers stop until a person raises them"
    assert len(page.raise_stopped_numbers()) == 2
    page.settle_all()
    sync(bench, 1, 4)
    assert arrived(bench) == [1] * 8
