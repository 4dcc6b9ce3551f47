"""What settles whether something had left before a restore: answers, documents that name it, the ERP's own records."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.errors import TryAgain
from ml_connector.flows import pipeline
from ml_connector.ledger.tables.documents import operation
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.restored.bench_words import (
    SILENT,
    arrived,
    backup_of,
    behave,
    export,
    invoice,
    is_clean,
    opened,
    orders,
    posted,
    process,
    states,
    sync,
    uploads,
)
from ml_connector_tests.support.backups import Backup
from ml_connector_tests.support.deployment import Bench


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
