"""A deployment over a sandbox in this process, for end-to-end tests and benchmarks: real sockets, real ledger."""

import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ml_connector.clock import FileClock
from ml_connector.composition import Deployment
from ml_connector.credentials.keys import generate_key_file, key_file
from ml_connector.credentials.secrets import Secret
from ml_connector.demo.stage import authorize
from ml_connector.sandbox import registry
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support import clocks
from ml_connector_tests.support.databases import sqlite_with_tables

ROOT = Path(__file__).parent.parent.parent
INTEGRATION, CONNECTIONS = "exact_cleo", ("exact_nl", "cleo_prod")
SECOND_INTEGRATION, SECOND_CONNECTION = "exact_truecommerce", "tc_prod"


@dataclass
class Bench:
    """A sandbox and a deployment over it. environment: what a worker process needs to open the same one."""

    sandbox: Sandbox
    home: Path
    config: Path
    environment: dict[str, str] = field(default_factory=dict)

    def open(self) -> Deployment:
        return Deployment.open(self.config, clock=FileClock(Path(self.sandbox.addresses()["clock_file"])))


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return result


@cache
def _text(path: Path) -> bytes:
    return pickle.dumps(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def _read(path: Path) -> Any:
    """A shipped file, read once; to be changed as one likes."""
    return pickle.loads(_text(path))


def _dump(value: Any) -> str:
    return str(yaml.dump(value, Dumper=yaml.CSafeDumper))


def write_config(home: Path, addresses: Mapping[str, str], changes: Mapping[str, Any]) -> Path:
    """The shipped configuration, pointing at this sandbox, with `changes` merged in."""
    shipped = _read(ROOT / "connections.yaml")
    shipped["connections"]["exact_nl"]["base_url"] = addresses["exact"]
    shipped["connections"]["exact_nl"]["redirect_uri"] = "http://127.0.0.1:9/oauth/callback"
    shipped["connections"]["cleo_prod"]["base_url"] = addresses["cleo"]
    shipped["integrations"][INTEGRATION]["partners"] = str(home / "partners")
    shipped["home"] = str(home)
    # Days that are over are filled, a hundred events a run: here there is one.
    shipped["orchestration"] = {"start_date": (clocks.now() - timedelta(days=1)).date().isoformat()}
    # The other integrations are for tests that bring them (systems/truecommerce/stage); the others know one.
    shipped["connections"] = {name: shipped["connections"][name] for name in CONNECTIONS}
    shipped["integrations"] = {INTEGRATION: shipped["integrations"][INTEGRATION]}
    path = home / "connections.yaml"
    path.write_text(_dump(_merged(shipped, changes)), encoding="utf-8")
    return path


def write_partners(home: Path, changes: Mapping[str, Any]) -> None:
    """The shipped partners, with `changes` merged into each."""
    folder = home / "partners"
    folder.mkdir(exist_ok=True)
    for file in (ROOT / "partners" / INTEGRATION).glob("*.yaml"):
        partner = _read(file)
        (folder / file.name).write_text(_dump(_merged(partner, changes)), encoding="utf-8")


@contextmanager
def open_bench(
    home: Path,
    *,
    ledger_url: str = "",
    changes: Mapping[str, Any] | None = None,
    partner_changes: Mapping[str, Any] | None = None,
    options: SandboxOptions | None = None,
) -> Iterator[Bench]:
    """Start a sandbox of the two systems without limits and an authorized deployment over it."""
    home.mkdir(parents=True, exist_ok=True)
    options = options or SandboxOptions(
        exact=ExactOptions(minute_limit=None, day_limit=None), clock_file=home / "clock"
    )
    if options.clock_file is not None:
        clocks.begin(options.clock_file)
    with Sandbox(options, stand_ins=registry.of("exact", "cleo")) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        with open_over(
            home,
            sandbox.addresses(),
            ledger_url=ledger_url,
            changes=changes,
            partner_changes=partner_changes,
            exact=options.exact,
        ) as (config, environment):
            yield Bench(sandbox, home, config, environment)


@contextmanager
def open_over(
    home: Path,
    addresses: Mapping[str, str],
    *,
    ledger_url: str = "",
    changes: Mapping[str, Any] | None = None,
    partner_changes: Mapping[str, Any] | None = None,
    exact: ExactOptions | None = None,
) -> Iterator[tuple[Path, dict[str, str]]]:
    """An authorized deployment over a sandbox that runs somewhere: its configuration and environment, set here too."""
    home.mkdir(parents=True, exist_ok=True)
    exact = exact or ExactOptions()
    no_limit = {"connections": {"cleo_prod": {"requests_per_second": None, "stable_seconds": 0}}}
    config = write_config(home, addresses, _merged(no_limit, changes or {}))
    write_partners(home, partner_changes or {})
    generate_key_file(key_file(home))
    environment = {
        "ML_CONNECTOR_CONFIG": str(config),
        "ML_CONNECTOR_HOME": str(home),
        "ML_CONNECTOR_CLOCK_FILE": addresses["clock_file"],
    }
    if ledger_url:
        environment["ML_CONNECTOR_LEDGER_URL"] = ledger_url
    elif not (home / "ledger.db").exists():
        sqlite_with_tables(home / "ledger.db")
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with Deployment.open(config, clock=FileClock(Path(addresses["clock_file"]))) as deployment:
            for name, value in (
                ("exact_nl_client_secret", exact.client_secret),
                ("exact_nl_webhook_secret", exact.webhook_secret),
                ("cleo_prod_password", SERVICE_PASSWORD),
            ):
                deployment.vault.put(name, Secret(value))
            authorize(deployment, "exact_nl")
        yield config, environment
    finally:
        _restore(before)


def _restore(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)
