"""What AvidXchange was sent in the time that a restore lost: found there by our id, or held where nobody can ask."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.flows import operator_actions, restore_settling
from ml_connector.flows.posting import recognised
from ml_connector.ledger.audit import restores, verify
from ml_connector.ledger.audit.restore_notice import notice
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.events import Actor
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_files import lying
from ml_connector_tests.systems.avidxchange.test_invoices_out import (
    booked,
    supplier_id,
    there,
    touched,
    vendor_there,
)
from ml_connector_tests.systems.avidxchange.test_purchasing_out import ordered, orders

FLOWS: dict[str, Any] = {"invoices_out": {}}


def restored(stage: Stage) -> None:
    """A person says that the database was restored to a moment ago."""
    now = stage.sandbox.clock.now()
    assert notice(stage.deployment.ledger, stage.deployment.outside, Actor("person"), since=now) is not None
    stage.sandbox.clock.move(120)


def left(stage: Stage, entry: dict[str, Any], number: str) -> str:
    """It was sent in the lost time: the ledger knows nothing of it. What is told of it there cannot be read whole."""
    row = {"ExternalIdentifier": {"Value": entry["EntryID"]}, "Number": number, "Status": "Pending"}
    return str(stage.sandbox.call(stage.avid.add, "invoices", row)["Id"])


def left_whole(stage: Stage, entry: dict[str, Any], number: str, status: str, **cells: Any) -> str:
    """The same, as it was sent."""
    codes = {"Accounting Codes": "4406", "Cost Center": "OPS"}
    line = {
        "LineNumber": 1,
        "Amount": "121.00",
        "EnterpriseCodes": [
            {"EnterpriseCodeValue": value, "EnterpriseCodeGroups": [{"CodeGroupName": group}]}
            for group, value in codes.items()
        ],
    }
    row = {
        "ExternalIdentifier": {"Value": entry["EntryID"]},
        "Number": number,
        "GrossAmount": Decimal("121.00"),
        "Currency": "EUR",
        "BuyerVendor": {"VendorExternalSystemID": supplier_id(stage)},
        "Status": {"Id": 1, "Description": status},
        "Distributions": [line],
        **cells,
    }
    return str(stage.sandbox.call(stage.avid.add, "invoices", row)["Id"])


def states(stage: Stage) -> list[tuple[str, S, str | None]]:
    return [(row.number, row.state, row.reason) for row in stage.documents("invoices_out")]


def test_an_invoice_that_left_in_the_lost_time_is_recognised_and_the_others_are_sent(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "LEFT-1")
        key = left(stage, entry, "LEFT-1")
        restored(stage)
        booked(stage, "NEW-1")
        for _ in range(2):
            stage.outbound()
            stage.sandbox.clock.move(700)
        assert sorted(row["Number"] for row in there(stage)) == ["LEFT-1", "NEW-1"]
        assert sorted(states(stage)) == [("LEFT-1", S.SENT, None), ("NEW-1", S.SENT, None)]
        row = next(one for one in stage.documents("invoices_out") if one.number == "LEFT-1")
        with stage.deployment.ledger.read() as tx:
            assert [one.outside_id for one in operations.of_documents(tx, [row.id])] == [key]
        problems = verify.verify(stage.deployment.ledger).problems
        assert [one for one in problems if one.check != "restore"] == []


def sent_again(stage: Stage) -> None:
    for _ in range(2):
        stage.outbound()
        stage.sandbox.clock.move(700)


def test_what_was_edited_after_a_lost_sending_is_changed_there_while_nobody_has_approved_it(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "LEFT-1")
        key = left_whole(stage, entry, "LEFT-1", "Pending Approval")
        restored(stage)
        touched(stage, entry, YourRef="LEFT-1B")
        sent_again(stage)
        assert [(str(row["Id"]), row["Number"]) for row in there(stage)] == [(key, "LEFT-1B")]
        assert states(stage) == [("LEFT-1B", S.SENT, None)]
        touched(stage, entry, YourRef="LEFT-1C")
        sent_again(stage)
        assert [(str(row["Id"]), row["Number"]) for row in there(stage)] == [(key, "LEFT-1C")], "and goes on"
        assert stage.calls("/invoices", "POST") == 0


@pytest.mark.parametrize("status", ["Approved", "Paid"])
def test_what_was_edited_after_a_lost_sending_and_is_approved_is_shown_with_the_difference(
    tmp_path: Path, status: str
) -> None:
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "LEFT-1")
        left_whole(stage, entry, "LEFT-1", status)
        restored(stage)
        touched(stage, entry, YourRef="LEFT-1B")
        sent_again(stage)
        assert states(stage) == [("LEFT-1B", S.QUARANTINED, "changed_after_sending")]
        (held,) = stage.documents("invoices_out")
        assert "number: LEFT-1 -> LEFT-1B" in (held.reason_detail or {})["message"]
        assert [row["Number"] for row in there(stage)] == ["LEFT-1"], "nothing is sent"
        there(stage)[0]["Number"] = "LEFT-1B"  # the approver agrees
        stage.outbound(documents=(held.id,), replay=True)
        sent_again(stage)
        assert states(stage) == [("LEFT-1B", S.SENT, None)]
        assert len(there(stage)) == 1


@pytest.mark.parametrize("status", ["Pending Approval", "Approved"])
def test_what_says_the_same_there_is_recognised_whoever_coded_it_since(tmp_path: Path, status: str) -> None:
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "LEFT-1")
        approved = status == "Approved"
        left_whole(stage, entry, "LEFT-1", status, **({"Distributions": []} if approved else {}))
        restored(stage)
        sent_again(stage)
        assert states(stage) == [("LEFT-1", S.SENT, None)]
        assert (stage.calls("/invoices", "POST"), stage.calls("/invoices", "PUT")) == (0, 0)


def test_one_that_a_person_was_asked_about_and_gave_up_is_never_sent_as_a_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the time in which everything is looked up is long over."""
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        entry = booked(stage, "LEFT-1")
        left_whole(stage, entry, "LEFT-1", "Approved")
        restored(stage)
        touched(stage, entry, YourRef="LEFT-1B")
        sent_again(stage)
        (held,) = stage.documents("invoices_out")
        operator_actions.discard(stage.integration, stage.work, held, "the approver's word counts")
        monkeypatch.setattr(recognised, "is_due", lambda integration: integration is None)
        touched(stage, entry, YourRef="LEFT-1C")
        sent_again(stage)
        assert [row["Number"] for row in there(stage)] == ["LEFT-1"]
        assert states(stage)[-1][1:] == (S.QUARANTINED, "changed_after_sending")


