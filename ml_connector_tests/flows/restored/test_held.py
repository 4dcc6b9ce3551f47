"""A restore is not an amnesia: what may have left is held until somebody says, what had never left leaves, what we
posted is ours, and no number is given twice.
"""

from collections import Counter
from pathlib import Path

from ml_connector.flows import pipeline
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.restored.bench_words import (
    arrived,
    backup_of,
    export,
    forget,
    is_clean,
    orders,
    process,
    states,
    sync,
    uploads,
)
from ml_connector_tests.support.deployment import Bench


def test_what_left_in_the_lost_time_is_held_and_the_rest_leaves(
    bench: Bench, restored: tuple[set[str], set[str], set[str]]
) -> None:
    first, second, third = restored
    before = uploads(bench)
    sync(bench, 2)
    assert arrived(bench) == dict.fromkeys(first | second | third, 1)
    assert states(bench, "orders_out") == {("sent", None): 8, ("quarantined", "may_have_left"): 8}
    assert {problem.check for problem in is_clean(bench)} == {"restore", "lost"}
    said = say("ledger", "restored", "--arrived", "--all", "--why", "each supplier has them", "--json")
    assert (said.code, said.json["done"]["documents"]) == (0, 8)
    sync(bench, 2)
    assert states(bench, "orders_out") == {("sent", None): 16}
    assert arrived(bench) == dict.fromkeys(first | second | third, 1)
    assert is_clean(bench) == []
    after = uploads(bench)
    assert len(after) == len(before) + 2
    assert len({name for name, _ in after}) == len(after)
    numbers = Counter((name.split("_")[0], isa) for name, isa in after)
    assert set(numbers.values()) == {1}, "no ISA13 twice"


def test_departures_alone_tell_of_a_restore(small: Bench, tmp_path: Path) -> None:
    """Heads were never exported: a file that left is enough."""
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    orders(small, 2, 2)
    sync(small)
    backup.restore()
    sync(small)
    assert set(arrived(small).values()) == {1}
    assert states(small, "orders_out") == {("sent", None): 1, ("quarantined", "may_have_left"): 2}


def test_departures_that_are_older_than_the_heads_do_not_tell_all(small: Bench, tmp_path: Path) -> None:
    """Their file came back from a backup with the database, and the heads were kept: what left is not named there."""
    orders(small, 1, 1)
    sync(small)
    export(small)
    backup = backup_of(small, tmp_path)
    log = small.home / "chain-heads-departures.jsonl"
    kept = log.read_bytes()
    orders(small, 2, 2)
    sync(small)
    export(small)
    backup.restore()
    log.write_bytes(kept)
    sync(small, 2)
    assert set(arrived(small).values()) == {1}
    assert states(small, "orders_out") == {("sent", None): 1, ("quarantined", "may_have_left"): 2}
    assert not say("ledger", "restored", "--json").json["restore"]["complete"]


def test_without_witnesses_it_is_told_and_whatever_may_have_left_is_held(small: Bench, tmp_path: Path) -> None:
    """Numbers stop until a person raises them; what the ERP has since everything was stopped leaves then."""
    orders(small, 3, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    with small.open() as deployment:
        moment = deployment.clock.now()
    small.sandbox.clock.move(60)
    orders(small, 3, 2)
    sync(small)
    used = {isa for _, isa in uploads(small)}
    with small.open() as deployment:
        stopped = deployment.clock.now()
    small.sandbox.clock.move(120)
    new = orders(small, 3, 3)
    backup.restore()
    forget(small)
    assert say("ledger", "restored").code == 0, "nothing tells of it"
    since, until = (f"{at:%Y-%m-%dT%H:%M:%S}" for at in (moment, stopped))
    assert say("ledger", "restored", "--since", since, "--until", until).code == 1
    sync(small)
    assert set(arrived(small).values()) == {1}
    reasons = states(small, "orders_out")
    assert reasons == {("sent", None): 3, ("quarantined", "may_have_left"): 3, ("quarantined", "numbers_unknown"): 3}
    for name in say("ledger", "restored", "--json").json["stopped_sequences"]:
        assert say("ledger", "numbers", name, "--next", 500).code == 0
    assert say("ledger", "restored", "--arrived", "--all", "--why", "all of them").code == 0
    sync(small)
    assert set(arrived(small).values()) == {1}
    assert new <= set(arrived(small))
    assert {isa for _, isa in uploads(small)} - used == {"000000500"}
    assert states(small, "orders_out") == {("sent", None): 9}


def test_a_restore_to_the_middle_of_a_sending(small: Bench, tmp_path: Path) -> None:
    """Rendered, not begun, in the backup; left since: the same bytes wait in doubt, and numbers go on above."""
    orders(small, 2, 1)
    with process(small) as stage:
        pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND[:-1])
    backup = backup_of(small, tmp_path)
    sync(small)
    before = uploads(small)
    backup.restore()
    sync(small)
    assert uploads(small) == before
    assert states(small, "orders_out") == {("unknown_outcome", "outcome_unknown"): 2}
    assert say("ledger", "restored", "--arrived", "--all", "--why", "both are there").code == 0
    sync(small)
    assert (uploads(small), states(small, "orders_out")) == (before, {("sent", None): 2})
    assert is_clean(small) == []


def test_a_ledger_whose_end_was_cut_off_is_told(small: Bench, tmp_path: Path) -> None:
    """Nobody says that it was restored: what is lost are problems, and stays listed after somebody has."""
    orders(small, 1, 1)
    sync(small)
    export(small)
    backup = backup_of(small, tmp_path)
    orders(small, 1, 2)
    sync(small)
    export(small)
    backup.restore()
    assert "events" in str(is_clean(small)), "also before anything noticed it"
    assert say("ledger", "restored").code == 1
    assert {one.check for one in is_clean(small)} == {"restore", "lost"}
    sync(small)
    say("ledger", "restored", "--arrived", "--all", "--why", "restored after the disk failed")
    shown = say("ledger", "verify", "--json")
    assert shown.code == 0
    assert [one["check"] for one in shown.json["restores"]] == ["restore", "lost"]
    assert "restored after the disk failed" in shown.json["restores"][0]["message"]


def test_a_second_restore_is_noticed_too(small: Bench, tmp_path: Path) -> None:
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    for seed in (2, 3):
        orders(small, 1, seed)
        sync(small)
        backup.restore()
    sync(small)
    assert set(arrived(small).values()) == {1}
    assert states(small, "orders_out") == {("sent", None): 1, ("quarantined", "may_have_left"): 2}


def test_a_new_ledger_and_a_crash_are_no_restore(small: Bench) -> None:
    """A line without its transaction: the program died between the two."""
    orders(small, 1, 1)
    with process(small) as stage:
        assert stage.deployment.restore is None
        pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND[:-1])
    log = small.home / "chain-heads-departures.jsonl"
    with process(small) as stage:
        stage.deployment.ledger.departures = None
        stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="POST", path="*/files", status=503))
        pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND)
    assert not log.exists()
    sync(small, 2)
    with small.open() as deployment:
        assert deployment.restore is None
