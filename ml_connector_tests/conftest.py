"""Fixtures for all tests: ledgers on SQLite and on a real PostgreSQL, and a clock that can be moved."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.flows.core import quarantine
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.support import compiled_statements, examples, memory_folder, postgres
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.support.databases import sqlite_with_tables

_FOLDER = pytest.StashKey[Path | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Processes of pytest-xdist inherit the folder of the one that started them."""
    gc.disable()
    compiled_statements.share()
    examples.share()
    if not hasattr(config, "workerinput"):
        config.stash[_FOLDER] = memory_folder.make()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What a failed test left can be looked at until the next run."""
    folder = config.stash.get(_FOLDER, None)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if folder is not None and not (reporter is not None and reporter.stats.get("failed")):
        memory_folder.take_away(folder)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first (docs/decisions/0009)."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What was imported stays: it need not be looked through for garbage, neither meanwhile nor again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


#: What holds a document in production.
_HELD_DEFECTS = quarantine._DEFECTS


@pytest.fixture(autouse=True, scope="session")
def defects_are_loud() -> None:
    """In production a defect holds the one document that brings it out; here it fails the test that does."""
    quarantine._DEFECTS = ()


@pytest.fixture
def defects_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production, by what stands there."""
    monkeypatch.setattr(quarantine, "_DEFECTS", _HELD_DEFECTS)


@pytest.fixture(autouse=True)
def loggers_of_no_process() -> None:
    """What runs a command, or loads the code location, sets up its process's log lines: each test begins without them,
    also where a fixture of the whole module did it.
    """
    for name in ("ml_connector", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)
        logger.handlers = []


@pytest.fixture
def clock() -> StillClock:
    """Stands still until a test moves it."""
    return StillClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for the session; tests that need it are skipped where there is none to be had."""
    try:
        with postgres.running_server() as server:
            yield server
    except postgres.NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> Iterator[str]:
    """A database with the ledger's tables, to be copied."""
    with postgres_server.database() as url:
        Ledger.open(url).close()
        yield url.rsplit("/", 1)[1].split("?")[0]


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """An empty database of the test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, on each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty' / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new ledger, its tables made, on each kind of database in turn."""
    if request.param == "sqlite":
        yield sqlite_with_tables(tmp_path / "fresh" / "ledger.db")
        return
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template")
    with server.database(template) as url:
        yield url


@pytest.fixture
def sqlite_ledger(tmp_path: Path, clock: StillClock) -> Iterator[Ledger]:
    """A ledger on SQLite, on the movable clock."""
    ledger = Ledger.open(sqlite_with_tables(tmp_path / "ledger.db"), clock)
    yield ledger
    ledger.close()


@pytest.fixture
def postgres_ledger(postgres_server: postgres.Server, postgres_template: str, clock: StillClock) -> Iterator[Ledger]:
    """A ledger on PostgreSQL, on the movable clock."""
    with postgres_server.database(postgres_template) as url:
        ledger = Ledger.open(url, clock)
        yield ledger
        ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """A ledger of the test's own, on each kind of database in turn, on the movable `clock`."""
    name = "sqlite_ledger" if request.param == "sqlite" else "postgres_ledger"
    opened: Ledger = request.getfixturevalue(name)
    return opened


@pytest.fixture
def ledger_url(ledger: Ledger) -> str:
    """Where other processes find `ledger`."""
    return ledger.url.render_as_string(hide_password=False)
