"""Dagster's pages over the demo's deployment, for the pictures: an order has left and come back as an invoice."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import yaml

from ml_connector.demo.stage import Stage, free_port, open_stage
from ml_connector.orchestration.runtime.local_runner import JobRunner
from ml_connector.orchestration.runtime.run_settings import run_config
from ml_connector.sandbox.exact import user
from ml_connector_tests.support import clocks

INTEGRATION, REFERENCE = "exact_cleo", "exact_nl_reference"
SUPPLIERS = ("20011", "20012")
START_SECONDS = 300


@contextmanager
def dagster_pages(home: Path) -> Iterator[str]:
    """The address of a webserver of Dagster over what was done; nothing goes on beside it."""
    with open_stage(home) as stage:
        _one_day(stage)
        _work(stage)
        with _webserver(stage) as address:
            yield address


def _one_day(stage: Stage) -> None:
    """Days before today would each be filled for each asset."""
    config = stage.home / "connections.yaml"
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    begin = (clocks.now() - timedelta(days=1)).date().isoformat()
    settings["orchestration"] = {**settings.get("orchestration", {}), "start_date": begin}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")


def _work(stage: Stage) -> None:
    """Master data is read, orders go out, and the partners' answers come in."""
    home = Path(stage.environment["DAGSTER_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(stage.home / "dagster.yaml", home / "dagster.yaml")
    runner = JobRunner(stage.home / "connections.yaml")
    settings = run_config("new", dry_run=False, partners=(), actor="make screenshots")
    runner.run_scheduled(REFERENCE)
    runner.run(INTEGRATION, "outbound", day=None, settings=settings)  # what is entered from now on is new
    stage.sandbox.call(user.create_orders, stage.sandbox.exact, 4, suppliers=SUPPLIERS)
    runner.run(INTEGRATION, "outbound", day=None, settings=settings)
    assert stage.sandbox.partner is not None
    stage.sandbox.clock.move(60)
    stage.sandbox.call(stage.sandbox.partner.flush)
    for _ in range(2):  # a file is taken once it has not changed for a moment
        runner.run(INTEGRATION, "inbound", day=None, settings=settings)
        stage.sandbox.clock.move(60)


@contextmanager
def _webserver(stage: Stage) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, **stage.environment}
    with stage.log_file.open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=stage.home, stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + START_SECONDS
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Dagster's webserver does not answer: {stage.log_file.read_text()[-2000:]}")
            time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/server_info", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
