"""A plain worker: runs both directions over and over until it is killed or told to end. For benchmarks/faults.py."""

import sys
import time
from pathlib import Path

from ml_connector.composition import Deployment
from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.flows import pipeline, standing
from ml_connector.flows.context import StepReport, Work
from ml_connector.flows.reference import warm_up
from ml_connector.flows.side_by_side import SideBySide
from ml_connector.ledger.leases import worker

# Counted anew at every look, though nothing moved.
SEEN_ONLY = frozenset({"would_be_overdue", "dated_before_start"})


def main(stop_file: Path, integration_name: str, *, ttl: float = 3.0) -> None:
    """Work until `stop_file` exists and nothing more moves."""
    with Deployment.open() as deployment:
        integration = deployment.integration(integration_name)
        with worker(deployment.ledger, ttl=ttl) as lease:
            work = Work(holder=lease.name, actor="fault worker")
            _patiently(lambda: warm_up(integration))
            ready_file = stop_file.with_name("ready")
            ready_file.touch()
            while not lease.lost.is_set():
                moved = _round(integration, work)
                if not moved and stop_file.exists():
                    return
                if not moved:
                    time.sleep(0.1)


def _round(integration, work) -> int:  # type: ignore[no-untyped-def]
    """Both directions as live runs do them: what comes in side by side, what goes out one step after another."""
    reports: list[StepReport] = []
    names = [member.name for member in pipeline.INBOUND_TOGETHER]
    with SideBySide(integration, pipeline.INBOUND_TOGETHER, dict.fromkeys(names, work)) as running:
        running.wait()
        for name in names:
            _patiently(lambda name=name: reports.append(running.result(name)))
    for step in (*pipeline.OUTBOUND, standing.mark_overdue):
        _patiently(lambda step=step: reports.append(step(integration, work)))
    return sum(count for report in reports for name, count in report.counts.items() if name not in SEEN_ONLY)


def _patiently(action) -> None:  # type: ignore[no-untyped-def]
    try:
        action()
    except TryAgain as error:
        print(f"try again: {error}", file=sys.stderr, flush=True)
        time.sleep(0.05)
    except AuthorizationNeeded as error:
        print(f"authorize: {error}", file=sys.stderr, flush=True)
        time.sleep(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
