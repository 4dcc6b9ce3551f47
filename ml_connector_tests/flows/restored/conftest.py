"""What these tests begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.flows.restored.bench_words import SILENT, arrived, behave, export, orders, sync
from ml_connector_tests.support.backups import Backup
from ml_connector_tests.support.deployment import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path, fresh_url: str) -> Iterator[Bench]:
    """Files stay in the folders after they were read: they come again after a restore."""
    changes = {"connections": {"cleo_prod": {"after_read": "leave"}}}
    with open_bench(tmp_path / "home", ledger_url=fresh_url, changes=changes) as made:
        assert made.sandbox.partner is not None
        for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
            made.sandbox.call(made.sandbox.partner.behave, partner, SILENT)
        yield made


@pytest.fixture
def restored(bench: Bench, tmp_path: Path, fresh_url: str) -> Iterator[tuple[set[str], set[str], set[str]]]:
    """6 orders, a backup, 8 more sent, 2 that were not: restored. The three sets of numbers."""
    first = orders(bench, 6, 1)
    sync(bench)
    export(bench)
    backup = Backup(fresh_url, tmp_path)
    second = orders(bench, 8, 2)
    sync(bench)
    export(bench)
    assert arrived(bench) == dict.fromkeys(first | second, 1)
    third = orders(bench, 2, 3)
    backup.restore()
    yield first, second, third
    backup.drop()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bench]:
    changes = {"connections": {"cleo_prod": {"after_read": "leave"}}}
    with open_bench(tmp_path / "home", changes=changes) as made:
        behave(made)
        yield made
