"""Exact -> 850 -> Transaction Manager -> partner -> 997, 855, 856, 810 -> Exact, with the flows that Cleo has."""

from contextlib import suppress
from pathlib import Path

import pytest

from ml_connector.errors import TryAgain
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.truecommerce.stage import X12_ONLY, open_stage, quick


@pytest.mark.parametrize("supplier", ["20021", "20022"])
def test_an_order_comes_back_as_receipt_and_invoice(tmp_path: Path, supplier: str) -> None:
    with open_stage(tmp_path, truecommerce=quick({}), partners=X12_ONLY) as stage:
        (number,) = stage.orders(1, supplier)
        stage.play()
        assert [(row.number, row.state) for row in stage.documents("orders_out")] == [(number, S.ACKNOWLEDGED)]
        assert stage.sandbox.truecommerce.manager.orders() == {number: 1}
        assert [row.state for row in stage.documents("shipments_in")] == [S.POSTED]
        assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED]
        assert {row.state for row in stage.documents("acknowledgments_out")} == {S.SENT}
        assert stage.sandbox.truecommerce.manager.errors == []
        assert stage.sandbox.truecommerce.partners.errors == []
        summary = stage.sandbox.call(stage.sandbox.truecommerce.manager.summary)
        assert (summary["export"], summary["import"]) == (0, 0)


def test_a_partner_behind_the_other_network_is_left_alone(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        stage.orders(2, "20011")
        stage.play(2)
        assert stage.documents("orders_out") == []
        assert stage.sandbox.truecommerce.manager.orders() == {}


def test_a_server_with_many_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Connections cut at every kind of call, deletes and renames refused now and then."""
    with open_stage(tmp_path, timeout_seconds=5) as stage:
        numbers = stage.orders(12, "20021") + stage.orders(12, "20022")
        faults = stage.sandbox.faults
        kinds = [
            Fault(FaultKind.RESET_BEFORE),
            Fault(FaultKind.RESET_AFTER),
            Fault(FaultKind.HALF_WRITTEN),
        ]
        stage.sandbox.call(faults.mix, "truecommerce", 0.15, kinds)
        stage.sandbox.call(faults.add, Fault(FaultKind.STATUS, "truecommerce", "REMOVE", count=20, status=3))
        for _ in range(12):
            with suppress(TryAgain):  # as a run that fails, and is followed by the next one
                stage.play(1)
        stage.sandbox.call(faults.clear)
        stage.play(8)
        manager = stage.sandbox.truecommerce.manager
        assert manager.errors == []
        assert manager.orders() == dict.fromkeys(numbers, 1)
        states = {row.partner: row.state for row in stage.documents("orders_out")}
        assert states == {"harbour": S.ACKNOWLEDGED, "lumen": S.SENT}, "there are no 997s for flat files"
        assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED] * 24
        posted = list(stage.sandbox.exact.main.table("purchase/PurchaseInvoices"))
        assert len(posted) == 24
