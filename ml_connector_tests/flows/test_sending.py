"""Files that leave with several documents in them, and answers that come at awkward moments."""

import pytest

from ml_connector.flows import monitoring, operator_actions
from ml_connector.flows.core import repeating
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.orders_out import order_resolving, order_revisions, orders
from ml_connector.flows.outbound import rendering, sending
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.cleo.files import Growth
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.hostile.interchanges import acknowledgment
from ml_connector_tests.support.waiting import wait_until

SILENT = {"acknowledge": "never", "ship": "never", "invoice": "never", "confirm": "never"}
ANSWERS = "acknowledgments_out"


def with_batches_of(stage: Scene, size: int) -> None:
    settings = stage.integration.settings.model_copy(update={"batch_size": size})
    object.__setattr__(stage.integration, "settings", settings)


def answers_waiting(stage: Scene, count: int) -> None:
    """997s rendered into one file, not sent."""
    from ml_connector.flows.inbound import parsing, receiving

    for order in stage.orders(count):
        stage.invoice([order])
    receiving.receive(stage.integration, stage.work)
    parsing.parse(stage.integration, stage.work)
    rendering.render(stage.integration, stage.work, ANSWERS)


def test_a_file_whose_documents_are_claimed_in_two_batches_is_sent_once_and_wholly(stage: Scene) -> None:
    answers_waiting(stage, 5)
    with_batches_of(stage, 2)
    sending.send(stage.integration, stage.work, ANSWERS)
    sending.send(stage.integration, stage.work, ANSWERS)
    assert [str(row.state) for row in stage.documents(ANSWERS)] == ["sent"] * 5
    groups = [group for partner in stage.world.partners.values() for group in partner.books.groups.values()]
    assert [group.answers for group in groups] == [["A"]] * 5


def test_one_answer_of_a_rendered_file_cannot_be_discarded(stage: Scene) -> None:
    answers_waiting(stage, 2)
    with pytest.raises(operator_actions.NotPossibleError):
        operator_actions.discard(stage.integration, stage.work, stage.documents(ANSWERS)[0], "not wanted")


def sent_group(stage: Scene) -> int:
    from ml_connector.ledger.tables.documents import envelope_group

    with stage.deployment.ledger.read() as tx:
        return int(next(row.control_number for row in tx.execute(envelope_group.select()) if row.direction == "out"))


@pytest.mark.parametrize(
    ("of_the_group", "state"),
    [("AK9*A*1*1*1", "acknowledged"), ("AK9*P*1*1*1", "sent"), ("AK9*R*1*1*0", "refused")],
)
def test_sets_that_an_answer_does_not_list_go_with_their_group(stage: Scene, of_the_group: str, state: str) -> None:
    """One accepted in part has to list a set that is not: else nobody knows which it is (field row B03)."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.outbound()
    deliver(stage, acknowledgment([f"AK1*PO*{sent_group(stage)}", of_the_group]))
    stage.inbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == [state]


@pytest.mark.parametrize(
    ("of_the_set", "of_the_group", "state"),
    [
        ("AK5*R*5", "AK9*P*1*1*0", "refused"),
        ("AK5*A", "AK9*R*1*1*0", "refused"),
        ("AK5*A", "AK9*A*1*1*0", "acknowledged"),
    ],
)
def test_the_worse_of_set_and_group_decides_and_never_the_counts(
    stage: Scene, of_the_set: str, of_the_group: str, state: str
) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.outbound()
    deliver(stage, acknowledgment([f"AK1*PO*{sent_group(stage)}", "AK2*850*0001", of_the_set, of_the_group]))
    stage.inbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == [state]


def test_an_answer_that_comes_while_its_order_is_in_work_waits_a_moment(stage: Scene) -> None:
    """Another worker, alive, has the order: the 997 is applied later, and the other answers of the batch are now."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    orders.read(stage.integration, stage.work)
    order_resolving.resolve(stage.integration, stage.work)
    rendering.render(stage.integration, stage.work, order_revisions.FLOW)
    (order,) = stage.documents("orders_out")
    deliver(stage, acknowledgment([f"AK1*PO*{sent_group(stage)}", "AK9*A*1*1*1"]))
    with worker(stage.deployment.ledger) as other:
        query = documents.ClaimQuery(stage.integration.name, (S.RENDERED,))
        with stage.deployment.ledger.write() as tx:
            documents.claim(tx, query, other.name)
            documents.move(tx, [documents.Move(order.id, S.SENDING, "sending", release=False)], RunScope(other.name))
        reports = stage.inbound()
        assert reports["apply acknowledgments"].counts["postponed"] == 1
    stage.sandbox.clock.move(60)
    stage.inbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == ["acknowledged"]
    assert [str(row.state) for row in stage.documents("acknowledgments_in")] == ["applied"]


