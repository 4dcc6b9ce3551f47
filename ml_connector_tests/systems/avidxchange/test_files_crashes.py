"""A process that dies at any step of a file: the invoice arrives once and whole, whoever takes the file meanwhile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.spec import OUTBOUND
from ml_connector.ledger.audit import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.systems.avidxchange.stage import CONNECTION, avid_stage
from ml_connector_tests.systems.avidxchange.test_files import lying
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, there, vendor_there
from ml_connector_tests.systems.truecommerce.test_crashes import KilledError, die_after, die_before

STEPS = [
    ("box", "stage", die_before),
    ("box", "stage", die_after),
    ("box", "publish", die_before),
    ("box", "publish", die_after),
    ("operations", "finish", die_before),
]


@pytest.mark.parametrize(("where", "name", "way"), STEPS)
def test_it_arrives_once_whatever_step_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, name: str, way: Callable[..., Any]
) -> None:
    with avid_stage(tmp_path, flows={"invoices_out": {}}, mode="files") as stage:
        stage.outbound()
        vendor_there(stage)
        booked(stage, "INV-1")
        network: Any = stage.deployment.network(CONNECTION)
        target: Any = network.box if where == "box" else operations
        steps = pipeline.steps_of(stage.integration.flows, OUTBOUND)
        with monkeypatch.context() as patch:
            patch.setattr(target, name, way(getattr(target, name)))
            with worker(stage.deployment.ledger) as lease, pytest.raises(KilledError):
                list(pipeline.run(stage.integration, RunScope(holder=lease.name, actor="dying"), steps))
        stage.night()  # what lies there under its own name is taken
        for _ in range(4):
            stage.sandbox.clock.move(700)
            stage.outbound()
            stage.night()
        assert [row["Number"] for row in there(stage)] == ["INV-1"]
        assert len(stage.exchange.taken) == 1
        assert stage.exchange.refused == []
        assert [row.state for row in stage.documents("invoices_out")] == [S.SENT]
        assert not [one for one in lying(stage, "ToAvidXchange/Invoices") if one.endswith(".tmp")]
        assert verify.verify(stage.deployment.ledger).clean
