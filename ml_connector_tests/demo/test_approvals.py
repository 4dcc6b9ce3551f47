"""The overheads of the demo: what goes right is booked to the cent, and each kind of trouble shows as it says."""

from pathlib import Path

from ml_connector.demo import approvals
from ml_connector.demo.checks import shown
from ml_connector.demo.company import world_of
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage

FLOWS = {
    "vendors_out": {},
    "invoices_out": {"journals": [approvals.JOURNAL]},
    "coded_invoices_in": {"vat_code": "2"},
    "payments_in": {"account": approvals.CLEARING, "read_back_minutes": 0},
}
GOOD = 3


def run(stage: Stage) -> None:
    for _ in range(4):
        stage.outbound()
        stage.sandbox.call(world_of(stage.sandbox).work)
        stage.inbound()
        stage.sandbox.clock.move(700)


def test_twelve_kinds_of_trouble_are_shown_and_the_rest_is_booked(tmp_path: Path) -> None:
    assert len({(one.flow, one.expected) for one in approvals.TROUBLES}) == 12
    with avid_stage(tmp_path, flows=FLOWS, partner=True, currency="EUR") as stage:
        stage.outbound()
        stage.inbound()
        played = stage.sandbox.call(approvals.play, stage.sandbox, GOOD)
        run(stage)
        missing = [one.name for one in approvals.TROUBLES if not shown(stage.deployment, stage.sandbox, one)]
        assert missing == []
        found = approvals.checks(stage.deployment, stage.sandbox, played)
        assert [one for one in found if not one.ok] == []
        assert sum(row.state is S.POSTED for row in stage.documents("payments_in")) == GOOD