def test_an_order_that_was_changed_after_a_lost_sending_is_changed_there(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows={"order_records_out": {}}) as stage:
        stage.outbound()
        vendor_there(stage)
        (order,) = ordered(stage)
        old = {"Number": str(order["OrderNumber"]), "VendorExternalSystemID": supplier_id(stage), "Lines": []}
        row = {"ExternalIdentifier": {"Value": order["PurchaseOrderID"]}, **old}
        key = str(stage.sandbox.call(stage.avid.add, "purchaseorders", row)["Id"])
        restored(stage)
        sent_again(stage)
        (there_now,) = orders(stage)
        lines = user.lines_of(stage.sandbox.exact, order)
        assert str(there_now["Id"]) == key
        assert [line["Quantity"] for line in there_now["Lines"]] == [line["QuantityInPurchaseUnits"] for line in lines]
        assert stage.calls("/purchaseorders", "POST") == 0
        assert [row.state for row in stage.documents("order_records_out")] == [S.SENT]
        changes = stage.calls("/purchaseorders", "PUT")
        sent_again(stage)
        assert stage.calls("/purchaseorders", "PUT") == changes, "once"


def test_without_a_restore_nothing_is_asked(tmp_path: Path) -> None:
    with avid_stage(tmp_path, flows=FLOWS) as stage:
        stage.outbound()
        vendor_there(stage)
        booked(stage, "NEW-1")
        stage.outbound()
        assert stage.calls("/invoices", "GET") == 0
        assert states(stage) == [("NEW-1", S.SENT, None)]


@pytest.mark.parametrize("arrived", [True, False])
def test_by_files_a_person_says_whether_it_had_arrived(tmp_path: Path, arrived: bool) -> None:
    with avid_stage(tmp_path, flows={**FLOWS, "vendors_out": {}}, mode="files") as stage:
        stage.outbound()
        booked(stage, "LEFT-1")
        restored(stage)
        for _ in range(3):
            stage.outbound()
            stage.sandbox.clock.move(700)
        assert states(stage) == [("LEFT-1", S.QUARANTINED, "may_have_left")]
        with stage.deployment.ledger.read() as tx:
            lost = restores.open_of(tx)
        done = restore_settling.settle(stage.integration, stage.work, lost, arrived=arrived, why="asked")
        assert done == 1
        stage.outbound()
        assert states(stage) == [("LEFT-1", S.SENT, None)]
        assert len([name for name in lying(stage, "ToAvidXchange/Invoices") if name.startswith("Invoices_")]) == (
            0 if arrived else 1
        )
