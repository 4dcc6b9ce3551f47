"""Booked invoices reach AvidXchange once and whole; both sides are looked at."""

import base64
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.invoices_out import flow
from ml_connector.flows.invoices_out.telling import FLOW
from ml_connector.flows.reference.erp_entries import note_bookings
from ml_connector.ledger.audit import verify
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.avidxchange.options import AvidOptions
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.writes import _attachment
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage

SUPPLIER = "20011"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows={"invoices_out": {}}) as made:
        made.outbound()  # the first read: what is booked from here on is sent
        yield made


def supplier_id(stage: Stage, code: str = SUPPLIER) -> str:
    return str(user.supplier_by_code(stage.sandbox.exact.main, code)["ID"])


def vendor_there(stage: Stage, code: str = SUPPLIER, **more: Any) -> None:
    """vendors_out has sent the supplier."""
    row = {
        "ExternalIdentifier": {"Value": supplier_id(stage, code)},
        "Name": f"Supplier {code}",
        "Active": True,
        **more,
    }
    stage.sandbox.call(stage.avid.add, "vendors", row)


def booked(stage: Stage, number: str, amount: str = "100.00", **more: Any) -> dict[str, Any]:
    options = {"supplier": SUPPLIER, "your_ref": number, "amount": Decimal(amount), **more}
    entry: dict[str, Any] = stage.sandbox.call(lambda: user.key_entry(stage.sandbox.exact, **options))
    return entry


def with_pdf(stage: Stage, entry: dict[str, Any], data: bytes = b"%PDF-1.7 an invoice", name: str = "scan.pdf") -> None:
    company = stage.sandbox.exact.main
    values = {"Document": entry["Document"], "FileName": name, "Attachment": base64.b64encode(data).decode()}
    stage.sandbox.call(lambda: _attachment(company, stage.sandbox.exact.options, values, []))


def test_a_web_page_in_place_of_a_pdf_is_never_sent_as_one(stage: Stage) -> None:
    """A site under maintenance answers 200."""
    vendor_there(stage)
    with_pdf(stage, booked(stage, "INV-PAGE"))
    page = Fault(FaultKind.HTML, "exact", "GET", "*/SysAttachment.aspx", count=1)
    stage.sandbox.call(lambda: stage.sandbox.faults.add(page))
    for _ in range(3):
        stage.rounds()
        stage.sandbox.clock.move(700)
    (row,) = [one for one in there(stage) if one["Number"] == "INV-PAGE"]
    assert stage.avid.images[str(row["Id"])] == b"%PDF-1.7 an invoice"


def touched(stage: Stage, entry: dict[str, Any], **values: Any) -> None:
    company = stage.sandbox.exact.main

    def change() -> None:
        entry.update(values)
        company.change("purchaseentry/PurchaseEntries", entry)

    stage.sandbox.call(change)


def there(stage: Stage) -> list[dict[str, Any]]:
    return list(stage.avid.rows("invoices"))


def state(stage: Stage) -> list[tuple[str, str | None]]:
    return [(str(row.state), row.reason) for row in stage.documents(FLOW)]


def test_an_entry_arrives_whole_with_lines_codes_and_pdf(stage: Stage) -> None:
    vendor_there(stage)
    entry = booked(stage, "INV-1")
    with_pdf(stage, entry)
    stage.outbound()
    (row,) = there(stage)
    assert row["ExternalIdentifier"] == {"Value": entry["EntryID"]}
    assert (row["Number"], row["GrossAmount"], row["Currency"]) == ("INV-1", Decimal("121"), "EUR")
    assert row["BuyerVendor"]["VendorExternalSystemID"] == supplier_id(stage)
    (line,) = row["Distributions"]
    codes = {
        one["EnterpriseCodeGroups"][0]["CodeGroupName"]: one["EnterpriseCodeValue"] for one in line["EnterpriseCodes"]
    }
    assert codes == {"Accounting Codes": "4406", "Cost Center": "OPS"}
    assert stage.avid.images[str(row["Id"])] == b"%PDF-1.7 an invoice"
    assert state(stage) == [("sent", None)]
    assert verify.verify(stage.deployment.ledger).clean


