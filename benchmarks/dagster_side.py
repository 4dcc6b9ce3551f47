"""Dagster's processes for the fault tests: daemon and code server over a home of their own, and their run workers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ml_connector import own_signals
from ml_connector_tests.support.deployment import ROOT


class DagsterSide:
    """`dagster dev` without anybody looking: sensors start runs, each in a process of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home / "dagster"
        self._environment = {
            **environment,
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(ROOT),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "dagster.yaml", self.home / "dagster.yaml")
        scripts = Path(sys.executable).parent
        command = [str(scripts / "dagster"), "instance", "info"]
        subprocess.run(command, env=self._environment, cwd=ROOT, check=True, capture_output=True)
        log = (self.home / "dev.log").open("wb")
        self._process = subprocess.Popen(
            own_signals.command(
                [str(scripts / "dagster"), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", "0"]
            ),
            env=self._environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def runs(self) -> list[int]:
        """Processes of this session that execute a run: children spawned by the code server."""
        assert self._process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                session = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[3])
            except (OSError, IndexError, ValueError):
                continue
            if session == self._process.pid and "multiprocessing.spawn" in command and "spawn_main" in command:
                found.append(int(entry.name))
        return found

    def wait_for_run(self, seconds: float) -> int:
        """The process of a run that is going on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            running = self.runs()
            if running:
                return running[0]
            time.sleep(0.1)
        raise RuntimeError(f"no run was started within {seconds} seconds; see {self.home / 'dev.log'}")

    def kill(self, pid: int) -> bool:
        """SIGKILL; False when the run had ended by itself."""
        if pid not in self.runs():
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
