"""Several processes on one ledger, some of them killed: nothing twice, nothing lost, nothing half."""

import os
import signal
import time
from collections import Counter
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.clock import SystemClock
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination import leases, sequences
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import document, event, operation
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import Actor, ClaimQuery, Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.forked import server

PARSED = ClaimQuery("exact_cleo", (S.PARSED,), ("invoices_in",))


@pytest.fixture
def context() -> ForkServerContext:
    return server()


@pytest.fixture
def shared(empty_url: str) -> Any:
    """A ledger on the machine's clock, as other processes see it."""
    ledger = Ledger.open(empty_url, SystemClock())
    yield ledger
    ledger.close()


def _url(ledger: Ledger) -> str:
    return ledger.url.render_as_string(hide_password=False)


def _claim_everything(url: str, barrier: Any, answers: Any) -> None:
    """Claim in small batches until nothing is left; tell which."""
    ledger = Ledger.open(url, SystemClock())
    mine: list[int] = []
    with leases.worker(ledger) as worker:
        barrier.wait()
        idle = 0
        while idle < 3:
            with ledger.write() as tx:
                rows = documents.claim(tx, PARSED, worker.name, 7)
            mine += [row.id for row in rows]
            idle = 0 if rows else idle + 1
        answers.put(mine)
        barrier.wait()
    ledger.close()


