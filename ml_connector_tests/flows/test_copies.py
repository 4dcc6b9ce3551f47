"""What stands twice at the other side is found by a look-up in batches, told with both identities, and closed again."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from ml_connector.flows import monitoring
from ml_connector.flows.core import copies
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.ports import StoredOperation, Written
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.tables.documents import operation
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.events import history
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene

STANDING = RunScope(holder="", actor="standing")
#: Past the settling time and the longest call.
LATER = 200


def write_of(stage: Scene, kind: str) -> StoredOperation:
    with stage.deployment.ledger.read() as tx:
        ids = tx.execute(sa.select(operation.c.id).where(operation.c.kind == kind).order_by(operation.c.id)).scalars()
        return operations.get_many(tx, list(ids))[0]


def told(stage: Scene) -> list[str]:
    """The alert's lines and what `verify` finds."""
    alerts = [one for one in monitoring.standing_causes(stage.integration) if one.cause.endswith("/written_twice")]
    lines = [line for one in alerts for line in one.lines]
    return lines + [one.message for one in verify(stage.deployment.ledger).problems]


def actions(stage: Scene, document_id: int) -> Counter[str]:
    with stage.deployment.ledger.read() as tx:
        return Counter(one.action for one in history(tx, document_id))


def test_an_invoice_that_stands_twice_is_told_until_one_of_both_is_gone(stage: Scene) -> None:
    stage.invoice(stage.orders(3))
    stage.inbound()
    write = write_of(stage, "purchase_invoice")
    stage.integration.erp.write(write)
    stage.sandbox.clock.move(LATER)
    for _ in range(2):
        copies.confirm(stage.integration, STANDING)
        stage.sandbox.clock.move(3700)
    ids = [str(row["ID"]) for row in stage.posted() if row["YourRef"] == stage.posted()[-1]["YourRef"]]
    assert len(ids) == 2
    alert, problem = told(stage)
    assert all(one in alert and one in problem for one in ids)
    assert actions(stage, write.document_id)["written twice"] == 1

    second = stage.posted()[-1]
    stage.sandbox.call(stage.sandbox.exact.main.drop, "purchase/PurchaseInvoices", second)
    copies.confirm(stage.integration, STANDING)
    assert told(stage) == []
    assert actions(stage, write.document_id)["stands once again"] == 1


def test_a_batch_is_confirmed_in_a_handful_of_calls_and_once(stage: Scene) -> None:
    stage.invoice(stage.orders(60), per_file=10)
    stage.inbound()
    stage.sandbox.call(stage.sandbox.journal.clear)
    copies.confirm(stage.integration, STANDING)
    assert calls(stage) == 0, "nothing is due before its writes must have landed"
    stage.sandbox.clock.move(LATER)
    copies.confirm(stage.integration, STANDING)
    assert calls(stage) <= 2
    stage.sandbox.call(stage.sandbox.journal.clear)
    copies.confirm(stage.integration, STANDING)
    assert calls(stage) == 0


def calls(stage: Scene) -> int:
    counts: Any = stage.sandbox.call(lambda: Counter(stage.sandbox.journal.counts))
    return sum(count for name, count in counts.items() if name.startswith("exact GET"))


def test_a_file_that_lies_twice_in_its_folder_is_told(stage: Scene) -> None:
    """Cleo holds a name twice; as long as the partner has not taken them, both are seen."""
    stage.world.consumer.options.paused = True
    stage.orders(1, received=False)
    stage.outbound()
    write = write_of(stage, "upload")
    channel, _, name = write.target.rpartition("/")
    second = stage.integration.network.upload(channel, name, b"the same again")
    stage.sandbox.clock.move(LATER)
    copies.confirm(stage.integration, STANDING)
    alert, problem = told(stage)
    assert all(one in alert and one in problem for one in (str(write.outside_id), second.outside_id))


def test_an_answer_that_comes_after_another_worker_has_written_too_is_told(stage: Scene) -> None:
    stage.invoice(stage.orders(1))
    stage.inbound()
    write = write_of(stage, "purchase_invoice")
    with stage.deployment.ledger.write() as tx:
        copies.note_late(tx, [(write, Written("0000-late", {"entry_number": 7}))], STANDING)
    alert, problem = told(stage)
    assert all(one in alert and one in problem for one in (str(write.outside_id), "0000-late"))
    assert actions(stage, write.document_id)["answered after the lease was lost"] == 1


def test_an_answer_that_was_repeated_while_its_first_copy_lies_there_is_no_news(stage: Scene) -> None:
    """A 997 of unknown outcome goes again as the same bytes: nobody has to do anything about two of them."""
    stage.world.consumer.options.paused = True
    stage.invoice(stage.orders(1))
    stage.inbound()
    stage.outbound()
    write = write_of(stage, "upload")
    channel, _, name = write.target.rpartition("/")
    stage.integration.network.upload(channel, name, b"the same again")
    stage.sandbox.clock.move(LATER)
    copies.confirm(stage.integration, STANDING)
    assert told(stage) == []


def test_a_file_that_lay_twice_is_settled_by_a_persons_word(stage: Scene) -> None:
    """Its folder cannot tell that one is gone: without a word it would be told for ever."""
    stage.world.consumer.options.paused = True
    stage.orders(1, received=False)
    stage.outbound()
    write = write_of(stage, "upload")
    channel, _, name = write.target.rpartition("/")
    stage.integration.network.upload(channel, name, b"the same again")
    stage.sandbox.clock.move(LATER)
    copies.confirm(stage.integration, STANDING)
    assert told(stage)
    assert say("documents", "settle", write.document_id, "--why", "x").code == 2
    said = say("documents", "settle", write.document_id, "--counts-once", "--why", "they deleted one")
    assert said.code == 0, said.err
    assert told(stage) == []
    stage.sandbox.clock.move(LATER + copies.AGAIN.total_seconds())
    copies.confirm(stage.integration, STANDING)
    assert told(stage) == []
    assert actions(stage, write.document_id)["settled by a person: it counts once"] == 1
    assert say("documents", "settle", write.document_id, "--counts-once", "--why", "again").code == 1
