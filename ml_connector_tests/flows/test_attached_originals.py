"""Invoices with their original attached: whatever becomes of the attachment, the invoice is ours and there once."""

from typing import Any

import pytest

from ml_connector.flows import operator_actions
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import operations
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_files_end_to_end import states
from ml_connector_tests.flows.test_posting_twice_over import replay, table, with_invoices

ATTACHMENTS = "documents/DocumentAttachments"


def refuse_attachment(stage: Scene) -> None:
    fault = Fault(FaultKind.STATUS, system="exact", method="POST", path=f"*/{ATTACHMENTS}", status=400)
    stage.sandbox.faults.add(fault)


@pytest.mark.parametrize("mode", ["matched", "coded"])
@pytest.mark.parametrize("look", [True, False])
def test_a_refused_attachment_is_written_by_a_replay_and_the_invoice_not_again(
    stage: Scene, mode: str, look: bool
) -> None:
    with_invoices(stage, attach_original=True, mode=mode, look_for_hand_keyed=look)
    stage.invoice(stage.orders(1))
    refuse_attachment(stage)
    stage.inbound()
    assert states(stage) == [("quarantined", "refused_by_system")]
    replay(stage, *stage.documents("invoices_in"))
    assert states(stage) == [("posted", None)]
    assert len(booked(stage)) == 1
    assert len(table(stage, ATTACHMENTS)) == 1
    assert verify.verify(stage.deployment.ledger).clean


@pytest.mark.parametrize("mode", ["matched", "coded"])
@pytest.mark.parametrize("look", [True, False])
def test_without_the_setting_a_refused_attachment_is_given_up_and_the_invoice_stays(
    stage: Scene, mode: str, look: bool
) -> None:
    with_invoices(stage, attach_original=True, mode=mode, look_for_hand_keyed=look)
    stage.invoice(stage.orders(1))
    refuse_attachment(stage)
    stage.inbound()
    with_invoices(stage, attach_original=False)
    replay(stage, *stage.documents("invoices_in"))
    assert states(stage) == [("posted", None)]
    assert len(booked(stage)) == 1
    assert verify.verify(stage.deployment.ledger).clean


def test_an_invoice_that_stands_in_the_books_is_settled_as_it_stands_and_cannot_be_discarded(stage: Scene) -> None:
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    refuse_attachment(stage)
    stage.inbound()
    (row,) = stage.documents("invoices_in")
    with pytest.raises(operator_actions.NotPossibleError, match="stands in the ERP"):
        operator_actions.discard(stage.integration, stage.work, row, "no original")
    operator_actions.settle_as_it_stands(stage.integration, stage.work, row, why="the portal takes none")
    stage.inbound(replay=True)
    assert states(stage) == [("posted", None)]
    assert (len(booked(stage)), table(stage, ATTACHMENTS)) == (1, [])
    assert verify.verify(stage.deployment.ledger).clean


def test_an_attachment_refused_again_holds_the_invoice_again(stage: Scene) -> None:
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    for replayed in (False, True):  # a replay reads no folder
        refuse_attachment(stage)
        stage.inbound(replay=replayed)
        assert states(stage) == [("quarantined", "refused_by_system")]
    stage.inbound(replay=True)
    assert states(stage) == [("posted", None)]
    assert len(booked(stage)) == len(table(stage, ATTACHMENTS)) == 1


def test_a_dry_run_leaves_a_refused_attachment_alone(stage: Scene) -> None:
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    refuse_attachment(stage)
    stage.inbound()
    stage.inbound(replay=True, dry_run=True)
    (row,) = stage.documents("invoices_in")
    with stage.deployment.ledger.read() as tx:
        assert [one.state for one in operations.of_documents(tx, [row.id])] == ["done", "done", "refused"]
    assert row.state == "quarantined"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_write_to_the_erp_is_looked_up_and_settled_by_nobodys_word(stage: Scene, arrived: bool) -> None:
    """Somebody's "it arrived" about the document of an original would end an invoice that was never written."""
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    fault = Fault(FaultKind.RESET_BEFORE, system="exact", method="POST", path="*/documents/Documents")
    stage.sandbox.faults.add(fault)
    stage.inbound()
    (row,) = stage.documents("invoices_in")
    assert row.state == "unknown_outcome"
    with pytest.raises(operator_actions.NotPossibleError, match="looked up in the ERP"):
        operator_actions.settle_sent(stage.integration, stage.work, row, arrived=arrived, why="I think so")
    with pytest.raises(operator_actions.NotPossibleError, match="may be at the other side"):
        operator_actions.discard(stage.integration, stage.work, row, "not wanted")
    for _ in range(2):
        stage.sandbox.clock.move(70)
        stage.inbound()
    assert states(stage) == [("posted", None)]
    assert len(booked(stage)) == 1


def booked(stage: Scene) -> list[dict[str, Any]]:
    """Exact shows purchase invoices among the entries too."""
    return table(stage, "purchaseentry/PurchaseEntries")