def test_it_is_sent_once_however_often_it_is_read(stage: Stage) -> None:
    vendor_there(stage)
    entry = booked(stage, "INV-1")
    for _ in range(3):
        stage.outbound()
        touched(stage, entry)  # its record moves, and says the same
    assert len(there(stage)) == 1
    assert state(stage) == [("sent", None)]


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER, FaultKind.HALF_WRITTEN, FaultKind.HTML])
def test_an_answer_that_is_lost_doubles_nothing(stage: Stage, kind: FaultKind) -> None:
    vendor_there(stage)
    booked(stage, "INV-1")
    stage.sandbox.faults.add(Fault(kind, system="avidxchange", method="POST", path="/v1/invoices", status=503))
    for _ in range(4):
        stage.outbound()
        stage.sandbox.clock.move(120)
    assert [row["Number"] for row in there(stage)] == ["INV-1"]
    assert state(stage) == [("sent", None)]


def test_what_never_arrived_is_sent_again_with_the_same_content(stage: Stage) -> None:
    vendor_there(stage)
    booked(stage, "INV-1")
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="avidxchange", method="POST", path="/v1/invoices"))
    for _ in range(4):
        stage.outbound()
        stage.sandbox.clock.move(120)
    assert len(there(stage)) == 1
    assert state(stage) == [("sent", None)]


def test_a_copy_that_the_other_side_took_is_found_and_told(stage: Stage) -> None:
    vendor_there(stage)
    entry = booked(stage, "INV-1")
    stage.outbound()
    (row,) = there(stage)
    copy = {key: value for key, value in row.items() if key != "Id"}
    stage.sandbox.call(stage.avid.add, "invoices", copy)
    from ml_connector.flows.core.copies import confirm

    stage.sandbox.clock.move(3600)
    report = confirm(stage.integration, stage.work)
    assert report.counts["written_twice"] == 1
    problems = verify.verify(stage.deployment.ledger).problems
    assert any("INV-1" in one.message or "twice" in one.message for one in problems), problems
    assert entry["EntryID"]


def test_paid_and_selected_ones_stay(stage: Stage) -> None:
    vendor_there(stage)
    company = stage.sandbox.exact.main
    entries = {number: booked(stage, number) for number in ("OPEN", "SELECTED", "SENT", "PAID")}

    def settle() -> None:
        for number, status in (("SELECTED", 30), ("SENT", 40), ("PAID", 50)):
            for row in company.table("cashflow/Payments").where("TransactionEntryID", entries[number]["EntryID"]):
                row["Status"] = status

    stage.sandbox.call(settle)
    report = stage.outbound()["read booked invoices"]
    assert [row["Number"] for row in there(stage)] == ["OPEN"]
    assert report.counts["not_ready"] == 3
    assert any("paid or selected" in note for note in report.notes)


def test_a_vendor_that_is_not_there_holds_its_invoice_and_no_other(stage: Stage) -> None:
    vendor_there(stage, "20012")
    booked(stage, "WAITS")
    booked(stage, "GOES", supplier="20012")
    stage.outbound()
    assert [row["Number"] for row in there(stage)] == ["GOES"]
    (held,) = [row for row in stage.documents(FLOW) if row.state is S.QUARANTINED]
    assert (held.number, held.reason) == ("WAITS", "unknown_supplier")
    vendor_there(stage)
    stage.sandbox.clock.move(3600)
    stage.outbound()
    assert sorted(row["Number"] for row in there(stage)) == ["GOES", "WAITS"]


def test_an_invoice_that_waits_is_listed_as_it_is_booked_by_now(stage: Stage) -> None:
    """Whoever looks for what is held looks for what stands in the ERP."""
    entry = booked(stage, "INV-1")
    stage.outbound()
    (held,) = stage.documents(FLOW)
    assert (held.state, held.number, held.amount) == (S.QUARANTINED, "INV-1", Decimal(121))
    touched(stage, entry, YourRef="INV-1-B", AmountFC=Decimal(-150))
    stage.outbound()
    (still,) = stage.documents(FLOW)
    assert (still.id, still.number, still.amount) == (held.id, "INV-1-B", Decimal(150))


