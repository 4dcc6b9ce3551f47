"""The other companies of the demo, without Dagster: every kind of trouble shows, and all numbers add up."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_connector.clock import FileClock
from ml_connector.composition import Deployment
from ml_connector.credentials.keys import generate_key_file, key_file
from ml_connector.demo.checks import orders_taken, shown
from ml_connector.demo.company import Company, Played
from ml_connector.demo.files import write_deployment
from ml_connector.demo.scenario import COMPANIES, PARTNERS
from ml_connector.demo.stage import _environ, _environment, _store_secrets, authorize
from ml_connector.errors import TryAgain
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.partner.profiles import PROFILES
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.databases import sqlite_with_tables


@dataclass(frozen=True)
class Told:
    """A company's story, played to its end."""

    company: Company
    deployment: Deployment
    sandbox: Sandbox
    played: Played


@pytest.fixture(scope="module", params=COMPANIES, ids=lambda one: one.integration)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The shipped deployment, with two of each that goes right."""
    company: Company = request.param
    home = tmp_path_factory.mktemp("told")
    options = SandboxOptions(clock_file=home / "clock", partner_options=WorldOptions(profiles=PARTNERS))
    with Sandbox(options) as sandbox, _environ(_environment(home, sandbox.addresses())):
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        config = write_deployment(home, _environment(home, sandbox.addresses()))
        generate_key_file(key_file(home))
        sqlite_with_tables(home / "ledger.db")
        clock = FileClock(Path(sandbox.addresses()["clock_file"]))
        with Deployment.open(config, clock=clock) as deployment, worker(deployment.ledger) as lease:
            _store_secrets(deployment, sandbox)
            authorize(deployment, "exact_nl")
            integration = deployment.integration(company.integration)
            warm_up(integration)
            played = sandbox.call(company.play, sandbox, 2)
            work = RunScope(holder=lease.name, actor="test")
            for _ in range(6):
                for direction in (OUTBOUND, INBOUND):
                    with suppress(TryAgain):  # as a run that fails, and is followed by the next one
                        pipeline.run(integration, work, pipeline.steps_of(integration.flows, direction))
                sandbox.clock.move(60)
                sandbox.call(sandbox.partner.flush)
            yield Told(company, deployment, sandbox, played)


def test_every_kind_of_trouble_shows_with_its_reason(told: Told) -> None:
    missing = [one.name for one in told.company.troubles if not shown(told.deployment, told.sandbox, one)]
    assert missing == []


def test_each_kind_of_trouble_is_another(told: Told) -> None:
    kinds = {(trouble.flow, trouble.expected, trouble.says) for trouble in told.company.troubles}
    assert len(kinds) == len(told.company.troubles) >= 8


def test_orders_leave_once(told: Told) -> None:
    sent = orders_taken(told.sandbox, told.company.profiles)
    assert set(sent.values()) <= {1}
    assert (len(sent), orders_taken(told.sandbox, PROFILES)) == (told.played.bought, Counter())


def test_every_number_adds_up(told: Told) -> None:
    checks = told.company.checks(told.deployment, told.sandbox, told.played)
    assert [check for check in checks if not check.ok] == []
