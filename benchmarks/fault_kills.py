"""A worker that is killed again and again, and what happens to its work; for every crash test."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_connector_tests.support.deployment import ROOT, Bench
from ml_connector_tests.support.forked import Forked


@dataclass
class Recovery:
    """Seconds from a kill until a dead worker's documents are in other hands."""

    seconds: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        ordered = sorted(self.seconds)
        if not ordered:
            return {"count": 0}
        return {
            "count": len(ordered),
            "median": round(ordered[len(ordered) // 2], 2),
            "p95": round(ordered[int(len(ordered) * 0.95)], 2),
            "max": round(ordered[-1], 2),
        }


class Worker:
    """The plain worker process."""

    def __init__(self, bench: Bench, integration: str, stop_file: Path, log: Path) -> None:
        self._arguments = (stop_file, integration)
        self._environment = {**os.environ, **bench.environment}
        self._log = log
        self._ready = stop_file.with_name("ready")
        self.process = self._start()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Until it has begun to work: a kill before that would hit nothing but imports."""
        end = time.monotonic() + seconds
        while not self._ready.exists() and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.02)

    def _start(self) -> Forked:
        self._ready.unlink(missing_ok=True)
        return Forked(
            "benchmarks.fault_worker:main",
            *self._arguments,
            environment=self._environment,
            folder=ROOT,
            output=self._log,
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        self.process = self._start()


def kill_again_and_again(
    bench: Bench,
    integration: str,
    kills: int,
    *,
    longest_life: float,
    source: random.Random,
    recovery: Recovery,
    give: Callable[[int], None],
    progress: Callable[[], dict[str, Any]],
    every: int = 5,
) -> int:
    """Kill the plain worker so often at random moments. give: work for the next `every` kills."""
    worker = Worker(bench, integration, bench.home / "stop", bench.home / "worker.log")
    done = 0
    while done < kills:
        if done % every == 0:
            give(every)
        worker.wait_until_ready()
        time.sleep(source.uniform(0.1, longest_life))
        if worker.process.poll() is not None:
            raise RuntimeError(f"the worker ended by itself; see {bench.home / 'worker.log'}")
        worker.kill()
        at = time.monotonic()
        pid = worker.process.pid
        worker.restart()
        done += 1
        if done % 5 == 0:
            time_recovery(bench, f"%:{pid}:%", at, recovery)
        if done % 20 == 0:
            print(json.dumps({"kills": done, **progress()}), file=sys.stderr, flush=True)
    worker.kill()
    return done


@dataclass
class Killing:
    """How hard it is tried. share: of calls that fail. longest_life: of a worker, in seconds."""

    kills: int = 200
    share: float = 0.10
    seed: int = 7
    database: str = "sqlite"
    longest_life: float = 6.0
    drain_seconds: float = 1800


def killed_and_drained(
    bench: Bench,
    integration: str,
    settings: Killing,
    *,
    portion: Callable[[float], None],
    rest: Callable[[], None],
    calm: Callable[[], dict[str, int]],
    progress: Callable[[], dict[str, Any]],
    every: int = 5,
) -> dict[str, Any]:
    """Nine tenths of the work come while workers are killed, the rest is done without faults; what was met.

    portion: gives a share of all work. rest: what is left of it. calm: takes faults away that are not on the wire, and
    tells how many of them were met.
    """
    sandbox, recovery, began = bench.sandbox, Recovery(), time.monotonic()
    killed = kill_again_and_again(
        bench,
        integration,
        settings.kills,
        longest_life=settings.longest_life,
        source=random.Random(settings.seed),
        recovery=recovery,
        give=lambda kills: portion(0.9 * kills / max(1, settings.kills)),
        progress=progress,
        every=every,
    )
    rest()
    met = dict(sorted(sandbox.journal.faults.items())) | calm()
    sandbox.faults.clear()
    sandbox.latency.seconds = 0
    drain(bench, integration, seconds=settings.drain_seconds)
    return {
        "database": settings.database,
        "kills": killed,
        "faults": met,
        "seconds": round(time.monotonic() - began, 1),
        "kill_to_taken_up": recovery.summary(),
    }


def time_recovery(bench: Bench, claimer: str, since: float, recovery: Recovery) -> None:
    """Wait until nothing is claimed by the killed worker any more; counted only if it had something.

    claimer: its lease's name, as a pattern.
    """
    had_work = False
    with bench.open() as deployment:
        while time.monotonic() - since < 90:
            if not claimed_by(deployment, claimer):
                if had_work:
                    recovery.seconds.append(time.monotonic() - since)
                return
            had_work = True
            time.sleep(0.1)


def claimed_by(deployment: Any, claimer: str) -> int:
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    with deployment.ledger.read() as tx:
        query = sa.select(sa.func.count()).where(document.c.claimed_by.like(claimer))
        return int(tx.execute(query).scalar_one())


def drain(bench: Bench, integration: str, *, seconds: float) -> None:
    """Without faults and kills now: let late commits land and a worker finish what is left."""
    end = time.monotonic() + seconds
    while bench.sandbox.late_commits() and time.monotonic() < end:
        time.sleep(0.2)
    stop_file = bench.home / "stop"
    for _ in range(4):
        bench.sandbox.clock.move(1800)  # held and doubtful documents come due
        stop_file.touch()
        worker = Worker(bench, integration, stop_file, bench.home / "worker.log")
        try:
            worker.process.wait(max(1.0, end - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            worker.kill()
            last = (bench.home / "worker.log").read_text(encoding="utf-8").splitlines()[-1:]
            raise RuntimeError(f"the worker does not come to rest: {last}") from error
        stop_file.unlink()
        time.sleep(0.5)