def test_an_edit_before_approval_changes_it_there(stage: Stage) -> None:
    vendor_there(stage)
    entry = booked(stage, "INV-1")
    stage.outbound()
    touched(stage, entry, YourRef="INV-1-B")
    stage.outbound()
    (row,) = there(stage)
    assert row["Number"] == "INV-1-B"
    assert [str(one.state) for one in stage.documents(FLOW)] == ["sent", "sent"]


def test_an_edit_after_approval_is_held_with_the_difference(stage: Stage) -> None:
    vendor_there(stage)
    entry = booked(stage, "INV-1")
    stage.outbound()
    stage.sandbox.call(stage.desk.approve, "INV-1")
    touched(stage, entry, YourRef="INV-1-B")
    stage.outbound()
    (row,) = there(stage)
    assert row["Number"] == "INV-1"
    held = next(one for one in stage.documents(FLOW) if one.state is S.QUARANTINED)
    assert held.reason == "changed_after_sending"
    assert "INV-1-B" in held.reason_detail["message"]
    assert "Approved" in held.reason_detail["message"]


def test_a_deleted_entry_is_withdrawn_before_approval_and_alerted_after(stage: Stage) -> None:
    vendor_there(stage)
    early, late = booked(stage, "EARLY"), booked(stage, "LATE")
    stage.outbound()
    stage.sandbox.call(stage.desk.approve, "LATE")
    notices(stage, "Delete", early, late)
    stage.outbound()
    words = {row["Number"]: row["Status"]["Description"] for row in there(stage)}
    assert words == {"EARLY": "Voided", "LATE": "Approved"}
    held = next(one for one in stage.documents(FLOW) if one.state is S.QUARANTINED)
    assert (held.number, held.reason) == ("LATE", "reversed_after_sending")
    assert "payer at once" in held.reason_detail["mend"]


def test_a_deletion_that_no_webhook_tells_is_found_by_polling(stage: Stage) -> None:
    vendor_there(stage)
    early, late, kept = booked(stage, "EARLY"), booked(stage, "LATE"), booked(stage, "KEPT")
    stage.outbound()
    stage.sandbox.call(stage.desk.approve, "LATE")
    for entry in (early, late):
        stage.sandbox.call(user.delete_entry, stage.sandbox.exact, entry)
    stage.sandbox.clock.move(16 * 60)
    assert "invoices that were sent may be deleted in the ERP" in list(
        flow.news(stage.integration, look=True, erp_usable=True)
    )
    for _ in range(2):
        stage.outbound()
        stage.sandbox.clock.move(16 * 60)
    words = {row["Number"]: row["Status"]["Description"] for row in there(stage)}
    assert words == {"EARLY": "Voided", "LATE": "Approved", "KEPT": "Pending Approval"}
    (held,) = [one for one in stage.documents(FLOW) if one.state is S.QUARANTINED]
    assert (held.number, held.reason) == ("LATE", "reversed_after_sending")
    assert list(flow.news(stage.integration, look=True, erp_usable=True)) == []
    assert kept["YourRef"] == "KEPT"


