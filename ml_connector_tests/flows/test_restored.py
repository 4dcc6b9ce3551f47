"""A restore is not an amnesia: what may have left is held until somebody says, what had never left leaves, what we
posted is ours, and no number is given twice.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.errors import TryAgain
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Work
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.tables.documents import operation
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.backups import Backup
from ml_connector_tests.support.deployment import INTEGRATION, Bench, open_bench

#: Partners that take our files away and say nothing: nothing but what we know ourselves tells what left.
SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


@pytest.fixture
def bench(tmp_path: Path, fresh_url: str) -> Iterator[Bench]:
    """Files stay in the folders after they were read: they come again after a restore."""
    changes = {"connections": {"cleo_prod": {"after_read": "leave"}}}
    with open_bench(tmp_path / "home", ledger_url=fresh_url, changes=changes) as made:
        assert made.sandbox.partner is not None
        for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
            made.sandbox.call(made.sandbox.partner.behave, partner, SILENT)
        yield made


@contextmanager
def process(bench: Bench) -> Iterator[Scene]:
    """The connector as one process: opened, and closed again."""
    with bench.open() as deployment:
        integration = deployment.integration(INTEGRATION)
        with worker(deployment.ledger) as lease:
            warm_up(integration)
            yield Scene(bench, deployment, integration, Work(holder=lease.name, actor="test"))


def sync(bench: Bench, rounds: int = 1) -> None:
    with process(bench) as stage:
        for _ in range(rounds):
            pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND)
            bench.sandbox.clock.move(30)
            bench.sandbox.call(stage.world.flush)
            pipeline.run(stage.integration, stage.work, pipeline.INBOUND)


def export(bench: Bench) -> None:
    with bench.open() as deployment:
        chain_heads.export_heads(deployment.ledger, deployment.heads_file)


def orders(bench: Bench, count: int, seed: int) -> set[str]:
    made = bench.sandbox.call(user.create_orders, bench.sandbox.exact, count, seed=seed)
    return {str(order["OrderNumber"]) for order in made}


def arrived(bench: Bench) -> dict[str, int]:
    """How often each order came to its supplier."""
    assert bench.sandbox.partner is not None
    return dict(bench.sandbox.partner.consumer.orders())


def uploads(bench: Bench) -> list[tuple[str, str]]:
    """Name and ISA13 of every file that ever came to a partner."""
    assert bench.sandbox.partner is not None
    taken = bench.sandbox.partner.consumer.taken
    return [(one.name, re.split(rb"[*]", one.data)[13].decode()) for one in taken]


def states(bench: Bench, flow: str) -> Counter[tuple[str, str | None]]:
    with bench.open() as deployment:
        scene = Scene(bench, deployment, deployment.integration(INTEGRATION), Work(holder="look"))
        return Counter((str(row.state), row.reason) for row in scene.documents(flow))


def is_clean(bench: Bench) -> list[Any]:
    with bench.open() as deployment:
        return verify(deployment.ledger, heads_file=deployment.heads_file).problems


@pytest.fixture
def restored(bench: Bench, tmp_path: Path, fresh_url: str) -> Iterator[tuple[set[str], set[str], set[str]]]:
    """6 orders, a backup, 8 more sent, 2 that were not: restored. The three sets of numbers."""
    first = orders(bench, 6, 1)
    sync(bench)
    export(bench)
    backup = Backup(fresh_url, tmp_path)
    second = orders(bench, 8, 2)
    sync(bench)
    export(bench)
    assert arrived(bench) == dict.fromkeys(first | second, 1)
    third = orders(bench, 2, 3)
    backup.restore()
    yield first, second, third
    backup.drop()


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


def posted(bench: Bench, path: str = "purchase/PurchaseInvoices") -> list[dict[str, Any]]:
    return list(bench.sandbox.exact.main.table(path))


def test_what_we_posted_is_recognised_by_our_key(bench: Bench, tmp_path: Path, fresh_url: str) -> None:
    """Receipts and invoices of the lost time come again with their files."""
    assert bench.sandbox.partner is not None
    for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
        bench.sandbox.call(bench.sandbox.partner.behave, partner, {**SILENT, "ship": "packs", "invoice": "shipped"})
    orders(bench, 3, 1)
    sync(bench)
    export(bench)
    backup = Backup(fresh_url, tmp_path)
    orders(bench, 6, 2)
    sync(bench, 3)
    export(bench)
    invoices, receipts = len(posted(bench)), len(posted(bench, "purchaseorder/GoodsReceipts"))
    assert invoices > 3
    assert receipts > 3
    backup.restore()
    sync(bench, 2)
    assert len(posted(bench)) == invoices
    assert len(posted(bench, "purchaseorder/GoodsReceipts")) == receipts
    assert states(bench, "invoices_in") == {("posted", None): invoices}
    assert states(bench, "shipments_in") == {("posted", None): receipts}
    say("ledger", "restored", "--arrived", "--all", "--why", "they ship them")
    sync(bench, 2)
    assert (len(posted(bench)), set(states(bench, "invoices_in"))) == (invoices, {("posted", None)})
    assert is_clean(bench) == []
    backup.drop()


# smaller ones, over SQLite: the rules


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bench]:
    changes = {"connections": {"cleo_prod": {"after_read": "leave"}}}
    with open_bench(tmp_path / "home", changes=changes) as made:
        behave(made)
        yield made


def behave(bench: Bench, **more: Any) -> None:
    world = bench.sandbox.partner
    assert world is not None
    for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
        bench.sandbox.call(world.behave, partner, {**SILENT, **more})


def backup_of(bench: Bench, folder: Path) -> Backup:
    return Backup(f"sqlite:///{bench.home / 'ledger.db'}", folder)


def forget(bench: Bench, what: str = "*.jsonl") -> None:
    """What stands outside the database is lost too."""
    for file in bench.home.glob(what):
        file.unlink()


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


def test_what_had_not_arrived_leaves_by_a_persons_word_one_by_one(small: Bench, tmp_path: Path) -> None:
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    orders(small, 2, 2)
    sync(small)
    backup.restore()
    sync(small)
    first, second = sorted(one["document_id"] for one in say("ledger", "restored", "--json").json["open"])
    assert say("ledger", "restored", "--not-arrived", "--document", first, "--why", "lost there").code == 1
    sync(small)
    assert sorted(arrived(small).values()) == [1, 1, 2]
    assert say("ledger", "restored", "--arrived", "--document", second, "--why", "has it").code == 0
    sync(small)
    assert sorted(arrived(small).values()) == [1, 1, 2]
    assert states(small, "orders_out") == {("sent", None): 3}
    names = [name for name, _ in uploads(small)]
    assert len(set(names)) == len(names)
    assert is_clean(small) == []


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


@pytest.mark.parametrize(
    "answer",
    [{"acknowledge": "accept"}, {"confirm": "accept"}, {"ship": "packs"}, {"ship": "packs", "invoice": "shipped"}],
    ids=["997", "855", "856", "810"],
)
def test_the_partners_answer_settles_it(small: Bench, tmp_path: Path, answer: dict[str, Any]) -> None:
    """Files that the partner left meanwhile are read after the restore."""
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    behave(small, **answer)
    orders(small, 2, 2)
    sync(small, 2)
    backup.restore()
    sync(small)
    small.sandbox.clock.move(3600)
    sync(small)
    assert set(arrived(small).values()) == {1}
    assert ("quarantined", "may_have_left") not in states(small, "orders_out")
    assert [one for one in say("ledger", "restored", "--json").json["open"] if one["flow"] == "orders_out"] == []


@pytest.mark.parametrize("first", [pipeline.INBOUND, pipeline.OUTBOUND], ids=["answer first", "order first"])
def test_an_invoice_that_names_an_order_settles_it(small: Bench, tmp_path: Path, first: Any) -> None:
    """Whichever is read first after the restore; a change of an order is not proved by it."""
    old, changed = sorted(orders(small, 2, 1))
    sync(small)
    backup = backup_of(small, tmp_path)
    (lost,) = orders(small, 1, 2)
    small.sandbox.call(user.change_order_line, small.sandbox.exact, int(changed), 1, quantity=777)
    sync(small)
    backup.restore()
    with process(small) as stage:
        invoice(stage, (old, changed, lost))
        for steps in (first, pipeline.OUTBOUND, pipeline.INBOUND, pipeline.OUTBOUND):
            pipeline.run(stage.integration, stage.work, steps)
        (held,) = [row for row in stage.documents("orders_out") if str(row.state) != "sent"]
    assert (held.number, held.revision, held.reason) == (changed, 1, "may_have_left")
    assert [one["number"] for one in opened("orders_out")] == [changed]
    assert arrived(small) == dict.fromkeys((old, changed, lost), 1)


def invoice(stage: Scene, numbers: Sequence[str]) -> None:
    """Invoices for orders of the books, whatever they ship."""
    table = stage.sandbox.exact.main.table("purchaseorder/PurchaseOrders")

    def facts() -> list[Any]:
        return [user.order_facts(stage.sandbox.exact, one) for one in table if str(one["OrderNumber"]) in numbers]

    stage.invoice(stage.sandbox.call(facts))


def opened(flow: str) -> list[Any]:
    return [one for one in say("ledger", "restored", "--json").json["open"] if one["flow"] == flow]


def test_an_invoice_settles_an_upload_that_nobody_confirmed(small: Bench, tmp_path: Path) -> None:
    """Ready to leave in the backup, left since: in doubt, until the partner invoices it."""
    numbers = orders(small, 1, 1)
    with process(small) as stage:
        pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND[:-1])
    backup = backup_of(small, tmp_path)
    sync(small)
    backup.restore()
    sync(small)
    assert states(small, "orders_out") == {("unknown_outcome", "outcome_unknown"): 1}
    with process(small) as stage:
        invoice(stage, sorted(numbers))
        pipeline.run(stage.integration, stage.work, pipeline.INBOUND)
    sync(small)
    assert states(small, "orders_out") == {("sent", None): 1}
    assert set(arrived(small).values()) == {1}
    assert opened("orders_out") == []


@pytest.mark.parametrize("lost", ["written", "never written"])
def test_planned_writes_are_looked_for_before_they_are_written(small: Bench, tmp_path: Path, lost: str) -> None:
    """Planned in the backup, the ERP had asked for a pause; written in the lost time, or not."""
    with process(small) as stage:
        stage.invoice(stage.orders(6))
        refused = Fault(
            FaultKind.STATUS, system="exact", method="POST", path="*PurchaseInvoices", status=429, count=None
        )
        stage.sandbox.faults.add(refused)
        with suppress(TryAgain):
            pipeline.run(stage.integration, stage.work, pipeline.INBOUND)
        stage.sandbox.faults.clear()
        assert {str(row.state) for row in stage.documents("invoices_in")} == {"posting"}
    backup = backup_of(small, tmp_path)
    small.sandbox.clock.move(120)
    if lost == "written":
        sync(small)
        assert len(posted(small)) == 6
    orders(small, 1, 2)
    with process(small) as stage:
        pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND)
    backup.restore()
    said = say("ledger", "restored", "--json").json
    assert said["restore"]["complete"]
    with process(small) as stage, stage.deployment.ledger.read() as tx:
        of_erp = sa.select(operation.c.state).where(operation.c.kind == "purchase_invoice")
        assert set(tx.execute(of_erp).scalars()) == {"unknown"}
    small.sandbox.clock.move(120)
    small.sandbox.journal.clear()
    sync(small, 2)
    assert len(posted(small)) == 6
    assert states(small, "invoices_in") == {("posted", None): 6}
    writes = sum(n for call, n in small.sandbox.journal.counts.items() if "POST" in call and "PurchaseInvoices" in call)
    assert writes == (0 if lost == "written" else 6)
    assert say("ledger", "restored", "--arrived", "--all", "--why", "all there").code == 0
    assert is_clean(small) == []


def test_what_changed_since_it_left_goes_as_a_replacement(small: Bench, tmp_path: Path) -> None:
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    (number,) = orders(small, 1, 2)
    sync(small)
    small.sandbox.call(user.change_order_line, small.sandbox.exact, int(number), 1, quantity=777)
    backup.restore()
    sync(small)
    assert arrived(small)[number] == 1
    assert say("ledger", "restored", "--arrived", "--all", "--why", "they have the first one").code == 0
    sync(small)
    world = small.sandbox.partner
    assert world is not None
    assert world.consumer.documents()[f"850 05 {number}"] == 1
    assert world.consumer.documents()[f"850 00 {number}"] == 1


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


def test_a_replay_does_not_say_whether_it_had_left(small: Bench, tmp_path: Path) -> None:
    """As a day that is materialized again: it stays held, and the person's word counts as before."""
    orders(small, 1, 1)
    sync(small)
    backup = backup_of(small, tmp_path)
    orders(small, 1, 2)
    sync(small)
    backup.restore()
    sync(small)
    for _ in range(2):
        with process(small) as stage:
            stage.outbound(replay=True)
        assert set(arrived(small).values()) == {1}
        assert states(small, "orders_out") == {("sent", None): 1, ("quarantined", "may_have_left"): 1}
    assert say("ledger", "restored", "--not-arrived", "--all", "--why", "lost there").code == 0
    sync(small)
    assert sorted(arrived(small).values()) == [1, 2]
    assert is_clean(small) == []