def test_an_answer_to_an_order_that_was_about_to_go_again_ends_its_upload(stage: Scene) -> None:
    """Sent, not heard of, planned again, and the worker was killed: the 997 proves that the first upload arrived."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    (order,) = stage.documents("orders_out")
    with stage.deployment.ledger.write() as tx:
        (upload,) = operations.of_unknown_outcome(tx, [order.id])
        operations.put_back(tx, [upload.id])
    deliver(stage, acknowledgment([f"AK1*PO*{sent_group(stage)}", "AK9*A*1*1*1"]))
    stage.inbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == ["acknowledged"]
    assert verify(stage.deployment.ledger).clean


def test_an_order_a_person_says_arrived_is_waited_for(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    operator_actions.settle_sent(stage.integration, stage.work, order, arrived=True, why="they have it")
    (order,) = stage.documents("orders_out")
    assert (order.state, order.due_at is not None) == (S.SENT, True)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_word_about_any_document_of_a_file_settles_all_of_them(
    stage: Scene, arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload hangs on the file's first document; a person is told to settle each by its own id."""
    monkeypatch.setattr(repeating, "_REPEATABLE", ())
    answers_waiting(stage, 3)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    sending.send(stage.integration, stage.work, ANSWERS)
    stage.sandbox.clock.move(10)
    sending.send(stage.integration, stage.work, ANSWERS)
    waiting = stage.documents(ANSWERS)
    assert {row.state for row in waiting} == {S.UNKNOWN_OUTCOME}
    operator_actions.settle_sent(
        stage.integration, stage.work, waiting[-1], arrived=arrived, why="their EDI desk looked"
    )
    stage.sandbox.clock.move(600)
    sending.send(stage.integration, stage.work, ANSWERS)
    assert [str(row.state) for row in stage.documents(ANSWERS)] == ["sent"] * 3
    groups = [group for partner in stage.world.partners.values() for group in partner.books.groups.values()]
    assert [group.answers for group in groups] == [[] if arrived else ["A"]] * 3
    assert verify(stage.deployment.ledger).clean


def test_a_confirmation_answers_what_was_sent_not_what_is_still_held(stage: Scene) -> None:
    from ml_connector.sandbox.exact import user

    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {**SILENT, "confirm": "accept", "acknowledge": "accept"})
    stage.outbound()
    number = int(order["number"])
    quantity = order["lines"][0]["quantity"] + 1
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, number, 1, quantity=quantity)
    orders.read(stage.integration, stage.work)
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    (answer,) = [row for row in stage.documents("acknowledgments_in") if row.kind == "order_acknowledgment"]
    assert (answer.state, answer.reason) == (S.APPLIED, None)