def test_invoices_that_may_not_be_read_any_more_are_not_taken_for_deleted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact shows a user without the right an empty list."""
    vendor_there(stage)
    entry = booked(stage, "EARLY")
    for number in ("KEPT-1", "KEPT-2"):
        booked(stage, number)
    stage.outbound()
    stage.sandbox.call(user.delete_entry, stage.sandbox.exact, entry)
    stage.sandbox.clock.move(16 * 60)
    with monkeypatch.context() as blind:
        blind.setattr(type(stage.integration.erp.sources["entered_invoices"]), "by_id", lambda _self, _keys: [])
        report = stage.outbound()["read booked invoices"]
    assert "may still read booked invoices" in " ".join(report.notes)
    assert {row["Status"]["Description"] for row in there(stage)} == {"Pending Approval"}
    stage.outbound()
    words = {row["Number"]: row["Status"]["Description"] for row in there(stage)}
    assert words == {"EARLY": "Voided", "KEPT-1": "Pending Approval", "KEPT-2": "Pending Approval"}


def test_a_deletion_whose_lines_have_other_ids_by_now_is_found_within_a_day(stage: Stage) -> None:
    """Exact tells the ids of lines and of the open item; the entry's were replaced since it was read."""
    vendor_there(stage)
    entry = booked(stage, "EARLY")
    booked(stage, "KEPT")
    stage.outbound()
    company = stage.sandbox.exact.main
    stage.sandbox.call(company.table("purchaseentry/PurchaseEntries").remove, entry["EntryID"])
    stranger = {"ID": company.new_guid(), "EntryID": company.new_guid()}
    stage.sandbox.call(company.table("purchaseentry/PurchaseEntryLines").put, stranger)
    stage.sandbox.call(company.drop, "purchaseentry/PurchaseEntryLines", stranger)
    stage.sandbox.clock.move(16 * 60)
    stage.outbound()
    words = {row["Number"]: row["Status"]["Description"] for row in there(stage)}
    assert words == {"EARLY": "Voided", "KEPT": "Pending Approval"}


@pytest.mark.parametrize("first", ["network", "others"])
def test_a_deletion_is_told_to_everybody_who_listens(stage: Stage, first: str) -> None:
    """Other integrations of the same books look at the same notices, for what was keyed by hand."""
    vendor_there(stage)
    entry = booked(stage, "EARLY")
    stage.outbound()
    notices(stage, "Delete", entry)
    cleo = stage.deployment.integration("exact_cleo")
    listen = [stage.outbound, lambda: note_bookings(cleo, stage.work, StepReport("notes"))]
    for one in listen if first == "network" else reversed(listen):
        one()
    assert [row["Status"]["Description"] for row in there(stage)] == ["Voided"]
    with stage.deployment.ledger.read() as tx:
        assert inbox.count_waiting(tx, "exact_nl") == 0, "both have taken it"


def notices(stage: Stage, action: str, *entries: dict[str, Any]) -> None:
    """The clerk deletes them, and webhooks tell."""
    company = stage.sandbox.exact.main
    if action == "Delete":
        for entry in entries:
            stage.sandbox.call(company.table("purchaseentry/PurchaseEntries").remove, entry["EntryID"])
    with stage.deployment.ledger.write() as tx:
        for entry in entries:
            inbox.add(
                tx,
                NewNotice(
                    connection="exact_nl",
                    topic="PurchaseEntries",
                    action=action,
                    key=entry["EntryID"],
                    company=stage.integration.erp.company,
                    body="{}",
                ),
            )


def test_a_credit_note_travels_as_a_negative_invoice_of_its_own(stage: Stage) -> None:
    vendor_there(stage)
    booked(stage, "CN-1", "-50.00")
    stage.outbound()
    (row,) = there(stage)
    assert (row["GrossAmount"], row["Distributions"][0]["Amount"]) == (Decimal("-60.5"), Decimal("-60.5"))
    (sent,) = stage.documents(FLOW)
    assert (sent.amount, sent.currency) == (Decimal("-60.5"), "EUR"), "the ledger says what it comes to"


def test_a_refusal_of_the_other_side_is_held_in_its_words_and_goes_after_a_replay(tmp_path: Path) -> None:
    with avid_stage(tmp_path, avid=AvidOptions(refuses_same=True), flows={"invoices_out": {}}) as stage:
        stage.outbound()
        vendor_there(stage)
        fault = Fault(
            FaultKind.STATUS,
            system="avidxchange",
            method="POST",
            path="/v1/invoices",
            status=200,
            body='{"Results": {"successful": "false", "errors": {"message": "Vendor is on credit hold"}}}',
        )
        stage.sandbox.faults.add(fault)
        booked(stage, "INV-1")
        stage.outbound()
        (row,) = stage.documents(FLOW)
        assert (row.state, row.reason) == (S.QUARANTINED, "refused_by_system")
        assert "Vendor is on credit hold" in row.reason_detail["message"]
        operator_actions.prepare_replay(stage.integration, stage.work, [row])
        stage.outbound(replay=True, documents=(row.id,))
        assert len(there(stage)) == 1
