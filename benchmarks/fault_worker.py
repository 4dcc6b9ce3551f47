"""A plain worker: runs both directions over and over until it is killed or told to end. For benchmarks/faults.py.

ML_CONNECTOR_STOP_AFTER_PROOF: it stops itself (as by SIGSTOP) where nothing can help: when the last proof of so many
invoices was given, before their bytes leave.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from ml_connector.composition import Deployment
from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.flows import monitoring, pipeline
from ml_connector.flows.concurrent import SideBySide
from ml_connector.flows.core.integration import RunScope, StepReport
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.flows.reference.syncing import sync_table, warm_up
from ml_connector.flows.reference_out.history import subscriptions
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots

READ_EVERY = timedelta(seconds=5)
# Counted anew at every look, though nothing moved.
SEEN_ONLY = frozenset(
    {
        "would_be_overdue",
        "dated_before_start",
        "came_before_start",
        "came_from_network",
        "not_of_a_partner",
        "not_a_partner",
        "not_matched_in_erp",
        "not_ready",
        "seen",
        "void_unbooked",
        "waits_unbooked",
    }
)


def main(stop_file: Path, integration_name: str, *, ttl: float = 3.0) -> None:
    """Work until `stop_file` exists and nothing more moves."""
    with Deployment.open() as deployment:
        integration = deployment.integration(integration_name)
        _patiently(lambda: warm_up(integration))
        _stop_after_proof(deployment.ledger, int(os.environ.get("ML_CONNECTOR_STOP_AFTER_PROOF", "0")))
        ended = False
        while not ended:
            # A lease that was lost (the process was stopped, or starved) is not taken anew: another one is.
            with worker(deployment.ledger, ttl=ttl) as lease:
                work = RunScope(holder=lease.name, actor="fault worker")
                stop_file.with_name("ready").touch()
                ended = _until_lost(integration, work, lease.lost, stop_file)


def _until_lost(integration, work, lost: threading.Event, stop_file: Path) -> bool:  # type: ignore[no-untyped-def]
    """Work while the lease is ours; whether it ended because nothing moves any more and nothing is to come."""
    while not lost.is_set():
        moved = _round(integration, work)
        if not moved and stop_file.exists():
            return True
        if moved and stop_file.exists():
            print(f"not done: {dict(moved)}", file=sys.stderr, flush=True)
        if not moved:
            time.sleep(0.1)
    return False


def _stop_after_proof(ledger: Ledger, invoices: int) -> None:
    """Stop this process once between the proof and the socket, at so many invoices (0: never).

    No other thread is in a transaction then: one that is stopped in it keeps all others out of an SQLite ledger.
    """
    if not invoices:
        return
    from ml_connector.transport import departure

    proven, left = departure.prove_before_sending, [invoices]

    def prove_and_stop(event: str, info) -> None:  # type: ignore[no-untyped-def]
        proven(event, info)
        if event == "http11.send_request_body.started" and left[0] and b"Invoices" in info["request"].url.target:
            left[0] -= 1
            if not left[0]:
                with ledger._writer or nullcontext():
                    os.kill(os.getpid(), signal.SIGSTOP)
                    time.sleep(0.5)  # another thread may take the signal first, and this one go on for a moment

    departure.prove_before_sending = prove_and_stop


def _round(integration, work) -> Counter[str]:  # type: ignore[no-untyped-def]
    """Both directions as live runs do them: what comes in side by side, what goes out one step after another.

    Every second worker begins with what goes out: those who are killed early would never come to it.
    """
    reports: list[StepReport] = []
    turns = [_come, _go] if os.getpid() % 2 else [_go, _come]
    for turn in turns:
        turn(integration, work, reports)
    moved = sum((report.counts for report in reports), Counter[str]())
    return +Counter({name: count for name, count in moved.items() if name not in SEEN_ONLY})


def _come(integration, work, reports: list[StepReport]) -> None:  # type: ignore[no-untyped-def]
    members = pipeline.members_of(integration.flows, INBOUND)
    names = [member.name for member in members]
    with SideBySide(integration, members, dict.fromkeys(names, work)) as running:
        running.wait()
        for name in names:
            _patiently(lambda name=name: reports.append(running.result(name)))


def _go(integration, work, reports: list[StepReport]) -> None:  # type: ignore[no-untyped-def]
    for table in sorted({one.table for one in subscriptions(integration)}):
        _patiently(lambda table=table: reports.append(_read(integration, table)))
    for step in (*pipeline.steps_of(integration.flows, OUTBOUND), monitoring.mark_overdue):
        _patiently(lambda step=step: reports.append(step(integration, work)))


def _read(integration, table: str) -> StepReport:  # type: ignore[no-untyped-def]
    """A table that partners are told of, as its schedule reads it elsewhere: every few seconds here."""
    report, erp = StepReport(f"read {table}"), integration.erp
    with integration.ledger.read() as tx:
        known = snapshots.versions(tx, erp.connection, erp.company, table, limit=1)
    young = [one for one in known if integration.clock.now() - one.checked_at < READ_EVERY]
    if not young and sync_table(integration.ledger, integration.erp, table).changed:
        report.add("changed", None)
    return report


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
