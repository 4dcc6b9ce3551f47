"""Uploads in doubt (issue 10, 8): orders and 997s leave for Cleo while most uploads fail, in every way they can.

    .venv/bin/python -m benchmarks.faults --uploads 150

Half of the uploads break off in the middle, are lost before or after they were stored, are stored late, or are answered
with 500 before or after that. Files lie in their folder for a while, then their partner takes them and answers;
partners do not drop repeats. What arrived is counted where partners took it: an order once at most, a 997 as the same
bytes under the same name, and a person is asked only about orders that were wholly sent and never seen again.
"""

import hashlib
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from ml_connector.errors import Reason
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene, scene

SUPPLIERS = ("20011", "20012", "20013")
#: Three orders and three files of 997s.
ROUND = 6
SHARE = 0.5
#: Seconds that an uploaded file lies in its folder.
LIES = 12.0


def faults() -> list[Fault]:
    return [
        Fault(FaultKind.CUT, method="POST"),
        Fault(FaultKind.RESET_BEFORE, method="POST"),
        Fault(FaultKind.RESET_AFTER, method="POST"),
        Fault(FaultKind.LATE_COMMIT, method="POST", seconds=8, real_time=False),
        Fault(FaultKind.STATUS, method="POST", status=500),
        Fault(FaultKind.ERROR_AFTER, method="POST", status=500),
    ]


def run_uploads(uploads: int, database: str, *, seed: int = 7, url: str | None = None) -> dict[str, Any]:
    """The whole test; `ok` when nothing arrived twice that may not, and nobody is asked about what could be known."""
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="ml-connector-uploads-"))
    with ExitStack() as stack:
        ledger_url = url or stack.enter_context(ledger_database(database))
        changes = {"connections": {"exact_nl": {"settle_seconds": 2}, "cleo_prod": {"longest_call_seconds": 2}}}
        stage = stack.enter_context(scene(home, ledger_url=ledger_url, changes=changes))
        _prepare(stage, seed)
        for number in range(max(1, uploads // ROUND)):
            _work_comes(stage, seed + number)
            _play(stage, 2)
        _play(stage, 12)
        stage.sandbox.clock.move(3600)
        _play(stage, 2)
        result = _judge(stage)
    return {**result, "database": database, "seed": seed, "seconds": round(time.monotonic() - began, 1)}


def _prepare(stage: Scene, seed: int) -> None:
    stage.world.consumer.options.delay = LIES
    stage.world.consumer.options.deduplicate = False
    for name in stage.world.partners:
        stage.world.behave(name, {"confirm": "never", "ship": "never", "invoice": "never"})
    stage.sandbox.faults.__init__(seed)  # type: ignore[misc]
    stage.sandbox.faults.mix("cleo", SHARE, faults(), path="*/files")


def _work_comes(stage: Scene, seed: int) -> None:
    """An invoice of every partner, which a 997 answers, and an order to every partner."""
    for position, supplier in enumerate(SUPPLIERS):
        stage.invoice(stage.orders(1, supplier=supplier, seed=seed * 10 + position))
        stage.orders(1, received=False, supplier=supplier, seed=seed * 10 + 5 + position)


def _play(stage: Scene, rounds: int) -> None:
    """We work, and look soon; then the partners take what lies there, and answer."""
    for _ in range(rounds):
        for seconds in (6, 30):
            # A clock that jumps lets leases lapse: each run is a worker of its own.
            with worker(stage.deployment.ledger) as lease:
                stage.outbound(holder=lease.name)
                stage.inbound(holder=lease.name)
            stage.sandbox.clock.move(seconds)
        stage.sandbox.call(stage.world.flush)


def _judge(stage: Scene) -> dict[str, Any]:
    consumer = stage.world.consumer
    stage.sandbox.call(consumer.take_all)
    contents: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for taken in consumer.taken:
        contents[taken.name].add(hashlib.sha256(taken.data).hexdigest())
        times[taken.name] += 1
    orders = stage.documents("orders_out")
    answers = stage.documents("acknowledgments_out")
    waiting = [row for row in orders if row.state is S.UNKNOWN_OUTCOME]
    arrived = consumer.orders()
    found = {
        "files": len({row.file_id for row in (*orders, *answers)}),
        "orders": len(orders),
        "files_of_997s": len({row.file_id for row in answers}),
        "faults": dict(sorted(stage.sandbox.journal.faults.items())),
        "orders_waiting_for_a_person": len(waiting),
        "of_these_arrived": sum(1 for row in waiting if arrived[row.number]),
        "orders_arrived_twice": sum(1 for count in arrived.values() if count > 1),
        "files_of_997s_waiting": len({row.file_id for row in answers if row.state is not S.SENT}),
        "files_taken_twice": sum(1 for count in times.values() if count > 1),
        "names_with_different_bytes": sum(1 for hashes in contents.values() if len(hashes) > 1),
        "broken_files_taken": sum(1 for taken in consumer.taken if taken.error),
        "ledger_clean": verify(stage.deployment.ledger).clean,
    }
    lost = sum(stage.sandbox.journal.faults[f"cleo {kind}"] for kind in ("cut", "reset_before", "status"))
    found["ok"] = (
        not found["of_these_arrived"]
        and not found["orders_arrived_twice"]
        and not found["files_of_997s_waiting"]
        and not found["names_with_different_bytes"]
        and not found["broken_files_taken"]
        and len(waiting) <= lost
        and all(row.reason == Reason.OUTCOME_UNKNOWN for row in waiting)
        and {row.state for row in orders} <= {S.ACKNOWLEDGED, S.UNKNOWN_OUTCOME}
    )
    return found
