"""A tenth of all calls fails, at both sides, in every way: nothing is lost, nothing is sent or booked twice."""

from decimal import Decimal
from pathlib import Path

from ml_connector.flows.coded_invoices_in.matching import FLOW as CODED
from ml_connector.flows.invoices_out.telling import FLOW as SENT
from ml_connector.ledger.audit import verify
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import approved, closed, entries
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, there, vendor_there

KINDS = (
    FaultKind.RESET_BEFORE,
    FaultKind.RESET_AFTER,
    FaultKind.ERROR_AFTER,
    FaultKind.STATUS,
    FaultKind.CUT,
    FaultKind.HALF_WRITTEN,
    FaultKind.HTML,
    FaultKind.EXPIRED_TOKEN,
)
OURS, THEIRS = 16, 12


def test_both_books_agree_to_the_cent_whatever_fails(tmp_path: Path) -> None:
    flows = {"invoices_out": {}, "coded_invoices_in": {"vat_code": "2"}}
    with avid_stage(tmp_path, flows=flows) as stage:
        stage.outbound()
        vendor_there(stage)
        for number in range(OURS):
            booked(stage, f"OUT-{number}", f"{10 + number}.37")
        numbers = [f"IN-{number}" for number in range(THEIRS)]
        for at, number in enumerate(numbers):
            lines = [{"amount": f"{20 + at}.11", "codes": {"Accounting Codes": "4406", "Cost Center": "OPS"}}]
            approved(stage, number, f"{20 + at}.11", lines)
        batches = [closed(stage, *numbers[at : at + 4]) for at in range(0, THEIRS, 4)]
        for system, spared in (("avidxchange", "/v1/authorizations"), ("exact", "/api/oauth2/*")):
            faults = [Fault(kind, status=503) for kind in KINDS]
            stage.sandbox.call(lambda: stage.sandbox.faults.mix(system, 0.1, faults, exclude=spared))  # noqa: B023
        for _ in range(40):
            stage.rounds()
            stage.sandbox.clock.move(200)
            done = len(entries(stage)) == OURS + THEIRS and len(there(stage)) >= OURS + THEIRS
            if done and len({one["BatchId"] for one in stage.avid.exports}) == len(batches):
                break
        stage.sandbox.faults.clear()
        stage.sandbox.clock.move(3600)
        for _ in range(3):
            stage.rounds()
            stage.sandbox.clock.move(700)
        sent = {row["ExternalIdentifier"]["Value"]: row for row in there(stage) if "ExternalIdentifier" in row}
        rows = entries(stage)
        assert len(list(stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries"))) == OURS + THEIRS
        assert len([row for row in there(stage) if "ExternalIdentifier" in row]) == OURS
        for number in range(OURS):
            entry = rows[f"OUT-{number}"]
            assert sent[entry["EntryID"]]["GrossAmount"] == -entry["AmountFC"]
        for at, number in enumerate(numbers):
            assert rows[number]["AmountFC"] == -(Decimal(20 + at) + Decimal("0.11"))
        assert {str(row.state) for row in stage.documents(SENT)} == {"sent"}
        assert {str(row.state) for row in stage.documents(CODED)} == {"posted"}
        assert {one["BatchId"] for one in stage.avid.exports} == set(batches)
        assert verify.verify(stage.deployment.ledger).clean
