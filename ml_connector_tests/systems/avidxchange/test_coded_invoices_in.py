"""Closed batches of approved invoices are booked once, invoice by invoice; both books are looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.flows.coded_invoices_in.matching import FLOW
from ml_connector.flows.reference.syncing import sync_table
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import events
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_invoices_out import booked, supplier_id, vendor_there

SUPPLIER = "20011"
RULES = {"vat_code": "2", "successors": {"OLD": "OPS"}}
CODES = {"Accounting Codes": "4406", "Cost Center": "OPS"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    flows = {"coded_invoices_in": RULES, "invoices_out": {}}
    with avid_stage(tmp_path, flows=flows) as made:
        made.outbound()
        vendor_there(made)
        yield made


def approved(stage: Stage, number: str, total: str = "121.00", lines: Any = None, **more: Any) -> dict[str, Any]:
    vendor = {"VendorExternalSystemID": more.pop("vendor", None) or supplier_id(stage), "VendorName": "Supplier"}
    coded = lines or [{"amount": total, "description": "Bolts", "codes": CODES}]

    def make() -> dict[str, Any]:
        row = stage.desk.received(vendor, number, total, **{"Currency": "EUR", **more})
        stage.desk.code(str(row["Id"]), coded)
        return dict(stage.desk.approve(str(row["Id"])))

    return stage.sandbox.call(make)


def closed(stage: Stage, *numbers: str) -> str:
    return str(stage.sandbox.call(stage.desk.close_batch, numbers)["BatchGUID"])


def entries(stage: Stage) -> dict[str, dict[str, Any]]:
    return {row["YourRef"]: row for row in stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries")}


def states(stage: Stage) -> dict[str, tuple[str, str | None]]:
    """Of each number the newest document."""
    return {row.number: (str(row.state), row.reason) for row in sorted(stage.documents(FLOW), key=lambda row: row.id)}


def acknowledged(stage: Stage) -> list[str]:
    return [one["BatchId"] for one in stage.avid.exports]


def test_a_coded_invoice_is_booked_to_the_cent_and_its_batch_acknowledged(stage: Stage) -> None:
    approved(stage, "A-1", "100.00")
    batch = closed(stage, "A-1")
    stage.inbound()
    assert states(stage) == {"A-1": ("posted", None)}
    entry = entries(stage)["A-1"]
    assert entry["AmountFC"] == Decimal("-100.00")
    company = stage.sandbox.exact.main
    (line,) = company.table("purchaseentry/PurchaseEntryLines").where("EntryID", entry["EntryID"])
    assert (line["AmountFC"], line["VATAmountFC"]) == (Decimal("82.64"), Decimal("17.36"))
    assert (line["GLAccountCode"].strip(), line["CostCenter"]) == ("4406", "OPS")
    assert acknowledged(stage) == [batch]
    stage.inbound()
    assert len(entries(stage)) == 1
    assert acknowledged(stage) == [batch]
    assert verify.verify(stage.deployment.ledger).clean


def test_one_that_does_not_fit_is_held_alone_and_the_batch_acknowledged_all_the_same(stage: Stage) -> None:
    other = {"Accounting Codes": "9999"}
    approved(stage, "GOOD")
    approved(stage, "ACCOUNT", lines=[{"amount": "121.00", "codes": other}])
    approved(stage, "CENTER", lines=[{"amount": "121.00", "codes": {**CODES, "Cost Center": "NOWHERE"}}])
    approved(stage, "GROUP", lines=[{"amount": "121.00", "codes": {**CODES, "Moon Phase": "full"}}])
    approved(stage, "SUM", lines=[{"amount": "120.00", "codes": CODES}])
    approved(stage, "NOBODY", vendor="not-linked")
    approved(stage, "BARE", lines=[{"amount": "121.00", "codes": {}}])
    numbers = ("GOOD", "ACCOUNT", "CENTER", "GROUP", "SUM", "NOBODY", "BARE")
    batch = closed(stage, *numbers)
    stage.inbound()
    assert states(stage) == {
        "GOOD": ("posted", None),
        "ACCOUNT": ("quarantined", "unmapped_account"),
        "CENTER": ("quarantined", "unmapped_cost_center"),
        "GROUP": ("quarantined", "unmapped_cost_center"),
        "SUM": ("quarantined", "total_difference"),
        "NOBODY": ("quarantined", "unknown_supplier"),
        "BARE": ("quarantined", "unmapped_account"),
    }
    assert set(entries(stage)) == {"GOOD"}
    assert all(row.reason_detail["mend"] for row in stage.documents(FLOW) if row.state is S.QUARANTINED)
    assert acknowledged(stage) == [batch]


def test_an_ended_cost_center_holds_with_its_successor_and_nothing_in_its_place(stage: Stage) -> None:
    def end() -> None:
        user.edit(stage.sandbox.exact, "hrm/Costcenters", "OPS", {"EndDate": 0})

    approved(stage, "A-1")
    approved(stage, "A-2", lines=[{"amount": "121.00", "codes": {"Accounting Codes": "4406", "Cost Center": "SALES"}}])
    closed(stage, "A-1", "A-2")
    with_successor = {**RULES, "successors": {"OPS": "SALES"}}
    flows = stage.integration.settings.flows
    object.__setattr__(flows.coded_invoices_in, "successors", with_successor["successors"])
    stage.sandbox.call(end)
    sync_table(stage.deployment.ledger, stage.integration.erp, "cost_centers")
    stage.inbound()
    held = next(row for row in stage.documents(FLOW) if row.number == "A-1")
    assert (held.state, held.reason) == (S.QUARANTINED, "inactive_cost_center"), (held.state, held.reason_detail)
    assert held.reason_detail["data"]["successor"] == "SALES"
    assert "A-1" not in entries(stage)


def test_a_credit_is_booked_with_its_sign(stage: Stage) -> None:
    approved(stage, "CN-1", "-121.00", lines=[{"amount": "-121.00", "codes": CODES}])
    closed(stage, "CN-1")
    stage.inbound()
    assert entries(stage)["CN-1"]["AmountFC"] == Decimal("121.00")


def test_our_own_invoice_comes_back_and_is_not_booked_again_nor_sent_again(stage: Stage) -> None:
    booked(stage, "OURS", "100.00")
    booked(stage, "RECODED", "100.00")
    stage.outbound()
    stage.sandbox.call(stage.desk.approve, "OURS")
    stage.sandbox.call(stage.desk.code, "RECODED", [{"amount": "121.00", "codes": {**CODES, "Cost Center": "SALES"}}])
    stage.sandbox.call(stage.desk.approve, "RECODED")
    batch = closed(stage, "OURS", "RECODED")
    stage.inbound()
    stage.outbound()
    assert states(stage) == {
        "OURS": ("duplicate", "keyed_by_hand"),
        "RECODED": ("quarantined", "coded_otherwise"),
    }
    assert len(entries(stage)) == 2
    assert len(list(stage.avid.rows("invoices"))) == 2
    assert acknowledged(stage) == [batch]


WRITES = {"coded_otherwise": "write"}
OTHERS = {"Accounting Codes": "4406", "Cost Center": "ADM"}


@contextmanager
def writing(home: Path) -> Iterator[Stage]:
    """Codes that differ are written to the entry that was sent."""
    with avid_stage(home, flows={"coded_invoices_in": RULES | WRITES, "invoices_out": {}}) as made:
        made.outbound()
        vendor_there(made)
        yield made


def came_back(stage: Stage, number: str, lines: list[dict[str, Any]], **more: Any) -> str:
    """An invoice that we sent, coded otherwise and approved, in a batch that was closed."""

    def code() -> None:
        stage.desk.code(number, lines)
        stage.desk.approve(number, **more)

    stage.sandbox.call(code)
    return closed(stage, number)


def coding(stage: Stage, number: str) -> list[tuple[str, str | None, Decimal]]:
    company = stage.sandbox.exact.main
    rows = company.table("purchaseentry/PurchaseEntryLines").where("EntryID", entries(stage)[number]["EntryID"])
    return [(row["GLAccountCode"].strip(), row["CostCenter"], row["AmountFC"]) for row in rows]


def test_codes_that_differ_are_written_to_the_entry_that_we_sent_by_setting(tmp_path: Path) -> None:
    with writing(tmp_path) as stage:
        booked(stage, "RECODED", "100.00")
        stage.outbound()
        batch = came_back(stage, "RECODED", [{"amount": "121.00", "codes": OTHERS}])
        stage.inbound()
        assert states(stage) == {"RECODED": ("posted", None)}
        assert coding(stage, "RECODED") == [("4406", "ADM", Decimal("100.00"))]
        assert entries(stage)["RECODED"]["AmountFC"] == Decimal("-121.00")
        assert acknowledged(stage) == [batch]
        for _ in range(2):
            stage.sandbox.clock.move(700)
            stage.outbound()
            stage.inbound()
        assert [str(row.state) for row in stage.documents("invoices_out")] == ["sent"], "our own write is no news"
        assert len(list(stage.avid.rows("invoices"))) == 1
        with stage.deployment.ledger.read() as tx:
            (sent,) = stage.documents("invoices_out")
            assert "coded otherwise at the network" in [one.action for one in events.history(tx, sent.id)]
        assert verify.verify(stage.deployment.ledger).clean


@pytest.mark.parametrize(
    "lines",
    [
        [{"amount": "60.50", "codes": OTHERS}, {"amount": "60.50", "codes": CODES}],
        [{"amount": "121.00", "codes": {"Accounting Codes": "9999"}}],
    ],
    ids=["split", "unknown account"],
)
def test_where_more_than_known_codes_differs_nothing_is_written(tmp_path: Path, lines: Any) -> None:
    with writing(tmp_path) as stage:
        booked(stage, "RECODED", "100.00")
        stage.outbound()
        came_back(stage, "RECODED", lines)
        stage.inbound()
        assert states(stage)["RECODED"][0] == "quarantined"
        assert states(stage)["RECODED"][1] in {"coded_otherwise", "unmapped_account"}
        assert coding(stage, "RECODED") == [("4406", "OPS", Decimal("100.00"))]


def test_an_entry_that_somebody_coded_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    """The clerk codes the line a third way between our lost write and the next attempt."""
    with writing(tmp_path) as stage:
        booked(stage, "RECODED", "100.00")
        stage.outbound()
        came_back(stage, "RECODED", [{"amount": "121.00", "codes": OTHERS}])
        lost = {"system": "exact", "method": "PUT", "path": "*/PurchaseEntryLines*", "status": 503}
        stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, **lost))
        stage.inbound()
        (line,) = stage.sandbox.exact.main.table("purchaseentry/PurchaseEntryLines").where(
            "EntryID", entries(stage)["RECODED"]["EntryID"]
        )
        stage.sandbox.call(lambda: line.update(CostCenter="WHS"))
        for _ in range(3):
            stage.sandbox.clock.move(200)
            stage.inbound()
        assert states(stage)["RECODED"][0] == "quarantined"
        assert coding(stage, "RECODED") == [("4406", "WHS", Decimal("100.00"))]


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER])
def test_a_lost_answer_to_another_coding_is_looked_up(tmp_path: Path, kind: FaultKind) -> None:
    with writing(tmp_path) as stage:
        booked(stage, "RECODED", "100.00")
        stage.outbound()
        came_back(stage, "RECODED", [{"amount": "121.00", "codes": OTHERS}])
        stage.sandbox.faults.add(Fault(kind, system="exact", method="PUT", path="*/PurchaseEntryLines*", status=503))
        for _ in range(4):
            stage.inbound()
            stage.outbound()
            stage.sandbox.clock.move(200)
        assert states(stage) == {"RECODED": ("posted", None)}
        assert coding(stage, "RECODED") == [("4406", "ADM", Decimal("100.00"))]
        assert [str(row.state) for row in stage.documents("invoices_out")] == ["sent"]


def test_what_came_from_there_never_goes_back(stage: Stage) -> None:
    approved(stage, "A-1")
    closed(stage, "A-1")
    stage.inbound()
    report = stage.outbound()["read booked invoices"]
    assert report.counts["came_from_network"] >= 1
    assert len(list(stage.avid.rows("invoices"))) == 1


def test_one_that_a_clerk_keyed_meanwhile_is_held_and_booked_once(stage: Stage) -> None:
    approved(stage, "A-1")
    user_keyed = booked(stage, "A-1", "100.00")
    closed(stage, "A-1")
    stage.inbound()
    assert states(stage)["A-1"] == ("quarantined", "duplicate_invoice_number")
    assert [row["EntryID"] for row in entries(stage).values()] == [user_keyed["EntryID"]]


def test_two_vendors_may_use_one_number(stage: Stage) -> None:
    approved(stage, "SAME-1")
    approved(stage, "SAME-1", vendor=supplier_id(stage, "20012"))
    ids = [str(row["Id"]) for row in stage.avid.rows("invoices")]
    closed(stage, *ids)
    stage.inbound()
    booked_rows = list(stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries"))
    assert sorted(row["YourRef"] for row in booked_rows) == ["SAME-1", "SAME-1"]
    assert len({row["Supplier"] for row in booked_rows}) == 2


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER, FaultKind.RESET_BEFORE])
def test_a_lost_answer_books_nothing_twice(stage: Stage, kind: FaultKind) -> None:
    approved(stage, "A-1")
    batch = closed(stage, "A-1")
    stage.sandbox.faults.add(Fault(kind, system="exact", method="POST", path="*/PurchaseEntries", status=503))
    for _ in range(5):
        stage.inbound()
        stage.sandbox.clock.move(120)
    assert len(entries(stage)) == 1
    assert acknowledged(stage) == [batch]


def test_an_invoice_whose_amount_cannot_be_read_is_held_alone(stage: Stage) -> None:
    approved(stage, "A-1")
    approved(stage, "A-2")
    stage.sandbox.call(lambda: stage.avid.move(stage.avid.invoice("A-2"), GrossAmount="a lot"))
    batch = stage.sandbox.call(
        stage.avid.add,
        "batches",
        {
            "BatchName": "bad",
            "Invoices": [stage.avid.invoice("A-1")["Id"], stage.avid.invoice("A-2")["Id"]],
            "DateClosed": stage.avid.stamp(),
            "Exported": False,
        },
    )
    stage.inbound()
    from ml_connector.ledger.search import queries

    with stage.deployment.ledger.read() as tx:
        page = queries.list_documents(tx, queries.DocumentFilter(), limit=100)
    held = [row for row in page.rows if str(row.state) == "quarantined"]
    assert [str(row.reason) for row in held] == ["bad_value"]
    assert set(entries(stage)) == {"A-1"}
    assert acknowledged(stage) == [batch["BatchGUID"]]