def test_an_upload_that_failed_is_told_by_the_run_that_made_it(stage: Scene) -> None:
    """A 500 leaves it in doubt; then the file is looked for, and the person is told what to type."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="POST", path="*/files", status=500))
    assert stage.outbound()["send orders_out"].counts["unknown_outcome"] == 1
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    detail = order.reason_detail or {}
    assert detail["message"].endswith("its upload was not confirmed, and the file is not there.")
    assert f"documents settle {order.id} --arrived" in detail["mend"]


def test_a_folder_that_cannot_be_looked_at_is_not_said_to_lack_the_file(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="GET", path="*/files", status=403))
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    assert order.state is S.UNKNOWN_OUTCOME
    assert "its folder could not be looked at" in (order.reason_detail or {})["message"]


def uploaded(stage: Scene) -> list[tuple[str, bytes]]:
    return [(taken.name, taken.data) for taken in stage.world.consumer.taken]


@pytest.mark.parametrize("arrived", [False, True])
def test_an_answer_of_unknown_outcome_goes_again_as_it_was(stage: Scene, arrived: bool) -> None:
    """A 997 may be said twice: same bytes, same name, and nobody is asked."""
    stage.world.consumer.options.deduplicate = False
    answers_waiting(stage, 2)
    kind = FaultKind.RESET_AFTER if arrived else FaultKind.RESET_BEFORE
    stage.sandbox.faults.add(Fault(kind, system="cleo", method="POST", path="*/files"))
    sending.send(stage.integration, stage.work, ANSWERS)
    stage.sandbox.clock.move(10)
    sending.send(stage.integration, stage.work, ANSWERS)
    assert [str(row.state) for row in stage.documents(ANSWERS)] == ["sent"] * 2
    assert len(uploaded(stage)) == (2 if arrived else 1)
    assert len(set(uploaded(stage))) == 1


def test_an_answer_that_lies_in_its_folder_is_not_sent_again(stage: Scene) -> None:
    stage.world.consumer.options.paused = True
    answers_waiting(stage, 1)
    stage.sandbox.faults.add(Fault(FaultKind.ERROR_AFTER, system="cleo", method="POST", path="*/files"))
    sending.send(stage.integration, stage.work, ANSWERS)
    stage.sandbox.clock.move(10)
    sending.send(stage.integration, stage.work, ANSWERS)
    assert [str(row.state) for row in stage.documents(ANSWERS)] == ["sent"]
    assert len(stage.sandbox.cleo.folders.folder("/NORTHWIND/outbox").files) == 1


def test_an_order_whose_answer_may_still_come_is_not_put_before_a_person(stage: Scene) -> None:
    """First its 997 is waited for, then an alert asks; the folder is looked at all the while."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    assert (order.state, order.reason) == (S.UNKNOWN_OUTCOME, "answer_awaited")
    assert "waited for until" in (order.reason_detail or {})["mend"]
    assert monitoring.standing_causes(stage.integration) == []
    stage.sandbox.clock.move(sending.ANSWER_MINUTES * 60)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    assert (order.state, order.reason) == (S.UNKNOWN_OUTCOME, "outcome_unknown")
    (cause,) = monitoring.standing_causes(stage.integration)
    assert cause.cause.endswith("unknown_outcome/outcome_unknown")
    assert verify(stage.deployment.ledger).clean


def test_a_supplier_who_answers_an_order_has_it(stage: Scene) -> None:
    """An 855 proves as much as a 997, from partners who send none."""
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {**SILENT, "confirm": "accept"})
    stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    stage.sandbox.clock.move(10)
    stage.outbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == ["unknown_outcome"]
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    (order,) = stage.documents("orders_out")
    assert (order.state, order.reason, order.due_at is not None) == (S.SENT, None, True)
    stage.sandbox.clock.move(600)
    stage.outbound()
    assert sum(stage.world.consumer.orders().values()) == 1
    assert verify(stage.deployment.ledger).clean


def test_an_order_that_turns_up_late_in_its_folder_is_sent(stage: Scene) -> None:
    """Committed late: a look soon after the first sees it before its partner takes it away."""
    stage.world.consumer.options.paused = True
    stage.orders(1, received=False)
    late = Fault(FaultKind.LATE_COMMIT, system="cleo", method="POST", path="*/files", seconds=12, real_time=False)
    stage.sandbox.faults.add(late)
    stage.outbound()
    stage.sandbox.clock.move(10)
    stage.outbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == ["unknown_outcome"]
    stage.sandbox.clock.move(16)
    wait_until(lambda: not stage.sandbox.late_commits(), "the late commit has not come")
    stage.outbound()
    assert [str(row.state) for row in stage.documents("orders_out")] == ["sent"]
    assert len(stage.sandbox.cleo.folders.folder("/NORTHWIND/outbox").files) == 1


def test_half_a_file_in_the_folder_is_told_as_such(stage: Scene) -> None:
    """The server stored what had come of it. It never counts as the file."""
    stage.world.consumer.options.paused = True
    stage.orders(1, received=False)
    stage.sandbox.faults.add(Fault(FaultKind.ERROR_AFTER, system="cleo", method="POST", path="*/files"))
    stage.outbound()
    (half,) = stage.sandbox.cleo.folders.folder("/NORTHWIND/outbox").files
    half.growth = Growth()
    stage.sandbox.clock.move(10)
    stage.outbound()
    (order,) = stage.documents("orders_out")
    assert order.state is S.UNKNOWN_OUTCOME
    size = half.content.size
    assert f"of its {size} bytes {size // 2} are there" in (order.reason_detail or {})["message"]


def test_an_upload_that_was_put_off_is_counted(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(
        Fault(FaultKind.STATUS, system="cleo", method="POST", path="*/files", status=429, count=20)
    )
    assert stage.outbound()["send orders_out"].counts["postponed"] == 1
