"""Dagster as it runs in production: webserver, daemon, code server and run processes, over a scene."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from ml_connector.ledger.coordination import leases
from ml_connector.orchestration.runtime.names import channel_lease
from ml_connector.own_signals import command
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.waiting import wait_until

START_SECONDS = 120.0
#: Each look may be a question to a webserver that has other work.
wait_for_dagster = partial(wait_until, every=0.2)


@dataclass
class Live:
    """A running Dagster. instance: its own, opened here for reading."""

    scene: Scene
    instance: dg.DagsterInstance
    url: str
    log: Path

    def graphql(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": dict(variables)}, timeout=60)
        assert answer.status_code == 200, answer.text[:500]
        value: dict[str, Any] = answer.json()
        assert "errors" not in value, json.dumps(value["errors"])[:1000]
        data: dict[str, Any] = value["data"]
        return data

    def worker(self) -> leases.LeaseRow | None:
        """Who works on the inbound channel now: its lease names the process and the run."""
        with self.scene.deployment.ledger.read() as tx:
            held = leases.held(tx, channel_lease("exact_cleo", "inbound"))
        return held[0] if held else None


def pid_of(lease: leases.LeaseRow) -> int:
    return int(lease.holder.split(":")[1])


@contextmanager
def running_dagster(scene: Scene, *, settings: Path | None = None) -> Iterator[Live]:
    """Start `dagster dev` on a home of its own; everything is ended afterwards.

    settings: the dagster.yaml to use, by default the one that ships.
    """
    home = scene.bench.home / "dagster"
    home.mkdir()
    shutil.copy(settings or ROOT / "dagster.yaml", home / "dagster.yaml")
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT)}
    scripts = Path(sys.executable).parent
    subprocess.run(
        [str(scripts / "dagster"), "instance", "info"], env=environment, check=True, cwd=ROOT, capture_output=True
    )
    port = _free_port()
    log = scene.bench.home / "dagster.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command([str(scripts / "dagster"), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]),
            env=environment,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for_dagster(lambda: _answers(url, process), "the webserver answers", START_SECONDS)
            before = os.environ.get("DAGSTER_HOME")
            os.environ["DAGSTER_HOME"] = str(home)
            try:
                with dg.DagsterInstance.get() as instance:
                    yield Live(scene, instance, url, log)
            finally:
                os.environ.pop("DAGSTER_HOME") if before is None else os.environ.update(DAGSTER_HOME=before)
        finally:
            _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "dagster ended by itself"
    try:
        return httpx.get(f"{url}/server_info", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
