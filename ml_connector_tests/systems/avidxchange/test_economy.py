"""What an invoice costs in calls, at both sides."""

from pathlib import Path

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.paying import entry, pay, paying_stage, run, states
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import approved, closed, entries
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, there, vendor_there, with_pdf

MANY = 60


def exact_calls(stage: Stage) -> int:
    return sum(one.system == "exact" and "oauth" not in one.path for one in stage.sandbox.journal.requests)


def test_an_invoice_sent_costs_little_more_than_its_pdf_and_its_post(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows={"invoices_out": {}}) as stage:
        stage.outbound()
        vendor_there(stage)
        for number in range(MANY):
            with_pdf(stage, booked(stage, f"INV-{number}"))
        stage.sandbox.journal.clear()
        stage.outbound()
        assert len(there(stage)) == MANY
        assert exact_calls(stage) <= 1.2 * MANY
        assert stage.calls() <= 1.2 * MANY
        stage.sandbox.journal.clear()
        stage.outbound()
        assert (stage.calls(), len(there(stage))) == (0, MANY)
        assert exact_calls(stage) <= 6


def test_a_coded_invoice_costs_an_image_and_a_post(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows={"coded_invoices_in": {"vat_code": "2"}}) as stage:
        vendor_there(stage)
        numbers = [f"A-{number}" for number in range(MANY)]
        for number in numbers:
            approved(stage, number)
        closed(stage, *numbers)
        stage.sandbox.journal.clear()
        stage.inbound()
        assert len(entries(stage)) == MANY
        assert stage.calls() <= 1.2 * MANY
        assert exact_calls(stage) <= 1.2 * MANY
        stage.sandbox.journal.clear()
        stage.inbound()
        assert stage.calls() <= 2


@pytest.mark.parametrize(("status", "booked"), [("Issued to Supplier", MANY), ("Processing", 0)])
def test_a_payment_that_did_not_change_costs_a_tenth_of_a_call_a_poll(status: str, booked: int, tmp_path: Path) -> None:
    """Whether it is booked already, or waits until it counts as paid."""
    with paying_stage(tmp_path) as stage:
        payments = [pay(stage, entry(stage), status=status) for _ in range(MANY)]
        run(stage)
        run(stage)
        assert [state for one in payments for state, _ in states(stage, one)] == [S.POSTED] * booked
        stage.sandbox.journal.clear()
        run(stage)
        assert stage.calls() <= 0.1 * MANY
        assert exact_calls(stage) <= 0.1 * MANY