def test_claims_of_several_processes_never_overlap(shared: Ledger, context: ForkServerContext) -> None:
    ids = [one.id for one in add(shared, *[invoice(str(n)) for n in range(300)])]
    barrier, answers = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_claim_everything, args=(_url(shared), barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    taken = [key for _ in processes for key in answers.get(timeout=90)]
    for process in processes:
        process.join(60)
    assert sorted(taken) == ids
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def _reserve(url: str, barrier: Any, answers: Any, times: int) -> None:
    ledger = Ledger.open(url, SystemClock())
    barrier.wait()
    got: list[int] = []
    for number in range(times):
        with ledger.write() as tx:
            got += sequences.reserve(tx, "ISA13:a", number % 3 + 1)
    answers.put(got)
    ledger.close()


def test_numbers_are_given_once_across_processes(shared: Ledger, context: ForkServerContext) -> None:
    barrier, answers = context.Barrier(4), context.Queue()
    arguments = (_url(shared), barrier, answers, 60)
    processes = [context.Process(target=_reserve, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    got = [number for _ in processes for number in answers.get(timeout=90)]
    for process in processes:
        process.join(60)
    assert sorted(got) == list(range(1, 481))


def _reserve_until_killed(url: str, out: str) -> None:
    """Write down each number only after its transaction is committed, as a sender would use it."""
    ledger = Ledger.open(url, SystemClock())
    with open(out, "a", encoding="ascii", buffering=1) as file:  # noqa: PTH123
        while True:
            with ledger.write() as tx:
                numbers = sequences.reserve(tx, "ISA13:a", 2)
            file.write("".join(f"{number}\n" for number in numbers))


def test_numbers_are_given_once_across_crashes(shared: Ledger, context: ForkServerContext, tmp_path: Any) -> None:
    outs = []
    for round_ in range(3):
        outs.append(str(tmp_path / f"numbers-{round_}"))
        process = context.Process(target=_reserve_until_killed, args=(_url(shared), outs[-1]))
        process.start()
        _wait_for_lines(outs[-1], 10)
        _kill(process)
    numbers: list[int] = []
    for out in outs:
        with open(out, encoding="ascii") as file:  # noqa: PTH123
            numbers += [int(line) for line in file if line.endswith("\n")]
    assert len(numbers) == len(set(numbers)) >= 30


def _wait_for_lines(path: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        if os.path.exists(path):  # noqa: PTH110
            with open(path, encoding="ascii") as file:  # noqa: PTH123
                if len(file.readlines()) >= count:
                    return
        assert time.monotonic() < deadline, "the process did not begin"
        time.sleep(0.01)


def _kill(process: Any) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)


def _work_until_killed(url: str, started: str, ttl: float) -> None:
    """What a flow does: claim, plan, start, "call", finish; the call is one line in a file."""
    ledger = Ledger.open(url, SystemClock())
    by = Actor("worker")
    with leases.worker(ledger, ttl=ttl) as worker:
        while True:
            with ledger.write() as tx:
                rows = documents.claim(
                    tx, ClaimQuery("exact_cleo", (S.PARSED, S.POSTING), ("invoices_in",)), worker.name, 5
                )
            if not rows:
                time.sleep(0.02)
                continue
            _work(ledger, rows, worker.name, by, started)


def _work(ledger: Ledger, rows: list[documents.DocumentRow], holder: str, by: Actor, started: str) -> None:
    fresh = [row for row in rows if row.state is S.PARSED]
    with ledger.write() as tx:
        operations.plan(tx, [new(row.id, 0) for row in fresh])
        moves = [
            Move(row.id, state, str(state), release=False) for row in fresh for state in (S.MATCHED, S.CODED, S.POSTING)
        ]
        documents.move(tx, moves, by, expect=holder)
    ids = [row.id for row in rows]
    with ledger.write() as tx:
        operations.mark_abandoned(tx, ids)
        doubtful = operations.of_unknown_outcome(tx, ids)
        arrived = _arrived(started)
        operations.put_back(tx, [one.id for one in doubtful if one.key not in arrived])
        operations.finish(tx, [(one.id, Written(f"guid {one.id}")) for one in doubtful if one.key in arrived])
        begun = operations.start(tx, [(one.id, None) for one in operations.next_planned(tx, ids)])
    with open(started, "a", encoding="ascii") as file:  # noqa: PTH123
        for one in begun:
            file.write(one.key + "\n")
            file.flush()
    with ledger.write() as tx:
        operations.finish(tx, [(one.id, Written(f"guid {one.id}")) for one in begun])
        documents.move(tx, [Move(key, S.POSTED, "posted") for key in ids], by, expect=holder)


def _arrived(path: str) -> set[str]:
    if not os.path.exists(path):  # noqa: PTH110
        return set()
    with open(path, encoding="ascii") as file:  # noqa: PTH123
        return {line.strip() for line in file}


def test_killed_workers_leave_a_whole_ledger_and_nothing_happens_twice(
    shared: Ledger, context: ForkServerContext, tmp_path: Any
) -> None:
    """Two workers, killed again and again in the middle; a last one ends the work. The file is the outside system."""
    ids = [one.id for one in add(shared, *[invoice(str(n)) for n in range(200)])]
    outside = str(tmp_path / "outside")
    arguments = (_url(shared), outside, 3.0)
    for round_ in range(4):
        pair = [context.Process(target=_work_until_killed, args=arguments) for _ in range(2)]
        for process in pair:
            process.start()
        _wait_for_lines(outside, (round_ + 1) * 20)
        for process in pair:
            _kill(process)
        assert verify(shared).clean
    last = context.Process(target=_work_until_killed, args=arguments)
    last.start()
    deadline = time.monotonic() + 90
    while _count(shared, S.POSTED) < len(ids):
        assert time.monotonic() < deadline, f"{_count(shared, S.POSTED)} of {len(ids)} were posted"
        assert last.is_alive()
        time.sleep(0.05)
    _kill(last)
    with open(outside, encoding="ascii") as file:  # noqa: PTH123
        calls = Counter(line.strip() for line in file)
    assert set(calls.values()) == {1}
    assert len(calls) == len(ids)
    report = verify(shared)
    assert report.problems == report.waiting == []
    with shared.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).where(operation.c.state == "done")).scalar_one() == len(ids)
        assert tx.execute(sa.select(sa.func.count()).select_from(event)).scalar_one() == 5 * len(ids)


def _count(ledger: Ledger, state: S) -> int:
    with ledger.read() as tx:
        return tx.execute(sa.select(sa.func.count()).where(document.c.state == state.value)).scalar_one()


def _add_the_same(url: str, barrier: Any, answers: Any) -> None:
    ledger = Ledger.open(url, SystemClock())
    barrier.wait()
    held = 0
    for start in range(0, 60, 6):
        with ledger.write() as tx:
            new_ones = [invoice(str(n)) for n in range(start, start + 6)]
            held += sum(one.repeats is None for one in documents.add_documents(tx, new_ones, Actor("w")))
    answers.put(held)
    ledger.close()


def test_one_document_holds_a_key_however_many_add_it_at_once(shared: Ledger, context: ForkServerContext) -> None:
    barrier, answers = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_add_the_same, args=(_url(shared), barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    assert sum(answers.get(timeout=90) for _ in processes) == 60
    for process in processes:
        process.join(60)
    with shared.read() as tx:
        rows = tx.execute(sa.select(document.c.business_key, document.c.parent_id)).all()
    assert len(rows) == 240
    assert len([row for row in rows if row.business_key is not None]) == 60
    assert all((row.business_key is None) == (row.parent_id is not None) for row in rows)


def _take_lease(url: str, barrier: Any, answers: Any) -> None:
    ledger = Ledger.open(url, SystemClock())
    barrier.wait()
    lease = leases.Lease(ledger, "channel", ttl=30)
    taken = lease.acquire()
    answers.put(lease.generation if taken else None)
    barrier.wait()
    ledger.close()


def test_one_process_gets_the_lease(shared: Ledger, context: ForkServerContext) -> None:
    """At first, and again after the holder died without releasing it."""
    generations = []
    for _ in range(2):
        barrier, answers = context.Barrier(4), context.Queue()
        processes = [context.Process(target=_take_lease, args=(_url(shared), barrier, answers)) for _ in range(4)]
        for process in processes:
            process.start()
        taken = [one for one in [answers.get(timeout=90) for _ in processes] if one is not None]
        for process in processes:
            process.join(60)
        assert len(taken) == 1
        generations += taken
        with shared.write() as tx:
            tx.exec_driver_sql("UPDATE lease SET expires_at = taken_at")
    assert generations == sorted(set(generations))
